//! Delivers from the spools of all sources at once, in a runtime of its own: whoever writes is not asynchronous.

use std::{
    collections::BTreeMap,
    io,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{
    runtime::{Builder, Handle, Runtime},
    sync::{Semaphore, watch},
    task::JoinSet,
};

use super::{
    Destination, Fault, Files, Http, Lane, Limits, Mqtt, Policy, Record, Scheme, Spool, Transport,
    lane::{self, Shared},
};

/// Enough: sending is waiting.
const THREADS: usize = 2;

/// The ways to consumers.
#[derive(Debug)]
pub struct Transports {
    /// HTTP.
    pub http: Http,
    /// MQTT.
    pub mqtt: Mqtt,
}

impl Transports {
    pub(super) async fn send(&self, record: &Record) -> Result<(), Fault> {
        let to = Destination::parse(&record.destination).map_err(Fault::Never)?;
        let way: &dyn Transport = match to.scheme() {
            Scheme::Http => &self.http,
            Scheme::File => &Files,
            Scheme::Mqtt => &self.mqtt,
        };
        way.send(&to, &record.message).await
    }
}

/// What a sender leaves behind: sources, with the bytes that wait in their spools.
pub type Undelivered = BTreeMap<String, u64>;

/// Delivers what is put into its lanes.
#[derive(Debug)]
pub struct Sender {
    runtime: Runtime,
    shared: Arc<Shared>,
    spools: PathBuf,
    limits: Limits,
    lanes: Mutex<Lanes>,
}

#[derive(Debug, Default)]
struct Lanes {
    open: BTreeMap<String, Arc<Lane>>,
    tasks: JoinSet<io::Result<()>>,
}

impl Sender {
    /// Begins with what is left in the spools below a directory that no other process holds. `tell` is for people.
    ///
    /// # Errors
    /// When the directory cannot be made or read.
    pub fn open(
        spools: PathBuf,
        limits: Limits,
        policy: Policy,
        transports: Transports,
        tell: fn(&str),
    ) -> io::Result<Self> {
        std::fs::create_dir_all(&spools)?;
        let runtime = Builder::new_multi_thread().worker_threads(THREADS).enable_all().build()?;
        let slots = Semaphore::new(policy.at_once.max(1));
        let closing = watch::Sender::new(false);
        let shared = Arc::new(Shared { transports, policy, slots, closing, tell });
        let sender = Self { runtime, shared, spools, limits, lanes: Mutex::default() };
        for name in Spool::names(&sender.spools)? {
            match sender.source(&name) {
                Ok(lane) if lane.is_empty() => {}
                Ok(lane) => tell(&format!(
                    "{name}: {} bytes wait from an earlier run and are sent first",
                    lane.waiting_bytes()
                )),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {} // another process sees to it
                Err(e) => return Err(e),
            }
        }
        Ok(sender)
    }

    /// Runs something else beside the deliveries.
    pub fn runtime(&self) -> &Handle {
        self.runtime.handle()
    }

    /// The lane of a source.
    ///
    /// # Errors
    /// When another process holds its spool, or the disk fails.
    pub fn source(&self, name: &str) -> io::Result<Arc<Lane>> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lane) = lanes.open.get(name) {
            return Ok(Arc::clone(lane));
        }
        let spool = Spool::open(&self.spools, name, self.limits)?;
        let lane = Arc::new(Lane::new(spool, self.shared.tell));
        lanes.open.insert(name.to_owned(), Arc::clone(&lane));
        let task = lane::deliver(Arc::clone(&lane), Arc::clone(&self.shared));
        lanes.tasks.spawn_on(task, self.runtime.handle());
        Ok(lane)
    }

    /// Delivers what waits; a source that does not get a message through in a last round of tries is left as it is.
    ///
    /// # Errors
    /// When a disk failed.
    pub fn close(self) -> io::Result<Undelivered> {
        self.shared.closing.send_replace(true);
        let Lanes { open, mut tasks } =
            self.lanes.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut ended = Ok(());
        self.runtime.block_on(async {
            while let Some(task) = tasks.join_next().await {
                ended = std::mem::replace(&mut ended, Ok(())).and(task.map_err(io::Error::other)?);
            }
            Ok::<_, io::Error>(())
        })?;
        ended?;
        let waiting = open.into_iter().map(|(name, lane)| (name, lane.waiting_bytes()));
        Ok(waiting.filter(|(_, bytes)| *bytes > 0).collect())
    }
}
