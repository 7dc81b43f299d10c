//! The only clock: microseconds (what `timestamptz` keeps), fixed by hand in tests.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// Wall-clock time for everything but leases and `recorded_at`, which the database decides.
#[derive(Clone, Debug, Default)]
pub struct Clock(Option<Arc<Mutex<Timestamp>>>);

impl Clock {
    /// The machine's clock.
    pub const fn system() -> Self {
        Self(None)
    }

    /// A clock that stands at `at` until [`Clock::advance`] moves it.
    pub fn fixed(at: Timestamp) -> Self {
        Self(Some(Arc::new(Mutex::new(at))))
    }

    /// Now, cut to microseconds: what the database stores is what is read back, so entity tags agree.
    pub fn now(&self) -> Timestamp {
        let now = match &self.0 {
            Some(fixed) => *fixed.lock().unwrap_or_else(PoisonError::into_inner),
            None =>
            {
                #[expect(clippy::disallowed_methods, reason = "this is the one place")]
                Timestamp::now()
            }
        };
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }

    /// Moves a fixed clock; the machine's own cannot be moved and stays.
    pub fn advance(&self, by: SignedDuration) {
        if let Some(fixed) = &self.0 {
            let mut now = fixed.lock().unwrap_or_else(PoisonError::into_inner);
            *now = now.saturating_add(by).unwrap_or(*now);
        }
    }
}
