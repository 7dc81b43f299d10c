//! Tenant rows, which the whole kernel needs: whether a tenant is active decides every request.
//!
//! The roster owns their lifecycle; this module owns their SQL, because contexts do not read each other's schemas.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::PgConnection;

use crate::{TenantId, answer::Version};

/// Whether a tenant is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = TenantStatus)]
pub enum Status {
    /// Served.
    Active,
    /// Refused until reactivated; nothing is lost.
    Suspended,
    /// Refused for good.
    Deactivated,
}

impl Status {
    /// The text in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Suspended => "Suspended",
            Self::Deactivated => "Deactivated",
        }
    }

    /// From the database's text; its check constraint admits no other.
    pub fn of(text: &str) -> Self {
        match text {
            "Active" => Self::Active,
            "Suspended" => Self::Suspended,
            _ => Self::Deactivated,
        }
    }
}

/// A tenant's row.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its id.
    pub tenant_id: TenantId,
    /// Its name, unique on the platform.
    pub name: String,
    /// What names are compared by.
    pub name_key: String,
    /// Where it is kept.
    pub region: String,
    /// Whether it is served.
    pub status: Status,
    /// What it has switched on.
    pub capabilities: Value,
    /// Ids in other systems.
    pub external_refs: Value,
    /// Counted up by every change.
    pub version: Version,
    /// When it was provisioned.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

macro_rules! row {
    ($r:expr) => {
        Row {
            tenant_id: TenantId($r.tenant_id),
            name: $r.name,
            name_key: $r.name_key,
            region: $r.region,
            status: Status::of(&$r.status),
            capabilities: $r.capabilities,
            external_refs: $r.external_refs,
            version: $r.version,
            created_at: $r.created_at.to_jiff(),
            updated_at: $r.updated_at.to_jiff(),
        }
    };
}

/// Inserts a tenant.
pub async fn insert(conn: &mut PgConnection, row: &Row) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into kernel.tenant (tenant_id, name, name_key, region, status, capabilities, external_refs, version, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        row.tenant_id.0,
        row.name,
        row.name_key,
        row.region,
        row.status.name(),
        row.capabilities,
        row.external_refs,
        row.version,
        row.created_at.to_sqlx() as _,
        row.updated_at.to_sqlx() as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Stores a new status and version.
pub async fn update_status(conn: &mut PgConnection, row: &Row) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update kernel.tenant set status = $2, version = $3, updated_at = $4 where tenant_id = $1",
        row.tenant_id.0,
        row.status.name(),
        row.version,
        row.updated_at.to_sqlx() as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// One tenant.
pub async fn find(conn: &mut PgConnection, tenant: TenantId) -> Result<Option<Row>, sqlx::Error> {
    let found = sqlx::query!("select * from kernel.tenant where tenant_id = $1", tenant.0)
        .fetch_optional(conn)
        .await?;
    Ok(found.map(|r| row!(r)))
}

/// One tenant, locked against other changes until the transaction ends.
pub async fn lock(conn: &mut PgConnection, tenant: TenantId) -> Result<Option<Row>, sqlx::Error> {
    let found =
        sqlx::query!("select * from kernel.tenant where tenant_id = $1 for update", tenant.0)
            .fetch_optional(conn)
            .await?;
    Ok(found.map(|r| row!(r)))
}

/// Serialises provisioning in one region until the transaction ends, then says how many tenants it holds and which
/// tenant, if any, already has this name.
pub async fn crowd(
    conn: &mut PgConnection,
    region: &str,
    name_key: &str,
) -> Result<(i64, Option<TenantId>), sqlx::Error> {
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended('kernel.tenant', 0))")
        .fetch_one(&mut *conn)
        .await?;
    let found = sqlx::query!(
        r#"select (select count(*) from kernel.tenant where region = $1 and status <> 'Deactivated') as "count!",
                  (select tenant_id from kernel.tenant where name_key = $2) as twin"#,
        region,
        name_key,
    )
    .fetch_one(conn)
    .await?;
    Ok((found.count, found.twin.map(TenantId)))
}

/// A page of tenants by name, after the key of the last page's last one.
pub async fn list(
    conn: &mut PgConnection,
    status: Option<Status>,
    after: Option<(&str, TenantId)>,
    limit: i64,
) -> Result<Vec<Row>, sqlx::Error> {
    let (name, id) = after.map_or(("", TenantId::NIL), |(name, id)| (name, id));
    let found = sqlx::query!(
        "select * from kernel.tenant where (name_key, tenant_id) > ($1, $2) and ($3::text is null or status = $3)
         order by name_key, tenant_id limit $4",
        name,
        id.0,
        status.map(Status::name),
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(found.into_iter().map(|r| row!(r)).collect())
}

/// Whether a tenant is served; `None` when there is none of this id.
pub async fn status(
    conn: &mut PgConnection,
    tenant: TenantId,
) -> Result<Option<Status>, sqlx::Error> {
    let found =
        sqlx::query_scalar!("select status from kernel.tenant where tenant_id = $1", tenant.0)
            .fetch_optional(conn)
            .await?;
    Ok(found.map(|text| Status::of(&text)))
}
