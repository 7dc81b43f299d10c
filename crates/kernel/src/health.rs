//! How the background work is doing: what `/health/degraded` and the operator's commands show.

use serde::Serialize;
use sqlx::PgPool;

use crate::relay::Broker;

/// An event that waits longer than this makes the service degraded, in seconds: subscribers notice.
const OLDEST_MAX: f64 = 15.0;

/// The state of the background work of all nodes, from the database; the broker as this node sees it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Background {
    /// Has this node a connection to the broker?
    pub broker_connected: bool,
    /// Events on their way.
    pub outbox: Outbox,
    /// Events to be reacted to.
    pub inbox: Inbox,
    /// Durable jobs.
    pub jobs: Jobs,
    /// Slots of tenants that no live node serves.
    pub slots_unserved: i64,
}

/// Events on their way to the broker.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outbox {
    /// Committed, not yet acknowledged (or so recently that the broker may still forget it).
    pub waiting: i64,
    /// How long the oldest of them has waited.
    pub oldest_seconds: f64,
    /// Refused by the broker: a person has to look.
    pub parked: i64,
}

/// Events for this platform's own consumers.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Inbox {
    /// Failed, and to be tried again.
    pub failed: i64,
    /// Failed too often: a person has to look.
    pub parked: i64,
}

/// Durable jobs.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Jobs {
    /// Running or waiting for their time.
    pub waiting: i64,
    /// Failed too often: a person has to look.
    pub parked: i64,
}

impl Background {
    /// What is not as it should be, each with what to do; empty when all is well.
    pub fn complaints(&self) -> Vec<String> {
        let mut complaints = Vec::new();
        let mut complain = |wrong: bool, text: String| {
            if wrong {
                complaints.push(text);
            }
        };
        complain(
            !self.broker_connected,
            "no connection to the broker: events wait and are published when it is back".to_owned(),
        );
        let Outbox { waiting, oldest_seconds, parked } = &self.outbox;
        complain(
            *oldest_seconds > OLDEST_MAX,
            format!(
                "{waiting} events wait, the oldest for {oldest_seconds:.0} s: check the broker"
            ),
        );
        complain(
            *parked > 0,
            format!("the broker refused {parked} events: see steward outbox list"),
        );
        complain(
            self.inbox.parked > 0,
            format!(
                "{} events could not be reacted to: see their errors and replay them",
                self.inbox.parked
            ),
        );
        complain(
            self.jobs.parked > 0,
            format!(
                "{} jobs failed for good: see their errors and start them again",
                self.jobs.parked
            ),
        );
        complain(
            self.slots_unserved > 0,
            format!(
                "{} of 16 slots of tenants are unserved: a node left within the last seconds",
                self.slots_unserved
            ),
        );
        complaints
    }
}

/// Looks.
pub async fn background(system: &PgPool, broker: &impl Broker) -> sqlx::Result<Background> {
    let row = sqlx::query!(
        r#"select
             (select count(*) from kernel.outbox) as "unnumbered!",
             (select coalesce(sum(numbered - delivered), 0)::bigint from kernel.feed where numbered > delivered) as "unmarked!",
             (select count(*) from kernel.parked) as "parked!",
             (select count(*) from kernel.inbox_failed where retry_at is not null) as "inbox_failed!",
             (select count(*) from kernel.inbox_failed where retry_at is null) as "inbox_parked!",
             (select count(*) from kernel.job where parked_error is null) as "jobs!",
             (select count(*) from kernel.job where parked_error is not null) as "jobs_parked!",
             (select count(*) from kernel.lease where until <= now()) as "unserved!""#
    )
    .fetch_one(system)
    .await?;
    Ok(Background {
        broker_connected: broker.connected(),
        outbox: Outbox {
            waiting: row.unnumbered + row.unmarked,
            oldest_seconds: oldest_seconds(system).await?,
            parked: row.parked,
        },
        inbox: Inbox { failed: row.inbox_failed, parked: row.inbox_parked },
        jobs: Jobs { waiting: row.jobs, parked: row.jobs_parked },
        slots_unserved: row.unserved,
    })
}

/// The age of the oldest event that is not marked as delivered: since it was numbered, by the database's clock, or,
/// not numbered yet, since it occurred, by the writer's.
async fn oldest_seconds(system: &PgPool) -> sqlx::Result<f64> {
    sqlx::query_scalar!(
        r#"select coalesce(greatest(extract(epoch from now() - min(since)), 0), 0)::float8 as "age!" from (
             select o.occurred_at as since from generate_series(0, 15) as s(slot)
              cross join lateral (select occurred_at from kernel.outbox where slot = s.slot order by place limit 1) o
             union all
             select e.numbered_at from kernel.feed f
               join kernel.event e on e.tenant_id = f.tenant_id and e.context = f.context and e.number = f.delivered + 1
              where f.numbered > f.delivered) w"#
    )
    .fetch_one(system)
    .await
}
