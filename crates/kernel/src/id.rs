//! Identifiers: UUID version 7 (sortable by time, never used as an order), seeded in tests.

use std::sync::{Arc, Mutex, PoisonError};

use rand::{RngExt, SeedableRng, rngs::StdRng};
use uuid::Uuid;

use crate::Clock;

/// Makes ids. The time part comes from the clock, the rest is random, or pseudo-random from a seed in tests.
#[derive(Clone, Debug)]
pub struct Ids {
    clock: Clock,
    seeded: Option<Arc<Mutex<StdRng>>>,
}

impl Ids {
    /// Ids whose random part comes from the operating system.
    pub const fn random(clock: Clock) -> Self {
        Self { clock, seeded: None }
    }

    /// The same sequence for the same seed: for tests only.
    pub fn seeded(clock: Clock, seed: u64) -> Self {
        Self { clock, seeded: Some(Arc::new(Mutex::new(StdRng::seed_from_u64(seed)))) }
    }

    /// A new UUID version 7 (RFC 9562, section 5.7).
    pub fn next(&self) -> Uuid {
        let random: [u8; 10] = match &self.seeded {
            Some(rng) => rng.lock().unwrap_or_else(PoisonError::into_inner).random(),
            None => rand::random(),
        };
        let millis = u64::try_from(self.clock.now().as_millisecond()).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }
}

/// A newtype over [`Uuid`]: serialised, bound to SQL and shown as the bare UUID.
#[macro_export]
macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, sqlx::Type,
            utoipa::ToSchema,
        )]
        #[serde(transparent)]
        #[sqlx(transparent)]
        #[schema(value_type = uuid::Uuid)]
        pub struct $name(pub uuid::Uuid);

        impl From<uuid::Uuid> for $name {
            fn from(id: uuid::Uuid) -> Self {
                Self(id)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}

id! {
    /// A district: the tenant that a row, a token and a request belong to.
    TenantId
}

impl TenantId {
    /// The platform itself: the scope of idempotency keys of calls that belong to no tenant.
    pub const NIL: Self = Self(Uuid::nil());
}
