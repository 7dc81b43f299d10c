//! The only module that knows which MQTT crate is underneath: it takes packets, codec and transports from it.
//!
//! [`wire`] opens a connection and moves packets; [`session`] is what both sides remember between connections. The
//! client of the crate is not used, because it writes concurrent publishes out of order; `docs/DESIGN.md` has the
//! measurement, and `tests/it/traps.rs` the habits of the crate that matter here.

pub(crate) mod packets;
pub(crate) mod session;
pub(crate) mod wire;

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::error::Reason;
use crate::message::Message;

/// A last will: published by the broker, retained, with QoS 1, when the client goes without a word.
#[derive(Clone)]
pub(crate) struct Will {
    pub(crate) topic: String,
    pub(crate) payload: Vec<u8>,
}

/// A message on its way to the handlers.
pub(crate) struct Incoming {
    pub(crate) message: Message,
    /// For which subscriptions the broker sent this copy; empty when it does not say.
    pub(crate) identifiers: Vec<u32>,
    pub(crate) receipt: Receipt,
}

/// Holds back the acknowledgement of a message, and with it the broker's send window, until the last clone is dropped.
#[derive(Clone, Default)]
pub(crate) struct Receipt(
    #[expect(dead_code, reason = "it acts when it is dropped")] Option<Arc<Release>>,
);

impl Receipt {
    fn new(release: Release) -> Self {
        Self(Some(Arc::new(release)))
    }
}

/// Tells the session that a message may be acknowledged.
struct Release {
    generation: u64,
    packet_id: u16,
    releases: mpsc::UnboundedSender<(u64, u16)>,
}

impl Drop for Release {
    fn drop(&mut self) {
        // A session that is gone has nothing to acknowledge.
        self.releases.send((self.generation, self.packet_id)).unwrap_or_default();
    }
}

/// Why an attempt to connect failed.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The broker's last word.
    Denied(Reason),
    /// The certificate is wrong.
    Certificate(String),
    /// May work later.
    Later(String),
}

/// Why a connection ended.
#[derive(Debug)]
pub(crate) enum Loss {
    /// The caller wanted it.
    Ended,
    /// Another client has the session now.
    TakenOver,
    /// Anything else, in words.
    Broken(String),
}
