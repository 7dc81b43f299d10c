//! Working units on the line of whole units (days, or slots of minutes): counting them in constant time.
//!
//! A unit is worked or not. With `before(t)` the number of worked units before `t`, adding and taking away work are
//! look-ups, and they fit together (a Galois connection): `add(t, w) <= s` exactly when `t <= sub(s, w)`.

/// A unit of the line that is outside of the grid, named by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unit {0} lies outside of the calendar: let it begin earlier or end later")]
pub struct Outside(pub i64);

/// Which units are worked.
#[derive(Debug, Clone)]
pub enum Grid {
    /// All, without end.
    Every,
    /// Those of a table that begins at unit 0.
    Table {
        /// Worked units before each unit, and before the end.
        before: Vec<u32>,
        /// The worked units in order.
        nth: Vec<u32>,
    },
}

impl Grid {
    /// A table of the units from 0 on. There are at most 2^32.
    pub fn new(worked: &[bool]) -> Self {
        let mut before = Vec::with_capacity(worked.len() + 1);
        let mut nth = Vec::new();
        before.push(0);
        for (unit, is_worked) in (0_u32..).zip(worked) {
            if *is_worked {
                nth.push(unit);
            }
            before.push(u32::try_from(nth.len()).unwrap_or(u32::MAX));
        }
        Self::Table { before, nth }
    }

    /// Worked units before `at`.
    pub fn before(&self, at: i64) -> Result<i64, Outside> {
        match self {
            Self::Every => Ok(at),
            Self::Table { before, .. } => look_up(before, at).ok_or(Outside(at)),
        }
    }

    /// The first worked unit at `at` or after it.
    pub fn ceil(&self, at: i64) -> Result<i64, Outside> {
        self.nth(self.before(at)?, at)
    }

    /// The last worked unit at `at` or before it.
    pub fn floor(&self, at: i64) -> Result<i64, Outside> {
        match self {
            Self::Every => Ok(at),
            Self::Table { .. } => self.nth(self.before(at + 1)? - 1, at),
        }
    }

    /// Where `work` units that begin at `at` end, exclusive: the unit after the last worked one.
    ///
    /// Negative work goes back. Zero stays.
    pub fn add(&self, at: i64, work: i64) -> Result<i64, Outside> {
        match work {
            0 => Ok(at),
            1.. => Ok(self.nth(self.before(at)? + work - 1, at)? + 1),
            _ => self.nth(self.before(at)? + work, at),
        }
    }

    /// The latest `t` with `add(t, work) <= at`: for positive work the latest beginning that still ends in time.
    pub fn sub(&self, at: i64, work: i64) -> Result<i64, Outside> {
        match work {
            0 => Ok(at),
            1.. => self.nth(self.before(at)? - work, at),
            _ => self.nth(self.before(at + 1)? - work - 1, at),
        }
    }

    /// The earliest `t` with `add(t, work) >= at`; the beginning of the grid when every `t` does.
    pub fn start_to_reach(&self, at: i64, work: i64) -> Result<i64, Outside> {
        match self {
            _ if work == 0 => Ok(at),
            Self::Every => Ok(at - work),
            Self::Table { .. } if at <= 0 => Ok(0),
            Self::Table { .. } => match self.before(at - 1)? - work {
                ..0 => Ok(0),
                number => Ok(self.nth(number, at)? + 1),
            },
        }
    }

    /// The first unit, when there is one.
    pub fn first(&self) -> i64 {
        match self {
            Self::Every => i64::MIN,
            Self::Table { .. } => 0,
        }
    }

    fn nth(&self, number: i64, asked: i64) -> Result<i64, Outside> {
        match self {
            Self::Every => Ok(number),
            Self::Table { nth, .. } => look_up(nth, number).ok_or(Outside(asked)),
        }
    }
}

fn look_up(table: &[u32], at: i64) -> Option<i64> {
    table.get(usize::try_from(at).ok()?).copied().map(i64::from)
}
