//! Texts by a language model: the generator decides what happens, when, and how bad it is; the model only words it.
//!
//! An entry keeps its beginning (stamp, process, severity, category). The model is asked for whole lines, each is held against the
//! grammar, what is wrong is told and asked for again, and what is still wrong keeps its built-in text: whatever the model
//! does, what comes out is a log. Entries of several lines and the mark of repetitions are not given to it.

mod answer;
mod prompt;

use std::ops::Range;

use chat::{Blocking, Error, Message};

use crate::log::Header;
use answer::Outcome;

/// Entries that one question asks for: more make longer answers, which models get wrong more often.
pub const ENTRIES_A_QUESTION: usize = 20;
/// A question is asked this often again, with what was wrong.
const CORRECTIONS: usize = 3;
/// Questions in a row whose every line was refused; then the model is not asked any more.
const HOPELESS: u32 = 3;
/// The share of the lines asked for that came back as the grammar demands.
const MATCH_RATIO: &str = "instance_llm_format_match_ratio";
/// What begins the mark of an entry that stands for several.
const REPEATED: &str = "...(repeated ";

/// Puts a model's texts into a log.
#[derive(Debug)]
pub struct Writer {
    model: Blocking,
    tell: fn(&str),
    told: bool,
    barren: u32,
    asked: u64,
    matched: u64,
}

/// An entry that the model may word: its place in the log, and the line it is given.
#[derive(Debug)]
struct Entry {
    /// Of the text, in the log.
    place: Range<usize>,
    /// The line without the mark of repetitions.
    line: String,
    /// The part of the line before the text.
    begins: usize,
    /// What the model wrote.
    text: Option<String>,
}

impl Entry {
    fn beginning(&self) -> &str {
        self.line.get(..self.begins).unwrap_or_default()
    }
}

impl Writer {
    /// Asks `model`; what goes wrong is handed to `tell`, once.
    #[must_use]
    pub const fn new(model: Blocking, tell: fn(&str)) -> Self {
        Self { model, tell, told: false, barren: 0, asked: 0, matched: 0 }
    }

    /// Of the lines that the model was asked for, those that were as the grammar demands; 1 before the first.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a share: 2^53 lines are never asked for")]
    pub fn match_ratio(&self) -> f64 {
        if self.asked == 0 { 1.0 } else { self.matched as f64 / self.asked as f64 }
    }

    /// Words the entries of a log anew, as far as the model can be had.
    #[must_use]
    pub fn rewrite(&mut self, log: &[u8]) -> Vec<u8> {
        let mut entries = entries(log);
        for some in entries.chunks_mut(ENTRIES_A_QUESTION) {
            if self.barren >= HOPELESS {
                break;
            }
            self.word(some);
        }
        put(log, &entries)
    }

    /// One question with its corrections.
    fn word(&mut self, entries: &mut [Entry]) {
        let mut talk = prompt::question(entries);
        for _ in 0..=CORRECTIONS {
            let outcome = match self.ask(entries, &talk) {
                Ok(outcome) => outcome,
                Err(error) => return self.give_up(&error),
            };
            if entries.iter().all(|entry| entry.text.is_some()) {
                break;
            }
            talk = prompt::again(entries, &outcome);
        }
        let done = entries.iter().filter(|entry| entry.text.is_some()).count();
        self.barren = if done == 0 { self.barren + 1 } else { 0 };
        if self.barren >= HOPELESS {
            self.warn(
                "the model's lines do not keep the grammar; built-in texts are used from here on",
            );
        } else if done < entries.len() {
            self.warn("the model's lines do not always keep the grammar; such entries have built-in texts");
        }
    }

    fn ask(&mut self, entries: &mut [Entry], talk: &[Message]) -> Result<Outcome, Error> {
        let answer = self.model.ask(talk)?;
        let wanted = entries.iter().filter(|entry| entry.text.is_none()).count();
        let outcome = answer::take(&answer.text, entries);
        self.asked += wanted as u64;
        self.matched += outcome.accepted as u64;
        metrics::gauge!(MATCH_RATIO).set(self.match_ratio());
        Ok(outcome)
    }

    /// The client has tried what may pass; the next question would only wait as long.
    fn give_up(&mut self, error: &Error) {
        self.barren = HOPELESS;
        self.warn(&format!("{error}; built-in texts are used from here on"));
    }

    fn warn(&mut self, what: &str) {
        if !std::mem::replace(&mut self.told, true) {
            (self.tell)(&format!("instance: {what}"));
        }
    }
}

/// The entries of one line.
fn entries(log: &[u8]) -> Vec<Entry> {
    let mut found = Vec::new();
    let mut lines = lines(log).peekable();
    while let Some((at, line)) = lines.next() {
        let single = lines.peek().is_none_or(|(_, next)| Header::begins(next));
        let entry = entry(at, line).filter(|_| single);
        found.extend(entry);
    }
    found
}

fn entry(at: usize, line: &[u8]) -> Option<Entry> {
    let header = Header::parse(line).ok()?;
    let begins = line.len() - header.text.len();
    let line = str::from_utf8(line).ok()?;
    let marked = line.ends_with(" times)").then(|| line.rfind(REPEATED)).flatten();
    let line = line.get(..marked.unwrap_or(line.len()))?;
    let place = at + begins..at + line.len();
    (!place.is_empty()).then(|| Entry { place, line: line.to_owned(), begins, text: None })
}

/// Each line with its place, without its end.
fn lines(log: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut at = 0;
    log.split_inclusive(|byte| *byte == b'\n').map(move |line| {
        let from = at;
        at += line.len();
        (from, line.strip_suffix(b"\n").unwrap_or(line))
    })
}

/// The log with the texts in their places.
fn put(log: &[u8], entries: &[Entry]) -> Vec<u8> {
    let mut out = Vec::with_capacity(log.len());
    let mut from = 0;
    for Entry { place, text, .. } in entries {
        let Some(text) = text else { continue };
        out.extend_from_slice(log.get(from..place.start).unwrap_or_default());
        out.extend_from_slice(text.as_bytes());
        from = place.end;
    }
    out.extend_from_slice(log.get(from..).unwrap_or_default());
    out
}
