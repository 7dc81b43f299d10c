//! Entries with slots, and how a line of a template file is read.

use std::{borrow::Cow, ops::RangeInclusive};

use clap::ValueEnum;
use jiff::civil::DateTime;
use rand::{RngExt, rngs::ChaCha8Rng};

use super::{Pids, Role};
use crate::log::{Severity, Stamp};

/// What kind of trouble an entry belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Class {
    /// The configuration file, directories, ports, certificates.
    Config,
    /// Keys, units, the license server.
    License,
    /// Memory, disks, the write daemon.
    Resource,
    /// The rest of an instance's day.
    Other,
}

/// The wording of an entry.
#[derive(Clone, Debug)]
pub(super) struct Wording {
    pub(super) severity: Severity,
    pub(super) category: Cow<'static, str>,
    parts: Vec<Part>,
}

#[derive(Clone, Debug)]
enum Part {
    Text(Cow<'static, str>),
    Number {
        from: u32,
        to: u32,
    },
    Digits {
        from: u8,
        to: u8,
    },
    OneOf(&'static [&'static str]),
    Words,
    Pid(Role),
    TimeOfDay,
    /// In the format of `strftime`.
    Time(&'static str),
}

const DIRECTORIES: &[&str] = &[
    "/usr/irissys/mgr/",
    "/usr/irissys/mgr/user/",
    "/usr/irissys/mgr/irisaudit/",
    "/usr/irissys/mgr/enslib/",
    "/data/orders/",
    "/data/archive/",
];
const FILES: &[&str] = &[
    "/usr/irissys/iris.cpf",
    "/usr/irissys/mgr/IRIS.WIJ",
    "/usr/irissys/mgr/journal/20260101.001",
    "/data/orders/IRIS.DAT",
    "/data/archive/in/orders.csv",
];
const NAMESPACES: &[&str] = &["%SYS", "USER", "ORDERS", "ARCHIVE", "INTEROP"];
const NAMES: &[&str] = &["orders", "archive", "reports", "intake", "billing", "stock", "mailer"];
const HOSTS: &[&str] = &["192.0.2.10", "192.0.2.24", "198.51.100.7", "203.0.113.80"];
const PARAMETERS: &[&str] = &["globals", "routines", "gmheap", "locksiz", "memlock", "wijdir"];
const SECTIONS: &[&str] = &["WorkQueues", "Startup", "config", "Network", "Databases", "IO", "SQL"];
const DAEMONS: &[&str] = &["EXPDMN", "JRNDMN", "GARCOL", "WRTDMN", "CONTROL", "CLNDMN", "LMFMON"];
/// How many names stand for a text that must not be told.
const WORDS: RangeInclusive<u32> = 2..=5;
/// A random number of so many digits fits 64 bits.
const MAX_DIGITS: u8 = 18;

impl Part {
    /// The slot of this name.
    fn slot(name: &str) -> Option<Self> {
        Some(match name {
            "n" => Self::Number { from: 1, to: 9_999 },
            "few" => Self::Number { from: 1, to: 32 },
            "line" => Self::Number { from: 1, to: 400 },
            "mb" => Self::Number { from: 500, to: 64_000 },
            "pid" => Self::Number { from: 3_900, to: 4_194_304 },
            "port" => Self::Number { from: 52_773, to: 52_790 },
            "cpf" => Self::Text("/usr/irissys/iris.cpf".into()),
            "inst" => Self::Text("IRIS".into()),
            "dir" => Self::OneOf(DIRECTORIES),
            "path" => Self::OneOf(FILES),
            "ns" => Self::OneOf(NAMESPACES),
            "name" => Self::OneOf(NAMES),
            "ip" => Self::OneOf(HOSTS),
            "param" => Self::OneOf(PARAMETERS),
            "section" => Self::OneOf(SECTIONS),
            "daemon" => Self::OneOf(DAEMONS),
            "text" => Self::Words,
            "hms" => Self::TimeOfDay,
            "date" => Self::Time("%m/%d/%Y"),
            "day" => Self::Time("%Y%m%d"),
            "ctime" => Self::Time("%a %b %e %H:%M:%S %Y"),
            _ => {
                let (name, argument) = name.split_once(':')?;
                return match name {
                    "n" => Self::digits(argument),
                    "pid" => Role::named(argument).map(Self::Pid),
                    _ => None,
                };
            }
        })
    }

    /// `3` or `1-3`.
    fn digits(range: &str) -> Option<Self> {
        let (from, to) = range.split_once('-').unwrap_or((range, range));
        let (from, to) = (from.parse().ok()?, to.parse().ok()?);
        (1 <= from && from <= to && to <= MAX_DIGITS).then_some(Self::Digits { from, to })
    }
}

/// What the slots of an entry are filled from.
pub(super) struct Filling<'a> {
    pub(super) at: DateTime,
    pub(super) stamp: [u8; Stamp::BYTES],
    pub(super) pids: &'a Pids,
    /// Slots of one name get one value from one choice: an entry, or a story, contradicts itself nowhere.
    pub(super) choice: usize,
}

