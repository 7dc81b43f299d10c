//! The time in a generated log.

use jiff::{SignedDuration, civil::DateTime};

use crate::log::Stamp;

/// Time that only goes forward, with the part of a millisecond that no stamp shows.
#[derive(Debug)]
pub(super) struct Clock {
    pub(super) at: DateTime,
    pub(super) stamp: Stamp,
    rest_ms: f64,
}

impl Clock {
    pub(super) fn at(at: DateTime) -> Self {
        Self { at, stamp: at.into(), rest_ms: 0.0 }
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "`as` saturates: a gap of 10^8 years is none"
    )]
    pub(super) fn advance(&mut self, ms: f64) {
        self.rest_ms += ms;
        if self.rest_ms < 1.0 {
            return;
        }
        let whole = self.rest_ms.floor();
        self.rest_ms -= whole;
        self.at = self.at.saturating_add(SignedDuration::from_millis(whole as i64));
        self.stamp = self.at.into();
    }
}
