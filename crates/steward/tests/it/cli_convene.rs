//! Plans on this machine, without a server.

mod changes;
mod model;
mod refusals;

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
};

use convene::{artifact::Kind, folder};
use serde_json::Value;
use testkit::process::binary;

/// A small event, a conference and a congress: the scenarios S-01, S-02 and S-03.
const MEETUP: &str = include_str!("../../../convene/tests/it/fixtures/s01.json");
const CONFERENCE: &str = include_str!("../../../convene/tests/it/fixtures/s02.json");
const CONGRESS: &str = include_str!("../../../convene/tests/it/fixtures/s03.json");

/// What a command answered: exit code, standard output, standard error.
#[derive(Debug)]
struct Answer {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }
}

/// Runs `steward convene` within a folder.
fn convene(within: &Path, args: &[&str]) -> Answer {
    let mut command = Command::new(binary().unwrap());
    command.arg("convene").args(args).current_dir(within).stdin(Stdio::null());
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Answer { code: status.code(), out: text(&stdout), err: text(&stderr) }
}

/// A folder with `brief.json` in it.
fn desk(brief: &str) -> tempfile::TempDir {
    let desk = tempfile::tempdir().unwrap();
    fs::write(desk.path().join("brief.json"), brief).unwrap();
    desk
}

/// A folder with a plan of the small event in `plan`.
fn planned() -> tempfile::TempDir {
    let desk = desk(MEETUP);
    let answer =
        convene(desk.path(), &["plan", "brief.json", "--start", "2026-11-25", "--out", "plan"]);
    assert!(desk.path().join("plan/plan.md").is_file(), "{answer:?}");
    desk
}

#[test]
fn a_planner_gets_a_whole_plan_and_is_told_where_to_look() {
    for brief in [MEETUP, CONFERENCE, CONGRESS] {
        let desk = desk(brief);
        let plan = ["plan", "brief.json", "--start", "2026-11-02", "--out", "plan"];
        let answer = convene(desk.path(), &plan);
        assert_eq!(answer.code, Some(0), "{answer:?}");
        for part in
            ["Phases", "Critical path", "Money", "Gates", "Decisions that wait", "plan/plan.md"]
        {
            assert!(answer.out.contains(part), "{part}: {}", answer.out);
        }
        assert!(answer.out.ends_with("steward convene check plan\n"), "{}", answer.out);
        let read = folder::read(&desk.path().join("plan")).unwrap();
        assert!(read.dossier.find(Kind::DecisionLog).is_some());
        assert_eq!(read.inputs.unwrap().brief, brief);
        assert!(read.stale.is_empty(), "{:?}", read.stale);
    }
}

#[test]
fn the_same_brief_seed_and_day_give_the_same_files() {
    let desk = desk(CONFERENCE);
    for out in ["one", "two"] {
        convene(desk.path(), &["plan", "brief.json", "--start", "2026-11-02", "--out", out]);
    }
    let files = |out: &str| {
        let mut all: Vec<(String, Vec<u8>)> = Vec::new();
        for part in ["", "artifacts", "inputs"] {
            for entry in fs::read_dir(desk.path().join(out).join(part)).unwrap() {
                let path = entry.unwrap().path();
                let name = path.strip_prefix(desk.path().join(out)).unwrap().display().to_string();
                all.extend(path.is_file().then(|| (name, fs::read(&path).unwrap())));
            }
        }
        all.sort();
        all
    };
    assert!(files("one").len() > 15);
    assert_eq!(files("one"), files("two"));
}

#[test]
fn without_a_folder_the_plan_is_named_after_the_event_and_json_says_everything() {
    let desk = desk(MEETUP);
    let told =
        convene(desk.path(), &["plan", "brief.json", "--start", "2026-11-25", "--json"]).json();
    assert_eq!(told["event_id"], "evt-20261125-rust-evening");
    assert_eq!(told["folder"], told["event_id"]);
    assert!(desk.path().join("evt-20261125-rust-evening/plan.md").is_file());
    assert_eq!(told["gates"][0]["verdict"], "passed", "{told}");
    assert_eq!(told["money"]["budget"], 500, "{told}");
    assert!(told["approvals"][0]["question"].is_string(), "{told}");
    assert!(!told["critical_path"].as_array().unwrap().is_empty(), "{told}");
}