impl Wording {
    /// Without a text yet.
    pub(super) const fn new(severity: Severity, category: Cow<'static, str>) -> Self {
        Self { severity, category, parts: Vec::new() }
    }

    /// From `severity TAB category TAB role TAB text`.
    pub(super) fn read(line: &'static str) -> Option<(Role, Self)> {
        let mut fields = line.splitn(4, '\t');
        let digit = fields.next()?;
        let severity = Severity::ALL.into_iter().find(|one| digit.as_bytes() == [one.digit()])?;
        let mut wording = Self::new(severity, fields.next()?.into());
        let role = Role::named(fields.next()?)?;
        wording.text(fields.next()?).ok()?;
        Some((role, wording))
    }

    /// Adds a continuation line.
    ///
    /// # Errors
    /// What [`Wording::text`] says.
    pub(super) fn continued(&mut self, line: &str) -> Result<(), String> {
        self.parts.push(Part::Text("\n".into()));
        self.text(line)
    }

    /// Adds text with slots; `{{` and `}}` are braces.
    ///
    /// # Errors
    /// The slot that does not exist, or is not closed.
    pub(super) fn text(&mut self, text: &str) -> Result<(), String> {
        let (mut plain, mut rest) = (String::new(), text);
        while let Some(at) = rest.find(['{', '}']) {
            let (before, brace) = rest.split_at(at);
            plain.push_str(before);
            if let Some(after) = brace.strip_prefix("{{").or_else(|| brace.strip_prefix("}}")) {
                plain.extend(brace.chars().next());
                rest = after;
                continue;
            }
            let slot = brace.strip_prefix('{').and_then(|brace| brace.split_once('}'));
            let (name, after) =
                slot.ok_or("a brace that nothing closes or opens; {{ is a brace")?;
            let part = Part::slot(name).ok_or_else(|| format!("no slot is named {{{name}}}"))?;
            self.parts.extend([Part::Text(std::mem::take(&mut plain).into()), part]);
            rest = after;
        }
        self.parts.push(Part::Text((plain + rest).into()));
        Ok(())
    }

    /// Writes the text with its slots filled.
    pub(super) fn fill(&self, out: &mut Vec<u8>, rng: &mut ChaCha8Rng, with: &Filling<'_>) {
        for part in &self.parts {
            match part {
                Part::Text(text) => out.extend_from_slice(text.as_bytes()),
                Part::Number { from, to } => decimal(out, rng.random_range(*from..=*to)),
                Part::Digits { from, to } => digits(out, rng, *from..=*to),
                Part::OneOf(words) => out.extend_from_slice(chosen(words, with.choice).as_bytes()),
                Part::Words => words(out, rng),
                Part::Pid(role) => decimal(out, with.pids.of(*role)),
                Part::TimeOfDay => out.extend_from_slice(with.stamp.get(9..17).unwrap_or_default()),
                Part::Time(format) => {
                    out.extend_from_slice(with.at.strftime(format).to_string().as_bytes());
                }
            }
        }
    }
}

fn chosen(words: &'static [&'static str], choice: usize) -> &'static str {
    words.get(choice % words.len().max(1)).copied().unwrap_or_default()
}

fn words(out: &mut Vec<u8>, rng: &mut ChaCha8Rng) {
    for count in 0..rng.random_range(WORDS) {
        if count > 0 {
            out.push(b' ');
        }
        out.extend_from_slice(chosen(NAMES, rng.random_range(0..NAMES.len())).as_bytes());
    }
}

/// A random number of so many digits.
fn digits(out: &mut Vec<u8>, rng: &mut ChaCha8Rng, count: RangeInclusive<u8>) {
    let count = rng.random_range(count).clamp(1, MAX_DIGITS);
    let least = 10_u64.pow(u32::from(count) - 1);
    let from = if count == 1 { 0 } else { least };
    let value = rng.random_range(from..least * 10);
    match u32::try_from(value) {
        Ok(value) => decimal(out, value),
        Err(_) => out.extend_from_slice(value.to_string().as_bytes()),
    }
}

/// Writes `value` in decimal.
pub(super) fn decimal(out: &mut Vec<u8>, mut value: u32) {
    let mut digits = [b'0'; 10]; // u32::MAX has ten
    let mut count = 0;
    for place in digits.iter_mut().rev() {
        *place = b'0' + (value % 10) as u8;
        value /= 10;
        count += 1;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(digits.len() - count..).unwrap_or_default());
}
