//! The relay: from the outbox to the broker, at least once and in order for each tenant and context.
//!
//! [`lease`](crate::lease) → number (outbox rows move into the log with the next numbers of their tenant and context) →
//! publish from the log → advance the delivered mark. Numbers are committed before anything is published, so a crash
//! never gives one number to two events nor an event two numbers.

use std::time::Duration;

use bytes::Bytes;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use crate::{Clock, lease::Leases};

mod abroad;
pub(crate) mod envelope;
mod gauge;
mod marks;
pub(crate) mod number;
mod parked;
mod publish;
pub(crate) mod wake;

pub use envelope::Meta;
pub use parked::{Backlog, Parked, Which, backlog, list, retry};
pub use wake::{NEWS_POLL, News, Wake};

/// What the relay works with.
#[derive(Clone, Debug)]
pub struct Relay {
    /// The database, as the system role.
    pub system: PgPool,
    /// Which tenants are this node's.
    pub leases: Leases,
    /// What wakes it.
    pub wake: Wake,
    /// For the ages it measures; decides nothing.
    pub clock: Clock,
}

/// Relays until `stop`. Leases are taken by [`crate::lease::hold`], which runs beside it and is stopped after it.
pub async fn run(relay: Relay, broker: impl Broker, stop: CancellationToken) {
    tokio::join!(
        number::run(&relay, &stop),
        publish::run(&relay, &broker, &stop),
        abroad::run(&relay, &stop)
    );
}

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
