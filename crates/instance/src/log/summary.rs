//! What a log holds, counted.

use std::{collections::BTreeMap, collections::HashMap, fmt, io};

use serde::Serialize;

use super::{Line, Severity, Sink, Stamp};

/// Counts by severity, mildest first.
pub type BySeverity = [u64; Severity::ALL.len()];

/// Counts of a log or of a part of it; parts in order are put together with [`Summary::append`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// All lines.
    pub lines: u64,
    /// Lines that begin an entry.
    pub entries: u64,
    /// Entries with continuation lines.
    pub multi_line: u64,
    /// Lines before the first entry.
    pub leading: u64,
    /// The first and the last stamp.
    pub span: Option<(Stamp, Stamp)>,
    categories: HashMap<Box<str>, BySeverity>,
    /// Whether the last entry has no continuation yet.
    bare: bool,
}

impl Sink for Summary {
    #[inline]
    fn line(&mut self, line: Line<'_>) -> io::Result<()> {
        self.lines += u64::from(line.begins);
        let Some(header) = line.header else {
            if self.entries == 0 {
                self.leading += u64::from(line.begins);
            }
            self.multi_line += u64::from(self.bare);
            self.bare = false;
            return Ok(());
        };
        self.entries += 1;
        self.bare = true;
        let first = self.span.map_or(header.stamp, |(first, _)| first);
        self.span = Some((first, header.stamp));
        self.count(header.category, header.severity);
        Ok(())
    }
}

impl Summary {
    #[inline]
    fn count(&mut self, category: &str, severity: Severity) {
        if !self.categories.contains_key(category) {
            self.categories.insert(category.into(), BySeverity::default());
        }
        let counts = self.categories.get_mut(category);
        if let Some(count) = counts.and_then(|counts| counts.get_mut(severity as usize)) {
            *count += 1;
        }
    }

    /// Adds what follows in the log.
    pub fn append(&mut self, next: Self) {
        if self.entries == 0 {
            self.leading += next.leading;
        } else if self.bare && next.leading > 0 {
            self.multi_line += 1;
            self.bare = false;
        }
        if next.entries > 0 {
            self.bare = next.bare;
        }
        self.lines += next.lines;
        self.entries += next.entries;
        self.multi_line += next.multi_line;
        self.span = match (self.span, next.span) {
            (Some((first, _)), Some((_, last))) => Some((first, last)),
            (mine, theirs) => mine.or(theirs),
        };
        for (category, counts) in next.categories {
            let mine = self.categories.entry(category).or_default();
            mine.iter_mut().zip(counts).for_each(|(mine, count)| *mine += count);
        }
    }

    /// Counts of each category, by name.
    #[must_use]
    pub fn categories(&self) -> BTreeMap<&str, BySeverity> {
        self.categories.iter().map(|(name, counts)| (&**name, *counts)).collect()
    }

    /// Counts of all categories together.
    #[must_use]
    pub fn severities(&self) -> BySeverity {
        let mut all = BySeverity::default();
        for counts in self.categories.values() {
            all.iter_mut().zip(counts).for_each(|(all, count)| *all += count);
        }
        all
    }
}

impl Serialize for Summary {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let (first, last) = self.span.map(|(a, b)| (a.to_string(), b.to_string())).unzip();
        serde_json::json!({
            "lines": self.lines, "entries": self.entries, "multi_line_entries": self.multi_line,
            "lines_before_first_entry": self.leading, "first": first, "last": last,
            "severities": self.severities(), "categories": self.categories(),
        })
        .serialize(to)
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { lines, entries, multi_line, leading, .. } = self;
        writeln!(f, "{entries} entries in {lines} lines, {multi_line} of several lines")?;
        if *leading > 0 {
            writeln!(f, "{leading} lines before the first entry")?;
        }
        if let Some((first, last)) = self.span {
            writeln!(f, "from {first} to {last}")?;
        }
        writeln!(
            f,
            "\n{:<32}{:>10}{:>10}{:>10}{:>10}",
            "category", "info", "warning", "severe", "fatal"
        )?;
        let row = |f: &mut fmt::Formatter<'_>, name: &str, [a, b, c, d]: BySeverity| {
            writeln!(f, "{name:<32}{a:>10}{b:>10}{c:>10}{d:>10}")
        };
        for (name, counts) in self.categories() {
            row(f, name, counts)?;
        }
        row(f, "all", self.severities())
    }
}
