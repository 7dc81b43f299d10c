//! Texts by a model that answers well, badly, slowly and not at all: what comes out is a log.

use std::process::{Command, Output};

use chat::{
    Blocking,
    stand_in::{Act, Heard, StandIn},
};
use instance::{
    log::{Header, Line, Scanner, Sink},
    writer::Writer,
};

use super::{generate, parse::instance};

const KEY: &str = "sk-a-planted-key";
const SEEDED: [&str; 5] = ["generate", "--seed", "7", "--count", "50"];

/// `instance … --llm` with the settings in the environment.
fn with_model(server: &StandIn, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_instance"))
        .args(args)
        .arg("--llm")
        .env("OPENAI_API_KEY", KEY)
        .env("OPENAI_BASE_URL", server.base_url())
        .env("MESSAGE_GENERATOR_MODEL", "stand-in")
        .output()
        .expect("runs")
}

/// The entries that a question asks for: what comes after its last empty line.
fn wanted(heard: &Heard) -> Vec<String> {
    let entries = heard.question().trim_end().rsplit("\n\n").next().unwrap_or_default();
    entries.lines().map(str::to_owned).collect()
}

/// The lines with another text.
fn worded(heard: &Heard, text: &str) -> Act {
    let line = |line: &String| format!("{}{text}", beginning(line));
    Act::Says(wanted(heard).iter().map(line).collect::<Vec<_>>().join("\n"))
}

fn beginning(line: &str) -> &str {
    let header = Header::parse(line.as_bytes()).expect("a header");
    line.split_at(line.len() - header.text.len()).0
}

/// The entries of a log: each header's line, and how many lines follow.
#[derive(Default)]
struct Entries(Vec<(String, usize)>);

impl Sink for Entries {
    fn line(&mut self, line: Line<'_>) -> std::io::Result<()> {
        match (&line.header, self.0.last_mut()) {
            (Some(_), _) => {
                self.0.push((String::from_utf8_lossy(line.content()).into_owned(), 0));
            }
            (None, Some((_, more))) => *more += 1,
            (None, None) => panic!("begins with a continuation"),
        }
        Ok(())
    }
}

fn entries(log: &[u8]) -> Vec<(String, usize)> {
    let (mut scanner, mut entries) = (Scanner::default(), Entries::default());
    scanner.feed(log, &mut entries).expect("reads");
    scanner.finish(&mut entries).expect("reads");
    entries.0
}

#[test]
fn a_good_model_words_every_entry_of_one_line() {
    let server = StandIn::start(|heard| worded(heard, "Something else happened")).expect("listens");
    let out = with_model(&server, &SEEDED);
    assert!(out.status.success() && out.stderr.is_empty(), "{out:?}");
    let (new, old) = (entries(&out.stdout), entries(&instance(&SEEDED).stdout));
    assert_eq!((new.len(), server.heard().len()), (50, 3), "twenty entries a question");
    for ((new, more), (old, same)) in new.iter().zip(&old) {
        assert_eq!((beginning(new), more), (beginning(old), same));
        let text = new.strip_prefix(beginning(new)).expect("a text");
        assert!(*more > 0 || text.starts_with("Something else happened"), "{new}");
        assert_eq!(text.ends_with(" times)"), old.ends_with(" times)"), "{old}");
    }
}

#[test]
fn a_story_keeps_its_order() {
    let server = StandIn::start(|heard| worded(heard, "Told anew")).expect("listens");
    let args = ["generate", "--scenario", "memory-short", "--seed", "3", "--output", "json"];
    let severities = |out: &[u8]| -> Vec<u64> {
        let messages = String::from_utf8_lossy(out);
        let read =
            |line| serde_json::from_str::<serde_json::Value>(line).ok()?["severity"].as_u64();
        messages.lines().filter_map(read).collect()
    };
    let told = severities(&with_model(&server, &args).stdout);
    assert_eq!(told, severities(&instance(&args).stdout));
    assert!(told.contains(&2) && told.len() > 10, "{told:?}");
}

#[test]
fn a_fault_is_told_and_only_what_is_missing_asked_for_again() {
    let server = StandIn::start(|heard| match heard.before {
        0 => {
            let lines = wanted(heard);
            let right = format!("{}Right at once", beginning(&lines[0]));
            let wrong = lines[1].replacen(") ", ") severe ", 1);
            Act::Says(format!("Here you are:\n{right}\n{wrong}"))
        }
        _ => worded(heard, "Right at last"),
    });
    let server = server.expect("listens");
    let log = "01/02/26-03:04:05:006 (10) 2 [Utility.Event] First\n01/02/26-03:04:05:007 (11) 1 [Utility.Event] Second\n";
    let mut writer = writer(&server);
    let out = String::from_utf8(writer.rewrite(log.as_bytes())).expect("text");
    assert_eq!(out, log.replace("First", "Right at once").replace("Second", "Right at last"));
    let again = &server.heard()[1];
    assert!(again.question().contains("column 28: expected a severity"), "{}", again.question());
    assert_eq!(wanted(again), ["01/02/26-03:04:05:007 (11) 1 [Utility.Event] Second"]);
    assert!((writer.match_ratio() - 2.0 / 3.0).abs() < 1e-9, "{}", writer.match_ratio());
}

