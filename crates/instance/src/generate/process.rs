//! The processes of an instance: a role keeps its process id from start to exit.

use rand::{RngExt, rngs::ChaCha8Rng};

/// Linux gives no greater process id.
pub(super) const MAX_PID: u32 = 4_194_304;
/// Ids below belong to the system's own processes.
pub(super) const MIN_PID: u32 = 3_000;
/// The ids of an instance's processes follow one another by a few.
const STEP: u32 = 12;

macro_rules! roles {
    ($($(#[$doc:meta])* $role:ident $name:literal),* $(,)?) => {
        /// Which process writes an entry.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Role { $($(#[$doc])* $role),* }

        impl Role {
            /// All of them, in the order in which an instance starts them, as template files name them.
            pub const ALL: &'static [(&'static str, Self)] = &[$(($name, Self::$role)),*];
        }
    };
}

roles! {
    /// The control process: it starts and ends the daemons.
    Control "control",
    /// The write daemon.
    Write "write",
    /// The garbage collector.
    Garbage "garbage",
    /// The journal daemon.
    Journal "journal",
    /// The first auxiliary write daemon.
    Aux1 "aux1",
    /// The second.
    Aux2 "aux2",
    /// The third.
    Aux3 "aux3",
    /// The fourth.
    Aux4 "aux4",
    /// The fifth.
    Aux5 "aux5",
    /// The sixth.
    Aux6 "aux6",
    /// The seventh.
    Aux7 "aux7",
    /// The daemon that expands databases.
    Expand "expand",
    /// The process that brings the instance up.
    Start "start",
    /// The log monitor.
    Log "log",
    /// The clean-up daemon.
    Clean "clean",
    /// The license monitor.
    License "lmf",
    /// The superserver.
    Server "server",
    /// The process that starts the other servers.
    Servers "servers",
    /// The task manager.
    Task "task",
    /// The system monitor.
    Monitor "monitor",
    /// The daemon of the work queues.
    Queue "queue",
    /// The process that stops the instance.
    Stop "stop",
}

impl Role {
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find_map(|(own, role)| (*own == name).then_some(*role))
    }
}

/// A process id for each role.
#[derive(Debug)]
pub(super) struct Pids([u32; Role::ALL.len()]);

impl Pids {
    /// Those of an instance that starts now.
    pub(super) fn started(rng: &mut ChaCha8Rng) -> Self {
        let mut pids = [0; Role::ALL.len()];
        let room = STEP * u32::try_from(pids.len()).unwrap_or(u32::MAX / STEP);
        pids.iter_mut().fold(rng.random_range(MIN_PID..MAX_PID - room), |next, pid| {
            *pid = next;
            next + rng.random_range(1..=STEP)
        });
        Self(pids)
    }

    pub(super) fn of(&self, role: Role) -> u32 {
        self.0.get(role as usize).copied().unwrap_or_default()
    }
}
