//! A follower sees each line once, whatever becomes of the file.

use std::{fs, io::Write, path::Path};

use instance::log::{Line, Sink, follow::Follow};

#[derive(Default)]
struct Texts(Vec<String>);

impl Sink for Texts {
    fn line(&mut self, line: Line<'_>) -> std::io::Result<()> {
        self.0.push(String::from_utf8_lossy(line.content()).into_owned());
        Ok(())
    }
}

fn append(path: &Path, text: &str) {
    let mut file = fs::OpenOptions::new().create(true).append(true).open(path).expect("opens");
    file.write_all(text.as_bytes()).expect("writes");
}

#[test]
fn roll_over_loses_and_repeats_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    let (log, mut seen) = (dir.path().join("messages.log"), Texts::default());
    let mut follow = Follow::new(&log);
    assert!(!follow.poll(&mut seen).expect("waits for the file"));
    let mut wanted = Vec::new();
    for round in 0..50 {
        append(&log, &format!("{round} first\n{round} sec"));
        follow.poll(&mut seen).expect("reads");
        append(&log, "ond\n");
        fs::rename(&log, dir.path().join(format!("messages.old_{round}"))).expect("rolls over");
        append(&log, &format!("{round} third\n"));
        follow.poll(&mut seen).expect("reads");
        wanted.extend(["first", "second", "third"].map(|word| format!("{round} {word}")));
    }
    assert_eq!(seen.0, wanted);
}

#[test]
fn truncation_and_replacement_begin_anew() {
    let dir = tempfile::tempdir().expect("a directory");
    let (log, mut seen) = (dir.path().join("messages.log"), Texts::default());
    let mut follow = Follow::new(&log);
    append(&log, "a line that is long enough\n");
    follow.poll(&mut seen).expect("reads");
    fs::write(&log, "short\n").expect("truncates");
    follow.poll(&mut seen).expect("reads");
    fs::write(dir.path().join("new"), "replaced\n").expect("writes");
    fs::rename(dir.path().join("new"), &log).expect("replaces");
    follow.poll(&mut seen).expect("reads");
    assert_eq!(seen.0, ["a line that is long enough", "short", "replaced"]);
}
