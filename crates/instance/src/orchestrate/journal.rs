//! The journal of one command: a line for each thing that happened, durable before the next begins.

use std::{
    fs::File,
    io::{self, Write},
    path::Path,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    clock,
    command::{
        ToolName,
        result::{ToolResult, Trace},
    },
    tool::{Instance, Undo},
};

/// A journal has a few lines, each with a result.
const BYTES_MAX: u64 = 16 * 1024 * 1024;
/// It holds the command as it came, secrets included: nobody else reads it.
const MODE: u32 = 0o600;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
pub enum Said {
    /// The command came.
    Received {
        /// As it came.
        command: Value,
        /// 32 hex digits.
        trace_id: String,
    },
    /// It waits for a person.
    Held {
        /// What has to be confirmed.
        question: String,
    },
    /// A person decided.
    Decided {
        /// Yes or no.
        approved: bool,
        /// Who.
        by: String,
        /// Why.
        why: String,
    },
    /// A step begins; from here on it may have happened.
    Begun {
        /// Which.
        tool: ToolName,
        /// How to undo it; nothing when it changes nothing.
        undo: Option<Undo>,
    },
    /// A step ended.
    Done {
        /// Its result.
        result: ToolResult,
    },
    /// A step was undone, or could not be.
    Undone {
        /// Which.
        tool: ToolName,
        /// What was done, or why not.
        text: String,
        /// Whether it could.
        worked: bool,
    },
    /// Everything is over: the answer, now and for ever.
    Finished {
        /// The answer.
        trace: Trace,
    },
    /// A person took it back later.
    RolledBack {
        /// What was done.
        texts: Vec<String>,
    },
}

/// What happened, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub said: Said,
}

/// The journal of one command.
#[derive(Debug)]
pub struct Journal {
    records: Vec<Record>,
    file: File,
    /// Boundaries until this process dies on purpose.
    die_in: Option<u32>,
}

impl Journal {
    /// Opens the journal of a command, new or old. `die_at` as in [`super::Run`].
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub fn open(instance: &Instance, id: &str, die_at: Option<u32>) -> io::Result<Self> {
        let place = instance.state().place(Path::new(&format!("{id}.jsonl")))?;
        let records = match place.read(BYTES_MAX) {
            Ok((bytes, _)) => records(&bytes),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(e) => return Err(e),
        };
        let mut file = place.append(MODE)?;
        if records.is_empty() {
            place.sync_directory()?;
        } else {
            file.write_all(b"\n")?; // ends a line that a crash left unfinished; empty lines are skipped
        }
        Ok(Self { records, file, die_in: die_at })
    }

    /// Reads the journal of a command without opening it to write; nothing when there is none.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(instance: &Instance, id: &str) -> io::Result<Option<Vec<Record>>> {
        let place = instance.state().place(Path::new(&format!("{id}.jsonl")))?;
        match place.read(BYTES_MAX) {
            Ok((bytes, _)) => Ok(Some(records(&bytes)).filter(|records| !records.is_empty())),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Writes a record, and returns when the disk has it.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn write(&mut self, said: Said) -> io::Result<()> {
        self.boundary();
        let record = Record { at: clock::now(), said };
        let mut line = serde_json::to_vec(&record)?;
        line.push(b'\n');
        self.file.write_all(&line)?;
        self.file.sync_data()?;
        self.records.push(record);
        self.boundary();
        Ok(())
    }

    /// Between an act and its record, and between a record and the next act.
    fn boundary(&mut self) {
        if let Some(left) = &mut self.die_in {
            *left = left.saturating_sub(1);
            if *left == 0 {
                std::process::abort();
            }
        }
    }

    fn received(&self) -> Option<(&Value, &String, Timestamp)> {
        self.records.iter().find_map(|record| {
            let Said::Received { command, trace_id } = &record.said else { return None };
            Some((command, trace_id, record.at))
        })
    }

    pub(super) fn command(&self) -> Option<&Value> {
        self.received().map(|(command, ..)| command)
    }

    pub(super) fn trace_id(&self) -> String {
        self.received().map(|(_, trace_id, _)| trace_id.clone()).unwrap_or_default()
    }

    pub(super) fn began(&self) -> Timestamp {
        self.received().map_or_else(clock::now, |(.., at)| at)
    }

    pub(super) fn trace(&self) -> Option<Trace> {
        self.records.iter().find_map(|record| {
            let Said::Finished { trace } = &record.said else { return None };
            Some(trace.clone())
        })
    }

    fn has(&self, is: fn(&Said) -> bool) -> bool {
        self.records.iter().any(|record| is(&record.said))
    }

    pub(super) fn is_held(&self) -> bool {
        self.has(|said| matches!(said, Said::Held { .. }))
    }

    pub(super) fn is_approved(&self) -> bool {
        self.has(|said| matches!(said, Said::Decided { approved: true, .. }))
    }

    pub(super) fn is_rolled_back(&self) -> bool {
        self.has(|said| matches!(said, Said::RolledBack { .. }))
    }

    /// The steps that began, in order, with how to undo them.
    pub(super) fn begun(&self) -> Vec<(ToolName, Option<Undo>)> {
        let begun = |record: &Record| {
            let Said::Begun { tool, undo } = &record.said else { return None };
            Some((*tool, undo.clone()))
        };
        self.records.iter().filter_map(begun).collect()
    }

    /// The results of the steps that ended.
    pub(super) fn results(&self) -> Vec<ToolResult> {
        let done = |record: &Record| {
            let Said::Done { result } = &record.said else { return None };
            Some(result.clone())
        };
        self.records.iter().filter_map(done).collect()
    }
}

/// A line that a crash cut off is no record: what it would have said did not happen, or is found out again.
fn records(bytes: &[u8]) -> Vec<Record> {
    bytes
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice(line).ok())
        .collect()
}
