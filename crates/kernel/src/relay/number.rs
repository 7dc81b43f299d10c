//! Step one: outbox rows move into the log and get the next numbers of their tenant and context.

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use sqlx::{PgConnection, PgPool};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    Relay,
    wake::{Grown, hint_or},
};
use crate::{background, failpoint};

/// Rows moved from one slot in one transaction: large enough to spread the cost of a commit, small enough that publishing
/// them begins soon and a takeover of the slot does not wait long.
const SLOT_BATCH: i64 = 500;
/// The truth: the outbox is looked at this often, whatever was hinted.
const POLL: Duration = Duration::from_secs(1);
/// The shortest time between two passes: under load one pass, and one flush of the log, takes what many commits brought.
const PACE: Duration = Duration::from_millis(10);
/// Longer than the time between taking a place and committing it can be: the writer takes places right before it
/// commits, and the server's limits on statements (5 s) and on idle transactions (10 s) end what hangs.
const COMMIT_MAX: Duration = Duration::from_secs(90);
/// A place below the floor should be impossible. Should it happen (a commit that hung on a standby), this finds it.
const SWEEP: Duration = Duration::from_mins(5);

/// Numbers until `stop`.
pub(super) async fn run(relay: &Relay, stop: &CancellationToken) {
    let mut woken = relay.wake.commits();
    let mut floor = Floor::default();
    let mut failures = 0;
    while !stop.is_cancelled() {
        let started = Instant::now();
        match pass(relay, &mut floor).await {
            Ok(Rest::More) => failures = 0,
            Ok(Rest::Nothing) => {
                failures = 0;
                background::pause(stop, PACE.saturating_sub(started.elapsed())).await;
                stop.run_until_cancelled(hint_or(&mut woken, POLL)).await;
            }
            Err(error) => {
                failures += 1;
                tracing::warn!(%error, "could not number events: they stay in the outbox, trying again");
                background::pause(stop, background::backoff(failures)).await;
            }
        }
    }
}

/// Did a pass leave something?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rest {
    More,
    Nothing,
}

async fn pass(relay: &Relay, floor: &mut Floor) -> sqlx::Result<Rest> {
    let slots = relay.leases.slots();
    if slots.is_empty() {
        relay.leases.changed(POLL).await;
        return Ok(Rest::Nothing);
    }
    floor.look(&relay.system, slots).await?;
    let begun = Instant::now();
    let numbered = number(&relay.system, relay.leases.node(), floor.low, SLOT_BATCH).await?;
    if !numbered.feeds.is_empty() {
        failpoint::hit("after_numbering");
        relay.wake.grown(Arc::from(numbered.feeds));
    }
    if numbered.full {
        return Ok(Rest::More);
    }
    floor.drained(begun);
    Ok(Rest::Nothing)
}

/// What one transaction moved.
#[derive(Debug, Default)]
pub(crate) struct Numbered {
    /// The feeds that grew.
    pub(crate) feeds: Vec<Grown>,
    /// Was some slot's batch full, so that more may wait?
    pub(crate) full: bool,
}

/// Moves up to `limit` rows of each slot leased by `node` from the outbox into the log, in the order of their places.
///
/// The lease rows are locked against takeover until the commit: a node whose leases are gone moves nothing.
/// Rows at or below `low` are known to be moved: without this bound the index entries of long deleted rows, kept alive
/// by somebody's old snapshot, would be read on every pass. Rows are deleted by where they lie, and not by a join: the
/// outbox is mostly empty when PostgreSQL counts it, and a join planned for an empty table reads a backlog again and
/// again (minutes for 100,000 rows). Nobody else moves or changes a row of these slots meanwhile.
pub(crate) async fn number(
    system: &PgPool,
    node: Uuid,
    low: i64,
    limit: i64,
) -> sqlx::Result<Numbered> {
    let mut tx = background::begin(system).await?;
    let moved = move_rows(&mut tx, node, low, limit).await?;
    tx.commit().await?;
    Ok(moved)
}

