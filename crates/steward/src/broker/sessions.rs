//! Which account holds which client id, for as long as the broker may ask.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use jiff::{SignedDuration, Timestamp};
use kernel::Clock;

use super::accounts::Grant;

/// How long an id is kept for a connection that has not finished its handshake (the broker gives it 10 s).
const HANDSHAKE: SignedDuration = SignedDuration::from_secs(15);

/// A session as its client asked for it.
#[derive(Debug)]
pub(super) struct Session {
    /// The account.
    pub(super) grant: Grant,
    /// Whether the broker keeps the session after the connection.
    pub(super) persistent: bool,
    /// Whether the client can be told of a refused publish (MQTT 5 can, 3.1.1 cannot).
    pub(super) refusable: bool,
    /// How long after the connection its will is published.
    pub(super) will_delay: SignedDuration,
}

/// By client id. An id outlives its connection by the delay of its will, whose publish is checked like any other.
pub(super) struct Sessions {
    held: RwLock<HashMap<String, Held>>,
    clock: Clock,
}

struct Held {
    session: Arc<Session>,
    /// Connections with this id: two for the moment of a take-over.
    live: u32,
    /// Since when there is none.
    idle_since: Timestamp,
}

impl Sessions {
    pub(super) fn new(clock: Clock) -> Self {
        Self { held: RwLock::default(), clock }
    }

    /// Notes that an account connects as `client_id`; `false` when another account holds that id.
    pub(super) fn open(&self, client_id: &str, session: Session) -> bool {
        let mut all = self.write();
        let before = all.get(client_id);
        if before.is_some_and(|held| held.session.grant.user != session.grant.user) {
            return false;
        }
        let live = before.map_or(0, |held| held.live);
        let held = Held { session: Arc::new(session), live, idle_since: self.clock.now() };
        all.insert(client_id.to_owned(), held);
        true
    }

    /// The handshake is done.
    pub(super) fn connected(&self, client_id: &str) {
        if let Some(held) = self.write().get_mut(client_id) {
            held.live += 1;
        }
    }

    /// A connection has ended.
    pub(super) fn disconnected(&self, client_id: &str) {
        if let Some(held) = self.write().get_mut(client_id) {
            held.live = held.live.saturating_sub(1);
            held.idle_since = self.clock.now();
        }
    }

    /// What `client_id` is held for.
    pub(super) fn get(&self, client_id: &str) -> Option<Arc<Session>> {
        self.read().get(client_id).map(|held| Arc::clone(&held.session))
    }

    /// Forgets ids without a connection whose time is over.
    pub(super) fn forget_idle(&self) {
        let now = self.clock.now();
        let keep = |held: &Held| held.session.will_delay.max(HANDSHAKE);
        self.write()
            .retain(|_, held| held.live > 0 || now.duration_since(held.idle_since) < keep(held));
    }

    /// Connected sessions of accounts that are no longer good.
    pub(super) fn overdue(&self, still_good: impl Fn(&Grant) -> bool) -> Vec<(String, bool)> {
        let all = self.read();
        let live = all.iter().filter(|(_, held)| held.live > 0);
        live.filter(|(_, held)| !still_good(&held.session.grant))
            .map(|(client_id, held)| (client_id.clone(), held.session.persistent))
            .collect()
    }

    fn read(&self) -> RwLockReadGuard<'_, HashMap<String, Held>> {
        self.held.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, HashMap<String, Held>> {
        self.held.write().unwrap_or_else(PoisonError::into_inner)
    }
}
