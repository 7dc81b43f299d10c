//! A student's whole record, for the right of access (34 CFR 99.10): everything that the roster holds about them.

use kernel::{
    audit::{self, Audited},
    rows::{self, Only},
    tx::Tx,
};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::{
    Error,
    class::{self, Class},
    enrollment::{self, Enrollment},
    guardian::{self, Guardian},
    student::{self, Student, StudentId},
};

/// Most audit records shown: one for each day of a whole school life and more. The rest is in the audit trail.
const CHANGES_MAX: i64 = 10_000;
/// The kinds of what belongs to a student, in the audit trail.
const KINDS: &[&str] = &[Student::ENTITY, Guardian::ENTITY, Enrollment::ENTITY];

/// All that the roster holds about a student.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StudentRecord {
    /// The student.
    student: Student,
    /// Their guardians, past ones too.
    guardians: Vec<Guardian>,
    /// Their enrolments, ended ones too, by their first days.
    enrollments: Vec<Enrollment>,
    /// The classes that they are or were enrolled in, by name.
    classes: Vec<Class>,
    /// What was done to any of these and who was shown it, newest first: records of the audit trail, at most 10,000.
    #[schema(value_type = Vec<Object>)]
    changes: Vec<Box<RawValue>>,
}

/// The whole record of a student whom the caller reaches: a disclosure.
pub async fn read(tx: &mut Tx, id: StudentId) -> Result<StudentRecord, Error> {
    let student = student::read(tx, id).await?.body;
    let guardians = guardian::of(tx, &[id]).await?;
    let of = [Only::Id("student_id", id.0)];
    let enrollments: Vec<Enrollment> = rows::all(tx, &enrollment::TABLE, &of).await?;
    let ids = enrollments.iter().map(|e| e.class_id.0).collect();
    let classes = rows::all(tx, &class::TABLE, &[Only::Ids("class_id = any(?)", ids)]).await?;
    let mut entities = vec![student.id()];
    entities.extend(guardians.iter().map(Audited::id));
    entities.extend(enrollments.iter().map(Audited::id));
    let changes = audit::about(tx, KINDS, &entities, CHANGES_MAX).await?;
    tx.disclosed(Student::ENTITY, id.0, &["record"]);
    guardian::disclosed(tx, &guardians);
    Ok(StudentRecord { student, guardians, enrollments, classes, changes })
}
