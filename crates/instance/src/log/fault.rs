//! What is wrong with a header, and where.

/// A rule of the grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// `MM/DD/YY-hh:mm:ss:mmm`, all digits.
    Stamp,
    /// A month of 1 to 12, a day that this month has.
    Date,
    /// At most 23:59:59.
    Time,
    /// A single blank between the fields.
    Blank,
    /// A process id in round brackets, at most 4294967295.
    Pid,
    /// One digit from 0 (information) to 3 (fatal).
    Severity,
    /// Square brackets with words of letters and digits, each beginning with a letter, joined by dots.
    Category,
    /// No line is longer than [`super::MAX_LINE_BYTES`].
    Length,
}

impl Rule {
    const fn demand(self) -> &'static str {
        match self {
            Self::Stamp => "a time stamp MM/DD/YY-hh:mm:ss:mmm, such as 11/14/25-09:45:55:657",
            Self::Date => "a date that exists, month first",
            Self::Time => "a time of day up to 23:59:59",
            Self::Blank => "exactly one blank between the fields",
            Self::Pid => "a process id in round brackets, such as (50745), at most 4294967295",
            Self::Severity => "a severity: 0 (information), 1 (warning), 2 (severe) or 3 (fatal)",
            Self::Category => "a category in square brackets, such as [Utility.Event]",
            Self::Length => "a header of at most 64 KiB",
        }
    }
}

/// A broken rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: expected {}", rule.demand())]
pub struct Fault {
    /// Which rule.
    pub rule: Rule,
    /// Where, in bytes from 1.
    pub column: usize,
}

impl Fault {
    /// The message with the line and a mark below the column.
    #[must_use]
    pub fn pointing_at(&self, line: &str) -> String {
        let before = line.bytes().take(self.column.saturating_sub(1));
        let indent = before.filter(|byte| byte & 0xC0 != 0x80).count(); // characters, not bytes
        format!("{self}\n  {line}\n  {:indent$}^", "")
    }
}
