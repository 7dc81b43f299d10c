//! Entries with slots, and how a line of a template file is read.

use clap::ValueEnum;
use rand::{RngExt, rngs::ChaCha8Rng};

use crate::log::Severity;

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

/// Which process writes an entry; it keeps its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The control process: it starts the instance.
    Control,
    /// The write daemon.
    Write,
    /// The journal daemon.
    Journal,
    /// The clean-up daemon.
    Clean,
    /// The daemon that expands databases.
    Expand,
    /// The license monitor.
    License,
    /// The system monitor.
    Monitor,
    /// The superserver.
    Server,
    /// The process that stops the instance.
    Stop,
}

impl Role {
    /// All of them, in the order in which an instance starts them.
    pub const ALL: [(&'static str, Self); 9] = [
        ("control", Self::Control),
        ("write", Self::Write),
        ("journal", Self::Journal),
        ("clean", Self::Clean),
        ("expand", Self::Expand),
        ("lmf", Self::License),
        ("monitor", Self::Monitor),
        ("server", Self::Server),
        ("stop", Self::Stop),
    ];
}

/// The wording of an entry.
#[derive(Clone, Debug)]
pub(super) struct Wording {
    pub(super) severity: Severity,
    pub(super) category: &'static str,
    pub(super) role: Role,
    parts: Vec<Part>,
}

#[derive(Clone, Debug)]
enum Part {
    Text(&'static str),
    Number { from: u32, to: u32 },
    OneOf(&'static [&'static str]),
    TimeOfDay,
}

const DIRECTORIES: &[&str] = &[
    "/usr/irissys/mgr/",
    "/usr/irissys/mgr/user/",
    "/usr/irissys/mgr/irisaudit/",
    "/usr/irissys/mgr/enslib/",
    "/data/orders/",
    "/data/archive/",
];
const NAMESPACES: &[&str] = &["%SYS", "USER", "ORDERS", "ARCHIVE", "INTEROP"];
const PARAMETERS: &[&str] = &["globals", "routines", "gmheap", "locksiz", "memlock", "wijdir"];
const SECTIONS: &[&str] = &["WorkQueues", "Startup", "config", "Network", "Databases", "IO", "SQL"];
const DAEMONS: &[&str] = &["EXPDMN", "JRNDMN", "GARCOL", "WRTDMN", "CONTROL", "CLNDMN", "LMFMON"];

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
            "cpf" => Self::Text("/usr/irissys/iris.cpf"),
            "inst" => Self::Text("IRIS"),
            "dir" => Self::OneOf(DIRECTORIES),
            "ns" => Self::OneOf(NAMESPACES),
            "param" => Self::OneOf(PARAMETERS),
            "section" => Self::OneOf(SECTIONS),
            "daemon" => Self::OneOf(DAEMONS),
            "hms" => Self::TimeOfDay,
            _ => return None,
        })
    }
}

impl Wording {
    /// From `severity TAB category TAB role TAB text`.
    pub(super) fn read(line: &'static str) -> Option<Self> {
        let mut fields = line.splitn(4, '\t');
        let digit = fields.next()?;
        let severity = Severity::ALL.into_iter().find(|one| digit.as_bytes() == [one.digit()])?;
        let category = fields.next()?;
        let role = fields.next()?;
        let (_, role) = Role::ALL.into_iter().find(|(name, _)| *name == role)?;
        let mut wording = Self { severity, category, role, parts: Vec::new() };
        wording.text(fields.next()?)?;
        Some(wording)
    }

    /// Adds a continuation line.
    pub(super) fn continued(&mut self, line: &'static str) -> Option<()> {
        self.parts.push(Part::Text("\n"));
        self.text(line)
    }

    fn text(&mut self, mut text: &'static str) -> Option<()> {
        while let Some((before, rest)) = text.split_once('{') {
            let (name, after) = rest.split_once('}')?;
            self.parts.push(Part::Text(before));
            self.parts.push(Part::slot(name)?);
            text = after;
        }
        self.parts.push(Part::Text(text));
        Some(())
    }

    /// Writes the text with its slots filled; `time` is the entry's, `hh:mm:ss`.
    pub(super) fn fill(&self, out: &mut Vec<u8>, rng: &mut ChaCha8Rng, time: &[u8]) {
        for part in &self.parts {
            match part {
                Part::Text(text) => out.extend_from_slice(text.as_bytes()),
                Part::Number { from, to } => decimal(out, rng.random_range(*from..=*to)),
                Part::OneOf(words) => {
                    let word = words.get(rng.random_range(0..words.len())).copied();
                    out.extend_from_slice(word.unwrap_or_default().as_bytes());
                }
                Part::TimeOfDay => out.extend_from_slice(time),
            }
        }
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
