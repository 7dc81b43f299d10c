//! Decisions and changes as JSON lines, each with its trace id, secrets hidden.

use std::{
    fs::File,
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
    sync::Mutex,
};

use serde_json::{Map, Value};

use crate::{clock, redact, tool::Instance};

/// Then the file is renamed and a new one begins; one old file is kept.
const BYTES_MAX: u64 = 10 * 1024 * 1024;

/// Where it is told: a file beside the journals, and standard error when a program reads that.
#[derive(Debug)]
pub struct Log {
    file: Mutex<Option<File>>,
    aloud: bool,
}

impl Log {
    /// Opens the log of an instance.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn open(instance: &Instance) -> io::Result<Self> {
        let place = instance.state().place(Path::new("log.jsonl"))?;
        if place.open().and_then(|file| file.metadata()).is_ok_and(|data| data.len() > BYTES_MAX) {
            place.rename(&place.sibling("log.jsonl.1")?)?;
        }
        let file = place.append(0o640)?;
        Ok(Self { file: Mutex::new(Some(file)), aloud: !io::stderr().is_terminal() })
    }

    /// Where it is.
    pub fn path(instance: &Instance) -> PathBuf {
        instance.state().path().join("log.jsonl")
    }

    /// Tells something about a trace.
    pub fn say(&self, trace_id: &str, what: &str, more: &[(&str, &str)]) {
        let mut fields = Map::new();
        fields.insert("at".to_owned(), clock::rfc3339(clock::now()).into());
        fields.insert("trace_id".to_owned(), trace_id.into());
        fields.insert("what".to_owned(), what.into());
        fields.extend(more.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))));
        let line = format!("{}\n", redact::json(Value::Object(fields)));
        if let Some(file) = self.file.lock().ok().as_deref_mut().and_then(Option::as_mut) {
            // A full disk stops the journal, which counts; the log is for reading.
            file.write_all(line.as_bytes()).unwrap_or_default();
        }
        if self.aloud {
            io::stderr().lock().write_all(line.as_bytes()).unwrap_or_default();
        }
    }
}
