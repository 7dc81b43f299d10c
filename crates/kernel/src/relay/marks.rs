//! How far each feed is: acknowledged in memory, delivered in the database.

use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};

use sqlx::PgPool;
use uuid::Uuid;

use crate::background;

/// A feed: the events of one tenant and context.
pub(super) type FeedKey = (Uuid, String);

/// A feed with numbers beyond its delivered mark.
#[derive(Clone, Debug)]
pub(super) struct Behind {
    pub(super) tenant_id: Uuid,
    pub(super) context: String,
    pub(super) slot: i16,
    pub(super) numbered: i64,
    pub(super) delivered: i64,
}

/// The marks of the feeds this node publishes. The database's own marks trail them.
#[derive(Debug, Default)]
pub(super) struct Marks(HashMap<FeedKey, Mark>);

#[derive(Debug)]
struct Mark {
    slot: i16,
    /// Everything up to here was acknowledged or parked.
    acked: i64,
    /// Acknowledgements that are not in the database yet, oldest first.
    trail: VecDeque<(Instant, i64)>,
    failures: u32,
    retry_at: Option<Instant>,
}

impl Marks {
    /// Forgets feeds of slots that are not held any more (whoever holds them starts from the database), and those that
    /// the database knows all about.
    pub(super) fn keep(&mut self, slots: &[i16]) {
        self.0.retain(|_, mark| slots.contains(&mark.slot) && !mark.is_stored());
    }

    /// The number after which the feed is to be sent on; none when everything was or a failure asks for patience.
    pub(super) fn due(&mut self, feed: &Behind) -> Option<i64> {
        let Some(mark) = self.0.get(&(feed.tenant_id, feed.context.clone())) else {
            return Some(feed.delivered);
        };
        let patient = mark.retry_at.is_some_and(|at| Instant::now() < at);
        (!patient && mark.acked < feed.numbered).then_some(mark.acked)
    }

    /// Notes that the feed was acknowledged up to `number`, and whether it had to stop there.
    pub(super) fn acked(&mut self, key: FeedKey, slot: i16, number: i64, failed: bool) {
        let mark = self.0.entry(key).or_insert_with(|| Mark {
            slot,
            acked: 0,
            trail: VecDeque::new(),
            failures: 0,
            retry_at: None,
        });
        let now = Instant::now();
        if number > mark.acked {
            mark.acked = number;
            mark.trail.push_back((now, number));
        }
        mark.failures = if failed { mark.failures.saturating_add(1) } else { 0 };
        mark.retry_at = failed.then(|| now + background::backoff(mark.failures));
    }

    /// How many acknowledged numbers are not in the database yet, given what it says.
    pub(super) fn ahead(&self, feed: &Behind) -> i64 {
        self.0
            .get(&(feed.tenant_id, feed.context.clone()))
            .map_or(0, |mark| (mark.acked - feed.delivered).max(0))
    }

    /// Writes the delivered marks of what was acknowledged at least `settle` ago.
    ///
    /// The commit does not wait for the disk: a lost mark means that events are sent once more.
    pub(super) async fn store(&mut self, system: &PgPool, settle: Duration) -> sqlx::Result<()> {
        let (mut tenants, mut contexts, mut numbers) = (Vec::new(), Vec::new(), Vec::new());
        for ((tenant, context), mark) in &self.0 {
            if let Some(number) = mark.settled(settle) {
                tenants.push(*tenant);
                contexts.push(context.clone());
                numbers.push(number);
            }
        }
        if numbers.is_empty() {
            return Ok(());
        }
        advance(system, &tenants, &contexts, &numbers).await?;
        for ((tenant, context), number) in tenants.into_iter().zip(contexts).zip(numbers) {
            if let Some(mark) = self.0.get_mut(&(tenant, context)) {
                mark.trail.retain(|(_, trailing)| *trailing > number);
            }
        }
        Ok(())
    }
}

impl Mark {
    fn is_stored(&self) -> bool {
        self.trail.is_empty() && self.failures == 0
    }

    fn settled(&self, settle: Duration) -> Option<i64> {
        let settled = self.trail.iter().take_while(|(at, _)| at.elapsed() >= settle);
        settled.last().map(|(_, number)| *number)
    }
}

/// Stores the marks. The rows are locked in the order in which numbering locks them: neither waits for the other in a
/// circle, which PostgreSQL would end only after a second.
async fn advance(
    system: &PgPool,
    tenants: &[Uuid],
    contexts: &[String],
    numbers: &[i64],
) -> sqlx::Result<()> {
    let mut tx = background::begin_unsynced(system).await?;
    sqlx::query!(
        r#"with d as (
             select f.tenant_id, f.context, d.number
               from unnest($1::uuid[], $2::text[], $3::bigint[]) as d(tenant_id, context, number)
               join kernel.feed f on f.tenant_id = d.tenant_id and f.context = d.context
              order by f.tenant_id, f.context for no key update of f)
           update kernel.feed f set delivered = greatest(f.delivered, d.number)
             from d where f.tenant_id = d.tenant_id and f.context = d.context"#,
        tenants,
        contexts,
        numbers
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await
}

/// The feeds of `slots` with numbers beyond their delivered mark.
pub(super) async fn behind(system: &PgPool, slots: &[i16]) -> sqlx::Result<Vec<Behind>> {
    sqlx::query_as!(
        Behind,
        r#"select tenant_id, context, slot as "slot!", numbered, delivered
             from kernel.feed where slot = any($1) and numbered > delivered"#,
        slots
    )
    .fetch_all(system)
    .await
}
