//! Walks the chains of the audit trail and names the first record that is not what was sealed.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use uuid::Uuid;

use super::seal::{self, GENESIS, Hash, Head, SealKey};
use crate::TenantId;

mod finding;

pub use finding::{Finding, What};

/// Links read at once.
const PAGE: i64 = 1_000;

/// What was found, tenant by tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// One for each tenant with a chain, records or a head.
    pub tenants: Vec<Chain>,
}

impl Report {
    /// Is every chain whole?
    pub fn is_intact(&self) -> bool {
        self.tenants.iter().all(|chain| chain.finding.is_none())
    }
}

/// The state of one tenant's chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Chain {
    /// Whose.
    pub tenant: TenantId,
    /// How many links are sound.
    pub sealed: i64,
    /// Records committed too recently to be in the chain.
    pub unsealed: i64,
    /// The first thing that is wrong.
    pub finding: Option<Finding>,
}

/// Verifies the chains of one tenant, or of all, up to their ends, and that they contain `heads`, which were kept
/// elsewhere. `key` is the one that signed them.
pub async fn verify(
    system: &PgPool,
    only: Option<TenantId>,
    heads: &[Head],
    key: &SealKey,
) -> sqlx::Result<Report> {
    let mut tenants = Vec::new();
    for tenant in scope(system, only, heads).await? {
        let heads: Vec<_> = heads.iter().filter(|head| head.tenant == tenant).collect();
        tenants.push(verify_tenant(system, tenant, &heads, key).await?);
    }
    Ok(Report { tenants })
}

async fn scope(
    system: &PgPool,
    only: Option<TenantId>,
    heads: &[Head],
) -> sqlx::Result<Vec<TenantId>> {
    if let Some(tenant) = only {
        return Ok(vec![tenant]);
    }
    let mut tenants: Vec<TenantId> = sqlx::query_scalar!(
        r#"select tenant_id as "tenant_id!: TenantId" from (
             select tenant_id from kernel.tenant union select distinct tenant_id from kernel.audit_link
             union select distinct tenant_id from kernel.audit) t"#
    )
    .fetch_all(system)
    .await?;
    tenants.extend(heads.iter().map(|head| head.tenant));
    tenants.sort_unstable();
    tenants.dedup();
    Ok(tenants)
}

async fn verify_tenant(
    system: &PgPool,
    tenant: TenantId,
    heads: &[&Head],
    key: &SealKey,
) -> sqlx::Result<Chain> {
    let mut walk = Walk::new(heads);
    let mut finding =
        heads.iter().find(|head| !head.is_signed_by(key)).map(|head| Finding::forged(head));
    while finding.is_none() {
        let page = links(system, tenant, walk.position).await?;
        if page.is_empty() {
            finding = walk.missing_head();
            break;
        }
        finding = page.iter().find_map(|link| walk.step(link));
    }
    if finding.is_none() {
        finding = unlinked(system, tenant).await?;
    }
    let unsealed = unsealed(system, tenant).await?;
    Ok(Chain { tenant, sealed: walk.position, unsealed, finding })
}

/// A link with its record as they are now.
#[derive(Debug)]
struct Link {
    position: i64,
    audit_id: Uuid,
    hash: Vec<u8>,
    record: Option<String>,
    /// The columns beside the record, as JSON under the record's own names.
    columns: Option<serde_json::Value>,
}

async fn links(system: &PgPool, tenant: TenantId, after: i64) -> sqlx::Result<Vec<Link>> {
    sqlx::query_as!(
        Link,
        r#"select l.position, l.audit_id, l.hash, a.record as "record?",
                  case when a.audit_id is not null then jsonb_build_object(
                    'auditId', a.audit_id, 'tenantId', a.tenant_id, 'action', a.action, 'entity', a.entity,
                    'entityId', a.entity_id, 'outcome', a.outcome, 'actor', a.actor, 'correlationId', a.correlation_id) end as columns
             from kernel.audit_link l
             left join kernel.audit a on a.tenant_id = l.tenant_id and a.audit_id = l.audit_id
            where l.tenant_id = $1 and l.position > $2 order by l.position limit $3"#,
        tenant.0,
        after,
        PAGE
    )
    .fetch_all(system)
    .await
}

