//! The time stamp of an entry: local time, no zone, two digits for the year.

use std::fmt;

use jiff::civil::DateTime;

use super::{Fault, Rule};

/// Years below this pivot belong to this century: the product's predecessor is of 1997.
const PIVOT: u8 = 70;

/// `MM/DD/YY-hh:mm:ss:mmm`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp {
    year: u16,
    month: u8,
    day: u8,
    hour: u8,
    minute: u8,
    second: u8,
    milli: u16,
}

impl Stamp {
    /// Bytes of a stamp.
    pub const BYTES: usize = 21;
    const SHAPE: &'static [u8; Self::BYTES] = b"00/00/00-00:00:00:000";

    /// The stamp at the beginning of `line`, whether such a date exists or not.
    #[inline]
    pub(super) fn shaped(line: &[u8]) -> Result<Self, Fault> {
        let Some(bytes) = line.first_chunk::<{ Self::BYTES }>() else {
            let differs = |(at, byte): (usize, &u8)| (!fits(at, *byte)).then_some(at);
            let at = line.iter().enumerate().find_map(differs).unwrap_or(line.len());
            return Err(Fault { rule: Rule::Stamp, column: at + 1 });
        };
        if let Some(at) = bytes.iter().enumerate().position(|(at, byte)| !fits(at, *byte)) {
            return Err(Fault { rule: Rule::Stamp, column: at + 1 });
        }
        Ok(Self::of(bytes))
    }

    #[inline]
    fn of(bytes: &[u8; Self::BYTES]) -> Self {
        let digit = |at: usize| bytes.get(at).map_or(0, |byte| byte.wrapping_sub(b'0'));
        let two = |at: usize| digit(at) * 10 + digit(at + 1);
        let year = two(6);
        Self {
            year: u16::from(year) + if year < PIVOT { 2000 } else { 1900 },
            month: two(0),
            day: two(3),
            hour: two(9),
            minute: two(12),
            second: two(15),
            milli: u16::from(two(18)) * 10 + u16::from(digit(20)),
        }
    }

    /// Refuses dates and times that do not exist.
    pub(super) fn exists(self) -> Result<(), Fault> {
        if self.hour > 23 || self.minute > 59 || self.second > 59 {
            return Err(Fault { rule: Rule::Time, column: 10 });
        }
        match self.civil() {
            Some(_) => Ok(()),
            None => Err(Fault { rule: Rule::Date, column: 1 }),
        }
    }

    /// As in the log.
    #[must_use]
    pub fn bytes(self) -> [u8; Self::BYTES] {
        let mut out = *Self::SHAPE;
        let year = self.year % 100;
        let fields = [(0, self.month), (3, self.day), (6, year as u8), (9, self.hour)];
        let fields = fields.into_iter().chain([(12, self.minute), (15, self.second)]);
        fields.for_each(|(at, value)| digits(&mut out, at, 2, value.into()));
        digits(&mut out, 18, 3, self.milli);
        out
    }

    /// ISO 8601, without a zone, for the log names none: `2025-11-14T09:45:55.657`.
    #[must_use]
    pub fn iso(self) -> [u8; 23] {
        let mut out = *b"0000-00-00T00:00:00.000";
        digits(&mut out, 0, 4, self.year);
        let fields = [(5, self.month), (8, self.day), (11, self.hour), (14, self.minute)];
        for (at, value) in fields {
            digits(&mut out, at, 2, value.into());
        }
        digits(&mut out, 17, 2, self.second.into());
        digits(&mut out, 20, 3, self.milli);
        out
    }

    /// Minutes since the first of year 0, all months taken for 31 days: equal minutes are equal, later ones are greater.
    pub(super) const fn minute_key(self) -> u32 {
        let days = (self.year as u32 * 12 + self.month as u32) * 31 + self.day as u32;
        (days * 24 + self.hour as u32) * 60 + self.minute as u32
    }

    /// The point in local time; nothing when there is no such day.
    #[must_use]
    pub fn civil(self) -> Option<DateTime> {
        let year = i16::try_from(self.year).ok()?;
        let [month, day, hour, minute, second] =
            [self.month, self.day, self.hour, self.minute, self.second].map(u8::cast_signed);
        DateTime::new(year, month, day, hour, minute, second, i32::from(self.milli) * 1_000_000)
            .ok()
    }
}

/// Writes `value` in decimal over `count` places from `at`.
fn digits(out: &mut [u8], at: usize, count: usize, mut value: u16) {
    for place in out.iter_mut().skip(at).take(count).rev() {
        *place = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

#[inline]
fn fits(at: usize, byte: u8) -> bool {
    match Stamp::SHAPE.get(at) {
        Some(b'0') => byte.is_ascii_digit(),
        Some(other) => byte == *other,
        None => true,
    }
}

impl From<DateTime> for Stamp {
    /// Milliseconds are cut, not rounded: an entry is never from the future.
    fn from(at: DateTime) -> Self {
        let [month, day, hour, minute, second] =
            [at.month(), at.day(), at.hour(), at.minute(), at.second()].map(i8::cast_unsigned);
        Self {
            year: at.year().cast_unsigned(),
            month,
            day,
            hour,
            minute,
            second,
            milli: at.millisecond().cast_unsigned(),
        }
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.bytes()))
    }
}
