//! What a bulk job is: its steps and what becomes of its rows, without database or transport.

use jiff::Timestamp;
use kernel::{answer::Version, audit::Audited};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::school::SchoolId;

kernel::id! {
    /// A bulk job.
    JobId
}

kernel::word! {
    /// What a bulk job brings in.
    JobType {
        /// Students, one a row.
        Students "Students",
        /// Enrolments, one a row.
        Enrollments "Enrollments",
        /// Teachers, one a row.
        Teachers "Teachers",
        /// A OneRoster package.
        OneRoster "OneRoster",
    }
}

kernel::word! {
    /// How far a bulk job is.
    JobStatus {
        /// It waits for its turn.
        Pending "Pending",
        /// It is being done.
        Running "Running",
        /// A person must approve it before it goes on.
        Held "Held",
        /// It is done; rows may have failed.
        Completed "Completed",
        /// It could not be done as a whole.
        Failed "Failed",
    }
}

kernel::word! {
    /// What the file of a bulk job is.
    Format {
        /// Comma-separated values with a header (RFC 4180).
        Csv "csv",
        /// One JSON object a line.
        JsonLines "jsonl",
        /// A zip.
        Zip "zip",
    }
}

kernel::word! {
    /// What became of a row.
    RowStatus {
        /// It is so now, or was so already.
        Succeeded "Succeeded",
        /// It breaks a rule; nothing was changed for it.
        Failed "Failed",
        /// An earlier row of the file names the same; nothing was changed for it.
        Skipped "Skipped",
    }
}

/// A bulk job.
#[derive(Clone, Debug, PartialEq, Serialize, sqlx::FromRow, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BulkJob {
    /// Its id. What it changes carries it as correlation id.
    pub job_id: JobId,
    /// What it brings in.
    pub job_type: JobType,
    /// How far it is.
    pub status: JobStatus,
    /// Whose external ids the rows carry.
    pub source: Option<String>,
    /// What else was asked.
    #[serde(skip)]
    pub options: Value,
    /// What the file is.
    pub format: Format,
    /// SHA-256 of the file, hexadecimal.
    pub checksum: String,
    /// Bytes of the file.
    pub bytes: i64,
    /// The schools at which it ends; empty for the whole district.
    pub school_ids: Vec<SchoolId>,
    /// Rows of the file.
    pub total_rows: i32,
    /// Rows that are done, however they ended.
    pub processed_rows: i32,
    /// Rows that failed.
    pub failed_rows: i32,
    /// Bytes of the file that are done.
    #[serde(skip)]
    pub place: i64,
    /// The line of the file at which the next row begins.
    #[serde(skip)]
    pub line: i64,
    /// What it did, in counts.
    #[schema(value_type = Object)]
    pub summary: Value,
    /// Why it failed as a whole.
    pub error: Option<String>,
    /// Counted up by every step.
    pub version: Version,
    /// When it was asked for.
    #[sqlx(try_from = "jiff_sqlx::Timestamp")]
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it last went on.
    #[sqlx(try_from = "jiff_sqlx::Timestamp")]
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    /// When it ended.
    #[sqlx(try_from = "super::store::OptionalTimestamp")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub completed_at: Option<Timestamp>,
}

/// What is asked for with a file.
#[derive(Clone, Debug)]
pub struct Asked {
    /// What the file brings in.
    pub job_type: JobType,
    /// Whose external ids the rows carry.
    pub source: Option<String>,
    /// What else is asked: what the job needs to know when it runs.
    pub options: Value,
    /// What the file is.
    pub format: Format,
    /// Its rows, as far as they are known before it is read.
    pub rows: i32,
}

/// What became of one row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RowResult {
    /// Its number, from 1 without the header.
    pub row_number: i32,
    /// What became of it.
    pub status: RowStatus,
    /// The id of its entity, when it has one.
    pub id: Option<Uuid>,
    /// Why it did not succeed, for programs.
    pub error_code: Option<String>,
    /// Why it did not succeed, for people: the column, and what would be accepted.
    pub error_message: Option<String>,
    /// Of a package: the file that the row is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Of a package: the line of its file, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<i32>,
    /// Of a package: the column.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
}

impl RowResult {
    const fn new(row_number: i32, status: RowStatus, id: Option<Uuid>) -> Self {
        Self {
            row_number,
            status,
            id,
            error_code: None,
            error_message: None,
            file: None,
            line: None,
            column: None,
        }
    }

    /// The row is so now.
    pub const fn succeeded(row_number: i32, id: Uuid) -> Self {
        Self::new(row_number, RowStatus::Succeeded, Some(id))
    }

    /// The row breaks a rule.
    pub fn failed(row_number: i32, code: &str, message: impl Into<String>) -> Self {
        Self {
            error_code: Some(code.to_owned()),
            error_message: Some(message.into()),
            ..Self::new(row_number, RowStatus::Failed, None)
        }
    }

    /// The row names what the row `first` has named before.
    pub fn skipped(row_number: i32, id: Option<Uuid>, first: i32) -> Self {
        Self {
            error_code: Some("duplicate_row".to_owned()),
            error_message: Some(format!("Row {first} names the same; this row was left out.")),
            ..Self::new(row_number, RowStatus::Skipped, id)
        }
    }
}

impl BulkJob {
    /// The next version, at work.
    #[must_use]
    pub fn started(&self, now: Timestamp) -> Self {
        Self { status: JobStatus::Running, ..self.next(now) }
    }

    /// The next version, ended.
    #[must_use]
    pub fn ended(&self, status: JobStatus, error: Option<String>, now: Timestamp) -> Self {
        Self { status, error, completed_at: Some(now), ..self.next(now) }
    }

    /// The next version.
    #[must_use]
    pub fn next(&self, now: Timestamp) -> Self {
        Self { version: self.version + 1, updated_at: now, ..self.clone() }
    }

    /// Whether nothing more becomes of it.
    pub const fn is_over(&self) -> bool {
        matches!(self.status, JobStatus::Completed | JobStatus::Failed)
    }
}

impl Audited for BulkJob {
    const ENTITY: &'static str = "roster.bulkJob";

    fn id(&self) -> Uuid {
        self.job_id.0
    }

    fn redacted(&self) -> Value {
        json!({
            "jobType": self.job_type,
            "status": self.status,
            "checksum": self.checksum,
            "schoolIds": self.school_ids,
            "totalRows": self.total_rows,
            "processedRows": self.processed_rows,
            "failedRows": self.failed_rows,
            "version": self.version,
        })
    }
}
