//! From the connection to the handlers: which handler gets a message, in what order, and how far ahead of it.
//!
//! Every subscription has a queue and a task of its own, so that a slow handler delays nobody else. Nothing here waits:
//! a message that finds its queue full is kept with its acknowledgement withheld, and when the broker's send window is
//! used up, it stops sending. That bounds the memory at queue plus window. QoS 0 has no window; what does not fit is
//! dropped and counted.

mod worker;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::MqttConfig;
use crate::dedupe::Dedupe;
use crate::handler::AnyHandler;
use crate::message::{Message, QoS};
use crate::topic;
use crate::transport::{Incoming, Receipt};
use worker::Worker;

/// How many messages wait for one handler before the broker is held back: enough for a burst, small enough for memory.
const QUEUE: usize = 1024;

/// How many QoS 0 messages wait for one handler before the next are dropped: nothing can hold the broker back, so
/// that bursts of streams need more room.
const STREAM_QUEUE: usize = 16 * QUEUE;

/// When a message counts as received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AckWhen {
    /// When it waits in the queue of its handler, in memory. A handler that is slow holds up no other.
    #[default]
    Queued,
    /// When its handler returned, so that a crash loses nothing. The broker gets acknowledgements in order, so a handler
    /// that is slow holds up those of the others when the receive maximum is reached;
    /// before MQTT 5 that is whatever window the broker has.
    Handled,
}

struct Entry {
    client_id: Arc<str>,
    filter: Arc<str>,
    qos: QoS,
    queue: mpsc::UnboundedSender<(Message, Receipt)>,
    depth: Arc<AtomicUsize>,
    ack: AckWhen,
}

/// How long after a message its copies may come. They are written one right after the other; what is said again later
/// is news, and to hand a late copy on is better than to lose that.
const COPY_LIMIT: Duration = Duration::from_millis(100);

/// What a broker that does not say for which subscription a message is may send again, once for each.
struct Copies {
    since: Instant,
    topic: String,
    payload: Bytes,
    expected: usize,
}

#[derive(Default)]
struct Table {
    by_filter: HashMap<Arc<str>, u32>,
    entries: HashMap<u32, Entry>,
    /// While subscriptions are being restored, what arrives waits here.
    held: Option<Vec<Incoming>>,
    copies: Option<Copies>,
}

