//! What is generated is a log: accepted whole, the same for the same seed, in the order of its story.

use std::{fs, path::Path};

use clap::ValueEnum;
use instance::{
    generate::{Generator, Plan, Scenario},
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

/// The stories as the severities and the beginnings of their entries.
const STORIES: [(&str, &[(u8, &str)]); 8] = [
    (
        "cpf-mistake",
        &[
            (1, "Configuration file"),
            (3, "Invalid parameter name"),
            (3, "The following parameters are missing"),
            (3, "Error: Parsing CPF file"),
            (0, "User IRIS shutting down"),
            (0, "Stopping System Jobs"),
            (0, "EXPDMN exited"),
            (0, "JRNDMN exited"),
            (0, "WRTDMN exited"),
            (0, "CONTROL exited"),
            (0, "Shutdown complete"),
        ],
    ),
    (
        "huge-pages-missing",
        &[
            (0, "InterSystems IRIS license file"),
            (1, "Insufficient privileges"),
            (2, "Failed to allocate 35060MB"),
            (0, "Allocated 35058MB"),
            (0, "32000MB global buffers"),
        ],
    ),
    (
        "memory-short",
        &[
            (2, "Failed to allocate 35060MB shared memory using"),
            (2, "Failed to allocate 35058MB"),
            (1, "Allocated 30688MB"),
            (0, "28000MB global buffers, 448MB routine"),
        ],
    ),
    (
        "journal-not-writable",
        &[
            (2, "INTERSYSTEMS IRIS JOURNALING"),
            (2, "INTERSYSTEMS IRIS JOURNALING"),
            (2, "JRNCREATE"),
            (2, "Journaling NOT  started."),
            (3, "Error: Startup stopped"),
            (0, "User IRIS"),
            (0, "Shutdown complete"),
        ],
    ),
    (
        "write-daemon-stuck",
        &[
            (3, "*** SERIOUS"),
            (3, "*** SERIOUS"),
            (2, "CP: Pausing users"),
            (1, "Superserver detected"),
            (0, "User IRIS"),
            (1, "Shutdown detected WDSTOP"),
            (3, "WDSTOP set"),
            (0, "irisforce killed"),
            (2, "Previous system shutdown was abnormal"),
        ],
    ),
    (
        "certificate-expiry",
        &[
            (3, "1 SSL/TLS"),
            (3, "Certificate"),
            (0, "Certificate"),
            (3, "1 SSL/TLS"),
            (3, "Certificate"),
            (0, "Certificate"),
        ],
    ),
    (
        "license-exhaustion",
        &[
            (0, "LMF Info:  Activating"),
            (0, "LMF Info:  Connected"),
            (0, "LMF Info:  Licensed"),
            (2, "License limit exceeded 1 "),
            (2, "License limit exceeded 14 "),
            (2, "License limit exceeded 73 "),
        ],
    ),
    (
        "abnormal-shutdown",
        &[
            (2, "Process terminated"),
            (3, "Daemon AUXWD"),
            (2, "System Process"),
            (3, "WDSTOP set"),
            (0, "irisforce killed"),
            (0, "Allocated"),
            (0, "Write daemon started."),
            (2, "Previous system shutdown"),
            (0, "Performing Journal"),
            (1, "[JOURNAL RESTORE]"),
            (0, "Enabling logons"),
        ],
    ),
];

#[test]
fn each_story_is_told_in_its_order() {
    assert_eq!(Scenario::value_variants().len(), STORIES.len());
    for (name, wanted) in STORIES {
        let out = instance(&["generate", "--scenario", name, "--seed", "3"]).stdout;
        let lines = out.split(|byte| *byte == b'\n').filter_map(|line| Header::parse(line).ok());
        let told: Vec<(u8, String)> = lines
            .map(|header| {
                (header.severity as u8, String::from_utf8_lossy(header.text).into_owned())
            })
            .collect();
        assert_eq!(told.len(), wanted.len(), "{name}: {told:?}");
        for ((severity, text), (wanted, begin)) in told.iter().zip(wanted) {
            assert!(severity == wanted && text.starts_with(begin), "{name}: {text} is not {begin}");
        }
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
