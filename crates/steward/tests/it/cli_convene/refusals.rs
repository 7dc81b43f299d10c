//! What is refused: exit code 2, the place of each mistake, and nothing written.

use std::{fs, path::Path};

use serde_json::{Value, json};

use super::{MEETUP, convene, desk, planned};

/// The small event with one field changed.
fn with(field: &str, value: Value) -> String {
    let mut brief: Value = serde_json::from_str(MEETUP).unwrap();
    brief[field] = value;
    brief.to_string()
}

/// Plans in a folder and expects a refusal that says all of this and leaves nothing.
#[track_caller]
fn refused(desk: &Path, flags: &[&str], said: &[&str]) {
    let before = fs::read_dir(desk).unwrap().count();
    let plan = [&["plan", "brief.json", "--start", "2026-11-25", "--out", "plan"], flags].concat();
    let answer = convene(desk, &plan);
    assert_eq!((answer.code, answer.out.as_str()), (Some(2), ""), "{answer:?}");
    for words in said {
        assert!(answer.err.contains(words), "{words}: {answer:?}");
    }
    assert_eq!(fs::read_dir(desk).unwrap().count(), before, "nothing is written");
}

#[test]
fn each_mistake_in_a_brief_is_told_with_its_pointer() {
    let far = json!({ "start": "2027-03-17", "end": "2027-03-16" });
    for (brief, said) in [
        ("{".to_owned(), "not JSON: EOF"),
        ("{}".to_owned(), "/title: is missing"),
        (with("colour", json!("red")), "/colour: is not a known field"),
        (with("date_range", far), "/date_range/end: 2027-03-16 is not after the start"),
        (with("audience_size", json!(0)), "/audience_size: 0 is less than the minimum of 1"),
        (with("audience_size", json!(10_000_000)), "/audience_size: 10000000 is greater than"),
        (with("budget", json!({ "total": 1e30 })), "/budget/total"),
        (with("budget", json!({ "total": 0 })), "/budget/total: 0 is less than"),
        (
            with("budget", json!({ "total": 500, "currency": "XYQ" })),
            "/budget/currency: `XYQ` is no",
        ),
        (with("time_zone", json!("Mars/Olympus")), "/time_zone: `Mars/Olympus` is no time zone"),
        (with("city", json!("Atlantis")), "/city: no venue in `Atlantis` is known"),
        (
            with("venue_weights", json!({ "cost": 0.5, "location": 0.4 })),
            "/venue_weights: the weights sum to 0.9",
        ),
    ] {
        refused(desk(&brief).path(), &[], &[said]);
    }
}

#[test]
fn tasks_that_wait_for_each_other_are_named() {
    let task = |key: &str, after: &str| json!({ "key": key, "title": key, "owner": "event-planner", "days": 2, "after": [after] });
    let tasks = json!([task("posters", "flyers"), task("flyers", "posters")]);
    refused(desk(&with("tasks", tasks)).path(), &[], &["/tasks: ", "posters", "flyers"]);
}

#[test]
fn each_broken_row_of_a_table_of_venues_is_told() {
    let desk = desk(MEETUP);
    let venues = "id,name,city,district,rooms,amenities,accessibility,rate_per_day,currency,service_percent,km_to_centre,contact,taken\n\
                  a,The Annex,Alderport,downtown,Hall:40,wifi,step_free,cheap,USD,10,0.4,annex@example.org,\n\
                  a,The Barn,Alderport,downtown,Hall,wifi,step_free,120,USD,10,0.4,barn@example.org,\n\
                  c,The Crypt,Alderport\n";
    fs::write(desk.path().join("halls.csv"), venues).unwrap();
    let said = [
        "halls.csv is no table of venues",
        "row 2, column rate_per_day: `cheap` is no amount",
        "row 3, column rooms: `Hall` must be a name and seats",
        "row 3, column id: `a` is already in row 2",
        "row 4: has 3 cells where the header has 13",
    ];
    refused(desk.path(), &["--venues", "halls.csv"], &said);
    refused(desk.path(), &["--venues", "nowhere.csv"], &["cannot read nowhere.csv"]);
}

#[test]
fn a_city_that_only_a_table_knows_needs_a_zone() {
    let desk = desk(&with("city", json!("Atlantis")));
    let venues = "id,name,city,district,rooms,amenities,accessibility,rate_per_day,currency,service_percent,km_to_centre,contact,taken\n\
                  a,The Annex,Atlantis,downtown,Hall:40,wifi|projector,step_free,120,USD,10,0.4,annex@example.org,\n";
    fs::write(desk.path().join("halls.csv"), venues).unwrap();
    let said = "/time_zone: is missing, and no zone is known for `Atlantis`";
    refused(desk.path(), &["--venues", "halls.csv"], &[said]);
}

#[test]
fn an_invalid_instruction_set_is_told_with_its_file() {
    let desk = desk(MEETUP);
    let set =
        include_str!("../../../../convene/library/instructions/venue-researcher/beginner.toml");
    fs::create_dir_all(desk.path().join("sets/venue-researcher")).unwrap();
    let file = desk.path().join("sets/venue-researcher/beginner.toml");
    for (from, to, said) in [
        ("weight_cost = 40", "weight_cost = 30", "the weights sum to"),
        ("leads_minimum", "leads_least", "parameter `leads_minimum` is missing"),
        ("objectives = [", "aims = [", "unknown field `aims`"),
    ] {
        assert!(set.contains(from), "{from}");
        fs::write(&file, set.replace(from, to)).unwrap();
        refused(
            desk.path(),
            &["--instructions", "sets"],
            &["venue-researcher/beginner.toml: ", said],
        );
    }
    refused(desk.path(), &["--instructions", "nowhere"], &["cannot read nowhere"]);
}

#[test]
fn a_folder_that_is_not_empty_is_left_alone() {
    let desk = desk(MEETUP);
    fs::create_dir(desk.path().join("plan")).unwrap();
    fs::write(desk.path().join("plan/notes.txt"), "mine").unwrap();
    refused(desk.path(), &[], &["plan is not empty"]);
    let (file, nowhere) = (["--out", "brief.json"], ["--out", "a/b"]);
    for (out, said) in [(file, "brief.json is a file"), (nowhere, "would be in does not exist")] {
        let answer = convene(desk.path(), &[&["plan", "brief.json"], &out[..]].concat());
        assert_eq!(answer.code, Some(2), "{answer:?}");
        assert!(answer.err.contains(said), "{answer:?}");
    }
}

#[test]
fn artifacts_that_were_edited_or_are_of_an_unknown_schema_are_not_checked() {
    for (file, from, to, said) in [
        (
            "timeline",
            "\"deadline\": \"2027-",
            "\"deadline\": \"2028-",
            "artifacts/timeline.json /digest: the content was changed",
        ),
        (
            "requirements",
            "\"schema_version\": \"1.0.0\"",
            "\"schema_version\": \"9.0.0\"",
            "/schema_version: schema version 9.0.0",
        ),
        (
            "venue-criteria",
            "\"min_capacity\": 20",
            "\"min_capacity\": 0",
            "artifacts/venue-criteria.json /body/min_capacity",
        ),
    ] {
        let desk = planned();
        let path = desk.path().join(format!("plan/artifacts/{file}.json"));
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file} has no {from}");
        fs::write(&path, text.replace(from, to)).unwrap();
        let answer = convene(desk.path(), &["check", "plan"]);
        assert_eq!((answer.code, answer.out.as_str()), (Some(2), ""), "{answer:?}");
        assert!(answer.err.contains(said), "{answer:?}");
    }
}
