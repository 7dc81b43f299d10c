//! `GET …/audit`: the audit trail of a tenant, newest first.

use axum::response::IntoResponse;
use serde::Deserialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::{
    answer::Ok200,
    cursor::Page,
    cx::Cx,
    http::{Query, params::page_size},
    permission::AuditRead,
    problem::Problem,
};

const ROUTE: &str = "platform.audit";

/// Which records are wanted.
#[derive(Clone, Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Kind of entity, for instance `roster.school`.
    entity: Option<String>,
    /// One entity.
    entity_id: Option<Uuid>,
    /// Items of a page, 1 to 500; 50 when left out.
    #[param(minimum = 1, maximum = 500)]
    page_size: Option<u32>,
    /// The `nextToken` of the page before.
    next_token: Option<String>,
}

/// Read the audit trail
///
/// Every change and every refusal, newest first, as it was recorded and sealed.
#[utoipa::path(get, path = "/api/v1/tenants/{tenantId}/audit", tag = "platform", params(Filter),
    operation_id = "listAudit", security(("bearer" = ["platform.audit.read"])),
    responses((status = 200, description = "A page of records", body = inline(Page<serde_json::Value>))))]
pub(super) async fn list(
    cx: Cx<AuditRead>,
    Query(filter): Query<Filter>,
) -> Result<impl IntoResponse, Problem> {
    let size = page_size(filter.page_size)?;
    let key = (&filter.entity, filter.entity_id);
    let cursors = &cx.kernel().cursors;
    let before: Option<Uuid> = match &filter.next_token {
        Some(token) => Some(cursors.open(cx.tenant(), ROUTE, &key, token)?),
        None => None,
    };
    let rows = cx.read(async |tx| page(tx, &filter, before, size + 1).await).await?;
    let more = rows.len() > usize::try_from(size).unwrap_or(usize::MAX);
    let rows = rows.get(..usize::try_from(size).unwrap_or(0).min(rows.len())).unwrap_or_default();
    let next_token =
        rows.last().filter(|_| more).map(|(id, _)| cursors.seal(cx.tenant(), ROUTE, &key, id));
    let items = rows
        .iter()
        .map(|(_, record)| RawValue::from_string(record.clone()))
        .collect::<Result<Vec<_>, _>>();
    Ok(Ok200(Page { items: items.map_err(|e| Problem::internal(&e))?, next_token }))
}

async fn page(
    tx: &mut crate::tx::Tx,
    filter: &Filter,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<(Uuid, String)>, Problem> {
    let tenant = tx.tenant().0;
    let rows = sqlx::query!(
        "select audit_id, record from kernel.audit
         where tenant_id = $1 and audit_id < $2 and ($3::text is null or entity = $3) and ($4::uuid is null or entity_id = $4)
         order by audit_id desc limit $5",
        tenant,
        before.unwrap_or(Uuid::max()),
        filter.entity,
        filter.entity_id,
        limit,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|r| (r.audit_id, r.record)).collect())
}
