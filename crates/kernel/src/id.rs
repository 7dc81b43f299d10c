//! Identifiers: UUID version 7 (sortable by time, never used as an order), seeded in tests.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use rand::{RngExt, SeedableRng, rngs::StdRng};
use uuid::Uuid;

use crate::Clock;

/// Bits of the counter behind the milliseconds: RFC 9562's `rand_a`, used as its method 1 describes.
const COUNTER_BITS: u32 = 12;

/// Makes ids. The time part comes from the clock, the counter keeps the ids of one process in the order in which they
/// were made, the rest is random, or pseudo-random from a seed in tests.
#[derive(Clone, Debug)]
pub struct Ids {
    clock: Clock,
    last: Arc<AtomicU64>,
    seeded: Option<Arc<Mutex<StdRng>>>,
}

impl Ids {
    /// Ids whose random part comes from the operating system.
    pub fn random(clock: Clock) -> Self {
        Self { clock, last: Arc::default(), seeded: None }
    }

    /// The same sequence for the same seed: for tests only.
    pub fn seeded(clock: Clock, seed: u64) -> Self {
        let seeded = Some(Arc::new(Mutex::new(StdRng::seed_from_u64(seed))));
        Self { clock, last: Arc::default(), seeded }
    }

    /// A new UUID version 7 (RFC 9562, sections 5.7 and 6.2), greater than all before it of this process.
    pub fn next(&self) -> Uuid {
        let mut random: [u8; 10] = match &self.seeded {
            Some(rng) => rng.lock().unwrap_or_else(PoisonError::into_inner).random(),
            None => rand::random(),
        };
        let tick = self.tick();
        let [.., high, low] = (tick & ((1 << COUNTER_BITS) - 1)).to_be_bytes();
        let [first, second, ..] = &mut random;
        (*first, *second) = (high, low);
        uuid::Builder::from_unix_timestamp_millis(tick >> COUNTER_BITS, &random).into_uuid()
    }

    /// Milliseconds and counter in one number that only grows. A full counter borrows from the next millisecond.
    fn tick(&self) -> u64 {
        let millis = u64::try_from(self.clock.now().as_millisecond()).unwrap_or(0);
        let now = millis << COUNTER_BITS;
        let grown = |last: u64| Some(now.max(last + 1));
        let last = self.last.fetch_update(Ordering::Relaxed, Ordering::Relaxed, grown);
        now.max(last.unwrap_or_default() + 1)
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

#[cfg(test)]
mod tests {
    use super::Ids;
    use crate::Clock;

    #[test]
    fn ids_of_one_moment_are_in_the_order_in_which_they_were_made() {
        let ids = Ids::seeded(Clock::fixed("2026-09-01T08:00:00Z".parse().unwrap()), 1);
        let made: Vec<_> = (0..10_000).map(|_| ids.next()).collect();
        assert!(made.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(made.iter().all(|id| id.get_version_num() == 7));
    }
}
