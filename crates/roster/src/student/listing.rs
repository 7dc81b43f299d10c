//! The list of a school's students by name (`roster.school_student`): derived from schools and active enrolments, and kept
//! in the transaction of whatever changes them.
//!
//! A page in the order of names has to walk an index in that order; neither table of what the list is made of has both the
//! school and the name.

use kernel::{
    rows::{Only, Table},
    tx::Tx,
};
use uuid::Uuid;

use super::store::TABLE;
use crate::own;

/// Students of the school that `school_id` names, in the order of their names. It cannot be searched.
static OF_SCHOOL: Table = Table {
    name: "roster.student join roster.school_student using (tenant_id, student_id)",
    key: "listed_as",
    search: &[],
    ..TABLE
};

/// Where a page is read: when one of the conditions is that of a single school, it becomes that of its list.
pub(super) fn narrow(only: &mut [Only]) -> &'static Table {
    for condition in only {
        if let Only::Ids(own::OF_SCHOOLS, schools) = condition
            && let [school] = schools.as_slice()
        {
            *condition = Only::Id("school_id", *school);
            return &OF_SCHOOL;
        }
    }
    &TABLE
}

/// Puts students (the nth into the list of the nth school), after what makes them belong there.
///
/// A new entry holds the student's row, so that it waits for a change of the name and then takes the new one.
pub(crate) async fn enter(
    tx: &mut Tx,
    students: &[Uuid],
    schools: &[Uuid],
) -> Result<(), sqlx::Error> {
    if students.is_empty() {
        return Ok(());
    }
    let tenant = tx.tenant().0;
    sqlx::query!(
        "insert into roster.school_student (tenant_id, school_id, listed_as, student_id)
         select $1, r.school, s.name_key, s.student_id
         from unnest($2::uuid[], $3::uuid[]) as r(student, school)
         join roster.student s on s.tenant_id = $1 and s.student_id = r.student
         where not exists (select from roster.school_student l
                           where l.tenant_id = $1 and l.student_id = r.student and l.school_id = r.school)
         for share of s
         on conflict do nothing",
        tenant,
        students,
        schools,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Takes students out of the lists of schools to which they no longer belong, after what ended it.
///
/// Their rows are locked before it is looked: a new enrolment refers to its student's row, so that one which is on its way
/// is waited for and seen, and one that comes later waits and enters the student again.
pub(crate) async fn leave(tx: &mut Tx, students: &[Uuid]) -> Result<(), sqlx::Error> {
    if students.is_empty() {
        return Ok(());
    }
    let tenant = tx.tenant().0;
    sqlx::query!(
        "select student_id from roster.student where tenant_id = $1 and student_id = any($2) order by student_id for update",
        tenant,
        students,
    )
    .fetch_all(tx.conn())
    .await?;
    sqlx::query!(
        "delete from roster.school_student l where l.tenant_id = $1 and l.student_id = any($2)
         and not exists (select from roster.student_school o
                         where o.tenant_id = $1 and o.student_id = l.student_id and o.school_id = l.school_id)
         and not exists (select from roster.enrollment e where e.tenant_id = $1 and e.student_id = l.student_id
                         and e.status = 'Active' and e.school_id = l.school_id)",
        tenant,
        students,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}
