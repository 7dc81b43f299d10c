//! Which entries are wanted.

use std::{io, ops::RangeInclusive};

use super::{Header, Line, Severity, Sink, Stamp};

/// An entry passes when every given condition holds.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Severities from and to.
    pub severity: Option<RangeInclusive<Severity>>,
    /// A category, or the first words of one: `Database` means `Database.MountedRW` too. Upper and lower case are one.
    pub category: Option<String>,
    /// Not before this.
    pub since: Option<Stamp>,
}

impl Filter {
    fn admits(&self, header: &Header<'_>) -> bool {
        self.severity.as_ref().is_none_or(|range| range.contains(&header.severity))
            && self.since.is_none_or(|since| header.stamp >= since)
            && self.category.as_ref().is_none_or(|wanted| is_below(header.category, wanted))
    }
}

fn is_below(category: &str, wanted: &str) -> bool {
    let (Some(head), rest) = (category.get(..wanted.len()), category.get(wanted.len()..)) else {
        return false;
    };
    head.eq_ignore_ascii_case(wanted)
        && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Passes on the lines of the entries that a filter admits.
#[derive(Debug)]
pub struct Filtered<S> {
    filter: Filter,
    sink: S,
    admitted: bool,
}

impl<S> Filtered<S> {
    /// What stands before the first entry passes only if everything does.
    pub fn new(filter: Filter, sink: S) -> Self {
        let admitted =
            filter.severity.is_none() && filter.category.is_none() && filter.since.is_none();
        Self { filter, sink, admitted }
    }

    /// The sink behind the filter.
    pub const fn sink(&mut self) -> &mut S {
        &mut self.sink
    }
}

impl<S: Sink> Sink for Filtered<S> {
    fn line(&mut self, line: Line<'_>) -> io::Result<()> {
        if let Some(header) = &line.header {
            self.admitted = self.filter.admits(header);
        }
        if self.admitted { self.sink.line(line) } else { Ok(()) }
    }
}
