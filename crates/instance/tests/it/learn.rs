//! What is learned from a log gives logs in its likeness, and keeps nothing that was the log's own.

use std::{fs, io::Write, path::Path};

use instance::{
    generate::Likeness,
    learn::Learner,
    log::{Header, Scanner, Severity, Stats, read},
    profile::Profile,
};

use super::parse::instance;

/// Five days of an instance that does not exist, with secrets and names of people who do not either.
const SAMPLE: &[u8] = include_bytes!("learned.log");
/// How far a share or a rate may be from the source's.
const TOLERANCE: f64 = 0.1;
const SCHEMA: &str = include_str!("../../../../contracts/instance/profile.schema.json");

fn learned(log: &[u8]) -> Profile {
    let mut learner = Learner::default();
    read::stream(log, &mut learner).expect("reads");
    learner.profile().expect("entries")
}

fn likeness(profile: &Profile, seed: u64, entries: u64) -> Vec<u8> {
    let start = jiff::civil::datetime(2026, 5, 4, 3, 2, 1, 500_000_000);
    let all = Severity::Info..=Severity::Fatal;
    let mut likeness = Likeness::new(profile, seed, start, None, all).expect("a sound profile");
    let mut out = Vec::new();
    (0..entries).for_each(|_| likeness.entry(&mut out));
    out
}

fn stats(log: &[u8]) -> Stats {
    let mut stats = Stats::default();
    let mut scanner = Scanner::default();
    scanner.feed(log, &mut stats).expect("counts");
    scanner.finish(&mut stats).expect("counts");
    stats
}

/// Figures that must be near the source's, by name; categories that are not the product's are left out.
fn figures(log: &[u8]) -> Vec<(String, f64)> {
    let stats = stats(log);
    let summary = stats.summary();
    let share = |count: u64| ratio(count, summary.entries);
    let mut all = vec![
        ("multi-line".to_owned(), share(summary.multi_line)),
        ("entries a minute, p50".to_owned(), ratio(stats.entries_a_minute(50), 1)),
        ("entries a minute, p90".to_owned(), ratio(stats.entries_a_minute(90), 1)),
    ];
    all.extend(
        summary.severities().iter().zip(0..).map(|(n, at)| (format!("severity {at}"), share(*n))),
    );
    let categories = summary.categories();
    let known = categories.iter().filter(|(name, _)| !name.starts_with("Meridian"));
    all.extend(known.map(|(name, counts)| ((*name).to_owned(), share(counts.iter().sum()))));
    all
}

#[expect(clippy::cast_precision_loss, reason = "counts of lines")]
fn ratio(count: u64, of: u64) -> f64 {
    count as f64 / of as f64
}

fn alike(source: &[u8], name: &str) {
    let (profile, entries) = (learned(source), stats(source).summary().entries);
    for (seed, length) in [(1, entries), (2, entries * 3), (3, entries * 21 / 2)] {
        let written = figures(&likeness(&profile, seed, length));
        for (figure, wanted) in figures(source) {
            let of = |(own, value): &(String, f64)| (*own == figure).then_some(*value);
            let value = written.iter().find_map(of).unwrap_or_default();
            let far = (value - wanted).abs() > wanted * TOLERANCE;
            assert!(!far, "{name}, {length} entries: {figure} is {value}, {wanted} in the source");
        }
    }
}

#[test]
fn shares_and_rhythm_are_within_a_tenth() {
    alike(SAMPLE, "the sample of the tests");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "this is where the tests learn of a real log")]
fn shares_and_rhythm_of_a_real_log_are_within_a_tenth() {
    let real = std::env::var_os("INSTANCE_SAMPLE_LOG");
    let log = real.as_ref().map_or_else(|| SAMPLE.to_vec(), |path| fs::read(path).expect("reads"));
    let shown = |path| Path::new(&path).display().to_string();
    let name = real.map_or_else(|| "the sample of the tests".to_owned(), shown);
    eprintln!("learned from {name} ({} bytes)", log.len());
    alike(&log, &name);
}

