//! Words: enumerations that are text in JSON and in the database, spelled the same in both.

/// An enumeration whose values are words: `word! { Status { Active "Active", Archived "Archived" } }`, with documentation.
///
/// A word that the database holds and the program does not know is an error, never another word.
#[macro_export]
macro_rules! word {
    ($(#[doc = $doc:literal])* $name:ident { $($(#[doc = $about:literal])* $variant:ident $text:tt),* $(,)? }) => {
        $(#[doc = $doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
        )]
        pub enum $name {
            $($(#[doc = $about])* #[serde(rename = $text)] $variant,)*
        }

        impl $name {
            /// Every word.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word in JSON and in the database.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::word::UnknownWord;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::ALL.iter().copied().find(|word| word.name() == text).ok_or($crate::word::UnknownWord)
            }
        }

        impl sqlx::Type<sqlx::Postgres> for $name {
            fn type_info() -> sqlx::postgres::PgTypeInfo {
                <String as sqlx::Type<sqlx::Postgres>>::type_info()
            }

            fn compatible(found: &sqlx::postgres::PgTypeInfo) -> bool {
                <String as sqlx::Type<sqlx::Postgres>>::compatible(found)
            }
        }

        impl sqlx::postgres::PgHasArrayType for $name {
            fn array_type_info() -> sqlx::postgres::PgTypeInfo {
                <String as sqlx::postgres::PgHasArrayType>::array_type_info()
            }
        }

        impl<'r> sqlx::Decode<'r, sqlx::Postgres> for $name {
            fn decode(value: sqlx::postgres::PgValueRef<'r>) -> Result<Self, sqlx::error::BoxDynError> {
                Ok(<&str as sqlx::Decode<sqlx::Postgres>>::decode(value)?.parse()?)
            }
        }
    };
}

/// The text is none of an enumeration's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not one of the known words")]
pub struct UnknownWord;

#[cfg(test)]
#[expect(unreachable_pub, reason = "words are made to be public")]
mod tests {
    crate::word! {
        /// What a light shows.
        Light {
            /// Stop.
            Red "red",
            /// Go.
            Green "green",
        }
    }

    #[test]
    fn a_word_is_spelled_the_same_everywhere() {
        assert_eq!(Light::ALL, [Light::Red, Light::Green]);
        for word in Light::ALL {
            assert_eq!(serde_json::to_value(word).unwrap(), word.name());
            assert_eq!(word.name().parse(), Ok(*word));
        }
        assert_eq!("RED".parse::<Light>(), Err(super::UnknownWord));
    }
}
