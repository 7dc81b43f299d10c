//! Step two: the log is published in order, many feeds side by side, and the delivered marks follow.

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::{FutureExt, StreamExt, future::Either, poll, stream::FuturesUnordered};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use super::{
    Broker, Delivery, Relay,
    envelope::Logged,
    gauge,
    marks::{self, Behind, FeedKey, Marks},
    parked::{self, Refusal},
};
use crate::{Clock, background, failpoint, span};

/// Publishes in flight at once: enough to hide a network's round trip, few enough to send again after a crash.
const WINDOW: usize = 100;
/// Events read from the log for one round: bounds the memory and how long a new feed waits for its turn.
const ROUND_EVENTS: usize = 2_000;
/// Feeds served in one round; the others have their turn in the next.
const ROUND_FEEDS: usize = 200;
/// The truth: the marks are looked at this often, whatever was hinted.
const POLL: Duration = Duration::from_secs(1);
/// How often marks are written: a restart sends this much more again.
const STORE: Duration = Duration::from_millis(200);
/// How soon a returned connection is noticed.
const CONNECTION_POLL: Duration = Duration::from_millis(100);
/// How long the last publishes may take once the server stops.
const LAST_ACKS: Duration = Duration::from_secs(2);

/// Publishes until `stop`.
pub(super) async fn run(relay: &Relay, broker: &impl Broker, stop: &CancellationToken) {
    let grace = async {
        stop.cancelled().await;
        tokio::time::sleep(LAST_ACKS).await;
    };
    // A broker that does not answer must not keep the server from stopping: what it did not acknowledge is sent again.
    match futures::future::select(Box::pin(rounds(relay, broker, stop)), Box::pin(grace)).await {
        Either::Left(((), _)) => {}
        Either::Right(((), _)) => {
            tracing::warn!("the broker did not acknowledge in time: sent again at the next start");
        }
    }
}

async fn rounds(relay: &Relay, broker: &impl Broker, stop: &CancellationToken) {
    let marks = Marks::default();
    let mut state = Publisher { relay, broker, stop, marks, stored: None, turn: 0 };
    let mut growth = relay.wake.growth();
    let mut failures = 0;
    let mut gauged = None;
    while !stop.is_cancelled() {
        gauge::set_now_and_then(relay, &state.marks, &mut gauged).await;
        growth = growth.resubscribe(); // older hints are answered by this round
        match state.round().await {
            Ok(Next::Again) => failures = 0,
            Ok(Next::Wait(time)) => {
                failures = 0;
                let hint = tokio::time::timeout(time, growth.recv());
                // A hint, a lagging hint or a timeout, all mean: look.
                stop.run_until_cancelled(hint).await;
            }
            Err(error) => {
                failures += 1;
                tracing::warn!(%error, "could not read or mark events to publish: trying again");
                background::pause(stop, background::backoff(failures)).await;
            }
        }
    }
    if let Err(error) = state.marks.store(&relay.system, broker.settle()).await {
        tracing::warn!(%error, "could not write the delivered marks: the newest events are sent again");
    }
}

/// What to do after a round.
#[derive(Debug)]
enum Next {
    Again,
    Wait(Duration),
}

/// The state of one node's publishing.
struct Publisher<'a, B> {
    relay: &'a Relay,
    broker: &'a B,
    stop: &'a CancellationToken,
    marks: Marks,
    /// When the marks were written last.
    stored: Option<Instant>,
    /// Where the next round starts among the feeds.
    turn: usize,
}

/// One feed's share of a round.
#[derive(Debug)]
struct Batch {
    key: FeedKey,
    slot: i16,
    after: i64,
    events: Vec<Logged>,
}

/// What became of a batch, event by event; `None`: not sent or not known.
type Fates = Vec<Option<Fate>>;

#[derive(Debug)]
enum Fate {
    Acked,
    Refused(String),
}

