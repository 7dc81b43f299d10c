//! What is generated is a log: accepted whole, the same for the same seed, of the kind that was asked for.

use std::{fs, path::Path};

use instance::{
    generate::{Generator, Plan},
    log::{Header, Severity},
};

use super::parse::instance;

fn plan(seed: u64) -> Plan {
    Plan {
        seed,
        start: jiff::civil::datetime(2026, 1, 2, 3, 4, 5, 0),
        rate: 100.0,
        burst: 3,
        class: None,
        severity: Severity::Info..=Severity::Fatal,
    }
}

pub(crate) fn log(seed: u64, entries: usize) -> Vec<u8> {
    let mut generator = Generator::new(&plan(seed)).expect("has templates");
    let mut out = Vec::new();
    (0..entries).for_each(|_| generator.entry(&mut out));
    out
}

#[test]
fn every_header_is_accepted_by_the_grammar() {
    let log = log(1, 20_000);
    let dated = log.split(|byte| *byte == b'\n').filter(|line| Header::begins(line));
    let headers: Vec<Header<'_>> = dated.map(|line| Header::parse(line).expect("valid")).collect();
    assert_eq!(headers.len(), 20_000);
    assert!(headers.is_sorted_by_key(|header| header.stamp));
    let seconds = headers[19_999].stamp.civil().expect("a time").duration_since(plan(1).start);
    assert!((180..220).contains(&seconds.as_secs()), "20,000 entries at 100 a second: {seconds}");
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    assert_eq!(log(7, 1_000), log(7, 1_000));
    assert_ne!(log(7, 1_000), log(8, 1_000));
    let run = || instance(&["generate", "--seed", "7", "--count", "50"]).stdout;
    assert_eq!(run(), run());
}

/// A category, the severities asked for, and words of which each entry of both has one.
const KEPT: [(&str, &str, &[&str]); 3] = [
    ("config", "3", &[" section", "LINE:", "Required database", "Parsing CPF", "Certificate(s)"]),
    ("license", "2-3", &["License limit", "LMF Error"]),
    ("resource", "0", &["Allocated ", "DBLatency", "Expansion"]),
];

#[test]
fn category_and_severity_are_kept() {
    for (category, severity, words) in KEPT {
        let args = ["generate", "--category", category, "--severity", severity, "--count", "200"];
        let out = instance(&args).stdout;
        let text = String::from_utf8(out).expect("text");
        let entries = text.lines().filter_map(|line| Header::parse(line.as_bytes()).ok());
        let kept = |entry: &Header<'_>| {
            let text = String::from_utf8_lossy(entry.text);
            severity.contains(char::from(entry.severity.digit()))
                && words.iter().any(|word| text.contains(word))
        };
        let (kept, others): (Vec<_>, Vec<_>) = entries.partition(kept);
        assert_eq!((kept.len(), others), (200, Vec::new()), "{category} {severity}");
    }
}

#[test]
fn a_full_log_rolls_over_between_lines() {
    let dir = tempfile::tempdir().expect("a directory");
    let log = dir.path().join("messages.log");
    let path = log.to_string_lossy();
    let args =
        ["generate", "--seed", "5", "--count", "2000", "--follow", &path, "--max-size", "20000"];
    assert!(instance(&args).status.success());
    let lines: usize = fs::read_dir(dir.path())
        .expect("lists")
        .map(|entry| whole(&entry.expect("is").path()))
        .sum();
    let wanted = instance(&["generate", "--seed", "5", "--count", "2000"]).stdout;
    assert_eq!(lines, memchr::memchr_iter(b'\n', &wanted).count());
    assert!(fs::read_dir(dir.path()).expect("lists").count() > 5);
}

/// The lines of a file that ends with one.
fn whole(path: &Path) -> usize {
    let log = fs::read(path).expect("reads");
    assert_eq!(log.last(), Some(&b'\n'), "{}", path.display());
    memchr::memchr_iter(b'\n', &log).count()
}

#[test]
fn json_has_an_object_for_each_entry() {
    let out = instance(&["generate", "--seed", "5", "--count", "300", "--output", "json"]).stdout;
    let lines = out.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let severities: Vec<serde_json::Value> = lines
        .map(|line| {
            serde_json::from_slice::<serde_json::Value>(line).expect("an object")["severity"]
                .clone()
        })
        .collect();
    assert!(severities.len() == 300 && severities.iter().all(serde_json::Value::is_u64));
}
