//! Briefs: what is enough, what is assumed, and every mistake with its place.

use convene::{
    brief::{self, AUDIENCE_MAX},
    catalogue::Catalogue,
};
use jiff::civil::date;
use serde_json::{Value, json};

use crate::events;

fn brief() -> Value {
    json!({ "title": "Meetup", "date_range": { "start": "2027-03-12", "end": "2027-03-12" } })
}

fn with(field: &str, value: Value) -> String {
    let mut brief = brief();
    brief[field] = value;
    brief.to_string()
}

#[test]
fn a_title_and_dates_are_enough_and_the_rest_is_assumed_with_reasons() {
    let brief = brief::parse(&brief().to_string()).unwrap();
    let scope = brief::settle(&brief, &Catalogue::built_in(), date(2027, 1, 4), None).unwrap();
    assert_eq!(scope.event_id, "evt-20270104-meetup");
    let fields: Vec<&str> =
        scope.assumptions.iter().map(|assumption| assumption.field.as_str()).collect();
    for field in ["/audience_size", "/event_type", "/city", "/budget/total"] {
        assert!(fields.contains(&field), "{field} is not among {fields:?}");
    }
    assert!(scope.assumptions.iter().all(|assumption| !assumption.reason.is_empty()));
    assert!(scope.warnings.is_empty(), "{:?}", scope.warnings);
}

#[test]
fn each_mistake_is_told_with_its_pointer() {
    for (text, pointer) in [
        ("{".to_owned(), ""),
        (with("title", json!("")), "/title"),
        (with("colour", json!("red")), "/colour"),
        (with("date_range", json!({ "start": "2027-03-12", "end": "2027-03-11" })), "/date_range"),
        (with("date_range", json!({ "start": "soon", "end": "2027-03-11" })), "/date_range/start"),
        (with("audience_size", json!(0)), "/audience_size"),
        (with("audience_size", json!(10_000_000)), "/audience_size"),
        (with("budget", json!({ "total": -5 })), "/budget/total"),
        (with("budget", json!({ "total": 1e30 })), "/budget/total"),
        (with("budget", json!({ "total": 5, "currency": "XYQ" })), "/budget/currency"),
        (with("time_zone", json!("Mars/Olympus")), "/time_zone"),
        (with("venue_weights", json!({ "cost": 0.5 })), "/venue_weights"),
        (with("event_type", json!("wedding")), "/event_type"),
    ] {
        let faults = brief::parse(&text).unwrap_err();
        let found = faults
            .iter()
            .any(|fault| fault.pointer.starts_with(pointer) && !fault.message.is_empty());
        assert!(found, "{text}: expected {pointer:?}, found {faults:?}");
    }
    assert!(brief::parse(&with("audience_size", json!(AUDIENCE_MAX))).is_ok());
}

#[test]
fn a_date_in_the_past_is_a_warning() {
    let brief = brief::parse(&brief().to_string()).unwrap();
    let scope = brief::settle(&brief, &Catalogue::built_in(), date(2028, 1, 3), None).unwrap();
    assert!(!scope.warnings.is_empty());
    assert!(scope.planning_start < date(2027, 3, 12));
}

#[test]
fn nobody_works_on_the_public_holidays_of_the_country_unless_the_brief_names_its_own() {
    let scope = events::scope(events::CONFERENCE);
    for day in [date(2026, 12, 25), date(2027, 1, 1), date(2027, 5, 31)] {
        assert!(scope.holidays.contains(&day), "{:?}", scope.holidays);
    }
    let said = scope.assumptions.iter().find(|it| it.field == "/holidays").unwrap();
    assert!(said.reason.starts_with("public holidays of the United States"), "{said:?}");
    let own = events::changed(events::CONFERENCE, "holidays", json!(["2027-03-01"]));
    let scope = events::scope(&own);
    assert_eq!(scope.holidays, [date(2027, 3, 1)]);
    assert!(scope.assumptions.iter().all(|it| it.field != "/holidays"));
}
