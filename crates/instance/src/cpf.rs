//! The configuration parameter file (CPF) of an instance, `iris.cpf`.
//!
//! [`Cpf`] knows where each section, key and value lies in the bytes and replaces one value without touching another byte:
//! order, comments, line ends, odd keys and values stay as they are. [`table`] knows the parameters, [`check`] what makes the
//! product refuse to start, [`edit`] how a file is changed so that it is always the old or the new one.

pub mod check;
pub mod edit;
mod line;
pub mod table;
pub mod value;

use std::ops::Range;

pub(crate) use line::{Kind, Line};

/// The file of a new instance in this directory, with the superserver on this port.
pub fn shipped(dir: &str, port: u16) -> String {
    include_str!("cpf/shipped.cpf").replace("{dir}", dir).replace("{port}", &port.to_string())
}

/// Why a CPF cannot be read or changed as asked. Messages name lines, counted from 1.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    /// A text file has none.
    #[error("line {line} has a NUL byte: this is not a CPF, restore it from a copy")]
    Nul {
        /// Where.
        line: usize,
    },
    /// Nothing there by this name.
    #[error("there is no section [{0}]{hint}", hint = hint(.0))]
    NoSection(String),
    /// The product would refuse the file, and which one is meant nobody knows.
    #[error("section [{section}] stands twice, at lines {first} and {second}: remove one first")]
    SectionTwice {
        /// Its name.
        section: String,
        /// The first.
        first: usize,
        /// The second.
        second: usize,
    },
    /// The product refuses to start with such a file.
    #[error("{key} stands twice in [{section}], at lines {first} and {second}: remove one first")]
    KeyTwice {
        /// Where.
        section: String,
        /// Which.
        key: String,
        /// The first.
        first: usize,
        /// The second.
        second: usize,
    },
    /// A value is one line.
    #[error("a value has no line breaks, NUL bytes or outer blanks")]
    Value,
}

fn hint(section: &str) -> &'static str {
    match section {
        "TCP" | "Net" | "Network" => {
            ": network settings are in Startup (ports), ECP, Telnet, LicenseServers and SQL (TCPKeepAlive)"
        }
        "startup" => ": it is written Startup",
        "Config" | "CONFIG" => ": it is written config",
        _ => ": names are case-sensitive",
    }
}

/// A CPF and where everything in it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cpf {
    bytes: Vec<u8>,
    lines: Vec<Line>,
}

/// One value that was replaced, or one line that was added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The line, from 1.
    pub line: usize,
    /// The whole line before; nothing when it is new.
    pub before: Option<String>,
    /// The whole line after.
    pub after: String,
}

/// A key with its value, and its line counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair<'a> {
    /// From 1.
    pub line: usize,
    /// Outer blanks do not count.
    pub key: &'a [u8],
    /// Everything behind the `=`, opaque; outer blanks do not count.
    pub value: &'a [u8],
}

