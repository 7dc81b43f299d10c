//! The SQL of schools.

use jiff_sqlx::ToSqlx;
use kernel::{
    rows::{Search, Table},
    tx::Tx,
};
use sqlx::types::Json;

use crate::school::{School, SchoolId};

/// Schools as they are read.
pub static TABLE: Table = Table {
    name: "roster.school",
    columns: "school_id, name, name_key, status, timezone, external_refs, version, created_at, updated_at",
    id: "school_id",
    key: "name_key",
    search: &[
        Search::Start("name_key"),
        Search::Whole(
            "school_id in (select entity_id from roster.external_id where tenant_id = $1 and kind = 'school' and value = ?)",
        ),
    ],
};

/// Inserts a school unless another stands in the way; says whether it did.
pub(crate) async fn insert(tx: &mut Tx, school: &School) -> Result<bool, sqlx::Error> {
    let tenant = tx.tenant().0;
    let done = sqlx::query!(
        "insert into roster.school (tenant_id, school_id, name, name_key, status, timezone, external_refs, version, created_at, updated_at)
         select $1, $2, $3, $4, $5, $6, $7, $8, $9, $9 where roster.school_twin($1, $4, $7, $2) is null",
        tenant,
        school.school_id.0,
        school.name,
        school.name_key,
        school.status.name(),
        school.timezone,
        Json(&school.external_refs) as _,
        school.version,
        school.created_at.to_sqlx() as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Stores a school's next version unless another stands in the way; says whether it did.
pub(crate) async fn update(tx: &mut Tx, school: &School) -> Result<bool, sqlx::Error> {
    let tenant = tx.tenant().0;
    let done = sqlx::query!(
        "update roster.school set name = $3, name_key = $4, status = $5, timezone = $6, external_refs = $7, version = $8, updated_at = $9
         where tenant_id = $1 and school_id = $2 and ($5 <> 'Active' or roster.school_twin($1, $4, $7, $2) is null)",
        tenant,
        school.school_id.0,
        school.name,
        school.name_key,
        school.status.name(),
        school.timezone,
        Json(&school.external_refs) as _,
        school.version,
        school.updated_at.to_sqlx() as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The school that stands in the way of this one.
pub(super) async fn twin(tx: &mut Tx, school: &School) -> Result<Option<SchoolId>, sqlx::Error> {
    let tenant = tx.tenant().0;
    let found = sqlx::query_scalar!(
        "select roster.school_twin($1, $2, $3, $4)",
        tenant,
        school.name_key,
        Json(&school.external_refs) as _,
        school.school_id.0,
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(found.map(SchoolId))
}