pub(crate) struct Router {
    client_id: Arc<str>,
    dedupe: Option<Arc<Mutex<Dedupe>>>,
    table: Mutex<Table>,
    next_identifier: AtomicU32,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Router {
    pub(crate) fn new(config: &MqttConfig, tasks: TaskTracker, stop: CancellationToken) -> Self {
        let (ttl, max_entries) = (config.dedupe_ttl, config.dedupe_max_entries);
        let dedupe = (!ttl.is_zero()).then(|| Arc::new(Mutex::new(Dedupe::new(ttl, max_entries))));
        let client_id = Arc::from(config.client_id());
        let next_identifier = AtomicU32::new(1);
        Self { client_id, dedupe, table: Mutex::default(), next_identifier, tasks, stop }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives `filter` this handler in place of the one it had. Returns the identifier for the broker, and whether the
    /// broker knows it so already.
    pub(crate) fn insert(
        &self,
        filter: &Arc<str>,
        qos: QoS,
        ack: AckWhen,
        handler: AnyHandler,
    ) -> (u32, bool) {
        let (queue, messages) = mpsc::unbounded_channel();
        let depth = Arc::new(AtomicUsize::new(0));
        let mut table = self.table();
        let known = table.by_filter.get(filter).copied();
        let identifier =
            known.unwrap_or_else(|| self.next_identifier.fetch_add(1, Ordering::Relaxed));
        table.by_filter.insert(Arc::clone(filter), identifier);

        let worker = Worker {
            client_id: Arc::clone(&self.client_id),
            filter: Arc::clone(filter),
            identifier,
            handler,
            dedupe: self.dedupe.clone(),
            depth: Arc::clone(&depth),
        };
        let stop = self.stop.clone();
        self.tasks
            .spawn(async move { stop.run_until_cancelled_owned(worker.work(messages)).await });
        let client_id = Arc::clone(&self.client_id);
        let entry = Entry { client_id, filter: Arc::clone(filter), qos, queue, depth, ack };
        let former = table.entries.insert(identifier, entry);
        (identifier, former.is_some_and(|former| former.qos == qos))
    }

    pub(crate) fn remove(&self, filter: &str) {
        let mut table = self.table();
        if let Some(identifier) = table.by_filter.remove(filter) {
            table.entries.remove(&identifier);
        }
    }

    /// Keeps what arrives until [`Router::release`].
    pub(crate) fn hold(&self) {
        self.table().held.get_or_insert_default();
    }

    pub(crate) fn release(&self) {
        let mut table = self.table();
        for incoming in table.held.take().unwrap_or_default() {
            table.deliver(incoming);
        }
    }

    /// Takes a message from the connection. Never waits.
    pub(crate) fn accept(&self, incoming: Incoming) {
        let mut table = self.table();
        match &mut table.held {
            Some(held) if incoming.message.qos > QoS::AtMostOnce || held.len() < QUEUE => {
                held.push(incoming);
            }
            Some(_) => dropped(&self.client_id, &incoming.message, "while reconnecting"),
            None => table.deliver(incoming),
        }
    }
}

impl Table {
    fn deliver(&mut self, Incoming { message, mut identifiers, receipt }: Incoming) {
        metrics::counter!("mqtt_received_total").increment(1);
        if identifiers.is_empty() {
            identifiers = self.matching(&message.topic);
            if self.is_copy(&message, identifiers.len()) {
                return;
            }
        }
        let last = identifiers.pop().and_then(|identifier| self.entries.get(&identifier));
        for entry in identifiers.iter().filter_map(|identifier| self.entries.get(identifier)) {
            entry.enqueue(message.clone(), &receipt);
        }
        if let Some(entry) = last {
            entry.enqueue(message, &receipt);
        }
    }

    fn matching(&self, topic: &str) -> Vec<u32> {
        let covers = |(_, entry): &(&u32, &Entry)| topic::matches(&entry.filter, topic);
        self.entries.iter().filter(covers).map(|(identifier, _)| *identifier).collect()
    }

    /// Most brokers without subscription identifiers send a message that overlapping filters cover once for each of
    /// them, one right after the other. All handlers got the first copy. What was retained comes for one subscription.
    fn is_copy(&mut self, message: &Message, matching: usize) -> bool {
        if message.retain {
            return false;
        }
        let now = Instant::now();
        if let Some(Copies { since, topic, payload, expected }) = &mut self.copies
            && *expected > 0
            && now.duration_since(*since) < COPY_LIMIT
            && *topic == message.topic
            && *payload == message.payload
        {
            *expected -= 1;
            return true;
        }
        self.copies = (matching > 1).then(|| Copies {
            since: now,
            topic: message.topic.clone(),
            payload: message.payload.clone(),
            expected: matching - 1,
        });
        false
    }
}

impl Entry {
    fn enqueue(&self, message: Message, receipt: &Receipt) {
        let depth = self.depth.load(Ordering::Relaxed);
        let full = depth >= QUEUE;
        if depth >= STREAM_QUEUE && message.qos == QoS::AtMostOnce {
            return dropped(&self.client_id, &message, "its handler is too slow");
        }
        let withheld = full || self.ack == AckWhen::Handled;
        let receipt = if withheld { receipt.clone() } else { Receipt::default() };
        self.depth.fetch_add(1, Ordering::Relaxed);
        if self.queue.send((message, receipt)).is_err() {
            tracing::debug!(filter = %self.filter, "the handler has ended");
        }
    }
}

fn dropped(client_id: &str, message: &Message, why: &str) {
    metrics::counter!("mqtt_dropped_total").increment(1);
    tracing::warn!(client_id, topic = message.topic, why, "a QoS 0 message was dropped");
}
