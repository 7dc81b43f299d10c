//! The cells of a row by the names of their columns, read as what they must be.

use std::collections::HashMap;

use csv::StringRecord;
use jiff::civil::Date;

use super::{Mode, Refused, Version, rows::State};

/// Longest id, in characters (the roster's external ids).
const ID_MAX: usize = 255;
/// Longest other text.
const TEXT_MAX: usize = 2_000;
/// Most entries of a list in one cell.
const LIST_MAX: usize = 500;
/// What begins the name of a vendor's own column.
const EXTENSION: &str = "metadata.";

/// What is wrong with one cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowError {
    /// The file, without `.csv`.
    pub file: &'static str,
    /// From 1, the header included.
    pub line: u64,
    /// The column.
    pub column: &'static str,
    /// Stable code for programs.
    pub code: &'static str,
    /// What would be accepted.
    pub message: String,
}

/// Where the columns of a file are.
#[derive(Debug)]
pub(super) struct Header {
    places: HashMap<String, usize>,
    len: usize,
}

impl Header {
    /// Checks the first row. The order of the columns is free, and further ones are not read.
    pub(super) fn of(
        file: &'static str,
        record: &StringRecord,
        required: &[&str],
    ) -> Result<Self, Refused> {
        let mut places = HashMap::new();
        for (place, name) in record.iter().enumerate() {
            // A spreadsheet's byte order mark would hide the first column.
            let name = name.trim_start_matches('\u{feff}').trim();
            let twice = places.insert(name.to_owned(), place).is_some();
            if twice && !name.is_empty() && !name.starts_with(EXTENSION) {
                let (column, fault) = (name.to_owned(), "there twice");
                return Err(Refused::Column { file, column, fault });
            }
        }
        match required.iter().find(|name| !places.contains_key(**name)) {
            Some(name) => {
                let (column, fault) = ((*name).to_owned(), "missing");
                Err(Refused::Column { file, column, fault })
            }
            None => Ok(Self { places, len: record.len() }),
        }
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }
}

/// Where rows come from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source {
    pub(super) file: &'static str,
    pub(super) mode: Mode,
    pub(super) version: Version,
}

/// One row while it is read.
#[derive(Debug)]
pub struct Cells<'a> {
    source: Source,
    line: u64,
    header: &'a Header,
    record: &'a StringRecord,
    errors: Vec<RowError>,
}

impl<'a> Cells<'a> {
    pub(super) const fn of(
        source: Source,
        line: u64,
        header: &'a Header,
        record: &'a StringRecord,
    ) -> Self {
        Self { source, line, header, record, errors: Vec::new() }
    }

    pub(super) const fn line(&self) -> u64 {
        self.line
    }

    pub(super) fn into_errors(self) -> Vec<RowError> {
        self.errors
    }

    pub(super) const fn version(&self) -> Version {
        self.source.version
    }

    /// The row's own id as it stands there, right or wrong.
    pub(super) fn sourced_id(&self) -> String {
        self.raw("sourcedId").to_owned()
    }

