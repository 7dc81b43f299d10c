//! An entry while its lines come.

use super::mask::{self, Masked, Number};
use crate::log::{Header, Stamp};

/// An entry keeps so many continuation lines: a dump of 34,908 lines is told by its beginning.
const MAX_LINES: usize = 40;
/// Between an entry and the recovery that is told behind it stand three.
const BLANK_LINES_BEFORE_RECOVERY: usize = 3;
const RECOVERY: &[u8] = b"*** Recovery started";
/// The first words of the product's own categories; others are made by the programs that run on it.
const SUBSYSTEMS: [&str; 22] = [
    "Utility",
    "Generic",
    "Database",
    "WriteDaemon",
    "Crypto",
    "SIMD",
    "System",
    "Journal",
    "Mirror",
    "Mirroring",
    "ECP",
    "License",
    "Security",
    "Audit",
    "Network",
    "Memory",
    "Lock",
    "Cluster",
    "Backup",
    "Shadow",
    "Cache",
    "Conversion",
];

/// What makes a template.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) severity: u8,
    pub(super) category: String,
    /// Masked; its lines are joined by line ends.
    pub(super) text: String,
    pub(super) recovery: bool,
    /// Told once for several.
    repeated: bool,
}

impl Key {
    /// The same for all entries of this severity and category: with a continuation line, or without.
    pub(super) fn blurred(mut self) -> Self {
        let text = if self.text.contains('\n') { "{text}\n{text}" } else { "{text}" };
        text.clone_into(&mut self.text);
        self
    }
}

#[derive(Debug)]
pub(super) struct Open {
    pub(super) stamp: Stamp,
    pub(super) pid: u32,
    severity: u8,
    category: String,
    masked: Masked,
    lines: usize,
    blank: usize,
    recovery: bool,
    repeated: u32,
}

impl Open {
    pub(super) fn of(header: &Header<'_>) -> Self {
        let mut open = Self {
            stamp: header.stamp,
            pid: header.pid,
            severity: header.severity as u8,
            category: category(header.category),
            masked: Masked::default(),
            lines: 0,
            blank: 0,
            recovery: false,
            repeated: 0,
        };
        open.text(header.text);
        open
    }

    /// Takes the next continuation line.
    pub(super) fn continued(&mut self, line: &[u8]) {
        if self.recovery {
            return;
        }
        if line.starts_with(RECOVERY) {
            self.recovery = true;
            self.blank = self.blank.saturating_sub(BLANK_LINES_BEFORE_RECOVERY);
            return;
        }
        if self.lines + self.blank >= MAX_LINES {
            return;
        }
        if line.is_empty() {
            self.blank += 1;
            return;
        }
        self.blanks();
        self.masked.text.push('\n');
        self.lines += 1;
        self.text(line);
    }

    /// Blank lines count when something follows them, or nothing more comes.
    fn blanks(&mut self) {
        self.lines += self.blank;
        self.masked.text.extend(std::iter::repeat_n('\n', self.blank));
        self.blank = 0;
    }

    fn text(&mut self, line: &[u8]) {
        let (line, repeated) = without_repetition(line);
        self.repeated = self.repeated.max(repeated);
        mask::mask(line, &mut self.masked);
    }

    /// The template, its numbers, and how often it is repeated at most.
    pub(super) fn finish(mut self) -> (Key, Vec<Number>, u32) {
        self.blanks();
        let Self { severity, category, masked, recovery, repeated, .. } = self;
        let key = Key { severity, category, text: masked.text, recovery, repeated: repeated > 0 };
        (key, masked.numbers, repeated)
    }
}

/// Cuts `...(repeated 3 times)` off.
fn without_repetition(line: &[u8]) -> (&[u8], u32) {
    let cut = || {
        let rest = line.trim_ascii_end().strip_suffix(b" times)")?;
        let digits = rest.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
        let (rest, digits) = rest.split_at_checked(rest.len() - digits)?;
        let rest = rest.strip_suffix(b"...(repeated ")?;
        Some((rest, std::str::from_utf8(digits).ok()?.parse().ok()?))
    };
    cut().unwrap_or((line, 0))
}

/// The product's categories as they are, any other as `Custom.Event`.
fn category(given: &str) -> String {
    let subsystem = given.split('.').next().unwrap_or_default();
    if SUBSYSTEMS.contains(&subsystem) { given.to_owned() } else { "Custom.Event".to_owned() }
}
