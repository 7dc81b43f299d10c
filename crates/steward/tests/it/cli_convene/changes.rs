//! What has happened since: the plan made anew, in its folder.

use std::{fs, path::Path};

use convene::{artifact::Kind, folder};

use super::{CONFERENCE, convene, desk, planned};

/// A folder with a plan of the conference in `plan`.
fn conference() -> tempfile::TempDir {
    let desk = desk(CONFERENCE);
    convene(desk.path(), &["plan", "brief.json", "--start", "2026-11-02", "--out", "plan"]);
    assert!(desk.path().join("plan/plan.md").is_file());
    desk
}

fn revision(desk: &Path, kind: Kind) -> u32 {
    let read = folder::read(&desk.join("plan")).unwrap();
    read.dossier.find(kind).unwrap().header.revision
}

#[test]
fn a_smaller_budget_revises_the_plan_in_its_place_and_keeps_what_was() {
    let desk = conference();
    let answer = convene(desk.path(), &["replan", "plan", "--change", "budget:40000 USD"]);
    assert_ne!(answer.code, Some(2), "{answer:?}");
    for part in ["planned anew", "Revised", "event-brief r2", "Figures", "Decisions asked"] {
        assert!(answer.out.contains(part), "{part}: {}", answer.out);
    }
    assert_eq!(revision(desk.path(), Kind::EventBrief), 2);
    let read = folder::read(&desk.path().join("plan")).unwrap();
    assert!(read.stale.is_empty() && read.dossier.find(Kind::ChangeLog).is_some());
    assert_eq!(read.inputs.unwrap().facts.budget.unwrap().to_string(), "40000");
    assert!(desk.path().join("plan/history/event-brief-r1.json").is_file());
    // The next change comes on top of it.
    let answer = convene(desk.path(), &["replan", "plan", "--change", "audience:210"]);
    assert!(answer.out.contains("event-brief r3"), "{answer:?}");
    let again = convene(desk.path(), &["replan", "plan", "--change", "budget:40000 USD"]);
    assert_eq!(again.code, Some(2), "{again:?}");
    assert!(again.err.contains("is the budget already"), "{again:?}");
}

#[test]
fn a_dry_run_says_the_same_and_writes_nothing() {
    let desk = conference();
    let slip = ["replan", "plan", "--change", "task-slipped:venue-booking:+5d", "--json"];
    let tried = convene(desk.path(), &[&slip[..], &["--dry-run"]].concat()).json();
    assert_eq!(revision(desk.path(), Kind::TaskRegister), 1);
    let told = convene(desk.path(), &slip).json();
    assert_eq!(revision(desk.path(), Kind::TaskRegister), 2);
    assert_eq!((&tried["revised"], &tried["after"]), (&told["revised"], &told["after"]));
    assert_eq!((&tried["dry_run"], &told["dry_run"]), (&true.into(), &false.into()));
}

#[test]
fn a_change_that_does_not_fit_is_told_and_changes_nothing() {
    let desk = planned();
    let before = fs::read(desk.path().join("plan/artifacts/decision-log.json")).unwrap();
    for (change, said) in [
        ("venue-lost:Nowhere Hall", "is no venue of this plan: known are"),
        ("task-slipped:dancing:+5d", "there is no task `dancing`: known are"),
        ("as-of:2026-01-01", "the plan is of 2026-11-25 already"),
        ("budget:40000 EUR", "the plan is in USD"),
        ("budget:lots", "`lots` is no amount"),
        ("weather:rain", "`weather` is not known: write one of"),
    ] {
        let answer = convene(desk.path(), &["replan", "plan", "--change", change]);
        assert_eq!((answer.code, answer.out.as_str()), (Some(2), ""), "{change}: {answer:?}");
        assert!(answer.err.contains(said), "{change}: {answer:?}");
    }
    assert_eq!(fs::read(desk.path().join("plan/artifacts/decision-log.json")).unwrap(), before);
    fs::remove_dir_all(desk.path().join("plan/inputs")).unwrap();
    let answer = convene(desk.path(), &["replan", "plan", "--change", "audience:25"]);
    assert_eq!(answer.code, Some(2), "{answer:?}");
    assert!(answer.err.contains("does not say what it was made from"), "{answer:?}");
}

#[test]
fn an_edit_by_hand_is_not_planned_over() {
    let desk = planned();
    let file = desk.path().join("plan/artifacts/timeline.json");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("\"slack_days\": ", "\"slack_days\": 1")).unwrap();
    let answer = convene(desk.path(), &["replan", "plan", "--change", "audience:25"]);
    assert_eq!(answer.code, Some(2), "{answer:?}");
    assert!(answer.err.contains("artifacts/timeline.json /digest"), "{answer:?}");
}

#[test]
fn a_person_answers_and_the_answer_outlives_a_change_that_does_not_touch_it() {
    let desk = conference();
    let owner = ["--by", "Owner (to be named)", "--reason", "as agreed"];
    let answer = convene(desk.path(), &[&["approve", "plan"], &owner[..]].concat());
    assert_eq!(answer.code, Some(0), "{answer:?}");
    assert!(answer.out.contains("yes  Approve USD 50,000"), "{answer:?}");
    assert!(answer.out.contains(" 0 awaiting approval"), "{answer:?}");
    let page = fs::read_to_string(desk.path().join("plan/plan.md")).unwrap();
    assert!(page.contains("USD 50,000, approved on"), "{page}");
    let again = convene(desk.path(), &[&["approve", "plan"], &owner[..]].concat());
    assert_eq!(again.code, Some(2), "{again:?}");
    assert!(again.err.contains("no question is open"), "{again:?}");
    convene(desk.path(), &["replan", "plan", "--change", "task-slipped:requirements:+1d"]);
    let dossier = folder::read(&desk.path().join("plan")).unwrap().dossier;
    let venue = dossier.approvals.iter().find(|it| it.id.starts_with("apr-venue")).unwrap();
    assert_eq!(venue.decided.as_ref().unwrap().by, "Owner (to be named)");
}

#[test]
fn who_is_not_asked_cannot_answer_and_a_no_fails_the_gate() {
    let desk = planned();
    let stranger = ["approve", "plan", "--by", "Mallory", "--reason", "mine"];
    let answer = convene(desk.path(), &stranger);
    assert_eq!(answer.code, Some(2), "{answer:?}");
    assert!(answer.err.contains("nothing waits for Mallory"), "{answer:?}");
    let id = "apr-venue-selection-vsc-evt-20261125-rust-evening-r1";
    let named = ["approve", "plan", id, "--by", "Mallory", "--reason", "mine"];
    assert!(convene(desk.path(), &named).err.contains("Mallory may not decide this"));
    let no =
        ["approve", "plan", id, "--by", "Owner (to be named)", "--reject", "--reason", "too far"];
    let answer = convene(desk.path(), &no);
    assert!(answer.out.starts_with("no   Book "), "{answer:?}");
    let answer = convene(desk.path(), &["check", "plan"]);
    assert_eq!(answer.code, Some(1), "{answer:?}");
    assert!(answer.out.contains("was rejected"), "{answer:?}");
}