/// A walk along a chain: everything up to `position` is sound.
struct Walk<'a> {
    position: i64,
    hash: Hash,
    heads: HashMap<i64, &'a Head>,
}

impl<'a> Walk<'a> {
    fn new(heads: &[&'a Head]) -> Self {
        let heads = heads.iter().map(|head| (head.sealed.position, *head)).collect();
        Self { position: 0, hash: GENESIS, heads }
    }

    /// Goes over one link, or says what is wrong with it.
    fn step(&mut self, link: &Link) -> Option<Finding> {
        let position = self.position + 1;
        let found = |what| Some(Finding { position, audit_id: Some(link.audit_id), what });
        if link.position != position {
            return Some(Finding { position, audit_id: None, what: What::LinkRemoved });
        }
        let Some(record) = &link.record else { return found(What::RecordRemoved) };
        let hash = seal::next(&self.hash, record);
        if link.hash != hash {
            return found(What::RecordAltered);
        }
        if !agrees(record, link.columns.as_ref()) {
            return found(What::ColumnsAltered);
        }
        if self.heads.remove(&position).is_some_and(|head| head.sealed.hash != seal::hex(&hash)) {
            return found(What::ChainReplaced);
        }
        (self.position, self.hash) = (position, hash);
        None
    }

    /// The nearest head beyond the end of the chain.
    fn missing_head(&self) -> Option<Finding> {
        let missing = self.heads.keys().any(|position| *position > self.position);
        missing.then(|| Finding {
            position: self.position + 1,
            audit_id: None,
            what: What::EndRemoved,
        })
    }
}

/// Do the columns say what the sealed record says? Fields that the record does not have are not compared.
fn agrees(record: &str, columns: Option<&serde_json::Value>) -> bool {
    #[derive(Deserialize)]
    struct Fields(serde_json::Map<String, serde_json::Value>);
    let Ok(Fields(record)) = serde_json::from_str(record) else { return false };
    let columns = columns.and_then(serde_json::Value::as_object);
    columns.is_some_and(|columns| {
        columns.iter().all(|(name, value)| record.get(name).is_none_or(|sealed| sealed == value))
    })
}

/// A record that should be in the chain by now and is not: it was added with a wrong date, or lost its link.
async fn unlinked(system: &PgPool, tenant: TenantId) -> sqlx::Result<Option<Finding>> {
    let unlinked = sqlx::query!(
        r#"select a.audit_id, (select coalesce(max(position), 0) from kernel.audit_link where tenant_id = $1) as "last!"
             from kernel.audit a
            where a.tenant_id = $1
              and a.recorded_at <= (select sealed_until from kernel.lease where slot = kernel.slot($1))
              and not exists (select from kernel.audit_link l where l.tenant_id = $1 and l.audit_id = a.audit_id)
            order by a.recorded_at, a.audit_id limit 1"#,
        tenant.0
    )
    .fetch_optional(system)
    .await?;
    Ok(unlinked.map(|row| Finding {
        position: row.last + 1,
        audit_id: Some(row.audit_id),
        what: What::RecordInserted,
    }))
}

async fn unsealed(system: &PgPool, tenant: TenantId) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"select count(*) as "n!" from kernel.audit a
            where a.tenant_id = $1
              and a.recorded_at > (select sealed_until from kernel.lease where slot = kernel.slot($1))
              and not exists (select from kernel.audit_link l where l.tenant_id = $1 and l.audit_id = a.audit_id)"#,
        tenant.0
    )
    .fetch_one(system)
    .await
}