impl<B: Broker> Publisher<'_, B> {
    async fn round(&mut self) -> sqlx::Result<Next> {
        let slots = self.relay.leases.slots();
        self.marks.keep(&slots);
        if slots.is_empty() {
            self.relay.leases.changed(POLL).await;
            return Ok(Next::Again);
        }
        if !self.broker.connected() {
            self.store().await?;
            return Ok(Next::Wait(CONNECTION_POLL));
        }
        parked::retry_asked(&self.relay.system, self.broker, &slots).await?;
        let behind = marks::behind(&self.relay.system, &slots).await?;
        let batches = self.load(&behind).await?;
        let sent = batches.iter().any(|batch| !batch.events.is_empty());
        if sent {
            self.send(batches).await?;
            failpoint::hit("after_publish");
        }
        self.store().await?;
        Ok(match (sent, behind.is_empty()) {
            (true, _) => Next::Again,
            (false, false) => Next::Wait(STORE),
            (false, true) => Next::Wait(POLL),
        })
    }

    /// Writes the marks now and then: under load there are hundreds of rounds a second.
    async fn store(&mut self) -> sqlx::Result<()> {
        if self.stored.is_none_or(|at| at.elapsed() >= STORE) {
            self.marks.store(&self.relay.system, self.broker.settle()).await?;
            self.stored = Some(Instant::now());
        }
        Ok(())
    }

    /// Reads the next events of the feeds whose turn it is.
    async fn load(&mut self, behind: &[Behind]) -> sqlx::Result<Vec<Batch>> {
        let mut due: Vec<Batch> = Vec::new();
        for feed in behind {
            if let Some(after) = self.marks.due(feed) {
                let key = (feed.tenant_id, feed.context.clone());
                due.push(Batch { key, slot: feed.slot, after, events: Vec::new() });
            }
        }
        if due.len() > ROUND_FEEDS {
            due.sort_unstable_by(|a, b| a.key.cmp(&b.key));
            let turn = self.turn % due.len();
            due.rotate_left(turn);
            due.truncate(ROUND_FEEDS);
            self.turn = turn + ROUND_FEEDS;
        }
        read(&self.relay.system, &mut due).await?;
        Ok(due)
    }

    /// Publishes the batches and notes how far each feed came. What was refused is parked first.
    async fn send(&mut self, batches: Vec<Batch>) -> sqlx::Result<()> {
        let fates = publish(self.broker, &batches, &self.relay.clock, self.stop).await;
        for (batch, fates) in batches.into_iter().zip(fates) {
            let mut acked = batch.after;
            let mut refused = Vec::new();
            for (event, fate) in batch.events.iter().zip(fates) {
                match fate {
                    None => break,
                    Some(Fate::Acked) => {}
                    Some(Fate::Refused(error)) => {
                        refused.push(Refusal { number: event.number, error });
                    }
                }
                acked = event.number;
            }
            parked::park(&self.relay.system, &batch.key, &refused).await?;
            let stopped = batch.events.last().is_some_and(|last| acked < last.number);
            let failed = stopped && !self.stop.is_cancelled();
            self.marks.acked(batch.key, batch.slot, acked, failed);
        }
        Ok(())
    }
}

/// Fills the batches with the events after their marks, evenly.
async fn read(system: &PgPool, due: &mut [Batch]) -> sqlx::Result<()> {
    let Some(share) = ROUND_EVENTS.checked_div(due.len()) else { return Ok(()) };
    let tenants: Vec<_> = due.iter().map(|batch| batch.key.0).collect();
    let contexts: Vec<_> = due.iter().map(|batch| batch.key.1.clone()).collect();
    let after: Vec<_> = due.iter().map(|batch| batch.after).collect();
    let rows = sqlx::query!(
        r#"select f.place as "place!", e.tenant_id, e.context, e.number, e.event_id, e.type as event_type, e.subject, e.data,
                  e.meta::text as "meta!", e.occurred_at
             from unnest($1::uuid[], $2::text[], $3::bigint[]) with ordinality as f(tenant_id, context, after, place)
             cross join lateral (
               select * from kernel.event
                where tenant_id = f.tenant_id and context = f.context and number > f.after
                order by number limit $4) e
            order by f.place, e.number"#,
        &tenants,
        &contexts,
        &after,
        i64::try_from(share).unwrap_or(i64::MAX)
    )
    .fetch_all(system)
    .await?;
    for row in rows {
        let batch = usize::try_from(row.place - 1).ok().and_then(|place| due.get_mut(place));
        if let Some(batch) = batch {
            batch.events.push(Logged {
                tenant_id: row.tenant_id,
                context: row.context,
                number: row.number,
                event_id: row.event_id,
                event_type: row.event_type,
                subject: row.subject,
                data: row.data,
                meta: row.meta,
                occurred_at: row.occurred_at,
            });
        }
    }
    Ok(())
}

