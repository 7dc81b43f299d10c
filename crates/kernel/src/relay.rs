//! The relay: from the outbox to the broker, at least once and in order for each tenant and context.
//!
//! [`lease`](crate::lease) → number (outbox rows move into the log with the next numbers of their tenant and context) →
//! publish from the log → advance the delivered mark. Numbers are committed before anything is published, so a crash
//! never gives one number to two events nor an event two numbers.

use std::time::Duration;

use bytes::Bytes;

mod wake;

pub use wake::Wake;

/// The port to whatever carries events. The server implements it over its MQTT client.
pub trait Broker: Send + Sync + 'static {
    /// Hands over one event and resolves when its fate is known.
    ///
    /// The relay polls the returned futures once in the order of the feed before it waits for any: an implementation
    /// hands the body to its connection at the first poll. A publish that comes out [`Delivery::Unknown`] must not be
    /// overtaken: what the same connection took after it comes out unknown, too. Dropping the future withdraws a body
    /// that is not yet on the wire.
    fn publish(&self, topic: &str, body: Bytes) -> impl Future<Output = Delivery> + Send;

    /// How long the broker may still forget what it acknowledged (zero for one that acknowledges after its disk).
    /// The delivered mark trails the acknowledgements by this much, so that a restart sends that much again.
    fn settle(&self) -> Duration;

    /// Is there a connection? Without one nothing is handed over.
    fn connected(&self) -> bool;
}

/// The fate of one published event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The broker has it.
    Acked,
    /// The broker will never take it: the event is parked with this reason and the feed goes on.
    Refused(String),
    /// It may or may not have arrived: the same bytes are sent again.
    Unknown(String),
}
