//! Text from outside: names that are equal, lines that are refused, values that are not shown.

use kernel::text::{Redacted, field, key};
use proptest::prelude::*;
use unicode_normalization::UnicodeNormalization;

#[test]
fn names_that_readers_take_for_equal_have_one_key() {
    for (one, other) in [
        ("Lincoln High", " lincoln HIGH\u{a0}"),
        ("STRASSE", "straße"),
        ("Ångström", "A\u{30a}ngstro\u{308}m"),
        ("ﬁnal", "FINAL"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ("Ｗｉｄｅ", "wide"),
    ] {
        assert_eq!(key(one), key(other));
    }
    assert_ne!(key("Lincoln High"), key("Lincoln  High"));
    assert_ne!(key("café"), key("cafe"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn a_key_is_stable_and_the_same_for_every_form_of_a_name(name in any::<String>()) {
        let expected = key(&name);
        prop_assert_eq!(&key(&expected), &expected);
        let forms: [String; 4] = [name.nfc().collect(), name.nfd().collect(), name.nfkc().collect(), name.nfkd().collect()];
        for form in forms {
            prop_assert_eq!(&key(&form), &expected);
        }
        prop_assert_eq!(&key(&format!(" {name}\n")), &expected);
    }

    #[test]
    fn a_field_is_trimmed_and_bounded_and_holds_no_control_character(text in any::<String>(), max in 1_usize..50) {
        let mut errors = Vec::new();
        let accepted = field(&text, max, "/name", &mut errors);
        prop_assert_eq!(errors.len(), usize::from(accepted.is_none()));
        if let Some(accepted) = accepted {
            prop_assert_eq!(&accepted, text.trim());
            prop_assert!((1..=max).contains(&accepted.chars().count()));
            prop_assert!(!accepted.contains(char::is_control));
        }
    }
}

#[test]
fn what_postgresql_cannot_store_is_refused_with_the_field() {
    for text in ["", " \t ", "a\u{10ffff}", "\u{fdd0}a", "a\u{0}b", "a\nb", "a\u{7f}b", "a\u{85}b"]
    {
        let mut errors = Vec::new();
        assert_eq!(field(text, 10, "/name", &mut errors), None, "{text:?}");
        assert_eq!(errors.len(), 1);
    }
}

#[test]
fn a_redacted_value_shows_a_mask() {
    let secret: Redacted<String> = serde_json::from_str("\"2014-05-06\"").unwrap();
    assert_eq!(
        format!("{secret} {secret:?} {:?}", Some(&secret)),
        "[redacted] [redacted] Some([redacted])"
    );
    assert_eq!(secret.expose(), "2014-05-06");
    assert_eq!(secret.into_exposed(), "2014-05-06");
}
