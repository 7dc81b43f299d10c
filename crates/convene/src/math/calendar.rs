//! The working calendar: which days and hours are worked, and arithmetic over them, forwards and backwards.
//!
//! Source: the calendar of activity-on-node planning (PMI, *Practice Standard for Scheduling*, 3rd edition, 2019):
//! weekends, holidays and shifts hold no work, so a duration in working time skips them.

use std::collections::BTreeSet;

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};

use super::grid::Grid;

/// How far working time is looked for, in days: forty years. A calendar without work would otherwise never answer.
const HORIZON_DAYS: u32 = 14_610;

/// What a calendar cannot answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No such time zone.
    #[error("{0:?} is no time zone: use a name of the IANA database, like Europe/Zurich")]
    NoZone(String),
    /// Nothing is ever worked.
    #[error("the calendar has no working {0}: name at least one")]
    NoWork(&'static str),
    /// Shifts of a day that overlap, touch or run backwards.
    #[error(
        "the shift {from} to {to} must end after it begins and begin after the shift before it ends"
    )]
    BadShift {
        /// Its beginning.
        from: Time,
        /// Its end.
        to: Time,
    },
    /// Beyond forty years, or beyond the dates that there are.
    #[error("{0} is too far: the calendar looks {HORIZON_DAYS} days ahead and back")]
    TooFar(String),
}

/// Working hours of a day, local time, half open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shift {
    /// Its beginning.
    pub from: Time,
    /// Its end; midnight cannot be one, 23:59 is the latest.
    pub to: Time,
}

/// Which days and hours are worked, as it is written in files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// The time zone's name in the IANA database.
    pub zone: String,
    /// The days of the week that are worked, 1 for Monday to 7 for Sunday.
    pub weekdays: BTreeSet<u8>,
    /// The hours of each working day, in order.
    pub shifts: Vec<Shift>,
    /// Days that are not worked, whatever the day of the week.
    #[serde(default)]
    pub holidays: BTreeSet<Date>,
    /// Days that are worked although weekend or holiday.
    #[serde(default)]
    pub extra_days: BTreeSet<Date>,
}

impl Rules {
    /// Monday to Friday, nine to five, no holidays.
    pub fn office(zone: &str) -> Self {
        let shift = Shift { from: Time::constant(9, 0, 0, 0), to: Time::constant(17, 0, 0, 0) };
        Self {
            zone: zone.to_owned(),
            weekdays: (1..=5).collect(),
            shifts: vec![shift],
            holidays: BTreeSet::new(),
            extra_days: BTreeSet::new(),
        }
    }
}

/// Rules that were found to make sense.
#[derive(Debug, Clone)]
pub struct Calendar {
    rules: Rules,
    zone: TimeZone,
}

impl Calendar {
    /// Checks the rules.
    pub fn new(rules: Rules) -> Result<Self, Error> {
        let zone = TimeZone::get(&rules.zone).map_err(|_| Error::NoZone(rules.zone.clone()))?;
        if !rules.weekdays.iter().any(|day| (1..=7).contains(day)) {
            return Err(Error::NoWork("weekday"));
        }
        if rules.shifts.is_empty() {
            return Err(Error::NoWork("shift"));
        }
        let mut free_from = None;
        for &Shift { from, to } in &rules.shifts {
            if to <= from || free_from.is_some_and(|free| from <= free) {
                return Err(Error::BadShift { from, to });
            }
            free_from = Some(to);
        }
        Ok(Self { rules, zone })
    }

    /// The rules.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The zone in which its days begin.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// Whether the day is worked.
    pub fn is_workday(&self, date: Date) -> bool {
        let weekday = date.weekday().to_monday_one_offset().unsigned_abs();
        let usual = self.rules.weekdays.contains(&weekday) && !self.rules.holidays.contains(&date);
        usual || self.rules.extra_days.contains(&date)
    }

    /// The working day `days` after the date, or before it when negative. Zero gives the date itself.
    pub fn add_days(&self, date: Date, days: i32) -> Result<Date, Error> {
        let mut left = days.unsigned_abs();
        let mut at = date;
        for _ in 0..HORIZON_DAYS {
            if left == 0 {
                return Ok(at);
            }
            at = step(at, days.signum())?;
            left -= u32::from(self.is_workday(at));
        }
        Err(Error::TooFar(format!("working day {days} from {date}")))
    }

    /// The date itself when it is worked, else the next working day.
    pub fn workday_from(&self, date: Date) -> Result<Date, Error> {
        if self.is_workday(date) { Ok(date) } else { self.add_days(date, 1) }
    }

    /// The date itself when it is worked, else the working day before.
    pub fn workday_until(&self, date: Date) -> Result<Date, Error> {
        if self.is_workday(date) { Ok(date) } else { self.add_days(date, -1) }
    }

