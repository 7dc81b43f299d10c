//! The broker that runs inside the server when no other is configured: MQTT 5 and 3.1.1 on one port, files below `DIR`.

use std::{
    io::ErrorKind,
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use mqtt5::broker::{
    BrokerConfig, BrokerShutdownHandle, MqttBroker,
    auth::AuthProvider,
    config::{StorageBackend, StorageConfig},
};
use tokio::{task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{
    Accounts, Error,
    front::{Front, Peers},
    gate::Gate,
    private_file,
};
use crate::tls::{Pair, Tls};

/// What a packet may hold. The crate's default (256 MiB) is beyond what the standard lets a broker announce, and
/// Python's clients refuse to connect.
const PACKET_BYTES_MAX: usize = 10 * 1024 * 1024;
/// Messages kept for a client that is away or slow; beyond, the oldest goes. Each is a file, so no more: whoever
/// misses more reads the feed.
const QUEUED_MESSAGES_MAX: usize = 10_000;
/// Bytes of those messages.
const QUEUED_BYTES_MAX: usize = 64 * 1024 * 1024;
/// How long a session outlives its connection at most.
const SESSION_MAX: Duration = Duration::from_hours(7 * 24);
/// How often sessions that ended are swept.
const SWEEP_EVERY: Duration = Duration::from_mins(1);
/// Connections at once: file descriptors and memory of one machine.
pub(super) const CLIENTS_MAX: usize = 10_000;
/// Filters of one client: each is compared with each message.
const SUBSCRIPTIONS_MAX: usize = 1_000;
/// Retained messages: states of services and devices, never a store.
const RETAINED_MAX: usize = 10_000;
/// Bytes of one retained message.
const RETAINED_BYTES_MAX: usize = 1024 * 1024;
/// Topic aliases of one connection: each holds a topic's name in memory.
const ALIASES_MAX: u16 = 64;
/// What one client may have unacknowledged.
const RECEIVE_MAX: u16 = 1_024;
/// Unacknowledged messages to one subscriber.
const OUTBOUND_MAX: u16 = 256;
/// The broker drains for up to 5 s; then it is given up.
const STOP_TIMEOUT: Duration = Duration::from_secs(8);

/// The broker's own port behind TLS.
const ANYWHERE_HERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Where the broker listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    /// Address and port; port 0 takes any free one.
    pub address: SocketAddr,
    /// Allows plain MQTT beyond loopback.
    pub insecure: bool,
    /// Takes MQTT over TLS only.
    pub tls: Option<Pair>,
}

impl From<SocketAddr> for Listen {
    fn from(address: SocketAddr) -> Self {
        Self { address, insecure: false, tls: None }
    }
}

/// A running broker.
pub struct Embedded {
    /// Where clients connect, when that is not the broker itself.
    front: Option<SocketAddr>,
    /// Where the broker listens.
    address: SocketAddr,
    files: PathBuf,
    shutdown: BrokerShutdownHandle,
    running: Option<JoinHandle<mqtt5::Result<()>>>,
    watch: CancellationToken,
}

impl Embedded {
    /// Starts the broker, its files in `dir/broker`, and returns when it accepts connections.
    ///
    /// # Errors
    /// When the address is taken or not allowed, or the files cannot be used.
    pub async fn start(
        dir: &Path,
        listen: impl Into<Listen>,
        accounts: Arc<Accounts>,
    ) -> Result<Self, Error> {
        let listen = listen.into();
        let secured = listen.secured().await?;
        let address = if secured.is_some() { ANYWHERE_HERE } else { listen.check()? };
        let files = dir.join("broker");
        private_file::make_dir(&files)?;
        let peers = Peers::default();
        let gate = Arc::new(Gate::new(accounts, listen.address.ip(), peers.clone()));
        let broker = MqttBroker::with_config(config(address, &files, &gate)).await;
        let broker = broker.map_err(|e| Error::Broker(e.to_string(), files.clone()))?;
        let mut broker = broker.with_auth_provider(Arc::clone(&gate) as Arc<dyn AuthProvider>);
        gate.attach(&broker.router());
        let address = broker.local_addr().unwrap_or(address);
        let (shutdown, mut ready) = (broker.shutdown_handle(), broker.ready_receiver());
        let running = tokio::spawn(async move { broker.run().await });
        let watch = CancellationToken::new();
        tokio::spawn(gate.watch(watch.clone()));
        let started = ready.wait_for(|ready| *ready).await.is_ok();
        let mut embedded =
            Self { front: None, address, files, shutdown, running: Some(running), watch };
        if !started {
            return Err(embedded.failure().await);
        }
        if let Some((listener, tls)) = secured {
            embedded.front = listener.local_addr().ok();
            let front = Front { listener, tls, broker: address, peers };
            tokio::spawn(front.run(embedded.watch.clone()));
        }
        Ok(embedded)
    }

    /// Where it listens: with port 0, the port that was found.
    pub fn address(&self) -> SocketAddr {
        self.front.unwrap_or(self.address)
    }

    /// The same as a URL, without credentials.
    pub fn url(&self) -> String {
        let scheme = if self.front.is_some() { "mqtts" } else { "mqtt" };
        format!("{scheme}://{}", self.address())
    }

    /// Where programs on this machine reach it, who need not check its certificate.
    pub fn local_url(&self) -> String {
        format!("mqtt://{}", self.address)
    }

    /// Closes the connections, writes what is queued, and returns when the port is free.
    ///
    /// # Errors
    /// When the broker had failed, or does not stop in time.
    pub async fn stop(mut self) -> Result<(), Error> {
        self.signal();
        self.ended().await.map_err(|why| Error::Broker(why, self.files.clone()))
    }

    /// Why it ended before it was ready.
    async fn failure(mut self) -> Error {
        let why = self.ended().await.err().unwrap_or_else(|| "it ended at once".to_owned());
        Error::Broker(why, self.files.clone())
    }

    /// Waits for the end of a broker that was told to stop or failed.
    async fn ended(&mut self) -> Result<(), String> {
        let Some(running) = self.running.take() else { return Ok(()) };
        match timeout(STOP_TIMEOUT, running).await {
            Ok(Ok(ended)) => ended.map_err(|error| error.to_string()),
            Ok(Err(panicked)) => Err(panicked.to_string()),
            Err(_) => Err(format!("it did not stop within {} s", STOP_TIMEOUT.as_secs())),
        }
    }

    fn signal(&self) {
        self.watch.cancel();
        self.shutdown.shutdown();
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.signal();
    }
}

impl Listen {
    /// The crate reports a failed bind as text; asking the system first gives the reason.
    fn check(&self) -> Result<SocketAddr, Error> {
        let address = self.address;
        if !self.insecure && !address.ip().is_loopback() {
            return Err(Error::NotLoopback(address));
        }
        TcpListener::bind(address).map(|_| address).map_err(|e| self.refused(e))
    }

    /// The listener for TLS, if that is configured.
    async fn secured(&self) -> Result<Option<(tokio::net::TcpListener, Tls)>, Error> {
        let Some(pair) = &self.tls else { return Ok(None) };
        let tls = Tls::load(pair.clone(), &[])?;
        let listener = tokio::net::TcpListener::bind(self.address).await;
        Ok(Some((listener.map_err(|e| self.refused(e))?, tls)))
    }

    fn refused(&self, source: std::io::Error) -> Error {
        let address = self.address;
        if source.kind() == ErrorKind::AddrInUse {
            return Error::PortTaken(address);
        }
        Error::Listen { address, source }
    }
}

fn config(address: SocketAddr, files: &Path, gate: &Arc<Gate>) -> BrokerConfig {
    let storage = StorageConfig::new()
        .with_backend(StorageBackend::File)
        .with_base_dir(files.to_owned())
        .with_persistence(true) // Off, it would also drop acknowledged messages of clients that are away.
        .with_cleanup_interval(SWEEP_EVERY)
        .with_max_queued_messages_per_client(QUEUED_MESSAGES_MAX)
        .with_max_queued_bytes_per_client(QUEUED_BYTES_MAX);
    let mut config = BrokerConfig::new()
        .with_bind_address(address)
        .with_max_clients(CLIENTS_MAX)
        .with_max_packet_size(PACKET_BYTES_MAX)
        .with_session_expiry(SESSION_MAX)
        .with_max_subscriptions_per_client(SUBSCRIPTIONS_MAX)
        .with_max_retained_messages(RETAINED_MAX)
        .with_max_retained_message_size(RETAINED_BYTES_MAX)
        .with_server_receive_maximum(RECEIVE_MAX)
        .with_max_outbound_inflight(OUTBOUND_MAX)
        .with_sys_topics_enabled(false)
        .with_storage(storage)
        .with_event_handler(Arc::clone(gate) as _);
    config.topic_alias_maximum = ALIASES_MAX;
    config
}
