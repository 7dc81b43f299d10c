//! The SQL of class teachers.

use jiff_sqlx::ToSqlx;
use kernel::{rows::Table, tx::Tx};
use uuid::Uuid;

use super::ClassTeacher;

/// Assignments as they are read.
pub(crate) static TABLE: Table = Table {
    name: "roster.class_teacher",
    columns: "assignment_id, class_id, staff_id, role, assigned_at",
    id: "assignment_id",
    key: "assigned_at",
    search: &[],
};

/// Open assignments by their ids.
pub(crate) const OPEN_BY_ID: &str = "removed_at is null and assignment_id = any(?)";
/// Open assignments of classes.
pub(crate) const OPEN_BY_CLASS: &str = "removed_at is null and class_id = any(?)";

/// Stores assignments, or other roles in them.
pub(crate) async fn save(tx: &mut Tx, teachers: &[ClassTeacher]) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().0;
    let ids: Vec<Uuid> = teachers.iter().map(|t| t.assignment_id).collect();
    let classes: Vec<Uuid> = teachers.iter().map(|t| t.class_id.0).collect();
    let staff: Vec<Uuid> = teachers.iter().map(|t| t.teacher_id.0).collect();
    let roles: Vec<&str> = teachers.iter().map(|t| t.role.name()).collect();
    let assigned: Vec<_> = teachers.iter().map(|t| t.assigned_at.to_sqlx()).collect();
    sqlx::query!(
        "insert into roster.class_teacher (tenant_id, assignment_id, class_id, staff_id, role, assigned_at)
         select $1, r.* from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::timestamptz[]) as r
         on conflict (tenant_id, assignment_id) do update set role = excluded.role",
        tenant,
        &ids,
        &classes,
        &staff,
        &roles as &[&str],
        &assigned as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Open assignments with the ids of their rows in a source.
pub(crate) async fn links(tx: &mut Tx, source: &str) -> Result<Vec<(String, Uuid)>, sqlx::Error> {
    let tenant = tx.tenant().0;
    let rows = sqlx::query!(
        "select r.value, r.entity_id from roster.class_teacher t
         join roster.source_row r on r.tenant_id = t.tenant_id and r.entity_id = t.assignment_id
         where t.tenant_id = $1 and t.removed_at is null and r.source = $2 and r.kind = 'assignment'",
        tenant,
        source,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| (row.value, row.entity_id)).collect())
}

/// Ends assignments now.
pub(crate) async fn end(tx: &mut Tx, assignments: &[Uuid]) -> Result<(), sqlx::Error> {
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
