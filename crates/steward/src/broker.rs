//! The broker's side of the server: the embedded broker, who may sign in to it, and who may do what there.
//!
//! - [`acl`]: pure rules over topic levels; no I/O.
//! - [`Accounts`]: the server's own credentials, the local reader's, devices' secrets, and tokens.
//! - [`Embedded`]: the broker that runs inside the server when no other is configured.
//!
//! Nothing here knows of the outbox, and no promise rests on the broker's memory: what it forgets is read from the feed.

mod accounts;
pub mod acl;
mod client_id;
mod credentials;
mod devices;
mod embedded;
mod front;
mod gate;
mod link;
mod private_file;
mod probe;
mod secret;
mod sessions;
mod sign_in;

use std::{io, net::SocketAddr, path::PathBuf};

pub use accounts::Accounts;
pub use credentials::{Credentials, local_reader, local_server};
pub use devices::{Device, add_device, list_devices, remove_device};
pub use embedded::{Embedded, Listen};
pub use link::Link;
pub use probe::{Features, probe};
pub use sign_in::{Proven, Refusal, SignIn};

/// Why the broker, or the files it needs, cannot be used. Each message says what to do next.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file below the data folder cannot be read or written.
    #[error(
        "{path}: {source}; check that the folder belongs to the user who runs steward and has room"
    )]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file with secrets cannot be used, for instance because others can read it.
    #[error(transparent)]
    Secret(#[from] crate::datadir::secret::Error),
    /// The certificate of its listener cannot be used.
    #[error(transparent)]
    Tls(#[from] crate::tls::Error),
    /// A file is not what this program writes.
    #[error("{path} is not valid: {why}; restore it or delete it to start with new secrets")]
    Invalid {
        /// The file.
        path: PathBuf,
        /// The first thing wrong with it.
        why: String,
    },
    /// Plain MQTT would be reachable from other machines.
    #[error(
        "MQTT without TLS on {0} would send tokens in the clear; give --mqtt-tls-cert and --mqtt-tls-key, or a loopback address such as 127.0.0.1:1884, or --insecure"
    )]
    NotLoopback(SocketAddr),
    /// Somebody else listens there.
    #[error(
        "the MQTT port {0} is taken; stop the other program, or choose another address with --mqtt-listen (port 0: any free one)"
    )]
    PortTaken(SocketAddr),
    /// The address cannot be bound for another reason.
    #[error("cannot listen for MQTT on {address}: {source}; check --mqtt-listen")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the operating system said.
        source: io::Error,
    },
    /// The broker itself refused to start or stopped.
    #[error("the embedded MQTT broker: {0}; its files are in {1}")]
    Broker(String, PathBuf),
    /// The configuration of a client cannot work.
    #[error(transparent)]
    Config(#[from] steward_mqtt::ConfigError),
    /// A client cannot connect.
    #[error(transparent)]
    Connect(#[from] steward_mqtt::ConnectError),
    /// A broker outside cannot be asked what it can do.
    #[error("the MQTT broker at {address}: {why}; check --mqtt-url, the account, and that it runs")]
    Probe {
        /// Its host and port.
        address: String,
        /// What went wrong.
        why: String,
    },
    /// A device's name or the change asked for is not possible.
    #[error("{0}")]
    Device(String),
}

impl Error {
    fn file(path: &std::path::Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { path, source }
    }
}
