//! Entries as JSON messages, an object a line, written while they are read: an entry of any size takes no memory.
//!
//! [`Message`] is what a reader gets; the schema for other languages is `contracts/instance/message.schema.json`. Lines that
//! come when their entry was already given away make a further [part](Message::part) of it, with the same `trace_id`.

use std::io::{self, Write};

use jiff::Timestamp;
use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};
use serde::{Deserialize, Serialize};

use super::{Header, Line, Sink, Stamp, kind::error_type};
use crate::{clock, command::ErrorType};

/// An entry of a log, or a part of one, as it is published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// 32 hex digits; all parts of an entry have the same.
    pub trace_id: String,
    /// Whose log; nothing when nobody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// When the message was made, RFC 3339; the entry's own time, taken as UTC, when it was generated from a seed.
    pub generated_at: String,
    /// As in the log: `11/14/25-09:45:55:657`, local time of the instance.
    pub timestamp: String,
    /// ISO 8601 without a zone, for the log names none; null for a date that does not exist.
    pub time: Option<String>,
    /// The process that wrote the entry.
    pub process_id: u32,
    /// 0 information, 1 warning, 2 severe, 3 fatal.
    pub severity: u8,
    /// Such as `Utility.Event`.
    pub category: String,
    /// The kind of trouble; null for what is none of the three.
    pub error_type: Option<ErrorType>,
    /// What the first line says behind its category; may be empty.
    pub message_text: String,
    /// The first line as it stands in the log. Bytes that are no UTF-8 are U+FFFD, here and everywhere.
    pub original_text: String,
    /// 1, and more for lines that came or fitted only later.
    pub part: u32,
    /// The further lines of this part.
    pub continuation: Vec<String>,
}

/// Where ids and times of messages come from.
#[derive(Debug)]
pub struct Origin {
    ids: ChaCha8Rng,
    seeded: bool,
    now: Timestamp,
    shown: String,
    source: String,
}

impl Origin {
    /// Ids that nobody can foresee, and the clock.
    #[must_use]
    pub fn real() -> Self {
        Self::new(ChaCha8Rng::from_rng(&mut rand::rng()), false)
    }

    /// The same ids and times for the same seed and entries.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self::new(ChaCha8Rng::seed_from_u64(seed), true)
    }

    fn new(ids: ChaCha8Rng, seeded: bool) -> Self {
        let (shown, source) = (String::new(), String::new());
        Self { ids, seeded, now: Timestamp::MIN, shown, source }
    }

    /// Says whose messages they are.
    #[must_use]
    pub fn named(mut self, source: &str) -> Self {
        source.clone_into(&mut self.source);
        self
    }

    fn id(&mut self) -> u128 {
        self.ids.random()
    }

    /// Now, to the millisecond; formatted once for all messages of a millisecond.
    fn now(&mut self) -> &str {
        let now = clock::now();
        if now.as_millisecond() != self.now.as_millisecond() {
            self.now = now;
            self.shown = clock::rfc3339(now);
        }
        &self.shown
    }
}

/// Writes each entry as an object. [`super::Line::raw`] keeps bytes that are no UTF-8.
#[derive(Debug)]
pub struct JsonLines<W> {
    out: W,
    origin: Origin,
    /// The object of the last header up to the number of its part; nothing before the first.
    head: Vec<u8>,
    text: Vec<u8>,
    part: u32,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// No object is begun.
    Closed,
    /// No continuation line is begun.
    Open,
    /// A line is written up to here.
    Inside,
    /// A line is ended.
    Between,
}

impl<W: Write> JsonLines<W> {
    /// Writes to `out`.
    pub fn new(out: W, origin: Origin) -> Self {
        Self { out, origin, head: Vec::new(), text: Vec::new(), part: 0, state: State::Closed }
    }

    /// What is written to.
    pub const fn out(&mut self) -> &mut W {
        &mut self.out
    }

    /// Whether an entry has begun: lines before it belong to one in an earlier file.
    pub const fn has_entry(&self) -> bool {
        !self.head.is_empty()
    }

    /// Ends the last object: lines that still come are a further part of its entry.
    ///
    /// # Errors
    /// What writing says.
    pub fn finish(&mut self) -> io::Result<()> {
        self.close()?;
        self.out.flush()
    }

    fn close(&mut self) -> io::Result<()> {
        match std::mem::replace(&mut self.state, State::Closed) {
            State::Closed => Ok(()),
            State::Inside => self.out.write_all(b"\"]}\n"),
            State::Open | State::Between => self.out.write_all(b"]}\n"),
        }
    }