    fn raw(&self, column: &str) -> &'a str {
        let place = self.header.places.get(column);
        place.and_then(|place| self.record.get(*place)).unwrap_or_default().trim()
    }

    fn refuse(&mut self, column: &'static str, code: &'static str, message: impl Into<String>) {
        let (file, line, message) = (self.source.file, self.line, message.into());
        self.errors.push(RowError { file, line, column, code, message });
    }

    fn checked(&mut self, column: &'static str, max: usize) -> Option<String> {
        let text = self.raw(column);
        if text.is_empty() {
            return None;
        }
        if text.chars().nth(max).is_some() {
            self.refuse(column, "too_long", format!("At most {max} characters."));
        } else if text.chars().any(char::is_control) {
            self.refuse(
                column,
                "control_character",
                "Must be one line without control characters.",
            );
        }
        Some(text.to_owned())
    }

    /// Text that must be there.
    pub(super) fn text(&mut self, column: &'static str) -> String {
        let text = self.optional(column);
        self.required(column, text)
    }

    /// Text that may be empty.
    pub(super) fn optional(&mut self, column: &'static str) -> Option<String> {
        self.checked(column, TEXT_MAX)
    }

    /// An id that must be there. Compared as it is: case counts, zeros in front count.
    pub(super) fn id(&mut self, column: &'static str) -> String {
        let id = self.optional_id(column);
        self.required(column, id)
    }

    /// An id that may be empty.
    pub(super) fn optional_id(&mut self, column: &'static str) -> Option<String> {
        self.checked(column, ID_MAX)
    }

    fn required(&mut self, column: &'static str, found: Option<String>) -> String {
        if found.is_none() {
            self.refuse(column, "empty", "Must not be empty.");
        }
        found.unwrap_or_default()
    }

    /// A list in one cell, separated by commas.
    pub(super) fn list(&mut self, column: &'static str) -> Vec<String> {
        let items = self.raw(column).split(',').map(str::trim).filter(|item| !item.is_empty());
        let items: Vec<_> = items.map(str::to_owned).collect();
        if items.len() > LIST_MAX || items.iter().any(|item| item.chars().nth(ID_MAX).is_some()) {
            let message = format!("At most {LIST_MAX} entries of at most {ID_MAX} characters.");
            self.refuse(column, "too_long", message);
        }
        items
    }

    /// A list that must not be empty.
    pub(super) fn some(&mut self, column: &'static str) -> Vec<String> {
        let items = self.list(column);
        if items.is_empty() {
            self.refuse(column, "empty", "Must not be empty.");
        }
        items
    }

    /// A day that must be there.
    pub(super) fn date(&mut self, column: &'static str) -> Date {
        let date = self.optional_date(column);
        if date.is_none() && self.raw(column).is_empty() {
            self.refuse(column, "empty", "Must not be empty.");
        }
        date.unwrap_or_default()
    }

    /// A day that may be empty: `YYYY-MM-DD`, one that exists.
    pub(super) fn optional_date(&mut self, column: &'static str) -> Option<Date> {
        let text = self.raw(column);
        if text.is_empty() {
            return None;
        }
        let date = (text.len() == "YYYY-MM-DD".len()).then(|| text.parse().ok()).flatten();
        if date.is_none() {
            self.refuse(column, "no_date", "Must be a day that exists, as YYYY-MM-DD.");
        }
        date
    }

    /// `true` or `false`; empty is none.
    pub(super) fn flag(&mut self, column: &'static str) -> Option<bool> {
        match self.raw(column) {
            "" => None,
            "true" => Some(true),
            "false" => Some(false),
            _ => {
                self.refuse(column, "no_flag", "Must be true or false.");
                None
            }
        }
    }

    /// Refuses a last day before the first.
    pub(super) fn in_order(&mut self, column: &'static str, first: Date, last: Option<Date>) {
        if last.is_some_and(|last| last < first) {
            self.refuse(column, "before_start", "Must not be before the first day.");
        }
    }

    /// One of a list of words; `fallback` stands in for a vendor's own word (`ext:…`, from 1.2 on) and in a refused row.
    pub(super) fn word<T: Copy>(
        &mut self,
        column: &'static str,
        words: &[(&str, T)],
        fallback: T,
    ) -> T {
        let text = self.raw(column);
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return *value;
        }
        if self.source.version == Version::V1p2 && text.starts_with("ext:") {
            return fallback;
        }
        self.refuse(column, "unknown_word", one_of(words));
        fallback
    }

    /// A list of words in one cell.
    pub(super) fn words<T: Copy>(&mut self, column: &'static str, words: &[(&str, T)]) -> Vec<T> {
        let (mut found, asked) = (Vec::new(), self.list(column));
        for text in asked {
            match words.iter().find(|(word, _)| *word == text) {
                Some((_, value)) => found.push(*value),
                None => self.refuse(column, "unknown_word", one_of(words)),
            }
        }
        found
    }

    /// Whether the row still stands. Empty in a bulk file, required in a delta (with the time of the change).
    pub(super) fn state(&mut self) -> State {
        match (self.raw("status"), self.source.mode) {
            ("active", _) | ("", Mode::Bulk | Mode::Absent) => State::Active,
            ("tobedeleted", Mode::Delta) => State::ToBeDeleted,
            ("tobedeleted", Mode::Bulk | Mode::Absent) => {
                let message =
                    "A bulk file leaves out what has ended; tobedeleted is for delta files.";
                self.refuse("status", "not_in_bulk", message);
                State::Active
            }
            ("", Mode::Delta) => {
                self.refuse("status", "empty", "A delta file says active or tobedeleted.");
                State::Active
            }
            _ => {
                self.refuse("status", "unknown_word", "One of: active, tobedeleted.");
                State::Active
            }
        }
    }
}

fn one_of<T>(words: &[(&str, T)]) -> String {
    let accepted: Vec<_> = words.iter().map(|(word, _)| *word).collect();
    format!("One of: {}.", accepted.join(", "))
}
