//! A plan worded by a model.

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
};

use chat::stand_in::{Act, StandIn};
use testkit::process::binary;

use super::{MEETUP, convene, desk};

const KEY: &str = "sk-a-planted-key";

fn with_model(within: &Path, server: &StandIn, out: &str) -> Output {
    let mut command = Command::new(binary().unwrap());
    command.args(["convene", "plan", "brief.json", "--start", "2026-11-25", "--out", out]);
    command.args(["--llm", "--llm-model", "stand-in"]).env("OPENAI_API_KEY", KEY);
    command.env("OPENAI_BASE_URL", server.base_url()).current_dir(within).stdin(Stdio::null());
    command.output().unwrap()
}

#[test]
fn what_a_model_says_is_kept_with_the_decision_and_its_key_nowhere() {
    let summary = r#"{"summary": "The plan has what it needs."}"#;
    let says = format!("{summary} {KEY}"); // an endpoint that repeats the key
    let server = StandIn::start(move |heard| {
        let is_summary = heard.question().contains("Summarise");
        Act::Says(if is_summary { summary.to_owned() } else { says.clone() })
    });
    let (server, desk) = (server.unwrap(), desk(MEETUP));
    let answer = with_model(desk.path(), &server, "plan");
    let told = String::from_utf8_lossy(&answer.stderr).into_owned();
    assert!(
        told.contains("warning: The model stand-in gave no words that could be used"),
        "{told}"
    );
    let log = fs::read_to_string(desk.path().join("plan/artifacts/decision-log.json")).unwrap();
    assert!(log.contains("The plan has what it needs.") && log.contains("***"), "{log}");
    assert!(!log.contains(KEY) && !told.contains(KEY));
    let page = fs::read_to_string(desk.path().join("plan/plan.md")).unwrap();
    assert!(page.contains("The plan has what it needs. (Worded by stand-in.)"), "{page}");
    assert_eq!(convene(desk.path(), &["check", "plan"]).code, answer.status.code());
}

#[test]
fn a_model_that_refuses_costs_a_warning_and_no_plan() {
    let server = StandIn::start(|_| Act::Answers(401, "", String::new())).unwrap();
    let desk = desk(MEETUP);
    let answer = with_model(desk.path(), &server, "plan");
    assert!(
        answer.status.code() != Some(2) && desk.path().join("plan/plan.md").is_file(),
        "{answer:?}"
    );
    assert_eq!(server.heard().len(), 1);
}

#[test]
fn a_model_must_be_named_before_anything_is_written() {
    let desk = desk(MEETUP);
    let answer = convene(desk.path(), &["plan", "brief.json", "--llm", "--out", "plan"]);
    assert!(answer.code == Some(2) && answer.err.contains("--llm-model"), "{answer:?}");
    assert!(!desk.path().join("plan").exists());
}
