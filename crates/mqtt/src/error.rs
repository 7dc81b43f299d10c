//! What can go wrong, told apart by what the caller can do about it.

use std::fmt;
use std::time::Duration;

use crate::topic::TopicError;

/// Why a broker refused, in the words of MQTT 5.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The code on the wire, for instance 0x87.
    pub code: u8,
    /// Its name, for instance `NotAuthorized`.
    pub name: String,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (0x{:02X})", self.name, self.code)
    }
}

/// Why there is no connection.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// `connect` was called before.
    #[error("this client was connected already; make another one for a second connection")]
    AlreadyConnected,
    /// The broker does not let this client in; trying again does not help.
    #[error(
        "{address} refused the connection: {reason}; check user, password, client id and protocol version"
    )]
    Refused {
        /// The broker, without credentials.
        address: String,
        /// Its reason.
        reason: Reason,
    },
    /// The broker's certificate is not trusted, or is another host's.
    #[error("{address}: {reason}; check the host name in MQTT_URL and MQTT_CA_FILE")]
    Certificate {
        /// The broker, without credentials.
        address: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Nobody answered in time.
    #[error(
        "{address} cannot be reached within {waited:?}: {reason}; check that the broker runs there"
    )]
    Unreachable {
        /// The broker, without credentials.
        address: String,
        /// How long it was tried.
        waited: Duration,
        /// What the last attempt ended with.
        reason: String,
    },
    /// Another client with the same id took the session over.
    #[error("another client took over the client id {client_id:?}; give every instance its own")]
    TakenOver {
        /// The id.
        client_id: String,
    },
    /// The client was shut down meanwhile.
    #[error("the client was shut down")]
    ShutDown,
}

/// Why a message is not known to be at the broker.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// The standard forbids the topic. Nothing was sent.
    #[error(transparent)]
    Topic(#[from] TopicError),
    /// The standard forbids a property. Nothing was sent.
    #[error("the {name} {problem}; nothing was sent")]
    Property {
        /// Which one.
        name: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The data cannot be written as JSON. Nothing was sent.
    #[error("cannot encode the event: {0}")]
    Encode(#[from] serde_json::Error),
    /// The broker takes no packet of this size. Nothing was sent.
    #[error("the packet of {size} bytes exceeds the broker's limit of {limit}")]
    TooLarge {
        /// Size of the packet in bytes.
        size: usize,
        /// The broker's limit in bytes.
        limit: usize,
    },
    /// The broker said no for good: the same message will be refused again.
    #[error("the broker refused the message: {0}")]
    Refused(Reason),
    /// There is no connection and the caller asked not to wait, or the client was shut down. Nothing was sent.
    #[error("not connected; nothing was sent")]
    NotConnected,
    /// The connection was lost before the acknowledgement, as often as allowed: the message may be there or not.
    #[error(
        "the connection was lost on {tries} tries before the acknowledgement; the message may have arrived"
    )]
    Unknown {
        /// On how many connections it was sent.
        tries: u32,
    },
}

/// Why a subscription does not stand.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SubscribeError {
    /// The standard forbids the filter. Nothing was sent.
    #[error(transparent)]
    Filter(#[from] TopicError),
    /// The broker said no.
    #[error("the broker refused {filter:?}: {reason}")]
    Refused {
        /// The filter.
        filter: String,
        /// The broker's answer.
        reason: String,
    },
    /// There is no connection.
    #[error("not connected; call connect first")]
    NotConnected,
}