/// In the sample, in places where a log has such things.
const PRIVATE: [&str; 16] = [
    "meridian",
    "Kowalski",
    "Jane",
    "Tr0ub4dor",
    "jane.kowalski",
    "10.20.30.40",
    "SUBSCRIPT",
    "123-45-6789",
    "6789",
    "7788",
    "MERIDIAN-99",
    "ABCDEF",
    "DEADBEEF",
    "fileserver",
    "payroll",
    "draft",
];

#[test]
fn nothing_private_stands_in_a_profile() {
    let source = String::from_utf8_lossy(SAMPLE).to_lowercase();
    let profile = learned(SAMPLE).write().expect("writes").to_lowercase();
    for private in PRIVATE.map(str::to_lowercase) {
        assert!(source.contains(&private) && !profile.contains(&private), "{private}");
    }
}

#[test]
fn what_is_written_is_a_log_of_the_same_seed_and_the_same_bytes() {
    let profile = learned(SAMPLE);
    let log = likeness(&profile, 5, 2_000);
    assert_eq!(log, likeness(&profile, 5, 2_000));
    assert_ne!(log, likeness(&profile, 6, 2_000));
    let dated = log.split(|byte| *byte == b'\n').filter(|line| Header::begins(line));
    let headers: Vec<Header<'_>> = dated.map(|line| Header::parse(line).expect("valid")).collect();
    assert!(headers.len() == 2_000 && headers.is_sorted_by_key(|header| header.stamp));
    assert!(headers.iter().any(|header| header.category == "Custom.Event"));
    let text = String::from_utf8(log).expect("UTF-8");
    assert!(text.contains("note {") || text.contains(" {"), "braces are braces again");
    assert!(text.contains("*** Recovery started at ") && text.contains("...(repeated "));
}

#[test]
fn a_profile_is_read_as_it_was_written_and_has_its_schema() {
    let profile = learned(SAMPLE);
    let text = profile.write().expect("writes");
    assert_eq!(Profile::read(&text).expect("reads"), profile);
    let schema = serde_json::from_str(SCHEMA).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let document = serde_json::to_value(&profile).expect("JSON");
    let faults: Vec<String> = validator.iter_errors(&document).map(|e| e.to_string()).collect();
    assert!(faults.is_empty(), "{faults:?}");
}

const SMALL: &str = r#"format = "instance-profile/1"
processes = 1
[[template]]
severity = 0
category = "Utility.Event"
text = "{name} is {{up}} on {n:2}"
[[minute]]
span_ms = 1000
next = 3
entries = "0.0x4"
"#;

/// What is changed in the profile, and what the refusal says.
const FAULTS: [(&str, &str, &str); 15] = [
    ("instance-profile/1", "instance-profile/9", "this program reads \"instance-profile/1\""),
    ("format = \"instance-profile/1\"\n", "", "is it a profile?"),
    ("severity = 0", "severity = 4", "template 0: severity 4 is not 0 to 3"),
    ("severity = 0", "severity = \"fatal\"", "line 4"),
    ("severity = 0", "severity = 0\nseverities = 1", "unknown field `severities`"),
    ("Utility.Event", "Utility Event", "template 0: category \"Utility Event\" is none"),
    ("{name}", "{nmae}", "template 0: no slot is named {nmae}"),
    ("{n:2}", "{n:2-99}", "template 0: no slot is named {n:2-99}"),
    ("{{up}}", "{{up}", "template 0: a brace that nothing closes"),
    ("is {{up}}", "is\\nup", "template 0: \"{name} is\\nup on {n:2}\" is more than one line"),
    ("span_ms = 1000", "span_ms = 60000", "minute 0: span_ms 60000 is longer than a minute"),
    ("next = 3", "next = 0", "minute 0: next 0 is not 1 to 10080"),
    ("0.0x4", "0.7", "minute 0: entry \"0.7\" names template 7, the last is 0"),
    ("0.0x4", "0-0", "minute 0: entry \"0-0\" is not process.template"),
    ("\"0.0x4\"", "\"\"", "minute 0: it has 0 entries"),
];

