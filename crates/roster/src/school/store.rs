//! The SQL of schools.

use jiff_sqlx::ToSqlx;
use kernel::tx::Tx;
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use uuid::Uuid;

use crate::school::{School, SchoolId, Status};

/// A list as asked for.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Only schools of this status.
    pub status: Option<Status>,
    /// What their name starts with (as a key), and the external id that would do as well.
    pub search: Option<(String, String)>,
    /// In which order.
    pub order: Order,
    /// Where the page before ended.
    pub after: Option<After>,
    /// Most schools of the page.
    pub limit: i64,
}

impl Wanted {
    /// Most schools of the page.
    pub(crate) fn size(&self) -> usize {
        usize::try_from(self.limit).unwrap_or(usize::MAX)
    }
}

/// The order of a list; ties are broken by id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub enum Order {
    /// By name.
    #[default]
    #[serde(rename = "name")]
    Name,
    /// By name, backwards.
    #[serde(rename = "-name")]
    NameDescending,
}

/// The sort key of the last school shown.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct After(pub String, pub Uuid);

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

/// The last key of all: after every name.
const LAST: &str = "\u{10FFFF}";

/// The rows of one page; each direction is a query of its own, so that both walk the index.
///
/// By name, by status and name, by the caller's own ids, and by external id are four branches, each on its index and at
/// most a page long: one condition for all would read every school once PostgreSQL has settled on a plan. A branch that is
/// not asked for finds nothing.
macro_rules! page {
    ($tx:ident, $wanted:ident, $own:ident, $after:tt, $direction:tt, $start:expr) => {{
        let (name, id) = $wanted.after.as_ref().map_or($start, |after| (after.0.as_str(), after.1));
        let (prefix, external) = $wanted.search.as_ref().map(|(p, e)| (p.as_str(), e.as_str())).unzip();
        let tenant = $tx.tenant().0;
        let rows = sqlx::query!(
            r#"select school_id as "school_id!", name as "name!", name_key as "name_key!", status as "status!", timezone as "timezone!",
                      external_refs as "external_refs!: Json<Vec<crate::external::ExternalRef>>",
                      version as "version!", created_at as "created_at!", updated_at as "updated_at!"
               from (
                 (select * from roster.school
                  where tenant_id = $1 and (name_key, school_id) "# + $after + r#" ($2, $3)
                    and name_key >= $6 and name_key < $6 || $8
                    and $4::text is null and $5::uuid[] is null
                  order by name_key "# + $direction + ", school_id " + $direction + r#" limit $9)
                 union all
                 (select * from roster.school
                  where tenant_id = $1 and (name_key, school_id) "# + $after + r#" ($2, $3)
                    and name_key >= $6 and name_key < $6 || $8
                    and status = $4 and $5 is null
                  order by name_key "# + $direction + ", school_id " + $direction + r#" limit $9)
                 union all
                 (select * from roster.school
                  where tenant_id = $1 and (name_key, school_id) "# + $after + r#" ($2, $3)
                    and name_key >= $6 and name_key < $6 || $8
                    and ($4 is null or status = $4) and school_id = any($5)
                  order by name_key "# + $direction + ", school_id " + $direction + r#" limit $9)
                 union all
                 (select * from roster.school
                  where tenant_id = $1 and (name_key, school_id) "# + $after + r#" ($2, $3)
                    and not (name_key >= $6 and name_key < $6 || $8)
                    and school_id in (select e.entity_id from roster.external_id e
                                      where e.tenant_id = $1 and e.kind = 'school' and e.value = $7)
                    and ($4 is null or status = $4) and ($5 is null or school_id = any($5))
                  order by name_key "# + $direction + ", school_id " + $direction + r#" limit $9)) found
               order by name_key "# + $direction + ", school_id " + $direction + " limit $9",
            tenant,
            name,
            id,
            $wanted.status.map(Status::name),
            $own,
            prefix.unwrap_or_default(),
            external,
            LAST,
            $wanted.limit + 1,
        )
        .fetch_all($tx.conn())
        .await?;
        Ok(rows.into_iter().map(|r| school!(r)).collect())
    }};
}

/// One school more than the page holds, so that one knows whether there is another page.
pub(super) async fn list(
    tx: &mut Tx,
    wanted: &Wanted,
    own: Option<&[Uuid]>,
) -> Result<Vec<School>, sqlx::Error> {
    match wanted.order {
        Order::Name => page!(tx, wanted, own, ">", "asc", ("", Uuid::nil())),
        Order::NameDescending => page!(tx, wanted, own, "<", "desc", (LAST, Uuid::max())),
    }
}
