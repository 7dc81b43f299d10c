//! The SQL of schools.

use jiff_sqlx::ToSqlx;
use kernel::tx::Tx;
use sqlx::types::Json;

use crate::school::{School, SchoolId, Status};

macro_rules! school {
    ($r:expr) => {
        School {
            school_id: SchoolId($r.school_id),
            name: $r.name,
            name_key: $r.name_key,
            status: if $r.status == "Active" { Status::Active } else { Status::Archived },
            timezone: $r.timezone,
            external_refs: $r.external_refs.0,
            version: $r.version,
            created_at: $r.created_at.to_jiff(),
            updated_at: $r.updated_at.to_jiff(),
        }
    };
}
pub(super) use school;

/// Serialises writers of one name until the transaction ends: the rule of twins is no unique index.
pub(super) async fn lock_name(tx: &mut Tx, name_key: &str) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().0;
    sqlx::query!(
        "select pg_advisory_xact_lock(hashtextextended('roster.school ' || $1::uuid::text || ' ' || $2, 0))",
        tenant,
        name_key,
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(())
}

/// Inserts a school unless another stands in the way; says whether it did.
pub(super) async fn insert(tx: &mut Tx, school: &School) -> Result<bool, sqlx::Error> {
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
pub(super) async fn update(tx: &mut Tx, school: &School) -> Result<bool, sqlx::Error> {
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

/// The row of one school; `$lock` is the end of the query.
macro_rules! one {
    ($tx:ident, $id:ident, $lock:tt) => {{
        let tenant = $tx.tenant().0;
        let found = sqlx::query!(
            r#"select school_id, name, name_key, status, timezone,
                      external_refs as "external_refs: Json<Vec<crate::external::ExternalRef>>", version, created_at, updated_at
               from roster.school where tenant_id = $1 and school_id = $2 "# + $lock,
            tenant,
            $id.0,
        )
        .fetch_optional($tx.conn())
        .await?;
        Ok(found.map(|r| school!(r)))
    }};
}

/// One school.
pub(super) async fn find(tx: &mut Tx, id: SchoolId) -> Result<Option<School>, sqlx::Error> {
    one!(tx, id, "")
}

/// One school, locked against other changes until the transaction ends.
pub(super) async fn lock(tx: &mut Tx, id: SchoolId) -> Result<Option<School>, sqlx::Error> {
    one!(tx, id, "for update")
}
