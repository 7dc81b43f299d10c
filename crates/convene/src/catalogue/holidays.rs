//! Public holidays, computed from the rules of a country.
//!
//! Sources: the laws named in `library/holidays.toml`; Easter by the anonymous Gregorian algorithm (*Nature* 13, 1876; J.
//! Meeus, *Astronomical Algorithms*, 1991); the equinoxes of Japan by the approximation of the Hydrographic Department
//! (1980 to 2099).

use std::{collections::BTreeSet, sync::LazyLock};

use jiff::{
    ToSpan,
    civil::{Date, Weekday},
};
use serde::Deserialize;

/// The holidays of a country.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Country {
    /// ISO 3166-1, two letters.
    pub code: String,
    /// As people call it.
    pub name: String,
    /// The law.
    pub source: String,
    moved: Moved,
    #[serde(default)]
    bridged: bool,
    days: Vec<Rule>,
}

/// What happens to a holiday on a weekend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Moved {
    Never,
    Nearest,
    NextWorking,
    NextAfterSunday,
}

/// When a holiday is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
enum Rule {
    Nth { month: i8, weekday: Day, nth: i8 },
    From { month: i8, day: i8, weekday: Day },
    Fixed { month: i8, day: i8 },
    Easter { easter: i64 },
    Equinox { equinox: Season },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Day {
    Monday,
    Thursday,
    Friday,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Season {
    Spring,
    Autumn,
}

#[derive(Deserialize)]
struct File {
    country: Vec<Country>,
}

static COUNTRIES: LazyLock<Vec<Country>> = LazyLock::new(|| {
    let file: File =
        toml::from_str(include_str!("../../library/holidays.toml")).expect("checked by a test");
    file.country
});

impl Country {
    /// The country of a code.
    pub fn find(code: &str) -> Option<&'static Self> {
        COUNTRIES.iter().find(|country| country.code == code)
    }

    /// Its holidays on working days from one day to another, both included.
    pub fn holidays(&self, first: Date, last: Date) -> Vec<Date> {
        // The new year's day may be kept in the old year.
        let years = first.year()..=last.year().saturating_add(1);
        let mut days: BTreeSet<Date> = years.flat_map(|year| self.of_year(year)).collect();
        if self.bridged {
            let bridges: Vec<Date> = days.iter().filter_map(|day| bridge(&days, *day)).collect();
            days.extend(bridges);
        }
        days.into_iter().filter(|day| !is_weekend(*day) && (first..=last).contains(day)).collect()
    }

    fn of_year(&self, year: i16) -> BTreeSet<Date> {
        let all: BTreeSet<Date> = self.days.iter().filter_map(|rule| rule.in_year(year)).collect();
        let mut kept = all.clone();
        for day in all {
            kept.extend(self.moved(day, &kept));
        }
        kept
    }

    /// The day on which a holiday is kept instead.
    fn moved(&self, day: Date, taken: &BTreeSet<Date>) -> Option<Date> {
        let next = |day: Date| day.saturating_add(1.day());
        let later = |is_free: fn(Date) -> bool| {
            let mut other = next(day);
            while taken.contains(&other) || !is_free(other) {
                other = next(other);
            }
            other
        };
        match (self.moved, day.weekday()) {
            (Moved::Nearest, Weekday::Saturday) => Some(day.saturating_sub(1.day())),
            (Moved::Nearest, Weekday::Sunday) => Some(next(day)),
            (Moved::NextWorking, Weekday::Saturday | Weekday::Sunday) => {
                Some(later(|day| !is_weekend(day)))
            }
            (Moved::NextAfterSunday, Weekday::Sunday) => Some(later(|_| true)),
            _ => None,
        }
    }
}

/// The day after, when the one after that is a holiday again.
fn bridge(days: &BTreeSet<Date>, day: Date) -> Option<Date> {
    let between = day.saturating_add(1.day());
    days.contains(&between.saturating_add(1.day())).then_some(between)
}

fn is_weekend(day: Date) -> bool {
    matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
}

impl Rule {
    fn in_year(&self, year: i16) -> Option<Date> {
        match *self {
            Self::Fixed { month, day } => Date::new(year, month, day).ok(),
            Self::Nth { month, weekday, nth } => {
                Date::new(year, month, 1).ok()?.nth_weekday_of_month(nth, weekday.of_week()).ok()
            }
            Self::From { month, day, weekday } => {
                let before = Date::new(year, month, day).ok()?.saturating_sub(1.day());
                before.nth_weekday(1, weekday.of_week()).ok()
            }
            Self::Easter { easter: days } => Some(easter(year)?.saturating_add(days.days())),
            Self::Equinox { equinox } => self::equinox(year, equinox),
        }
    }
}

impl Day {
    const fn of_week(self) -> Weekday {
        match self {
            Self::Monday => Weekday::Monday,
            Self::Thursday => Weekday::Thursday,
            Self::Friday => Weekday::Friday,
        }
    }
}

/// Easter Sunday of the Gregorian calendar: the Sunday after the full moon after 21 March, both as the church reckons them.
fn easter(year: i16) -> Option<Date> {
    let of_year = i32::from(year);
    let (golden, century, rest) = (of_year % 19, of_year / 100, of_year % 100);
    let lunar_correction = (8 * century + 13) / 25;
    let moon = (19 * golden + century - century / 4 - lunar_correction + 15) % 30;
    let sunday = (32 + 2 * (century % 4) + 2 * (rest / 4) - moon - rest % 4) % 7;
    let exception = (golden + 11 * moon + 19 * sunday) / 433;
    let month = (moon + sunday - 7 * exception + 90) / 25;
    let day = (moon + sunday - 7 * exception + 33 * month + 19) % 32;
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// The day of an equinox in Japan.
fn equinox(year: i16, season: Season) -> Option<Date> {
    let (month, base) = match season {
        Season::Spring => (3, 20.8431),
        Season::Autumn => (9, 23.2488),
    };
    let since = i32::from(year) - 1980;
    let day = base + 0.242_194 * f64::from(since) - f64::from(since.div_euclid(4));
    #[expect(clippy::cast_possible_truncation, reason = "a day of a month")]
    Date::new(year, month, day as i8).ok()
}

#[cfg(test)]
mod tests {
    use jiff::civil::{Date, date};

    use super::{COUNTRIES, Country, easter};

    fn of(code: &str, year: i16) -> Vec<Date> {
        Country::find(code).unwrap().holidays(date(year, 1, 1), date(year, 12, 31))
    }

    #[test]
    fn easter_is_when_it_was_and_will_be() {
        for (year, month, day) in
            [(1961, 4, 2), (2000, 4, 23), (2025, 4, 20), (2027, 3, 28), (2038, 4, 25)]
        {
            assert_eq!(easter(year), Some(date(year, month, day)));
        }
    }

    #[test]
    fn every_rule_gives_a_day_in_every_year() {
        for country in COUNTRIES.iter() {
            for year in 2020..2080 {
                for rule in &country.days {
                    assert!(rule.in_year(year).is_some(), "{} {rule:?}", country.code);
                }
            }
        }
    }

    #[test]
    fn the_united_states_keep_a_saturday_on_friday() {
        let days = of("US", 2027);
        assert!(days.contains(&date(2027, 12, 24)) && days.contains(&date(2027, 11, 25)));
        assert!(days.contains(&date(2027, 12, 31)), "the new year's day of 2028 is a Saturday");
        assert_eq!(days.len(), 12);
    }

    #[test]
    fn england_keeps_both_days_of_christmas_after_a_weekend() {
        let days = of("GB", 2027);
        assert!(days.ends_with(&[date(2027, 12, 27), date(2027, 12, 28)]), "{days:?}");
        assert_eq!(days.len(), 8);
    }

    #[test]
    fn japan_bridges_between_two_holidays() {
        let days = of("JP", 2026);
        for day in [date(2026, 5, 6), date(2026, 9, 22), date(2026, 3, 20), date(2026, 9, 23)] {
            assert!(days.contains(&day), "{day} of {days:?}");
        }
    }

    #[test]
    fn sweden_keeps_midsummer_eve_on_a_friday() {
        assert!(of("SE", 2027).contains(&date(2027, 6, 25)));
        assert!(of("DE", 2027).contains(&date(2027, 5, 17)), "Whit Monday");
    }
}
