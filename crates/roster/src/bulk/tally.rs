//! What became of rows: their results and the counts of a job's summary.

use kernel::problem::FieldError;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::{
    RowResult,
    cells::{self, Read},
};

/// How many rows ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Counts {
    /// Made something new.
    pub(super) created: i32,
    /// Changed something.
    pub(super) updated: i32,
    /// Were so already.
    pub(super) unchanged: i32,
    /// Broke a rule.
    pub(super) failed: i32,
    /// Named what an earlier row named.
    pub(super) skipped: i32,
}

impl Counts {
    /// Those of a summary.
    pub(super) fn of(summary: &Value) -> Self {
        Self::deserialize(summary).unwrap_or_default()
    }

    /// As a summary.
    pub(super) fn summary(self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// Both together.
    pub(super) const fn and(self, more: &Self) -> Self {
        Self {
            created: self.created + more.created,
            updated: self.updated + more.updated,
            unchanged: self.unchanged + more.unchanged,
            failed: self.failed + more.failed,
            skipped: self.skipped + more.skipped,
        }
    }

    /// How many more there are than before, by name.
    pub(super) const fn since(self, before: &Self) -> [(&'static str, i32); 5] {
        [
            ("created", self.created - before.created),
            ("updated", self.updated - before.updated),
            ("unchanged", self.unchanged - before.unchanged),
            ("failed", self.failed - before.failed),
            ("skipped", self.skipped - before.skipped),
        ]
    }
}

/// How a row succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Success {
    Created,
    Updated,
    Unchanged,
}

/// The results of a chunk.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) results: Vec<RowResult>,
    pub(super) counts: Counts,
}

impl Tally {
    /// The rows that could be read; the others have failed.
    pub(super) fn readable<T>(&mut self, rows: Vec<Read<T>>) -> Vec<(i32, T)> {
        let mut readable = Vec::with_capacity(rows.len());
        for (n, row) in rows {
            match row {
                Ok(row) => readable.push((n, row)),
                Err(result) => self.add_failure(result),
            }
        }
        readable
    }

    pub(super) fn succeeded(&mut self, n: i32, id: Uuid, how: Success) {
        self.results.push(RowResult::succeeded(n, id));
        match how {
            Success::Created => self.counts.created += 1,
            Success::Updated => self.counts.updated += 1,
            Success::Unchanged => self.counts.unchanged += 1,
        }
    }

    pub(super) fn ended(&mut self, n: i32, refusal: Refusal) {
        match refusal {
            Refusal::Invalid(errors) => self.add_failure(cells::invalid(n, &errors)),
            Refusal::Conflict(said) => self.add_failure(RowResult::failed(n, "conflict", said)),
            Refusal::Duplicate(id, first) => {
                self.results.push(RowResult::skipped(n, id, first));
                self.counts.skipped += 1;
            }
        }
    }

    fn add_failure(&mut self, result: RowResult) {
        self.results.push(result);
        self.counts.failed += 1;
    }
}

/// Why nothing was done for a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It breaks rules.
    Invalid(Vec<FieldError>),
    /// Something stands in its way.
    Conflict(&'static str),
    /// An earlier row names the same.
    Duplicate(Option<Uuid>, i32),
}

impl From<FieldError> for Refusal {
    fn from(error: FieldError) -> Self {
        Self::Invalid(vec![error])
    }
}

impl From<Vec<FieldError>> for Refusal {
    fn from(errors: Vec<FieldError>) -> Self {
        Self::Invalid(errors)
    }
}

impl Refusal {
    /// A column names what is not there, or not within reach.
    pub(super) fn unknown(column: &str, what: &str) -> Self {
        FieldError::new(format!("/{column}"), "unknown", format!("There is no such {what} here."))
            .into()
    }
}
