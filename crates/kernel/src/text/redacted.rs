//! Values that stay out of logs, errors and audit records.

use std::fmt;

use serde::Deserialize;

/// What is shown in place of a value.
const MASK: &str = "[redacted]";

/// A value about a person, or a secret, that shows itself to nobody who does not ask by name.
///
/// It has no `Serialize`: what leaves the server is exposed where that is decided.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(transparent)]
pub struct Redacted<T>(T);

impl<T> Redacted<T> {
    /// The value itself: never for a log, an error or an event.
    pub const fn expose(&self) -> &T {
        &self.0
    }

    /// The value itself, for good.
    pub fn into_exposed(self) -> T {
        self.0
    }
}

impl<T> From<T> for Redacted<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T> fmt::Debug for Redacted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl<T> fmt::Display for Redacted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}
