//! The only place of this crate that reads the clock, the environment, files and random numbers.

use std::time::Duration;

use jiff::Timestamp;
use uuid::Builder;

/// A wait without end, short enough to be added to any time.
pub(crate) const NEVER: Duration = Duration::from_hours(24 * 365);

/// The wall clock to the microsecond, for the time an envelope carries. Durations are measured with tokio's clock.
#[expect(clippy::disallowed_methods, reason = "this module owns the clock of the crate")]
pub(crate) fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
}

/// A fresh identifier of 32 hexadecimal digits, from the generator of this thread: asking the system for each would be
/// among the dearest steps of a publish.
pub(crate) fn fresh_id() -> String {
    Builder::from_random_bytes(rand::random()).into_uuid().simple().to_string()
}

/// An environment variable; one that is unset or empty counts as absent.
#[expect(clippy::disallowed_methods, reason = "this module owns the environment of the crate")]
pub(crate) fn env(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Between half of `delay` and all of it, so that clients that lost one broker do not return as one.
pub(crate) fn jittered(delay: Duration) -> Duration {
    delay.min(NEVER).mul_f64(rand::random_range(0.5..=1.0))
}