/// Hands the batches over, at most [`WINDOW`] events in flight, each feed in order. A feed of which one event's fate is
/// unknown stops there; the others go on.
async fn publish(
    broker: &impl Broker,
    batches: &[Batch],
    clock: &Clock,
    stop: &CancellationToken,
) -> Vec<Fates> {
    let mut round = Round::new(batches, clock);
    let mut flight = FuturesUnordered::new();
    for (feed, batch) in batches.iter().enumerate() {
        for (place, event) in batch.events.iter().enumerate() {
            while flight.len() >= WINDOW
                && let Some((feed, place, delivery)) = flight.next().await
            {
                round.settle(feed, place, delivery);
            }
            while let Some(Some((feed, place, delivery))) = flight.next().now_or_never() {
                round.settle(feed, place, delivery);
            }
            if stop.is_cancelled() || round.is_stopped(feed) {
                break;
            }
            let mut handed = Box::pin(hand_over(broker, event));
            // The first poll hands it over: the order of the polls is the order on the wire.
            match poll!(handed.as_mut()) {
                std::task::Poll::Ready(delivery) => round.settle(feed, place, delivery),
                std::task::Poll::Pending => flight.push(async move { (feed, place, handed.await) }),
            }
        }
    }
    while let Some((feed, place, delivery)) = flight.next().await {
        round.settle(feed, place, delivery);
    }
    round.fates
}

/// Publishes one event; one that cannot be rendered is refused like one the broker does not take.
pub(super) async fn hand_over(broker: &impl Broker, event: &Logged) -> Delivery {
    let span = span::collected().then(|| event.span()).flatten();
    let rendered = event.topic().and_then(|topic| Ok((topic, event.envelope()?)));
    let delivery = match rendered {
        Ok((topic, envelope)) => {
            let body = String::from(Box::<str>::from(envelope));
            broker.publish(&topic, Bytes::from(body)).await
        }
        Err(error) => Delivery::Refused(format!("the event cannot be rendered: {error}")),
    };
    if let Some(span) = span {
        match &delivery {
            Delivery::Acked => {}
            Delivery::Refused(_) => span.record(span::ERROR, "refused"),
            Delivery::Unknown(_) => span.record(span::ERROR, "unknown"),
        }
    }
    delivery
}

/// The fates of a round while it runs.
struct Round<'a> {
    batches: &'a [Batch],
    clock: &'a Clock,
    fates: Vec<Fates>,
    stopped: Vec<bool>,
    latency: metrics::Histogram,
    published: metrics::Counter,
}

impl<'a> Round<'a> {
    fn new(batches: &'a [Batch], clock: &'a Clock) -> Self {
        Self {
            batches,
            clock,
            fates: batches
                .iter()
                .map(|batch| batch.events.iter().map(|_| None).collect())
                .collect(),
            stopped: vec![false; batches.len()],
            latency: metrics::histogram!("events_publish_latency_seconds"),
            published: metrics::counter!("relay_published_total"),
        }
    }

    fn is_stopped(&self, feed: usize) -> bool {
        self.stopped.get(feed).copied().unwrap_or(true)
    }

    fn settle(&mut self, feed: usize, place: usize, delivery: Delivery) {
        let fate = match delivery {
            Delivery::Acked => {
                self.measure(feed, place);
                Some(Fate::Acked)
            }
            Delivery::Refused(error) => Some(Fate::Refused(error)),
            Delivery::Unknown(error) => {
                tracing::warn!(%error, "an event may not have arrived: its feed is sent again from there");
                if let Some(stopped) = self.stopped.get_mut(feed) {
                    *stopped = true;
                }
                None
            }
        };
        if let Some(slot) = self.fates.get_mut(feed).and_then(|fates| fates.get_mut(place)) {
            *slot = fate;
        }
    }

    fn measure(&self, feed: usize, place: usize) {
        self.published.increment(1);
        if let Some(event) = self.batches.get(feed).and_then(|batch| batch.events.get(place)) {
            let age = self.clock.now().duration_since(event.occurred_at.to_jiff());
            self.latency.record(age.as_secs_f64().max(0.0));
        }
    }
}