#[test]
fn bad_profiles_are_refused_with_the_place_and_the_reason() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("site.toml");
    let run = |text: &str, more: &[&str]| {
        fs::write(&path, text).expect("writes");
        instance(
            &[&["generate", "--seed", "1", "--profile", &path.to_string_lossy()], more].concat(),
        )
    };
    assert!(run(SMALL, &["--count", "9"]).status.success());
    for (from, to, said) in FAULTS {
        assert!(SMALL.contains(from), "{from}");
        let out = run(&SMALL.replace(from, to), &[]);
        let error = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(out.status.code() == Some(2) && error.contains(said), "{to}: {error}");
        assert!(out.stdout.is_empty());
    }
    let out = run(SMALL, &["--severity", "3"]);
    assert!(String::from_utf8_lossy(&out.stderr).contains("widen --severity"), "{out:?}");
}

#[test]
fn learning_and_generating_work_from_the_command_line() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("site.toml");
    let path = path.to_string_lossy();
    let out = instance(&["learn", "learned.log", "--output", &path]);
    assert!(out.status.success() && String::from_utf8_lossy(&out.stderr).contains("wordings"));
    let generate = ["generate", "--profile", &path, "--seed", "3", "--count", "500"];
    let paced = instance(&[&generate[..], &["--rate", "100"]].concat()).stdout;
    let seconds = |log: &[u8]| {
        let span = stats(log).summary().span.expect("entries");
        let (first, last) = (span.0.civil().expect("a time"), span.1.civil().expect("a time"));
        last.duration_since(first).as_secs()
    };
    assert!((3..8).contains(&seconds(&paced)), "500 entries at 100 a second");
    assert!(seconds(&instance(&generate).stdout) > 24 * 3_600, "as slow as the source");
    let severe = instance(&[&generate[..], &["--severity", "2-3"]].concat()).stdout;
    let [info, warning, severe, fatal] = stats(&severe).summary().severities();
    assert!(info + warning == 0 && severe > fatal && severe + fatal == 500);
}

#[test]
fn mistakes_are_told_with_what_to_do() {
    for (args, hint) in [
        (vec!["learn", "absent.log"], "/mgr/messages.log"),
        (vec!["learn", "main.rs"], "holds no entry: is it a messages.log?"),
        (
            vec!["learn", "learned.log", "--output", "absent/site.toml"],
            "cannot write absent/site.toml",
        ),
        (vec!["generate", "--profile", "absent.toml"], "absent.toml: "),
        (vec!["generate", "--profile", "learned.log"], "learned.log: "),
    ] {
        let out = instance(&args);
        assert_eq!(out.status.code(), Some(2), "{args:?}");
        assert!(String::from_utf8_lossy(&out.stderr).contains(hint), "{args:?}: {out:?}");
    }
}

#[test]
fn a_log_of_any_size_gives_a_bounded_profile_with_its_shares() {
    let mut log = Vec::new();
    for n in 0..20_000_u32 {
        let (severity, minute, hour, day) = (n % 4, n % 60, n / 60 % 24, 1 + n / 1_440);
        // Every entry has a wording of its own, in punctuation: words of its own would be slots.
        let own: String = (0..15).map(|bit| if n >> bit & 1 == 1 { '+' } else { '-' }).collect();
        writeln!(log, "01/{day:02}/26-{hour:02}:{minute:02}:00:000 ({n}) {severity} [Utility.Event] Error {own}")
            .expect("in memory");
    }
    let profile = learned(&log);
    assert!(
        profile.template.len() <= 4_096 && profile.minute.len() == 4_096,
        "{}",
        profile.template.len()
    );
    let severities = stats(&likeness(&profile, 1, 4_096)).summary().severities();
    assert!(severities.iter().all(|count| (900..1_150).contains(count)), "{severities:?}");
}