#[test]
fn a_level_a_seed_and_venues_of_ones_own_are_followed() {
    let desk = desk(MEETUP);
    let venues = "id,name,city,district,rooms,amenities,accessibility,rate_per_day,currency,service_percent,km_to_centre,contact,taken\n\
                  own-1,The Annex,Alderport,downtown,Hall:40,wifi|projector,step_free,120,USD,10,0.4,annex@example.org,\n";
    fs::write(desk.path().join("halls.csv"), venues).unwrap();
    let plan = [
        "plan",
        "brief.json",
        "--level",
        "intermediate",
        "--venues",
        "halls.csv",
        "--seed",
        "9",
        "--start",
        "2026-11-25",
        "--out",
        "plan",
    ];
    let answer = convene(desk.path(), &plan);
    assert!(answer.out.contains("intermediate level"), "{answer:?}");
    assert!(answer.out.contains("The Annex"), "{answer:?}");
    let inputs = folder::read(&desk.path().join("plan")).unwrap().inputs.unwrap();
    assert_eq!((inputs.settings.seed, inputs.venues.unwrap().name), (9, "halls.csv".to_owned()));
}

#[test]
fn a_date_in_the_past_is_a_warning() {
    let desk = desk(MEETUP);
    let plan = ["plan", "brief.json", "--start", "2028-01-03", "--out", "plan"];
    let answer = convene(desk.path(), &plan);
    assert!(
        answer.err.starts_with("warning: /date_range: the event begins on 2027-03-17"),
        "{answer:?}"
    );
    assert!(desk.path().join("plan/plan.md").is_file());
}

#[test]
fn a_planner_checks_a_folder() {
    let desk = planned();
    let answer = convene(desk.path(), &["check", "."]);
    assert_eq!(answer.code, Some(2), "{answer:?}");
    assert!(answer.err.contains("holds no plan"), "{answer:?}");
    let answer = convene(desk.path(), &["check", "plan"]);
    assert!(answer.out.contains("scorecard        Research    passed"), "{answer:?}");
    let told = convene(desk.path(), &["check", "plan", "--json"]).json();
    assert_eq!(told["gates"][0]["verdict"], "passed", "{told}");
    fs::write(desk.path().join("plan/plan.md"), "# Mine").unwrap();
    let answer = convene(desk.path(), &["check", "plan"]);
    assert!(answer.out.ends_with("Not as the artifacts are now: plan.md.\n"), "{answer:?}");
}

#[test]
fn help_starts_with_examples() {
    for command in ["plan", "check", "replan", "approve"] {
        let answer = convene(Path::new("."), &[command, "--help"]);
        assert!(answer.out.starts_with("Examples:\n  steward convene"), "{answer:?}");
    }
}

#[test]
fn the_tour_of_the_manual_ends_with_an_approved_plan() {
    let manual = include_str!("../../../../docs/convene.md");
    let block = manual.split("```sh\n").nth(1).unwrap().split("```").next().unwrap();
    let desk = tempfile::tempdir().unwrap();
    let here = desk.path().to_str().unwrap();
    let program = binary().unwrap();
    let script = format!(
        "PATH={}:$PATH\n{}",
        program.parent().unwrap().display(),
        block.replace("/tmp/convene", here)
    );
    let mut shell = Command::new("sh");
    let Output { status, stdout, stderr } =
        shell.args(["-euc", &script]).stdin(Stdio::null()).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{out}{err}");
    assert!(out.contains("yes  Approve USD 45,000"), "{out}");
    assert!(out.ends_with("12 passed, 0 awaiting approval, 0 failed.\n"), "{out}");
}
