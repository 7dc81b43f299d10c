//! Who is in a class: students and teachers in one answer, by a constant number of queries.

use jiff::{Timestamp, civil::Date};
use jiff_sqlx::ToSqlx;
use kernel::{rows, tx::Tx};
use serde::Serialize;

use super::TeacherRole;
use crate::{
    Error,
    class::{self, Class, ClassId},
    enrollment::EnrollmentId,
    own,
    staff::StaffId,
    student::StudentId,
};

/// Who is in a class.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Members {
    /// The class.
    class_id: ClassId,
    /// Its students, by name.
    students: Vec<StudentMember>,
    /// Its teachers, by name.
    teachers: Vec<TeacherMember>,
}

/// A student of a class.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StudentMember {
    /// The student.
    student_id: StudentId,
    /// Their given name.
    given_name: String,
    /// Their family name.
    family_name: String,
    /// Their grade.
    grade: Option<String>,
    /// By which enrolment they are in the class.
    enrollment_id: EnrollmentId,
    /// Their first day in the class.
    #[schema(value_type = String, format = Date)]
    effective_start: Date,
    /// Their first day outside of it.
    #[schema(value_type = Option<String>, format = Date)]
    effective_end: Option<Date>,
}

/// A teacher of a class.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TeacherMember {
    /// The teacher.
    teacher_id: StaffId,
    /// Their given name.
    given_name: String,
    /// Their family name.
    family_name: String,
    /// How they teach the class.
    role: TeacherRole,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    assigned_at: Timestamp,
}

/// Who is in a class that the caller reaches: now, or who was on a day.
pub async fn members(tx: &mut Tx, id: ClassId, on: Option<Date>) -> Result<Members, Error> {
    let own = own::classes(tx).await?;
    let class: Class = rows::find(tx, &class::TABLE, id.0, &own).await?.ok_or(Error::Missing)?;
    let students = match on {
        None => students_now(tx, class.class_id).await?,
        Some(day) => students_on(tx, class.class_id, day).await?,
    };
    let teachers = teachers(tx, class.class_id).await?;
    Ok(Members { class_id: class.class_id, students, teachers })
}

macro_rules! student {
    ($row:expr) => {
        StudentMember {
            student_id: StudentId($row.student_id),
            given_name: $row.given_name,
            family_name: $row.family_name,
            grade: $row.grade,
            enrollment_id: EnrollmentId($row.enrollment_id),
            effective_start: $row.effective_start.to_jiff(),
            effective_end: $row.effective_end.map(|date| date.to_jiff()),
        }
    };
}

async fn students_now(tx: &mut Tx, class: ClassId) -> Result<Vec<StudentMember>, sqlx::Error> {
    let tenant = tx.tenant().0;
    let rows = sqlx::query!(
        "select s.student_id, s.given_name, s.family_name, s.grade, e.enrollment_id, e.effective_start, e.effective_end
         from roster.enrollment e
         join roster.student s on s.tenant_id = e.tenant_id and s.student_id = e.student_id
         where e.tenant_id = $1 and e.class_id = $2 and e.status = 'Active'
         order by s.name_key, s.student_id, e.effective_start",
        tenant,
        class.0,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| student!(row)).collect())
}

async fn students_on(
    tx: &mut Tx,
    class: ClassId,
    day: Date,
) -> Result<Vec<StudentMember>, sqlx::Error> {
    let tenant = tx.tenant().0;
    let rows = sqlx::query!(
        "select s.student_id, s.given_name, s.family_name, s.grade, e.enrollment_id, e.effective_start, e.effective_end
         from roster.enrollment e
         join roster.student s on s.tenant_id = e.tenant_id and s.student_id = e.student_id
         where e.tenant_id = $1 and e.class_id = $2 and e.during @> $3::date
         order by s.name_key, s.student_id",
        tenant,
        class.0,
        day.to_sqlx() as _,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| student!(row)).collect())
}

async fn teachers(tx: &mut Tx, class: ClassId) -> Result<Vec<TeacherMember>, sqlx::Error> {
    let tenant = tx.tenant().0;
    let rows = sqlx::query!(
        r#"select s.staff_id, s.given_name, s.family_name, t.role as "role: TeacherRole", t.assigned_at
           from roster.class_teacher t
           join roster.staff s on s.tenant_id = t.tenant_id and s.staff_id = t.staff_id
           where t.tenant_id = $1 and t.class_id = $2 and t.removed_at is null
           order by s.name_key, s.staff_id"#,
        tenant,
        class.0,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| TeacherMember {
            teacher_id: StaffId(row.staff_id),
            given_name: row.given_name,
            family_name: row.family_name,
            role: row.role,
            assigned_at: row.assigned_at.to_jiff(),
        })
        .collect())
}
