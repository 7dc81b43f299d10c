//! The SQL of class teachers.

use jiff_sqlx::ToSqlx;
use kernel::{rows::Table, tx::Tx};
use uuid::Uuid;

use super::ClassTeacher;

/// Assignments as they are read.
pub(super) static TABLE: Table = Table {
    name: "roster.class_teacher",
    columns: "assignment_id, class_id, staff_id, role, assigned_at",
    id: "assignment_id",
    key: "assigned_at",
    search: &[],
};

/// Stores an assignment, or another role in it.
pub(super) async fn save(tx: &mut Tx, teacher: &ClassTeacher) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().0;
    sqlx::query!(
        "insert into roster.class_teacher (tenant_id, assignment_id, class_id, staff_id, role, assigned_at)
         values ($1, $2, $3, $4, $5, $6) on conflict (tenant_id, assignment_id) do update set role = $5",
        tenant,
        teacher.assignment_id,
        teacher.class_id.0,
        teacher.teacher_id.0,
        teacher.role.name(),
        teacher.assigned_at.to_sqlx() as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Ends assignments now.
pub(super) async fn end(tx: &mut Tx, assignments: &[Uuid]) -> Result<(), sqlx::Error> {
    let (tenant, now) = (tx.tenant().0, tx.now());
    sqlx::query!(
        "update roster.class_teacher set removed_at = $3 where tenant_id = $1 and assignment_id = any($2)",
        tenant,
        assignments,
        now.to_sqlx() as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}