async fn move_rows(
    conn: &mut PgConnection,
    node: Uuid,
    low: i64,
    limit: i64,
) -> sqlx::Result<Numbered> {
    let rows = sqlx::query!(
        r#"with mine as (
             select slot from kernel.lease where holder = $1 and until > now() for key share),
           batch as (
             select o.ctid from mine cross join lateral (
               select ctid from kernel.outbox
                where slot = mine.slot and place > $2 order by place limit $3) o),
           moved as (
             delete from kernel.outbox where ctid = any(array(select ctid from batch)) returning *),
           counted as (
             select tenant_id, context, slot, count(*) as n from moved group by tenant_id, context, slot),
           bumped as (
             insert into kernel.feed as f (tenant_id, context, numbered)
             select tenant_id, context, n from counted order by tenant_id, context collate "C"
             on conflict (tenant_id, context) do update set numbered = f.numbered + excluded.numbered
             returning tenant_id, context, numbered),
           logged as (
             insert into kernel.event (tenant_id, context, number, slot, place, event_id, type, subject, data, meta, occurred_at)
             select m.tenant_id, m.context,
                    b.numbered - c.n + row_number() over (partition by m.tenant_id, m.context order by m.place),
                    m.slot, m.place, m.event_id, m.type, m.subject, m.data, m.meta, m.occurred_at
               from moved m
               join counted c on c.tenant_id = m.tenant_id and c.context = m.context
               join bumped b on b.tenant_id = m.tenant_id and b.context = m.context)
           select b.tenant_id as "tenant!", b.context as "context!", b.numbered as "number!",
                  (sum(c.n) over (partition by c.slot) >= $3) as "full!"
             from bumped b join counted c on c.tenant_id = b.tenant_id and c.context = b.context"#,
        node,
        low,
        limit
    )
    .fetch_all(conn)
    .await?;
    let full = rows.iter().any(|row| row.full);
    let feeds = rows
        .into_iter()
        .map(|row| Grown { tenant: row.tenant, context: row.context, number: row.number })
        .collect();
    Ok(Numbered { feeds, full })
}

/// Below which place everything of the leased slots has been moved.
#[derive(Debug, Default)]
struct Floor {
    low: i64,
    /// What the sequence stood at, and when.
    samples: VecDeque<(Instant, i64)>,
    slots: Vec<i16>,
    swept: Option<Instant>,
}

impl Floor {
    /// Takes a sample when one is due. Newly leased slots are looked through from the bottom.
    async fn look(&mut self, system: &PgPool, slots: Vec<i16>) -> sqlx::Result<()> {
        let gained = slots.iter().any(|slot| !self.slots.contains(slot));
        self.slots = slots;
        if gained || self.swept.is_none_or(|swept| swept.elapsed() > SWEEP) {
            self.low = 0;
            self.swept = Some(Instant::now());
        }
        if self.samples.back().is_none_or(|(at, _)| at.elapsed() >= POLL) {
            let taken = Instant::now();
            let last = sqlx::query_scalar!("select last_value from kernel.outbox_place")
                .fetch_one(system)
                .await?;
            self.samples.push_back((taken, last));
        }
        Ok(())
    }

    /// A pass that began at `begun` found nothing more: whatever took a place long before that was moved.
    fn drained(&mut self, begun: Instant) {
        while let Some((at, place)) = self.samples.front().copied()
            && begun.duration_since(at) > COMMIT_MAX
        {
            self.low = self.low.max(place);
            self.samples.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_floor_rises_only_to_what_nobody_can_still_commit() {
        let start = Instant::now();
        let second = Duration::from_secs(1);
        let mut floor = Floor::default();
        floor.samples.extend([(start, 10), (start + second, 20), (start + second * 2, 30)]);
        floor.drained(start + second * 2 + COMMIT_MAX);
        assert_eq!(floor.low, 20);
        assert_eq!(floor.samples.len(), 1);
    }
}
