//! Delivers messages and results: by HTTP POST, into files, by MQTT.
//!
//! Whoever has something to say writes it to a [`Spool`] on disk and goes on; a task of the [`Sender`] reads from there, in order
//! within a source, and forgets a message when the consumer has it. So an outage, long or short, and a death of the process
//! are the same case: what is in the spool is delivered later.

mod allowed;
mod destination;
mod file;
mod http;
mod lane;
mod mqtt;
mod sender;
mod spool;

use std::{fmt::Debug, pin::Pin, time::Duration};

pub use allowed::Allowed;
pub use destination::{Destination, Scheme};
pub use file::Files;
pub use http::{Http, Token, client};
pub use lane::Lane;
pub use mqtt::{Access, Mqtt};
pub use sender::{Sender, Transports, Undelivered};
pub use spool::{Dropped, Limits, Record, Spool};

/// Why a message did not arrive.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It may arrive later.
    #[error("{0}")]
    Later(String),
    /// This message never will: trying it again would hold up all that follow.
    #[error("{0}")]
    Never(String),
}

/// A try that is under way.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Result<(), Fault>> + Send + 'a>>;

/// A way to a consumer.
pub trait Transport: Debug + Send + Sync {
    /// Tries once; it worked when the consumer said that it has the message.
    fn send<'a>(&'a self, to: &'a Destination, message: &'a str) -> Sending<'a>;
}

/// How hard a delivery is tried.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Tries in a row, at least 1.
    pub tries: u32,
    /// The pause after the first failure.
    pub pause: Duration,
    /// How many times longer each further pause is.
    pub factor: f64,
    /// Sources that are served at once.
    pub at_once: usize,
}

impl Default for Policy {
    fn default() -> Self {
        Self { tries: 3, pause: Duration::from_secs(1), factor: 2.0, at_once: 10 }
    }
}

impl Policy {
    /// A source whose messages fail rests at most so many first pauses.
    const REST_MAX: f64 = 60.0;

    /// The pause after the nth failure in a row: 1, 2, 4 s.
    #[must_use]
    pub fn after(&self, failures: u32) -> Duration {
        let times = self.factor.powi(failures.saturating_sub(1).try_into().unwrap_or(i32::MAX));
        self.pause.mul_f64(times.clamp(0.0, Self::REST_MAX))
    }
}
