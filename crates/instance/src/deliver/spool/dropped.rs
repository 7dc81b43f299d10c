//! What was never delivered: counted, and named by trace ids in a file beside the spool.

use std::{
    fmt,
    fs::{self, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use serde_json::json;

use crate::clock;

/// Then the file is renamed and a new one begins; one old file is kept.
const BYTES_MAX: u64 = 10 * 1024 * 1024;

/// Messages that will not arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// Why.
    pub why: String,
    /// Their trace ids.
    pub ids: Vec<String>,
    source: String,
    file: PathBuf,
}

impl Dropped {
    pub(super) fn of(source: &str, why: &str, ids: Vec<String>) -> Self {
        Self { why: why.to_owned(), ids, source: source.to_owned(), file: PathBuf::new() }
    }

    pub(super) fn join(&mut self, more: Self) {
        self.ids.extend(more.ids);
    }

    /// Written down in the spool's folder.
    pub(super) fn noted(mut self, dir: &Path) -> io::Result<Self> {
        self.file = dir.join("dropped.jsonl");
        if fs::metadata(&self.file).is_ok_and(|data| data.len() > BYTES_MAX) {
            fs::rename(&self.file, dir.join("dropped.jsonl.1"))?;
        }
        let line = json!({
            "at": clock::rfc3339(clock::now()), "why": self.why, "count": self.ids.len(), "trace_ids": self.ids,
        });
        let mut file = OpenOptions::new().create(true).append(true).open(&self.file)?;
        file.write_all(format!("{line}\n").as_bytes())?;
        Ok(self)
    }
}

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, first) = (self.ids.len(), self.ids.first().map_or("", String::as_str));
        let (source, why, file) = (&self.source, &self.why, self.file.display());
        write!(
            f,
            "{source}: {count} messages dropped, the first {first}: {why}; all are named in {file}"
        )
    }
}