impl Cpf {
    /// Takes the bytes apart.
    ///
    /// # Errors
    /// [`Error::Nul`]. Everything else that a file can hold has its place.
    pub fn parse(bytes: Vec<u8>) -> Result<Self, Error> {
        if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
            let before = bytes.iter().take(at).filter(|byte| **byte == b'\n').count();
            return Err(Error::Nul { line: before + 1 });
        }
        let lines = line::split(&bytes);
        Ok(Self { bytes, lines })
    }

    /// The file.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The names of the sections, in order.
    pub fn sections(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().filter_map(|line| match &line.kind {
            Kind::Section(name) => std::str::from_utf8(self.part(name)).ok(),
            Kind::Empty | Kind::Pair(..) | Kind::Other => None,
        })
    }

    /// The keys and values of the first section of this name.
    pub fn pairs(&self, section: &str) -> impl Iterator<Item = Pair<'_>> {
        let begin =
            self.section_starts(section).next().map_or(self.lines.len(), |(index, _)| index + 1);
        self.lines
            .iter()
            .enumerate()
            .skip(begin)
            .take_while(|(_, line)| !matches!(line.kind, Kind::Section(_)))
            .filter_map(|(index, line)| self.pair(index, line))
    }

    fn pair(&self, index: usize, line: &Line) -> Option<Pair<'_>> {
        let Kind::Pair(key, value) = &line.kind else { return None };
        Some(Pair { line: index + 1, key: self.part(key), value: self.part(value) })
    }

    /// The value of a key that stands once.
    ///
    /// # Errors
    /// When the section is missing or the section or key stands twice.
    pub fn get(&self, section: &str, key: &str) -> Result<Option<&[u8]>, Error> {
        Ok(self.find(section, key)?.map(|pair| pair.value))
    }

    fn find(&self, section: &str, key: &str) -> Result<Option<Pair<'_>>, Error> {
        let mut starts = self.section_starts(section);
        let first = starts.next().ok_or_else(|| Error::NoSection(section.to_owned()))?;
        if let Some(second) = starts.next() {
            let (first, second) = (first.0 + 1, second.0 + 1);
            return Err(Error::SectionTwice { section: section.to_owned(), first, second });
        }
        let mut named = self.pairs(section).filter(|pair| pair.key == key.as_bytes());
        let found = named.next();
        match (found, named.next()) {
            (Some(Pair { line: first, .. }), Some(Pair { line: second, .. })) => {
                let (section, key) = (section.to_owned(), key.to_owned());
                Err(Error::KeyTwice { section, key, first, second })
            }
            (found, _) => Ok(found),
        }
    }

    /// Replaces the value of a key, or adds the key where the product would write it when it is missing.
    ///
    /// # Errors
    /// As [`Cpf::get`], and [`Error::Value`].
    pub fn set(&self, section: &str, key: &str, value: &str) -> Result<(Self, Change), Error> {
        let outer = value.trim_matches([' ', '\t']) != value;
        if outer || value.contains(['\n', '\r', '\0']) {
            return Err(Error::Value);
        }
        match self.find(section, key)? {
            Some(pair) => Ok(self.replaced(pair.line, value)),
            None => Ok(self.added(section, key, value)),
        }
    }

    fn replaced(&self, number: usize, value: &str) -> (Self, Change) {
        let (mut bytes, mut after) = (self.bytes.clone(), String::new());
        if let Some(Line { kind: Kind::Pair(_, at), .. }) = self.lines.get(number - 1) {
            bytes.splice(at.clone(), value.bytes());
        }
        let before = self.text(number);
        let lines = line::split(&bytes);
        let changed = Self { bytes, lines };
        after.push_str(&changed.text(number));
        (changed, Change { line: number, before: Some(before), after })
    }

    /// In ASCII order of the keys, as the product writes its parameter sections.
    fn added(&self, section: &str, key: &str, value: &str) -> (Self, Change) {
        let before = self.pairs(section).take_while(|pair| pair.key < key.as_bytes()).last();
        let header = self.section_starts(section).next().map_or(0, |(index, _)| index + 1);
        let number = before.map_or(header, |pair| pair.line) + 1;
        let (line, end) = (format!("{key}={value}"), self.line_end());
        let at = self.lines.get(number - 1).map(|line| line.whole.start);
        let mut bytes = self.bytes.clone();
        match at {
            Some(at) => drop(bytes.splice(at..at, [line.as_bytes(), end].concat())),
            None if self.bytes.ends_with(b"\n") => bytes.extend([line.as_bytes(), end].concat()),
            None => bytes.extend([end, line.as_bytes()].concat()),
        }
        let lines = line::split(&bytes);
        (Self { bytes, lines }, Change { line: number, before: None, after: line })
    }

    /// Line ends are CR LF or LF: a new line has that of the first.
    fn line_end(&self) -> &'static [u8] {
        let first = self.bytes.iter().position(|byte| *byte == b'\n');
        let crlf = first.and_then(|at| at.checked_sub(1)).and_then(|at| self.bytes.get(at));
        if crlf == Some(&b'\r') { b"\r\n" } else { b"\n" }
    }

    fn section_starts<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (usize, &'a Line)> {
        self.lines.iter().enumerate().filter(move |(_, line)| {
            matches!(&line.kind, Kind::Section(at) if self.part(at) == name.as_bytes())
        })
    }

    fn part(&self, at: &Range<usize>) -> &[u8] {
        self.bytes.get(at.clone()).unwrap_or_default()
    }

    /// A line without its end, for people.
    pub(crate) fn text(&self, number: usize) -> String {
        let line = number.checked_sub(1).and_then(|index| self.lines.get(index));
        line.map(|line| String::from_utf8_lossy(self.part(&line.text)).into_owned())
            .unwrap_or_default()
    }

    pub(crate) fn lines(&self) -> &[Line] {
        &self.lines
    }
}
