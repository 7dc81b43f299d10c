//! Events that the broker refused for good: kept visibly, sent again when a person asks.

use sqlx::PgPool;
use uuid::Uuid;

use super::{Broker, Delivery, envelope::Logged, marks::FeedKey, publish};

/// Parked events sent again in one round.
const RETRIES_AT_ONCE: i64 = 100;

/// A refused event of a feed.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) number: i64,
    pub(super) error: String,
}

/// Parks what was refused. Committed before the feed's mark passes it.
pub(super) async fn park(
    system: &PgPool,
    (tenant, context): &FeedKey,
    refused: &[Refusal],
) -> sqlx::Result<()> {
    if refused.is_empty() {
        return Ok(());
    }
    let (numbers, errors): (Vec<_>, Vec<_>) =
        refused.iter().map(|refusal| (refusal.number, refusal.error.clone())).unzip();
    sqlx::query!(
        "insert into kernel.parked as p (tenant_id, context, number, attempts, error)
         select $1, $2, r.number, 1, r.error from unnest($3::bigint[], $4::text[]) as r(number, error)
         on conflict (tenant_id, context, number) do update
            set attempts = p.attempts + 1, error = excluded.error, retry = false",
        tenant,
        context,
        &numbers,
        &errors
    )
    .execute(system)
    .await?;
    metrics::counter!("relay_parked_total").increment(u64::try_from(refused.len()).unwrap_or(0));
    tracing::error!(%tenant, context, ?refused, "events parked: the broker refuses them; see the outbox list");
    Ok(())
}

/// Sends parked events again for which a person asked. They keep their numbers.
pub(super) async fn retry_asked(
    system: &PgPool,
    broker: &impl Broker,
    slots: &[i16],
) -> sqlx::Result<()> {
    let asked = sqlx::query_as!(
        Logged,
        r#"select e.tenant_id, e.context, e.number, e.event_id, e.type as event_type, e.subject, e.data,
                  e.meta::text as "meta!", e.occurred_at
             from kernel.parked p
             join kernel.event e on e.tenant_id = p.tenant_id and e.context = p.context and e.number = p.number
            where p.retry and kernel.slot(p.tenant_id) = any($1)
            order by p.tenant_id, p.context, p.number limit $2"#,
        slots,
        RETRIES_AT_ONCE
    )
    .fetch_all(system)
    .await?;
    for event in asked {
        let key = (event.tenant_id, event.context.clone());
        match publish::hand_over(broker, &event).await {
            Delivery::Acked => forget(system, &key, event.number).await?,
            Delivery::Refused(error) => {
                park(system, &key, &[Refusal { number: event.number, error }]).await?;
            }
            // Still asked for: the next round tries again.
            Delivery::Unknown(_) => return Ok(()),
        }
    }
    Ok(())
}

async fn forget(system: &PgPool, (tenant, context): &FeedKey, number: i64) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from kernel.parked where tenant_id = $1 and context = $2 and number = $3",
        tenant,
        context,
        number
    )
    .execute(system)
    .await?;
    Ok(())
}

/// A parked event.
#[derive(Clone, Debug)]
pub struct Parked {
    /// Whose event.
    pub tenant_id: Uuid,
    /// Its context, with `number` its place in the feed.
    pub context: String,
    /// Its number in the feed of tenant and context.
    pub number: i64,
    /// The event's id.
    pub event_id: Uuid,
    /// The event's type.
    pub event_type: String,
    /// How often the broker refused it.
    pub attempts: i32,
    /// The broker's last reason.
    pub error: String,
    /// When it was parked first.
    pub since: jiff_sqlx::Timestamp,
    /// Was it asked to be sent again, and is it waiting for that?
    pub retry: bool,
}

/// The first `limit` parked events, by tenant, context and number.
pub async fn list(system: &PgPool, limit: i64) -> sqlx::Result<Vec<Parked>> {
    sqlx::query_as!(
        Parked,
        r#"select p.tenant_id, p.context, p.number, e.event_id, e.type as event_type, p.attempts, p.error, p.parked_at as since, p.retry
             from kernel.parked p
             join kernel.event e on e.tenant_id = p.tenant_id and e.context = p.context and e.number = p.number
            order by p.tenant_id, p.context, p.number limit $1"#,
        limit
    )
    .fetch_all(system)
    .await
}

/// How many events of a tenant wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backlog {
    /// The tenant.
    pub tenant_id: Uuid,
    /// Committed, not yet acknowledged by the broker (or acknowledged so recently that it is not yet marked).
    pub waiting: i64,
    /// Refused by the broker.
    pub parked: i64,
}

/// The tenants with waiting or parked events.
pub async fn backlog(system: &PgPool) -> sqlx::Result<Vec<Backlog>> {
    sqlx::query_as!(
        Backlog,
        r#"select tenant_id as "tenant_id!", sum(waiting)::bigint as "waiting!", sum(parked)::bigint as "parked!" from (
             select tenant_id, count(*) as waiting, 0 as parked from kernel.outbox group by tenant_id
             union all
             select tenant_id, numbered - delivered, 0 from kernel.feed where numbered > delivered
             union all
             select tenant_id, 0, count(*) from kernel.parked group by tenant_id) w
            group by tenant_id order by tenant_id"#
    )
    .fetch_all(system)
    .await
}

/// Which parked events to send again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// All of them.
    All,
    /// The one with this event id.
    One(Uuid),
}

/// Asks the relay to send parked events again, whichever node it runs on; within a second it does. Returns how many.
pub async fn retry(system: &PgPool, which: &Which) -> sqlx::Result<u64> {
    let one = match which {
        Which::All => None,
        Which::One(event) => Some(*event),
    };
    let asked = sqlx::query!(
        "update kernel.parked p set retry = true from kernel.event e
          where e.tenant_id = p.tenant_id and e.context = p.context and e.number = p.number
            and ($1::uuid is null or e.event_id = $1)",
        one
    )
    .execute(system)
    .await?;
    Ok(asked.rows_affected())
}
