//! The kinds of rows: their columns, and what a file of them must say.

use kernel::problem::FieldError;
use serde::de::DeserializeOwned;

use super::{
    Format, JobType,
    cells::{self, Column, Header},
    enrollments::{self, EnrollmentRow},
    records::Record,
    students::{self, StudentRow},
    teachers::{self, TeacherRow},
};

/// What a file of rows is checked by.
pub(super) struct Rows {
    /// The columns that there are.
    pub(super) columns: &'static [Column],
    /// Whether a header has the columns without which no row can succeed.
    pub(super) complete: fn(&Header) -> Result<(), FieldError>,
    /// The first record that does not name its entity by our ids.
    pub(super) unnamed: fn(Format, Option<&Header>, &[Record]) -> Option<usize>,
}

static STUDENTS: Rows = Rows {
    columns: students::COLUMNS,
    complete: |header| person(header, "studentId"),
    unnamed: |format, header, records| {
        unnamed(format, header, records, |row: &StudentRow| row.student_id.is_some())
    },
};

static TEACHERS: Rows = Rows {
    columns: teachers::COLUMNS,
    complete: |header| person(header, "teacherId"),
    unnamed: |format, header, records| {
        unnamed(format, header, records, |row: &TeacherRow| row.teacher_id.is_some())
    },
};

static ENROLLMENTS: Rows = Rows {
    columns: enrollments::COLUMNS,
    complete: |header| {
        one_of(header, &["studentId", "studentExternalId"])?;
        one_of(header, &["classId", "classExternalId"])
    },
    unnamed: |format, header, records| {
        let named = |row: &EnrollmentRow| row.student_id.is_some() && row.class_id.is_some();
        unnamed(format, header, records, named)
    },
};

/// The kind of rows that a job is made of. A package has none of its own.
pub(super) const fn of(job_type: JobType) -> &'static Rows {
    match job_type {
        JobType::Students | JobType::OneRoster => &STUDENTS,
        JobType::Teachers => &TEACHERS,
        JobType::Enrollments => &ENROLLMENTS,
    }
}

/// A row that changes somebody names them; one that creates somebody says both names.
fn person(header: &Header, id: &str) -> Result<(), FieldError> {
    if header.has(id) || header.has("externalId") {
        return Ok(());
    }
    one_of(header, &["givenName"])?;
    one_of(header, &["familyName"])
}

fn one_of(header: &Header, names: &[&str]) -> Result<(), FieldError> {
    if names.iter().any(|name| header.has(name)) {
        return Ok(());
    }
    let message = format!("Line 1: the column {} is missing.", names.join(" or "));
    Err(FieldError::new("", "missing_column", message))
}

fn unnamed<T: DeserializeOwned>(
    format: Format,
    header: Option<&Header>,
    records: &[Record],
    named: fn(&T) -> bool,
) -> Option<usize> {
    let rows = cells::read::<T>(format, header, records, 1);
    rows.iter().position(|(_, row)| row.as_ref().is_ok_and(|row| !named(row)))
}
