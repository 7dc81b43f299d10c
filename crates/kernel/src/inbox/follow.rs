//! Follows the feeds of this platform's own events, each consumer from where it is.

use std::time::Duration;

use futures::{StreamExt, stream::FuturesUnordered};
use tokio_util::sync::CancellationToken;

use super::{Inbox, Reaction, Received, apply, failed};
use crate::{Problem, TenantId, background, db, feed, problem, relay::wake::hint_or};

/// The truth: the feeds are looked at this often, whatever the broker brought. What it lost is found here.
const POLL: Duration = Duration::from_secs(1);
/// Events read for one consumer and feed at once.
const BATCH: u16 = 100;
/// Feeds followed at the same time: reactions share the database with the requests.
const PARALLEL: usize = 4;

/// Reacts until `stop`.
pub async fn run(inbox: Inbox, stop: CancellationToken) {
    let mut arrived = inbox.arrived.subscribe();
    let mut failures = 0;
    while !stop.is_cancelled() {
        match round(&inbox, &stop).await {
            Ok(Round::Busy) => failures = 0,
            Ok(Round::Idle) => {
                failures = 0;
                stop.run_until_cancelled(hint_or(&mut arrived, POLL)).await;
            }
            Err(error) => {
                failures += 1;
                tracing::warn!(
                    error = db::describe(&error),
                    "could not follow the feeds: trying again"
                );
                background::pause(&stop, background::backoff(failures)).await;
            }
        }
    }
}

/// Was there anything to do?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Round {
    Busy,
    Idle,
}

/// A consumer that has not seen all of a feed.
#[derive(Debug)]
struct Behind {
    tenant_id: TenantId,
    consumer: String,
    context: String,
    seen: i64,
}

async fn round(inbox: &Inbox, stop: &CancellationToken) -> sqlx::Result<Round> {
    if inbox.leases.slots().is_empty() {
        return Ok(Round::Idle);
    }
    failed::retry_due(inbox).await?;
    let behind = behind(inbox).await?;
    let (mut running, mut advanced) = (FuturesUnordered::new(), false);
    for behind in behind {
        if running.len() >= PARALLEL
            && let Some(done) = running.next().await
        {
            advanced |= done?;
        }
        if stop.is_cancelled() {
            break;
        }
        running.push(follow(inbox, behind));
    }
    while let Some(done) = running.next().await {
        advanced |= done?;
    }
    Ok(if advanced { Round::Busy } else { Round::Idle })
}

/// The consumers that have not seen all of the feeds of this node's slots.
async fn behind(inbox: &Inbox) -> sqlx::Result<Vec<Behind>> {
    let followed = inbox
        .reactions
        .iter()
        .filter_map(|reaction| Some((reaction.consumer, reaction.context()?)));
    let (consumers, contexts): (Vec<_>, Vec<_>) = followed.unzip();
    if consumers.is_empty() {
        return Ok(Vec::new());
    }
    sqlx::query_as!(
        Behind,
        r#"select f.tenant_id as "tenant_id: TenantId", r.consumer as "consumer!", f.context,
                  coalesce(s.number, 0) as "seen!"
             from kernel.feed f
             join (select distinct * from unnest($1::text[], $2::text[])) as r(consumer, context) on r.context = f.context
             left join kernel.inbox_seen s
               on s.tenant_id = f.tenant_id and s.consumer = r.consumer and s.context = f.context
            where f.slot = any($3) and f.numbered > coalesce(s.number, 0)"#,
        &consumers as &[&str],
        &contexts as &[&str],
        &inbox.leases.slots()
    )
    .fetch_all(&inbox.kernel.system)
    .await
}

/// Hands the next events of a feed to a consumer. Returns whether it came further.
async fn follow(inbox: &Inbox, behind: Behind) -> sqlx::Result<bool> {
    let events =
        feed::read(&inbox.kernel.system, behind.tenant_id, &behind.context, behind.seen, BATCH)
            .await?;
    let mut seen = behind.seen;
    for logged in &events {
        let reaction = inbox.reactions.iter().find(|reaction| {
            reaction.consumer == behind.consumer
                && reaction.types.contains(&logged.event_type.as_str())
        });
        if let Some(reaction) = reaction
            && !react(inbox, reaction, Received::from_log(logged)).await?
        {
            break;
        }
        seen = logged.number;
    }
    if seen > behind.seen {
        remember(inbox, &behind, seen).await?;
    }
    Ok(seen > behind.seen)
}

/// Reacts, or keeps the event for later. `false` when the whole feed has to wait.
async fn react(
    inbox: &Inbox,
    reaction: &Reaction,
    event: Result<Received, super::Unreadable>,
) -> sqlx::Result<bool> {
    let event = match event {
        Ok(event) => event,
        Err(error) => {
            // The relay parked it: nobody can read it.
            tracing::error!(
                error = problem::describe(&error),
                consumer = reaction.consumer,
                "an event in the log cannot be read"
            );
            return Ok(true);
        }
    };
    match apply::apply(&inbox.kernel, reaction, &event).await {
        Ok(()) => Ok(true),
        Err(problem) if apply::is_passing(&problem) => Ok(false),
        Err(problem) => keep(inbox, reaction, &event, &problem).await,
    }
}

async fn keep(
    inbox: &Inbox,
    reaction: &Reaction,
    event: &Received,
    problem: &Problem,
) -> sqlx::Result<bool> {
    failed::keep(&inbox.kernel, reaction.consumer, event, problem).await?;
    Ok(true)
}

/// Notes how far the consumer is. Lost, it costs a repetition that the inbox recognises.
async fn remember(inbox: &Inbox, behind: &Behind, seen: i64) -> sqlx::Result<()> {
    let mut tx = background::begin_unsynced(&inbox.kernel.system).await?;
    sqlx::query!(
        "insert into kernel.inbox_seen as s (tenant_id, consumer, context, number) values ($1, $2, $3, $4)
         on conflict (tenant_id, consumer, context) do update set number = greatest(s.number, excluded.number)",
        behind.tenant_id.0,
        behind.consumer,
        behind.context,
        seen
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await
}
