//! Working time, double bookings and the chain that sets the date, on values that can be checked by hand.

use std::collections::BTreeSet;

use convene::math::{
    calendar::{Calendar, Error, Rules, Shift},
    cpm::{self, Anchor, Kind, Lag, Link, Network, Task},
    grid::{Grid, Outside},
    resource::{self, Booking, Conflict, Resource},
};
use jiff::{
    Timestamp,
    civil::{Date, date, time},
};
use proptest::prelude::*;

/// Good Friday 2027 is a holiday; the Saturday after it is worked.
fn spring() -> Calendar {
    let holidays = BTreeSet::from([date(2027, 3, 26)]);
    let extra_days = BTreeSet::from([date(2027, 3, 27)]);
    Calendar::new(Rules { holidays, extra_days, ..Rules::office("Europe/Zurich") }).unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn working_days_leave_out_weekends_and_holidays_and_keep_extra_days() {
    let (calendar, thursday) = (spring(), date(2027, 3, 25));
    assert_eq!(calendar.add_days(thursday, 1), Ok(date(2027, 3, 27)));
    assert_eq!(calendar.add_days(thursday, 2), Ok(date(2027, 3, 29)));
    assert_eq!(calendar.add_days(date(2027, 3, 29), -2), Ok(thursday));
    assert_eq!(calendar.days_between(thursday, date(2027, 3, 30)), Ok(3));
    assert_eq!(calendar.days_between(date(2027, 3, 30), thursday), Ok(-3));
    assert_eq!(calendar.workday_from(date(2027, 3, 28)), Ok(date(2027, 3, 29)));
    assert_eq!(calendar.workday_until(date(2027, 3, 26)), Ok(thursday));
}

#[test]
fn minutes_of_work_skip_the_night_and_know_when_clocks_change() {
    let calendar = spring();
    // 16:30 in Zurich and an hour of work: half of it on the next working day.
    let late = at("2027-03-25T15:30:00Z");
    assert_eq!(calendar.add_minutes(late, 60), Ok(at("2027-03-27T08:30:00Z")));
    assert_eq!(calendar.add_minutes(at("2027-03-27T08:30:00Z"), -60), Ok(late));
    assert_eq!(calendar.minutes_between(late, at("2027-03-27T08:30:00Z")), Ok(60));
    // Clocks go forward at two in the night of 28 March: the shift of four hours has three.
    let shifts = vec![Shift { from: time(0, 0, 0, 0), to: time(4, 0, 0, 0) }];
    let rules = Rules { shifts, weekdays: (1..=7).collect(), ..Rules::office("Europe/Zurich") };
    let night = Calendar::new(rules).unwrap();
    let (from, to) = (at("2027-03-27T22:00:00Z"), at("2027-03-28T12:00:00Z"));
    assert_eq!(night.minutes_between(from, to), Ok(180));
}

#[test]
fn a_calendar_that_makes_no_sense_is_refused() {
    let rules = Rules::office("Europe/Zurich");
    let refused = |rules: Rules| Calendar::new(rules).unwrap_err();
    assert!(matches!(refused(Rules::office("Mars/Olympus")), Error::NoZone(_)));
    let idle = Rules { weekdays: BTreeSet::new(), ..rules.clone() };
    assert_eq!(refused(idle), Error::NoWork("weekday"));
    let twice = Rules { shifts: [rules.shifts.clone(), rules.shifts.clone()].concat(), ..rules };
    assert!(matches!(refused(twice), Error::BadShift { .. }));
    let far = spring().add_days(Date::MAX, 1).unwrap_err();
    assert!(matches!(far, Error::TooFar(_)), "{far}");
}

proptest! {
    #[test]
    fn adding_and_taking_away_work_fit_together(
        worked in prop::collection::vec(any::<bool>(), 1..40), t in 0_i64..40, s in 0_i64..40, work in 1_i64..10,
    ) {
        let grid = Grid::new(&worked);
        if let (Ok(end), Ok(begin)) = (grid.add(t, work), grid.sub(s, work)) {
            prop_assert_eq!(end <= s, t <= begin);
        }
        if let Ok(end) = grid.add(t, work) {
            let span = &worked[usize::try_from(t).unwrap()..usize::try_from(end).unwrap()];
            let count = span.iter().filter(|is_worked| **is_worked).count();
            prop_assert_eq!(i64::try_from(count).unwrap(), work);
        }
    }

    #[test]
    fn a_double_booking_is_found_exactly_where_more_is_used_than_there_is(
        spans in prop::collection::vec((0_i64..20, 0_i64..6, 1_u32..3), 0..8), capacity in 1_u32..4,
    ) {
        let booking = |(at, (from, length, units)): (usize, &(i64, i64, u32))| Booking {
            id: format!("b{at}"), resource: "camera".to_owned(), from: *from, to: from + length, units: *units,
        };
        let bookings: Vec<Booking> = spans.iter().enumerate().map(booking).collect();
        let camera = Resource { id: "camera".to_owned(), capacity, available: None };
        let found = resource::conflicts(&[camera], &bookings);
        for moment in 0..30 {
            let used: u32 = bookings.iter().filter(|it| (it.from..it.to).contains(&moment)).map(|it| it.units).sum();
            let is_told = found.iter().any(|conflict| matches!(conflict, Conflict::Overbooked { from, to, .. } if (*from..*to).contains(&moment)));
            prop_assert_eq!(used > capacity, is_told, "{} at {}", used, moment);
        }
    }
}

#[test]
fn beyond_the_grid_is_said_and_not_guessed() {
    let grid = Grid::new(&[true, false, true]);
    assert_eq!((grid.ceil(1), grid.floor(1)), (Ok(2), Ok(0)));
    assert_eq!(grid.add(0, 2), Ok(3));
    assert_eq!(grid.add(0, 3), Err(Outside(0)));
    assert_eq!(grid.sub(3, 2), Ok(0));
    assert_eq!(grid.start_to_reach(3, 1), Ok(1));
    assert_eq!(Grid::Every.add(-5, 3), Ok(-2));
}

#[test]
fn an_absent_and_an_unknown_resource_are_named() {
    let ada = Resource {
        id: "ada".to_owned(),
        capacity: 1,
        available: Some(vec![(0, 10), (10, 20), (30, 40)]),
    };
    let booking = |id: &str, resource: &str, from, to| Booking {
        id: id.to_owned(),
        resource: resource.to_owned(),
        from,
        to,
        units: 1,
    };
    let bookings = [booking("talk", "ada", 5, 35), booking("walk", "bob", 0, 5)];
    let found = resource::conflicts(std::slice::from_ref(&ada), &bookings);
    let (resource, booking) = ("ada".to_owned(), "talk".to_owned());
    assert!(found.contains(&Conflict::Unavailable { resource, booking, from: 20, to: 30 }));
    let (resource, booking) = ("bob".to_owned(), "walk".to_owned());
    assert!(found.contains(&Conflict::Unknown { resource, booking }), "{found:?}");
    let shares = resource::utilisation(&[ada], &bookings, (0, 60));
    assert!((shares["ada"] - 0.5).abs() < 1e-12, "{shares:?}");
}

#[test]
fn the_critical_path_goes_back_over_the_links_that_hold() {
    let task = |id: &str, duration| Task {
        id: id.to_owned(),
        duration,
        calendar: 0,
        not_before: None,
        due: None,
    };
    let tasks = vec![task("brief", 2), task("hall", 5), task("print", 1), task("open", 1)];
    // Printing must end two days after the hall is found at the earliest; opening waits for both.
    let link =
        Link { from: "hall".to_owned(), to: "print".to_owned(), kind: Kind::FF, lag: Lag::Work(2) };
    let links = [
        Link::after("brief", "hall"),
        link,
        Link::after("hall", "open"),
        Link::after("print", "open"),
    ];
    let network = Network::new(tasks, &links, Vec::new()).unwrap();
    let plan = cpm::schedule(&network, Anchor::Start(0)).unwrap();
    assert_eq!(plan.critical_path, ["brief", "hall", "print", "open"]);
    assert_eq!((plan.task("print").unwrap().earliest_start, plan.finish), (8, 10));
}
