//! What the relay shows of its backlog, and of what waits for people in the same tenants.

use std::time::{Duration, Instant};

use sqlx::PgPool;

use super::{
    Relay,
    marks::{self, Marks},
};

/// How often the backlog is counted: a scrape sees figures at most this old.
const GAUGE: Duration = Duration::from_secs(5);

/// Sets the gauges of this node's slots when that is due. A failure to count only shows in the log.
pub(super) async fn set_now_and_then(relay: &Relay, marks: &Marks, gauged: &mut Option<Instant>) {
    if gauged.is_some_and(|at| at.elapsed() < GAUGE) {
        return;
    }
    *gauged = Some(Instant::now());
    if let Err(error) = set(relay, marks).await {
        tracing::debug!(%error, "could not count the backlog");
    }
}

async fn set(relay: &Relay, marks: &Marks) -> sqlx::Result<()> {
    let slots = relay.leases.slots();
    let unnumbered = unnumbered(&relay.system, &slots).await?;
    let behind = marks::behind(&relay.system, &slots).await?;
    let unsent = |feed: &marks::Behind| (feed.numbered - feed.delivered - marks.ahead(feed)).max(0);
    let numbered: i64 = behind.iter().map(unsent).sum();
    let waiting: Vec<_> = behind.iter().filter(|feed| unsent(feed) > 0).collect();
    let oldest = oldest(&relay.system, &slots, &waiting, marks).await?;
    #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
    metrics::gauge!("outbox_backlog").set((unnumbered + numbered) as f64);
    let age = oldest.map_or(0.0, |at| relay.clock.now().duration_since(at).as_secs_f64().max(0.0));
    metrics::gauge!("outbox_oldest_seconds").set(age);
    #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
    metrics::gauge!("approvals_pending").set(pending(&relay.system, &slots).await? as f64);
    Ok(())
}

/// Approvals that nobody has decided yet.
async fn pending(system: &PgPool, slots: &[i16]) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"select count(*) as "n!" from kernel.approval where status = 'Pending' and kernel.slot(tenant_id) = any($1)"#,
        slots
    )
    .fetch_one(system)
    .await
}

async fn unnumbered(system: &PgPool, slots: &[i16]) -> sqlx::Result<i64> {
    sqlx::query_scalar!(r#"select count(*) as "n!" from kernel.outbox where slot = any($1)"#, slots)
        .fetch_one(system)
        .await
}

/// When the oldest event that no broker acknowledged occurred.
async fn oldest(
    system: &PgPool,
    slots: &[i16],
    waiting: &[&marks::Behind],
    marks: &Marks,
) -> sqlx::Result<Option<jiff::Timestamp>> {
    let tenants: Vec<_> = waiting.iter().map(|feed| feed.tenant_id).collect();
    let contexts: Vec<_> = waiting.iter().map(|feed| feed.context.clone()).collect();
    let next: Vec<_> = waiting.iter().map(|feed| feed.delivered + marks.ahead(feed) + 1).collect();
    let oldest = sqlx::query_scalar!(
        r#"select min(occurred_at) as "at: jiff_sqlx::Timestamp" from (
             select o.occurred_at from unnest($1::smallint[]) as s(slot)
              cross join lateral (select occurred_at from kernel.outbox where slot = s.slot order by place limit 1) o
             union all
             select e.occurred_at from unnest($2::uuid[], $3::text[], $4::bigint[]) as f(tenant_id, context, number)
              cross join lateral (select occurred_at from kernel.event
                where tenant_id = f.tenant_id and context = f.context and number = f.number limit 1) e) w"#,
        slots,
        &tenants,
        &contexts,
        &next
    )
    .fetch_one(system)
    .await?;
    Ok(oldest.map(jiff_sqlx::Timestamp::to_jiff))
}