    /// Working days in `from..to`; negative when `to` is before `from`.
    pub fn days_between(&self, from: Date, to: Date) -> Result<i64, Error> {
        if to < from {
            return Ok(-self.days_between(to, from)?);
        }
        let days = from.until(to).map_or(i32::MAX, |span| span.get_days());
        if days.unsigned_abs() > HORIZON_DAYS {
            return Err(Error::TooFar(to.to_string()));
        }
        let worked = from.series(1.day()).take_while(|day| *day < to);
        Ok(i64::try_from(worked.filter(|day| self.is_workday(*day)).count()).unwrap_or(i64::MAX))
    }

    /// The moment `minutes` of working time after `at`, or before it when negative. Zero gives `at` itself.
    ///
    /// Forwards, work that fills a shift ends with it; backwards, it begins with it. A shift is as long as its hours
    /// are on that day: one over a change of the clocks has an hour less or more.
    pub fn add_minutes(&self, at: Timestamp, minutes: i64) -> Result<Timestamp, Error> {
        if minutes == 0 {
            return Ok(at);
        }
        let mut left = minutes.abs();
        let forwards = minutes > 0;
        let direction = if forwards { 1 } else { -1 };
        let mut day = at.to_zoned(self.zone.clone()).date();
        for _ in 0..HORIZON_DAYS {
            let mut shifts = self.shifts_of(day)?;
            if !forwards {
                shifts.reverse();
            }
            for (from, to) in shifts {
                let (from, to) = half(forwards, at, (from, to));
                let length = minutes_of(from, to).max(0);
                let end = moved(if forwards { from } else { to }, left * minutes.signum());
                if left <= length {
                    return end.ok_or_else(|| Error::TooFar(format!("{minutes} minutes")));
                }
                left -= length;
            }
            day = step(day, direction)?;
        }
        Err(Error::TooFar(format!("{minutes} minutes of work from {at}")))
    }

    /// Minutes of working time in `from..to`; negative when `to` is before `from`.
    pub fn minutes_between(&self, from: Timestamp, to: Timestamp) -> Result<i64, Error> {
        if to < from {
            return Ok(-self.minutes_between(to, from)?);
        }
        let (mut day, last) = (self.day_of(from), self.day_of(to));
        let mut minutes = 0;
        for _ in 0..HORIZON_DAYS {
            if day > last {
                return Ok(minutes);
            }
            for (begin, end) in self.shifts_of(day)? {
                minutes += minutes_of(begin.max(from), end.min(to)).max(0);
            }
            day = step(day, 1)?;
        }
        Err(Error::TooFar(to.to_string()))
    }

    /// The days from `first` on, for the critical path: unit 0 is `first`.
    pub fn day_grid(&self, first: Date, days: u32) -> Result<Grid, Error> {
        let too_far = || Error::TooFar(format!("{days} days from {first}"));
        if days > HORIZON_DAYS {
            return Err(too_far());
        }
        let worked: Vec<bool> =
            first.series(1.day()).take(days as usize).map(|day| self.is_workday(day)).collect();
        if worked.len() < days as usize { Err(too_far()) } else { Ok(Grid::new(&worked)) }
    }

    fn day_of(&self, at: Timestamp) -> Date {
        at.to_zoned(self.zone.clone()).date()
    }

    /// The shifts of a day as moments; none when it is not worked.
    fn shifts_of(&self, day: Date) -> Result<Vec<(Timestamp, Timestamp)>, Error> {
        if !self.is_workday(day) {
            return Ok(Vec::new());
        }
        let moment = |time: Time| {
            let zoned = self.zone.to_zoned(day.to_datetime(time));
            zoned.map(|zoned| zoned.timestamp()).map_err(|_| Error::TooFar(day.to_string()))
        };
        self.rules.shifts.iter().map(|shift| Ok((moment(shift.from)?, moment(shift.to)?))).collect()
    }
}

/// The days of the week by their short English names, for texts.
pub fn weekday_name(weekday: Weekday) -> &'static str {
    match weekday {
        Weekday::Monday => "Mon",
        Weekday::Tuesday => "Tue",
        Weekday::Wednesday => "Wed",
        Weekday::Thursday => "Thu",
        Weekday::Friday => "Fri",
        Weekday::Saturday => "Sat",
        Weekday::Sunday => "Sun",
    }
}

fn step(date: Date, days: i32) -> Result<Date, Error> {
    date.checked_add(days.days()).map_err(|_| Error::TooFar(date.to_string()))
}

fn minutes_of(from: Timestamp, to: Timestamp) -> i64 {
    (to.as_second() - from.as_second()).div_euclid(60)
}

/// The part of a shift after `at`, or before it.
fn half(
    forwards: bool,
    at: Timestamp,
    (from, to): (Timestamp, Timestamp),
) -> (Timestamp, Timestamp) {
    if forwards { (from.max(at), to) } else { (from, to.min(at)) }
}

fn moved(at: Timestamp, minutes: i64) -> Option<Timestamp> {
    at.checked_add(minutes.minutes()).ok()
}