#[test]
fn rubbish_is_corrected_three_times_then_built_in_with_one_warning() {
    let rubbish = [
        |_: &str| "I cannot help with that.".to_owned(),
        |line: &str| line.replacen(['0', '1', '2', '3'], "9", 1),
        |line: &str| format!("1. {line}"),
        |line: &str| beginning(line).to_owned(),
        |line: &str| format!("{}a\tb", beginning(line)),
        |line: &str| format!("{}{}", beginning(line), "x".repeat(501)),
        |line: &str| line.replacen("] ", "] \n", 1).replace('[', "<"),
    ];
    for spoil in rubbish {
        let spoilt = move |heard: &Heard| {
            Act::Says(wanted(heard).iter().map(|line| spoil(line)).collect::<Vec<_>>().join("\n"))
        };
        let server = StandIn::start(spoilt).expect("listens");
        let out = with_model(&server, &["generate", "--seed", "7", "--count", "100"]);
        let built_in = instance(&["generate", "--seed", "7", "--count", "100"]).stdout;
        assert!(out.status.success() && out.stdout == built_in, "{out:?}");
        let told = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!(told.lines().count(), 1, "{told}");
        assert!(told.contains("do not") && told.contains("built-in texts"), "{told}");
        assert_eq!(server.heard().len(), 12, "three hopeless questions, four times each");
    }
}

#[test]
fn a_model_that_is_away_late_or_refuses_costs_one_question_and_no_entry() {
    let acts = [
        (Act::HangsUp, 3),
        (Act::KeepsSilent, 3),
        (Act::Dawdles, 3),
        (Act::NeverEnds, 1),
        (Act::Stammers, 3),
        (Act::Answers(500, "", String::new()), 3),
        (Act::Answers(401, "", String::new()), 1),
        (Act::Answers(200, "", "[]".to_owned()), 1),
    ];
    for (act, tries) in acts {
        let play = act.clone();
        let server = StandIn::start(move |_| play.clone()).expect("listens");
        let log = generate::log(3, 60);
        let mut writer = writer(&server);
        assert_eq!(writer.rewrite(&log), log, "{act:?}");
        assert_eq!(writer.rewrite(&log), log, "{act:?}");
        assert_eq!(server.heard().len(), tries, "{act:?}");
    }
}

fn writer(server: &StandIn) -> Writer {
    let model = Blocking::new(server.settings()).expect("settings");
    Writer::new(model, |_| {})
}

#[test]
fn the_key_is_told_to_the_endpoint_alone() {
    let body = format!(r#"{{"error": {{"message": "bad key {KEY}"}}}}"#);
    let server = StandIn::start(move |_| Act::Answers(401, "", body.clone())).expect("listens");
    let out = with_model(&server, &SEEDED);
    assert_eq!(server.heard()[0].authorization.as_deref(), Some("Bearer sk-a-planted-key"));
    let told = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(told.contains("refused with 401: bad key ***") && !told.contains(KEY), "{told}");
}

#[test]
fn the_settings_may_stand_in_a_file() {
    let server = StandIn::start(|heard| worded(heard, "From a file")).expect("listens");
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("instance.toml");
    let text = format!(
        "openai_base_url = '{}'\nopenai_api_key = '{KEY}'\nmessage_generator_model = 'm'\nmessage_generator_temperature = 0.2",
        server.base_url()
    );
    std::fs::write(&file, &text).expect("writes");
    let out = instance(&["generate", "--llm", "--config", &file.to_string_lossy()]);
    assert!(out.status.success() && out.stderr.is_empty(), "{out:?}");
    let heard = server.heard().remove(0);
    assert_eq!((&heard.body["model"], &heard.body["temperature"]), (&"m".into(), &0.2.into()));
    std::fs::write(&file, text.replace("0.2", "'warm'")).expect("writes");
    let out = instance(&["generate", "--llm", "--config", &file.to_string_lossy()]);
    let told = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(out.status.code() == Some(2) && told.contains("instance.toml:4: "), "{told}");
}

#[test]
fn without_the_flag_nobody_is_asked_and_with_it_a_model_must_be_named() {
    let server = StandIn::start(|_| Act::HangsUp).expect("listens");
    let mut command = Command::new(env!("CARGO_BIN_EXE_instance"));
    command.args(SEEDED).env("OPENAI_API_KEY", KEY).env("OPENAI_BASE_URL", server.base_url());
    assert_eq!(command.output().expect("runs").stdout, instance(&SEEDED).stdout);
    let out = command.arg("--llm").output().expect("runs");
    let told = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(out.status.code() == Some(2) && told.contains("--llm-model"), "{told}");
    assert!(server.heard().is_empty());
}
