//! A log is read as it is: counted, selected, converted.

use std::{
    fs,
    io::Write,
    process::{Command, Output, Stdio},
};

use instance::log::{Line, Scanner, Sink, Summary};

pub(crate) const SAMPLE: &[u8] = include_bytes!("sample.log");

pub(crate) fn instance(args: &[&str]) -> Output {
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it");
    Command::new(env!("CARGO_BIN_EXE_instance"))
        .args(args)
        .current_dir(sample)
        .output()
        .expect("runs")
}

fn stdout(args: &[&str]) -> String {
    String::from_utf8_lossy(&instance(args).stdout).into_owned()
}

struct Bytes(Vec<u8>);

impl Sink for Bytes {
    fn line(&mut self, line: Line<'_>) -> std::io::Result<()> {
        self.0.write_all(line.raw)
    }
}

#[test]
fn any_chunks_give_the_same_lines() {
    let whole = summary(SAMPLE.len());
    for size in [1, 2, 3, 7, 64, 100, 1000] {
        assert_eq!(summary(size), whole, "chunks of {size}");
    }
    assert_eq!((whole.entries, whole.multi_line, whole.leading, whole.lines), (10, 3, 1, 18));
}

fn summary(chunk: usize) -> Summary {
    let (mut scanner, mut summary) = (Scanner::default(), Summary::default());
    for chunk in SAMPLE.chunks(chunk) {
        scanner.feed(chunk, &mut summary).expect("counts");
    }
    scanner.finish(&mut summary).expect("counts");
    summary
}

#[test]
fn parts_put_together_are_the_whole_wherever_a_line_begins() {
    let whole = summary(SAMPLE.len());
    for at in memchr::memchr_iter(b'\n', SAMPLE) {
        let (head, tail) = SAMPLE.split_at(at + 1);
        let mut sum = Summary::default();
        instance::log::read::stream(head, &mut sum).expect("counts");
        let mut rest = Summary::default();
        instance::log::read::stream(tail, &mut rest).expect("counts");
        sum.append(rest);
        assert_eq!(sum, whole, "cut at {at}");
    }
}

#[test]
fn raw_output_is_the_file_byte_for_byte() {
    assert_eq!(instance(&["parse", "sample.log", "--output", "raw"]).stdout, SAMPLE);
}

#[test]
fn a_line_longer_than_any_limit_comes_out_whole() {
    let mut log = b"01/02/26-08:00:00:100 (4100) 0 [Generic.Event] ".to_vec();
    log.resize(300_000, b'x');
    log.extend_from_slice(b"\n\n01/02/26-08:00:00:100 (4100) 0 [SIMD]\n");
    for size in [1000, 65_537, 100_000, 400_000] {
        let (mut scanner, mut bytes) = (Scanner::default(), Bytes(Vec::new()));
        log.chunks(size).for_each(|chunk| scanner.feed(chunk, &mut bytes).expect("keeps"));
        scanner.finish(&mut bytes).expect("keeps");
        assert!(bytes.0 == log, "chunks of {size}");
    }
}

#[test]
fn each_entry_becomes_an_object() {
    let out = stdout(&["parse", "sample.log", "--output", "json"]);
    let entries: Vec<serde_json::Value> =
        out.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    assert_eq!(entries.len(), 11, "the rest of an entry in another file is an object too");
    assert_eq!(entries[4]["continuation"].as_array().map(Vec::len), Some(4));
    assert_eq!(entries[6]["time"], "2026-01-02T08:00:00.999");
    assert_eq!(
        entries[6]["message_text"],
        "Cannot remove database lock /iris/\"a\"\\iris.lck: Delete failed...(repeated 3 times)"
    );
    assert_eq!(entries[9]["message_text"], "broken \u{FFFD}\u{FFFD} bytes");
}

#[test]
fn entries_are_selected_with_their_continuation_lines() {
    let of = |args: &[&str]| {
        let all = [&["parse", "sample.log", "--output", "raw"], args].concat();
        stdout(&all).lines().count()
    };
    assert_eq!(of(&["--category", "writedaemon"]), 3);
    assert_eq!(of(&["--category", "WriteD"]), 0);
    assert_eq!(of(&["--severity", "1-2"]), 4);
    assert_eq!(of(&["--since", "01/02/26-08:02:00:000", "--severity", "3"]), 3);
}

#[test]
fn stats_tell_the_oddities() {
    let out = stdout(&["parse", "sample.log", "--stats"]);
    for line in [
        "repeated entries: 1",
        "steps back in time: 2",
        "empty texts: 1",
        "longest continuation: 4 lines",
    ] {
        assert!(out.contains(line), "{line} in {out}");
    }
}

#[test]
fn an_entry_of_a_million_lines_takes_no_memory() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_instance"))
        .args(["parse", "-", "--output", "json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("runs");
    let mut log = child.stdin.take().expect("a pipe");
    log.write_all(b"01/02/26-08:00:00:100 (4100) 0 [Generic.Event] dump\n").expect("reads");
    for _ in 0..1_000 {
        log.write_all(&b"\tLRU Queue: a line of a dump\n".repeat(1_000)).expect("reads");
    }
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).expect("runs");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a figure");
    let kib: u64 = peak.trim().trim_end_matches(" kB").parse().expect("a number");
    drop(log);
    assert!(child.wait().expect("ends").success());
    assert!(kib < 32 * 1024, "{kib} KiB");
}

#[test]
fn mistakes_are_told_with_what_to_do() {
    for (args, hint) in [
        (vec!["parse", "absent.log"], "/mgr/messages.log"),
        (vec!["parse", "sample.log", "--severity", "4"], "a range such as 2-3"),
        (vec!["parse", "sample.log", "--since", "2026-01-02"], "MM/DD/YY-hh:mm:ss:mmm"),
        (vec!["parse", "sample.log", "--follow"], "--output json or raw"),
    ] {
        let out = instance(&args);
        assert_eq!(out.status.code(), Some(2), "{args:?}");
        assert!(String::from_utf8_lossy(&out.stderr).contains(hint), "{args:?}: {out:?}");
    }
}
