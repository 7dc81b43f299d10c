//! The plan for people: the same bytes each time, whole, and safe whatever people typed.

use convene::{artifact::Kind, render};
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::desk;

fn rendering(bodies: &Value, file: &str) -> String {
    let all = render::all(&desk::dossier(bodies));
    all.into_iter().find(|rendering| rendering.file == file).unwrap().text
}

/// The small event with a text nobody should have typed everywhere a text may be.
fn hostile() -> Value {
    let mut bodies = desk::bodies();
    let nasty = json!(
        "<b>\"R&D\"</b> | ]]> ; , \\ \u{7} Łódź 会議 and a very long title that goes on and on"
    );
    for pointer in [
        "/event-brief/title",
        "/task-register/tasks/0/title",
        "/timeline/milestones/0/name",
        "/schedule/sessions/0/title",
        "/schedule/sessions/0/location",
        "/schedule/sessions/0/track",
        "/budget-baseline/category_allocations/0/category",
    ] {
        *bodies.pointer_mut(pointer).unwrap() = nasty.clone();
    }
    bodies
}

#[test]
fn the_same_artifacts_give_the_same_bytes_and_fewer_give_less() {
    let dossier = desk::dossier(&desk::bodies());
    let all = render::all(&dossier);
    let files: Vec<&str> = all.iter().map(|rendering| rendering.file).collect();
    assert_eq!(files, ["plan.md", "timeline.svg", "budget.svg", "schedule.svg", "calendar.ics"]);
    assert_eq!(render::all(&dossier), all);
    let mut fewer = dossier;
    fewer.remove(Kind::Schedule);
    fewer.remove(Kind::TaskRegister);
    assert!(render::schedule(&fewer).is_none() && render::timeline(&fewer).is_none());
    assert!(!render::plan(&fewer).unwrap().contains("schedule.svg"));
}

#[test]
fn the_page_states_the_facts_of_this_plan() {
    let page = rendering(&desk::bodies(), "plan.md");
    for fact in [
        "# Rust meetup",
        "A meetup for 20 people in Alderport: Fri 12 Mar 2027, 18:00 to 21:00",
        "Critical path: Find a room → Book it.",
        "| Room | 2 (fixed) | USD 122.50 | USD 245 |",
        "| The room is lost | 8 (low × high) |",
        "| budget-decision | Budget | blocked: awaiting approval |",
        "| Approve the budget decision? | Ada |",
        "A scores 0.8, B 0.7.",
    ] {
        assert!(page.contains(fact), "{fact} in:\n{page}");
    }
    assert!(!page.contains("14 days"), "a vendor's terms are confidential");
}

#[test]
fn pictures_hold_every_task_session_and_category_and_stay_xml() {
    for bodies in [desk::bodies(), hostile()] {
        let timeline = rendering(&bodies, "timeline.svg");
        assert_eq!(timeline.matches("class=\"crit\"").count(), 3, "two tasks and the legend");
        assert_eq!(timeline.matches("class=\"link\"").count(), 1);
        assert_eq!(
            rendering(&bodies, "schedule.svg").matches("class=\"box\"").count(),
            2 + tracks(&bodies)
        );
        for file in ["timeline.svg", "budget.svg", "schedule.svg"] {
            let text = rendering(&bodies, file);
            let tags = |open: &str| text.matches(open).count();
            assert_eq!(tags("<text"), tags("</text>"), "{file}");
            assert!(!text.contains("<b>") && !text.contains('\u{7}'), "{file}");
        }
    }
}

fn tracks(bodies: &Value) -> usize {
    let sessions = bodies["schedule"]["sessions"].as_array().unwrap();
    sessions.iter().map(|session| &session["track"]).collect::<std::collections::HashSet<_>>().len()
}

#[test]
fn the_calendar_is_folded_escaped_and_in_utc() {
    let text = rendering(&hostile(), "calendar.ics");
    assert!(text.split_terminator("\r\n").all(|line| line.len() <= 75 && !line.contains('\n')));
    let unfolded = text.replace("\r\n ", "");
    let whole = r#"SUMMARY:<b>"R&D"</b> | ]]> \; \, \\  Łódź 会議 and a very long title that goes on and on"#;
    assert!(unfolded.contains(whole), "{unfolded}");
    let zone = TimeZone::get("America/New_York").unwrap();
    let start = jiff::civil::date(2027, 3, 12).at(18, 0, 0, 0).to_zoned(zone).unwrap();
    let start = start.timestamp().strftime("DTSTART:%Y%m%dT%H%M%SZ").to_string();
    assert!(unfolded.contains(&start), "{start} in {unfolded}");
    assert_eq!(unfolded.matches("BEGIN:VEVENT").count(), unfolded.matches("\r\nUID:").count());
    assert!(
        unfolded.contains("UID:session-s1.evt-20270104-rust-meetup@convene.steward.invalid\r\n")
    );
    assert!(unfolded.contains("DTSTART;VALUE=DATE:20270115\r\nDTEND;VALUE=DATE:20270116\r\n"));
}
