//! What is deleted when its time is over: idempotency keys, events of the feed, ids in the inbox.
//!
//! In small transactions, so that nobody waits and the tables stay small; each node cleans up after its own tenants.

use std::time::Duration;

use sqlx::{PgPool, postgres::types::PgInterval};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{Clock, background, lease::Leases};

/// How often it is looked for what is over.
const EVERY: Duration = Duration::from_mins(10);
/// Rows deleted in one transaction: a few milliseconds.
const BATCH: i64 = 1_000;
/// Between two transactions: deleting must not take the disk from those who work.
const BREATH: Duration = Duration::from_millis(20);
/// How long events are readable unless it is configured.
pub const FEED_DAYS: u16 = 30;

/// What retention works with.
#[derive(Clone, Debug)]
pub struct Retention {
    /// The database, as the system role.
    pub system: PgPool,
    /// Which tenants are this node's.
    pub leases: Leases,
    /// Says which idempotency keys are over.
    pub clock: Clock,
    /// For how many days events are readable and the inbox remembers ids: the same, so that an event cannot come back
    /// after it was forgotten.
    pub feed_days: u16,
}

/// Deletes what is over, until `stop`.
pub async fn run(retention: Retention, stop: CancellationToken) {
    while !stop.is_cancelled() {
        match stop.run_until_cancelled(delete(&retention)).await {
            Some(Ok(deleted)) if deleted != Deleted::default() => {
                tracing::info!(?deleted, "deleted what was over");
            }
            Some(Err(error)) => {
                tracing::warn!(%error, "could not delete all that is over: trying again later");
            }
            Some(Ok(_)) | None => {}
        }
        background::pause(&stop, EVERY).await;
    }
}

/// How much was deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deleted {
    /// Idempotency keys.
    pub keys: u64,
    /// Events of the feed.
    pub events: u64,
    /// Ids in the inbox.
    pub inbox: u64,
}

/// Deletes all that is over now in the slots of this node.
pub async fn delete(retention: &Retention) -> sqlx::Result<Deleted> {
    let slots = retention.leases.slots();
    Ok(Deleted {
        keys: keys(retention, &slots).await?,
        events: events(retention, &slots).await?,
        inbox: inbox(retention, &slots).await?,
    })
}

async fn keys(retention: &Retention, slots: &[i16]) -> sqlx::Result<u64> {
    let now = jiff_sqlx::Timestamp::from(retention.clock.now());
    let mut total = 0;
    loop {
        let done = sqlx::query!(
            "delete from kernel.idempotency where (tenant_id, caller, key) in (
               select tenant_id, caller, key from kernel.idempotency
                where expires_at < $1 and kernel.slot(tenant_id) = any($2) order by expires_at limit $3)",
            now as _,
            slots,
            BATCH
        )
        .execute(&retention.system)
        .await?;
        total += done.rows_affected();
        if !more(done.rows_affected()).await {
            return Ok(total);
        }
    }
}

async fn inbox(retention: &Retention, slots: &[i16]) -> sqlx::Result<u64> {
    let kept = days(retention.feed_days);
    let mut total = 0;
    loop {
        let done = sqlx::query!(
            "delete from kernel.inbox where (tenant_id, consumer, event_id) in (
               select tenant_id, consumer, event_id from kernel.inbox
                where done_at < now() - $1::interval and kernel.slot(tenant_id) = any($2) limit $3)",
            kept,
            slots,
            BATCH
        )
        .execute(&retention.system)
        .await?;
        total += done.rows_affected();
        if !more(done.rows_affected()).await {
            return Ok(total);
        }
    }
}

/// A feed whose oldest event is over.
#[derive(Debug)]
struct Feed {
    tenant_id: Uuid,
    context: String,
}

async fn events(retention: &Retention, slots: &[i16]) -> sqlx::Result<u64> {
    let kept = days(retention.feed_days);
    let feeds = sqlx::query_as!(
        Feed,
        "select f.tenant_id, f.context from kernel.feed f
           join kernel.event e on e.tenant_id = f.tenant_id and e.context = f.context and e.number = f.oldest
          where f.slot = any($1) and f.oldest <= f.delivered and e.numbered_at < now() - $2::interval",
        slots,
        kept
    )
    .fetch_all(&retention.system)
    .await?;
    let mut deleted = 0;
    for feed in feeds {
        loop {
            let trimmed = trim(&retention.system, &feed, &kept).await?;
            deleted += trimmed;
            if !more(trimmed).await {
                break;
            }
        }
    }
    Ok(deleted)
}

/// Deletes the oldest events of a feed and moves the mark that readers see, in one transaction.
///
/// Undelivered events stay, however old. Parked ones stay, too, for a person to decide; readers do not see them then.
async fn trim(system: &PgPool, feed: &Feed, kept: &PgInterval) -> sqlx::Result<u64> {
    let deleted = sqlx::query_scalar!(
        r#"with over as (
             select e.number from kernel.feed f
               cross join lateral (
                 select number, numbered_at from kernel.event
                  where tenant_id = f.tenant_id and context = f.context and number >= f.oldest and number <= f.delivered
                  order by number limit $4) e
              where f.tenant_id = $1 and f.context = $2 and e.numbered_at < now() - $3::interval),
           moved as (
             update kernel.feed set oldest = (select max(number) + 1 from over)
              where tenant_id = $1 and context = $2 and exists (select from over)),
           deleted as (
             delete from kernel.event e using over
              where e.tenant_id = $1 and e.context = $2 and e.number = over.number
                and not exists (select from kernel.parked p
                                 where p.tenant_id = $1 and p.context = $2 and p.number = over.number)
              returning 1)
           select count(*) as "n!" from over"#,
        feed.tenant_id,
        feed.context,
        kept,
        BATCH
    )
    .fetch_one(system)
    .await?;
    Ok(u64::try_from(deleted).unwrap_or(0))
}

/// Whether there may be more: after a full batch, which it follows with a breath for everybody else.
async fn more(deleted: u64) -> bool {
    let full = deleted >= BATCH.unsigned_abs();
    if full {
        tokio::time::sleep(BREATH).await;
    }
    full
}

fn days(days: u16) -> PgInterval {
    PgInterval { months: 0, days: i32::from(days), microseconds: 0 }
}
