//! From the connection to the handlers: which handler gets a message, in what order, and how far ahead of it.
//!
//! Every subscription has a queue and a task of its own, so that a slow handler delays nobody else. Nothing here waits:
//! a message that finds its queue full is kept with its acknowledgement withheld, and when the broker's send window is
//! used up, it stops sending. That bounds the memory at queue plus window. QoS 0 has no window; what does not fit is
//! dropped and counted.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::handler::{AnyHandler, HandlerError};
use crate::message::{Message, QoS};
use crate::topic;
use crate::transport::{Incoming, Receipt, Route};

/// How many messages wait for one handler before the broker is held back: enough for a burst, small enough for memory.
const QUEUE: usize = 1024;

/// When a message counts as received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AckWhen {
    /// When it waits in the queue of its handler, in memory. A handler that is slow holds up no other.
    #[default]
    Queued,
    /// When its handler returned, so that a crash loses nothing. The broker gets acknowledgements in order, so a handler
    /// that is slow holds up those of the others when the receive maximum is reached. MQTT 5 only.
    Handled,
}

/// A subscription as the broker has to know it.
#[derive(Clone)]
pub(crate) struct Wanted {
    pub(crate) filter: Arc<str>,
    pub(crate) qos: QoS,
    pub(crate) identifier: u32,
}

struct Entry {
    wanted: Wanted,
    queue: mpsc::UnboundedSender<(Message, Receipt)>,
    depth: Arc<AtomicUsize>,
    ack: AckWhen,
}

#[derive(Default)]
struct Table {
    by_filter: HashMap<Arc<str>, u32>,
    entries: HashMap<u32, Entry>,
    /// While subscriptions are being restored, what arrives waits here.
    held: Option<Vec<Incoming>>,
}

pub(crate) struct Router {
    table: Mutex<Table>,
    next_identifier: AtomicU32,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Router {
    pub(crate) fn new(tasks: TaskTracker, stop: CancellationToken) -> Self {
        Self { table: Mutex::default(), next_identifier: AtomicU32::new(1), tasks, stop }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives `filter` this handler in place of the one it had, and says how the broker must know it.
    /// The flag tells whether the broker knows it so already.
    pub(crate) fn insert(
        &self,
        filter: &str,
        qos: QoS,
        ack: AckWhen,
        handler: AnyHandler,
    ) -> (Wanted, bool) {
        let (queue, messages) = mpsc::unbounded_channel();
        let depth = Arc::new(AtomicUsize::new(0));
        let work = work(messages, Arc::clone(&depth), handler, filter.to_owned());
        let stop = self.stop.clone();
        self.tasks.spawn(async move { stop.run_until_cancelled_owned(work).await });

        let mut table = self.table();
        let known = table.by_filter.get(filter).copied();
        let identifier =
            known.unwrap_or_else(|| self.next_identifier.fetch_add(1, Ordering::Relaxed));
        let wanted = Wanted { filter: Arc::from(filter), qos, identifier };
        table.by_filter.insert(Arc::clone(&wanted.filter), identifier);
        let entry = Entry { wanted: wanted.clone(), queue, depth, ack };
        let former = table.entries.insert(identifier, entry);
        (wanted, former.is_some_and(|former| former.wanted.qos == qos))
    }

    pub(crate) fn remove(&self, filter: &str) -> bool {
        let mut table = self.table();
        let identifier = table.by_filter.remove(filter);
        identifier.and_then(|identifier| table.entries.remove(&identifier)).is_some()
    }

    pub(crate) fn wanted(&self) -> Vec<Wanted> {
        self.table().entries.values().map(|entry| entry.wanted.clone()).collect()
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
                held.push(incoming)
            }
            Some(_) => dropped(&incoming.message, "while reconnecting"),
            None => table.deliver(incoming),
        }
    }
}

impl Table {
    fn deliver(&self, Incoming { message, route, receipt }: Incoming) {
        let identifiers = match route {
            Route::Identifiers(identifiers) => identifiers,
            Route::Filter(filter) => self.by_filter.get(&filter).copied().into_iter().collect(),
            Route::Unknown => self.matching(&message.topic),
        };
        for entry in identifiers.iter().filter_map(|identifier| self.entries.get(identifier)) {
            entry.enqueue(message.clone(), &receipt);
        }
    }

    fn matching(&self, topic: &str) -> Vec<u32> {
        let covers = |entry: &&Entry| topic::matches(&entry.wanted.filter, topic);
        self.entries.values().filter(covers).map(|entry| entry.wanted.identifier).collect()
    }
}

impl Entry {
    fn enqueue(&self, message: Message, receipt: &Receipt) {
        let full = self.depth.load(Ordering::Relaxed) >= QUEUE;
        if full && message.qos == QoS::AtMostOnce {
            return dropped(&message, "its handler is too slow");
        }
        let withheld = full || self.ack == AckWhen::Handled;
        let receipt = if withheld { receipt.clone() } else { Receipt::default() };
        self.depth.fetch_add(1, Ordering::Relaxed);
        if self.queue.send((message, receipt)).is_err() {
            tracing::debug!(filter = %self.wanted.filter, "the handler has ended");
        }
    }
}

fn dropped(message: &Message, why: &str) {
    metrics::counter!("mqtt_dropped_total").increment(1);
    tracing::warn!(topic = message.topic, why, "a QoS 0 message was dropped");
}

async fn work(
    mut messages: mpsc::UnboundedReceiver<(Message, Receipt)>,
    depth: Arc<AtomicUsize>,
    handler: AnyHandler,
    filter: String,
) {
    while let Some((message, receipt)) = messages.recv().await {
        depth.fetch_sub(1, Ordering::Relaxed);
        let topic = message.topic.clone();
        let handling = AssertUnwindSafe(async { handler(message).await });
        let failure = match handling.catch_unwind().await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(panic) => Some(said(&panic)),
        };
        if let Some(error) = failure {
            metrics::counter!("mqtt_handler_errors_total").increment(1);
            tracing::error!(topic, filter, error, "a handler failed");
        }
        drop(receipt);
    }
}

/// What a panic said, as text.
fn said(panic: &Box<dyn std::any::Any + Send>) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    format!("panicked: {}", text.unwrap_or_else(|| "without a message".to_owned()))
}

/// Keeps the type of handler errors in one place for the modules that wrap handlers.
pub(crate) type HandlerResult = Result<(), HandlerError>;
