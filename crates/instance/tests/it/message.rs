//! The JSON message: what is written, the schema, and the type that reads it say the same.

use std::collections::HashSet;

use crate::{
    command::schema,
    parse::{SAMPLE, instance},
};
use instance::log::{
    Scanner,
    json::{JsonLines, Message, Origin},
};

fn messages(json: &[u8]) -> Vec<Message> {
    let lines = json.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_slice(line).expect("a message")).collect()
}

#[test]
fn every_message_keeps_the_schema_and_is_read_back() {
    let schema = schema("message");
    let parsed = instance(&["parse", "sample.log", "--output", "json"]).stdout;
    let made = instance(&["generate", "--count", "3000", "--output", "json"]).stdout;
    let fragment = parsed.iter().position(|byte| *byte == b'\n').expect("the first line") + 1;
    let (fragment, parsed) = parsed.split_at(fragment);
    assert!(schema.is_valid(&serde_json::from_slice(fragment).expect("JSON")));
    for message in messages(&[parsed, &made].concat()) {
        let value = serde_json::to_value(&message).expect("JSON");
        schema.validate(&value).unwrap_or_else(|e| panic!("{e}: {value}"));
        assert!(message.original_text.ends_with(&message.message_text));
        assert!(message.original_text.starts_with(&message.timestamp));
    }
    assert!(!schema.is_valid(&serde_json::json!({})));
}

#[test]
fn the_messages_of_a_log_are_the_log() {
    let parsed = instance(&["parse", "sample.log", "--output", "json"]).stdout;
    let fragment = parsed.iter().position(|byte| *byte == b'\n').expect("the first line") + 1;
    let all = messages(&parsed[fragment..]);
    let lines: Vec<_> = all
        .iter()
        .flat_map(|message| std::iter::once(&message.original_text).chain(&message.continuation))
        .collect();
    let sample = String::from_utf8_lossy(SAMPLE);
    assert!(sample.lines().skip(1).eq(lines), "{all:#?}");
    let ids: HashSet<_> = all.iter().map(|message| &message.trace_id).collect();
    assert_eq!(ids.len(), all.len());
    assert_eq!(all.iter().filter(|message| message.time.is_none()).count(), 1, "45/45/26");
}

#[test]
fn a_category_of_trouble_comes_back_as_the_error_type() {
    for kind in ["config", "license", "resource"] {
        let args = ["generate", "--category", kind, "--count", "2000", "--output", "json"];
        for message in messages(&instance(&args).stdout) {
            let told = serde_json::to_value(message.error_type).expect("JSON");
            assert_eq!(told, kind, "{}", message.original_text);
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_messages() {
    let args = ["generate", "--seed", "7", "--count", "50", "--output", "json"];
    let (one, other) = (instance(&args).stdout, instance(&args).stdout);
    assert!(one == other && messages(&one)[0].generated_at.starts_with("2026-01-01T"));
}

/// Lines of one entry in two batches, the object ended between them.
#[test]
fn lines_that_come_late_are_a_further_part_of_their_entry() {
    let (mut scanner, mut json) =
        (Scanner::default(), JsonLines::new(Vec::new(), Origin::seeded(1)));
    for batch in ["01/02/26-08:00:00:100 (1) 2 [A] first\n one\n", " two\n three\n", " four\n"] {
        scanner.feed(batch.as_bytes(), &mut json).expect("written");
        json.finish().expect("written");
    }
    let out = json.out().clone();
    let all = messages(&out);
    let parts: Vec<_> = all.iter().map(|m| (m.part, m.continuation.concat())).collect();
    assert_eq!(parts, [(1, " one".into()), (2, " two three".into()), (3, " four".into())]);
    assert!(all.iter().all(|m| m.trace_id == all[0].trace_id && m.message_text == "first"));
}

/// A line beyond every limit is handed on in pieces; whatever is cut between them stays JSON.
#[test]
fn a_line_that_is_cut_stays_json() {
    let (mut scanner, mut json) =
        (Scanner::default(), JsonLines::new(Vec::new(), Origin::seeded(1)));
    scanner.feed(b"01/02/26-08:00:00:100 (1) 2 [A]\n", &mut json).expect("written");
    for _ in 0..4 {
        scanner.feed(&b"x".repeat(100_000), &mut json).expect("written");
        json.finish().expect("written");
    }
    scanner.finish(&mut json).expect("written");
    json.finish().expect("written");
    let all = messages(json.out());
    let length: usize = all.iter().flat_map(|m| &m.continuation).map(String::len).sum();
    assert_eq!(length, 400_000);
}
