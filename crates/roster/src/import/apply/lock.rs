//! Whether the roster still is what a plan saw: the rows that change are locked, those that are referred to are held.

use kernel::{
    rows::{self, Only, Table},
    tx::Tx,
};
use uuid::Uuid;

use super::{super::diff::Change, STALE};
use crate::Error;

/// A row by its id and version.
#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    version: i64,
}

macro_rules! tables {
    ($($name:ident $table:literal $id:literal;)*) => {
        $(pub(super) static $name: Table = Table {
            name: $table,
            columns: concat!($id, " as id, version"),
            id: $id,
            key: $id,
            search: &[],
        };)*
    };
}

tables! {
    SCHOOLS "roster.school" "school_id";
    TERMS "roster.term" "term_id";
    CLASSES "roster.class" "class_id";
    STUDENTS "roster.student" "student_id";
    STAFF "roster.staff" "staff_id";
    GUARDIANS "roster.guardian" "guardian_id";
    ENROLLMENTS "roster.enrollment" "enrollment_id";
}

/// Locks what changes, and requires that each is at the version that the plan saw.
pub(super) async fn unmoved<T>(
    tx: &mut Tx,
    table: &Table,
    changes: &[Change<T>],
    seen: impl Fn(&T) -> (Uuid, i64),
) -> Result<(), Error> {
    let mut wanted: Vec<_> = changes.iter().filter_map(|c| c.before.as_ref()).map(seen).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let ids = wanted.iter().map(|(id, _)| *id).collect();
    let rows: Vec<Row> = rows::lock_all(tx, table, &[Only::Ids(any(table), ids)]).await?;
    let mut found: Vec<_> = rows.into_iter().map(|row| (row.id, row.version)).collect();
    wanted.sort_unstable();
    found.sort_unstable();
    if wanted == found { Ok(()) } else { Err(Error::Conflict(STALE)) }
}

/// Holds what is referred to, and requires that all of it is active.
pub(super) async fn active(
    tx: &mut Tx,
    table: &Table,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<(), Error> {
    let mut ids: Vec<_> = ids.into_iter().collect();
    ids.sort_unstable();
    ids.dedup();
    let wanted = ids.len();
    let only = [Only::Word("status", "Active"), Only::Ids(any(table), ids)];
    let rows: Vec<Row> = rows::hold_all(tx, table, &only).await?;
    if rows.len() == wanted { Ok(()) } else { Err(Error::Conflict(STALE)) }
}

/// The condition that a row is one of some ids.
fn any(table: &Table) -> &'static str {
    match table.id {
        "school_id" => "school_id = any(?)",
        "term_id" => "term_id = any(?)",
        "class_id" => "class_id = any(?)",
        "student_id" => "student_id = any(?)",
        "staff_id" => "staff_id = any(?)",
        "guardian_id" => "guardian_id = any(?)",
        _ => "enrollment_id = any(?)",
    }
}
