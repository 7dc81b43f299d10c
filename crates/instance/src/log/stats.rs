//! What a log looks like: its rhythm, its writers, its oddities.

use std::{
    collections::{BTreeMap, HashSet},
    fmt, io,
};

use serde::Serialize;

use super::{Line, Sink, Stamp, Summary};

/// Figures that need the whole log in order. Memory grows with processes and minutes, not with entries.
#[derive(Debug, Default, Serialize)]
pub struct Stats {
    #[serde(flatten)]
    summary: Summary,
    processes: HashSet<u32>,
    #[serde(skip)]
    minutes: BTreeMap<u32, u64>,
    steps_back: u64,
    empty_texts: u64,
    repeated: u64,
    longest_continuation: u64,
    #[serde(skip)]
    continuation: u64,
    #[serde(skip)]
    last: Option<Stamp>,
}

impl Sink for Stats {
    fn line(&mut self, line: Line<'_>) -> io::Result<()> {
        self.summary.line(line)?;
        self.repeated += u64::from(line.ends && is_repeated(line.content()));
        let Some(header) = line.header else {
            self.continuation += u64::from(line.begins);
            self.longest_continuation = self.longest_continuation.max(self.continuation);
            return Ok(());
        };
        self.continuation = 0;
        self.processes.insert(header.pid);
        *self.minutes.entry(header.stamp.minute_key()).or_default() += 1;
        self.steps_back += u64::from(self.last.is_some_and(|last| header.stamp < last));
        self.empty_texts += u64::from(header.text.is_empty());
        self.last = Some(header.stamp);
        Ok(())
    }
}

/// IRIS writes an entry that comes again and again once, with `...(repeated 3 times)` behind it.
fn is_repeated(line: &[u8]) -> bool {
    let Some(line) = line.trim_ascii_end().strip_suffix(b" times)") else { return false };
    let digits = line.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    digits > 0 && line.get(..line.len() - digits).is_some_and(|line| line.ends_with(b"(repeated "))
}

impl Stats {
    /// Entries in a minute that has any: the value below which `percent` of these minutes lie.
    #[must_use]
    pub fn entries_a_minute(&self, percent: usize) -> u64 {
        let mut counts: Vec<u64> = self.minutes.values().copied().collect();
        counts.sort_unstable();
        counts.get(counts.len().saturating_sub(1) * percent / 100).copied().unwrap_or_default()
    }

    /// The counts.
    #[must_use]
    pub const fn summary(&self) -> &Summary {
        &self.summary
    }
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { summary, processes, steps_back, empty_texts, .. } = self;
        writeln!(f, "{summary}")?;
        let (minutes, p50, p90) =
            (self.minutes.len(), self.entries_a_minute(50), self.entries_a_minute(90));
        writeln!(
            f,
            "rhythm: {minutes} minutes with entries; entries in such a minute: p50 {p50}, p90 {p90}"
        )?;
        writeln!(f, "processes: {}", processes.len())?;
        writeln!(f, "steps back in time: {steps_back}")?;
        writeln!(f, "empty texts: {empty_texts}")?;
        writeln!(f, "repeated entries: {}", self.repeated)?;
        writeln!(f, "longest continuation: {} lines", self.longest_continuation)
    }
}
