//! The one place that reads the clock.

use jiff::{Timestamp, Zoned, tz::TimeZone};

/// Now.
#[expect(clippy::disallowed_methods, reason = "this is where the program's time comes from")]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// Now, in the time zone of the machine.
pub fn local() -> Zoned {
    now().to_zoned(TimeZone::system())
}

/// As RFC 3339 with milliseconds, UTC.
pub fn rfc3339(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// `Fri May 13 22:07:02 2016`, local, as the C library's `ctime` writes it.
pub fn ctime(at: &Zoned) -> String {
    at.strftime("%a %b %e %H:%M:%S %Y").to_string()
}
