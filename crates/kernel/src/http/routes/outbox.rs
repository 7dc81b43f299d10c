//! `GET …/outbox`: how far a tenant's events are published.

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use crate::{Cx, Problem, Tx, answer::Ok200, permission::OutboxRead};

/// Most parked events that one answer lists; `steward outbox list` shows all.
const PARKED_MAX: i64 = 100;

/// How far a tenant's events are published.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Outbox {
    /// One entry for each context that ever announced something.
    contexts: Vec<Progress>,
    /// Events that the broker refused, the first hundred; they are in the feed.
    parked: Vec<Parked>,
}

/// The progress of one context.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Progress {
    /// The context.
    context: String,
    /// The last number that was given.
    numbered: i64,
    /// The last number that the broker acknowledged, with all before it.
    delivered: i64,
    /// The oldest number that the feed still has.
    oldest: i64,
}

/// An event that the broker refused.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Parked {
    /// Its context.
    context: String,
    /// Its number.
    number: i64,
    /// Its id.
    event_id: Uuid,
    /// Its type.
    r#type: String,
    /// How often it was sent.
    attempts: i32,
    /// What the broker said.
    error: String,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    parked_at: Timestamp,
}

/// See how far events are published
///
/// Numbered, delivered and parked events of the tenant. Parked ones are sent again by `steward outbox retry`.
#[utoipa::path(get, path = "/api/v1/tenants/{tenantId}/outbox", tag = "platform", operation_id = "readOutbox",
    security(("bearer" = ["platform.outbox.read"])),
    responses((status = 200, description = "How far", body = Outbox)))]
pub(super) async fn read(cx: Cx<OutboxRead>) -> Result<Ok200<Outbox>, Problem> {
    cx.read(async |tx| {
        Ok::<_, Problem>(Outbox { contexts: contexts(tx).await?, parked: parked(tx).await? })
    })
    .await
    .map(Ok200)
}

async fn contexts(tx: &mut Tx) -> sqlx::Result<Vec<Progress>> {
    let tenant = tx.tenant().0;
    sqlx::query_as!(
        Progress,
        "select context, numbered, delivered, oldest from kernel.feed where tenant_id = $1 order by context",
        tenant
    )
    .fetch_all(tx.conn())
    .await
}

async fn parked(tx: &mut Tx) -> sqlx::Result<Vec<Parked>> {
    let tenant = tx.tenant().0;
    let rows = sqlx::query!(
        "select p.context, p.number, e.event_id, e.type, p.attempts, p.error, p.parked_at
         from kernel.parked p
         join kernel.event e on e.tenant_id = p.tenant_id and e.context = p.context and e.number = p.number
         where p.tenant_id = $1 order by p.context, p.number limit $2",
        tenant,
        PARKED_MAX
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows
        .into_iter()
        .map(|r| Parked {
            context: r.context,
            number: r.number,
            event_id: r.event_id,
            r#type: r.r#type,
            attempts: r.attempts,
            error: r.error,
            parked_at: r.parked_at.to_jiff(),
        })
        .collect())
}