    fn entry(&mut self, header: &Header<'_>, line: &[u8]) -> io::Result<()> {
        self.close()?;
        self.part = 0;
        self.head.clear();
        self.head(header, line)?;
        self.open()
    }

    fn head(&mut self, header: &Header<'_>, line: &[u8]) -> io::Result<()> {
        let Self { head, text, origin, .. } = self;
        text.clear();
        escape(text, header.text)?;
        let exists = header.stamp.civil().is_some();
        write!(head, "{{\"trace_id\":\"{:032x}\",", origin.id())?;
        if !origin.source.is_empty() {
            head.extend_from_slice(b"\"source\":\"");
            escape(head, origin.source.as_bytes())?;
            head.extend_from_slice(b"\",");
        }
        head.extend_from_slice(b"\"generated_at\":\"");
        if origin.seeded && exists {
            head.extend_from_slice(&header.stamp.iso());
            head.push(b'Z');
        } else {
            head.extend_from_slice(origin.now().as_bytes());
        }
        head.extend_from_slice(b"\",\"timestamp\":\"");
        head.extend_from_slice(&header.stamp.bytes());
        head.extend_from_slice(b"\",\"time\":");
        time(head, header.stamp, exists);
        write!(head, ",\"process_id\":{},\"severity\":", header.pid)?;
        head.push(header.severity.digit());
        head.extend_from_slice(b",\"category\":\"");
        head.extend_from_slice(header.category.as_bytes());
        head.extend_from_slice(b"\",\"error_type\":");
        head.extend_from_slice(error_type(header).map_or(b"null".as_slice(), quoted));
        head.extend_from_slice(b",\"message_text\":\"");
        head.extend_from_slice(text);
        head.extend_from_slice(b"\",\"original_text\":\"");
        // What stands before the text needs no escaping.
        head.extend_from_slice(line.strip_suffix(header.text).unwrap_or_default());
        head.extend_from_slice(text);
        head.extend_from_slice(b"\",\"part\":");
        Ok(())
    }

    /// Begins the object of the next part.
    fn open(&mut self) -> io::Result<()> {
        self.part += 1;
        self.state = State::Open;
        if self.head.is_empty() {
            return self.out.write_all(b"{\"continuation\":[");
        }
        self.out.write_all(&self.head)?;
        write!(self.out, "{},\"continuation\":[", self.part)
    }
}

impl<W: Write> Sink for JsonLines<W> {
    fn line(&mut self, line: Line<'_>) -> io::Result<()> {
        if let Some(header) = &line.header {
            return self.entry(header, line.content());
        }
        if self.state == State::Closed {
            self.open()?;
        }
        match self.state {
            State::Inside => {}
            State::Between => self.out.write_all(b",\"")?,
            State::Open | State::Closed => self.out.write_all(b"\"")?,
        }
        escape(&mut self.out, line.content())?;
        self.state = if line.ends { State::Between } else { State::Inside };
        if line.ends { self.out.write_all(b"\"") } else { Ok(()) }
    }
}

fn time(out: &mut Vec<u8>, stamp: Stamp, exists: bool) {
    if exists {
        out.push(b'"');
        out.extend_from_slice(&stamp.iso());
        out.push(b'"');
    } else {
        out.extend_from_slice(b"null");
    }
}

const fn quoted(kind: ErrorType) -> &'static [u8] {
    match kind {
        ErrorType::Config => b"\"config\"",
        ErrorType::License => b"\"license\"",
        ErrorType::Resource => b"\"resource\"",
    }
}

/// Writes `bytes` as the inside of a JSON string.
pub(crate) fn escape(out: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    if let Ok(text) = str::from_utf8(bytes) {
        return escape_text(out, text.as_bytes());
    }
    for chunk in bytes.utf8_chunks() {
        escape_text(out, chunk.valid().as_bytes())?;
        if !chunk.invalid().is_empty() {
            out.write_all("\u{FFFD}".as_bytes())?;
        }
    }
    Ok(())
}

fn escape_text(out: &mut impl Write, mut text: &[u8]) -> io::Result<()> {
    let special = |byte: &u8| *byte < b' ' || matches!(byte, b'"' | b'\\');
    while let Some((plain, byte, rest)) = text
        .iter()
        .position(special)
        .and_then(|at| Some((text.get(..at)?, text.get(at)?, text.get(at + 1..)?)))
    {
        out.write_all(plain)?;
        match byte {
            b'"' => out.write_all(b"\\\"")?,
            b'\\' => out.write_all(b"\\\\")?,
            b'\t' => out.write_all(b"\\t")?,
            b'\r' => out.write_all(b"\\r")?,
            other => write!(out, "\\u{other:04x}")?,
        }
        text = rest;
    }
    out.write_all(text)
}
