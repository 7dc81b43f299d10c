//! Events whose reaction failed: kept with the envelope, tried again with growing pauses, then parked for a person.

use std::time::Duration;

use jiff::Timestamp;
use sqlx::PgPool;
use uuid::Uuid;

use super::{Inbox, Received, apply};
use crate::{Kernel, Problem, TenantId};

/// Failures after which an event is parked: with the growing pauses about a quarter of an hour.
pub const ATTEMPTS_MAX: i32 = 10;
/// The pause after a first failure; it doubles with each further one.
const RETRY_MIN: Duration = Duration::from_secs(1);
/// The longest pause.
const RETRY_MAX: Duration = Duration::from_mins(10);
/// Events tried again in one go.
const BATCH: i64 = 50;

/// Keeps an event whose reaction failed.
pub(super) async fn keep(
    kernel: &Kernel,
    consumer: &str,
    event: &Received,
    problem: &Problem,
) -> sqlx::Result<()> {
    let error = why(problem);
    tracing::warn!(tenant = %event.tenant, consumer, event = %event.event_id, event_type = event.event_type, error, "a reaction failed");
    let retry_at = retry_at(kernel, 1);
    sqlx::query!(
        "insert into kernel.inbox_failed (tenant_id, consumer, event_id, envelope, attempts, error, retry_at)
         values ($1, $2, $3, $4, 1, $5, $6) on conflict do nothing",
        event.tenant.0,
        consumer,
        event.event_id,
        event.envelope,
        error,
        retry_at.map(jiff_sqlx::Timestamp::from) as _
    )
    .execute(&kernel.system)
    .await?;
    Ok(())
}

/// A kept event that is due.
#[derive(Debug)]
struct Kept {
    tenant_id: Uuid,
    consumer: String,
    event_id: Uuid,
    envelope: String,
    attempts: i32,
}

/// Tries the due events of this node's slots again.
pub(super) async fn retry_due(inbox: &Inbox) -> sqlx::Result<()> {
    let now = jiff_sqlx::Timestamp::from(inbox.kernel.clock.now());
    let due = sqlx::query_as!(
        Kept,
        "select tenant_id, consumer, event_id, envelope, attempts from kernel.inbox_failed
          where retry_at <= $1 and kernel.slot(tenant_id) = any($2) order by retry_at limit $3",
        now as _,
        &inbox.leases.slots(),
        BATCH
    )
    .fetch_all(&inbox.kernel.system)
    .await?;
    for kept in due {
        match again(inbox, &kept).await {
            Ok(()) => forget(&inbox.kernel.system, &kept).await?,
            Err(problem) if apply::is_passing(&problem) => {
                postpone(&inbox.kernel, &kept, kept.attempts, &problem).await?;
            }
            Err(problem) => postpone(&inbox.kernel, &kept, kept.attempts + 1, &problem).await?,
        }
    }
    Ok(())
}

async fn again(inbox: &Inbox, kept: &Kept) -> Result<(), Problem> {
    let defect = |what: String| Problem::internal(&std::io::Error::other(what));
    let event =
        Received::from_text(kept.envelope.clone()).map_err(|error| defect(error.to_string()))?;
    let reaction = inbox.reactions.iter().find(|reaction| reaction.consumer == kept.consumer);
    let reaction =
        reaction.ok_or_else(|| defect(format!("this server has no consumer {}", kept.consumer)))?;
    apply::apply(&inbox.kernel, reaction, &event).await
}

async fn forget(system: &PgPool, kept: &Kept) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from kernel.inbox_failed where tenant_id = $1 and consumer = $2 and event_id = $3",
        kept.tenant_id,
        kept.consumer,
        kept.event_id
    )
    .execute(system)
    .await?;
    Ok(())
}

/// Sets the next try after `attempts` failures, or parks.
async fn postpone(
    kernel: &Kernel,
    kept: &Kept,
    attempts: i32,
    problem: &Problem,
) -> sqlx::Result<()> {
    let (error, retry_at) = (why(problem), retry_at(kernel, attempts));
    if retry_at.is_none() {
        tracing::error!(tenant = %kept.tenant_id, consumer = kept.consumer, event = %kept.event_id, error, "an event is parked: its reaction fails");
    }
    sqlx::query!(
        "update kernel.inbox_failed set attempts = $4, error = $5, retry_at = $6
          where tenant_id = $1 and consumer = $2 and event_id = $3",
        kept.tenant_id,
        kept.consumer,
        kept.event_id,
        attempts,
        error,
        retry_at.map(jiff_sqlx::Timestamp::from) as _
    )
    .execute(&kernel.system)
    .await?;
    Ok(())
}

fn why(problem: &Problem) -> &str {
    problem.internal.as_deref().unwrap_or(&problem.detail)
}

fn retry_at(kernel: &Kernel, attempts: i32) -> Option<Timestamp> {
    let doublings = u32::try_from(attempts - 1).unwrap_or(0).min(16);
    let pause = RETRY_MIN.saturating_mul(1 << doublings).min(RETRY_MAX);
    (attempts < ATTEMPTS_MAX).then(|| kernel.clock.now().saturating_add(pause).ok()).flatten()
}

/// An event whose reaction failed, as it stands.
#[derive(Clone, Debug)]
pub struct Failed {
    /// Its tenant.
    pub tenant_id: TenantId,
    /// Who could not react.
    pub consumer: String,
    /// The event.
    pub event_id: Uuid,
    /// How often it failed.
    pub attempts: i32,
    /// The last reason.
    pub error: String,
    /// When it is tried again; `None`: parked.
    pub retry_at: Option<jiff_sqlx::Timestamp>,
}

/// The first `limit` failed events, parked ones first.
pub async fn list(system: &PgPool, limit: i64) -> sqlx::Result<Vec<Failed>> {
    sqlx::query_as!(
        Failed,
        r#"select tenant_id as "tenant_id: TenantId", consumer, event_id, attempts, error, retry_at
             from kernel.inbox_failed order by retry_at nulls first, tenant_id, consumer, event_id limit $1"#,
        limit
    )
    .fetch_all(system)
    .await
}

/// Has parked events tried again from the first attempt: the one with this id (for all its consumers), or all.
/// Returns how many.
pub async fn replay(kernel: &Kernel, event: Option<Uuid>) -> sqlx::Result<u64> {
    let now = jiff_sqlx::Timestamp::from(kernel.clock.now());
    let done = sqlx::query!(
        "update kernel.inbox_failed set attempts = 0, retry_at = $1
          where retry_at is null and ($2::uuid is null or event_id = $2)",
        now as _,
        event
    )
    .execute(&kernel.system)
    .await?;
    Ok(done.rows_affected())
}
