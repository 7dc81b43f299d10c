//! The issuer's keys over time: read when due, searched for an unknown key at a bounded rate, one read at a time.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use tokio::sync::Mutex;

use super::{
    Rejected,
    keyset::{KeySet, SigningKey},
    source::{Change, Source, SourceError},
};

/// How long keys that can no longer be read again are trusted: an issuer's outage of a day is survived, a revoked key is
/// not good for ever.
const TRUST_UNREAD: Duration = Duration::from_hours(24);

/// How often keys are read.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Tokens with unknown key ids provoke at most one read in this time, so that a flood of them is no load on the issuer.
    /// A read that failed is tried again after it.
    pub search: Duration,
    /// Keys of this age are read again in the background.
    pub due: Duration,
    /// Keys of this age are read again before they are used.
    pub overdue: Duration,
    /// How long a key that is no longer published stays good: caches before issuers, tokens under way.
    pub overlap: Duration,
}

impl Pace {
    /// A file: looked at (not read, unless it changed) each second; who edits it means what it says, at once.
    pub const FILE: Self = Self {
        search: Duration::from_secs(1),
        due: Duration::from_secs(1),
        overdue: Duration::from_secs(1),
        overlap: Duration::ZERO,
    };
    /// An issuer on the network: it publishes a new key some time before it signs with it.
    pub const REMOTE: Self = Self {
        search: Duration::from_secs(10),
        due: Duration::from_mins(10),
        overdue: Duration::from_mins(20),
        overlap: Duration::from_mins(5),
    };
}

pub(super) struct Keyring {
    pace: Pace,
    held: RwLock<Held>,
    /// Held while reading: whoever waits for it finds the work done.
    turn: Mutex<Turn>,
}

#[derive(Clone, Default)]
struct Held {
    set: Arc<KeySet>,
    /// The last successful read.
    read_at: Option<Instant>,
}

struct Turn {
    source: Source,
    tried_at: Option<Instant>,
    searched_at: Option<Instant>,
    failed: bool,
}

impl Keyring {
    pub(super) fn new(source: Source, pace: Pace) -> Self {
        let turn = Mutex::new(Turn { source, tried_at: None, searched_at: None, failed: false });
        Self { pace, held: RwLock::default(), turn }
    }

    pub(super) async fn warm(&self) -> Result<(), SourceError> {
        self.read(&mut *self.turn.lock().await).await
    }

    /// The keys as they are, read again first when they are too old. Empty when there are none to trust.
    pub(super) async fn current(self: &Arc<Self>) -> Arc<KeySet> {
        let held = self.held();
        match held.read_at.map(|at| at.elapsed()) {
            Some(age) if age < self.pace.due => return held.set,
            Some(age) if age < self.pace.overdue => {
                self.read_in_background();
                return held.set;
            }
            Some(_) | None => {}
        }
        let mut turn = self.turn.lock().await;
        if self.held().read_at == held.read_at {
            self.read_unless_just_failed(&mut turn).await;
        }
        let held = self.held();
        let trusted = held.read_at.is_some_and(|at| at.elapsed() < TRUST_UNREAD);
        if trusted { held.set } else { Arc::default() }
    }

    /// The key with that id and the generation of the set it was found in.
    pub(super) async fn find(
        self: &Arc<Self>,
        kid: Option<&str>,
    ) -> Result<(u64, SigningKey), Rejected> {
        let set = self.current().await;
        let set = match set.find(kid, Instant::now()) {
            Some(_) => set,
            None => self.search().await?,
        };
        let key = set.find(kid, Instant::now()).ok_or(Rejected::UnknownKey)?;
        Ok((set.generation, key.clone()))
    }

    /// Reads the keys once more for a key that is not among them. A read that began after this call serves it as well; one
    /// that was under way before may have missed what was just published.
    async fn search(&self) -> Result<Arc<KeySet>, Rejected> {
        let asked_at = Instant::now();
        let mut turn = self.turn.lock().await;
        let already_read = turn.tried_at.is_some_and(|at| at > asked_at);
        let too_soon = turn.searched_at.is_some_and(|at| at.elapsed() < self.pace.search);
        if !already_read && !too_soon {
            turn.searched_at = Some(Instant::now());
            // A failure is logged and remembered in `turn`.
            self.read(&mut turn).await.ok();
        }
        if turn.failed { Err(Rejected::KeysUnavailable) } else { Ok(self.held().set) }
    }

    fn read_in_background(self: &Arc<Self>) {
        if self.turn.try_lock().is_err() {
            return;
        }
        let ring = Arc::clone(self);
        tokio::spawn(async move {
            if let Ok(mut turn) = ring.turn.try_lock() {
                ring.read_unless_just_failed(&mut turn).await;
            }
        });
    }

    async fn read_unless_just_failed(&self, turn: &mut Turn) {
        let just_failed =
            turn.failed && turn.tried_at.is_some_and(|at| at.elapsed() < self.pace.search);
        if !just_failed {
            self.read(turn).await.ok();
        }
    }

    async fn read(&self, turn: &mut Turn) -> Result<(), SourceError> {
        turn.tried_at = Some(Instant::now());
        let outcome = turn.source.read().await;
        turn.failed = outcome.is_err();
        match outcome {
            Ok(Change::None) => self.install(None),
            Ok(Change::Keys(keys)) => self.install(Some(keys)),
            Err(error) => {
                tracing::warn!(%error, "the keys of the token issuer cannot be read; the known ones stay");
                return Err(error);
            }
        }
        Ok(())
    }

    fn install(&self, published: Option<Vec<SigningKey>>) {
        let now = Instant::now();
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        held.read_at = Some(now);
        let Some(published) = published else { return };
        let keys = with_overlap(published, &held.set.keys, now, self.pace.overlap);
        if prints(&keys).ne(prints(&held.set.keys)) {
            let generation = held.set.generation + 1;
            tracing::info!(keys = keys.len(), generation, "the keys of the token issuer changed");
            held.set = Arc::new(KeySet { generation, keys });
        }
    }

    fn held(&self) -> Held {
        self.held.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn prints(keys: &[SigningKey]) -> impl Iterator<Item = (&[u8; 32], Option<Instant>)> {
    keys.iter().map(|key| (&key.print, key.until))
}

/// The published keys, and those no longer published for as long as the overlap lasts. A key published under an old id
/// replaces the old one at once.
fn with_overlap(
    published: Vec<SigningKey>,
    before: &[SigningKey],
    now: Instant,
    overlap: Duration,
) -> Vec<SigningKey> {
    let gone = |old: &&SigningKey| !published.iter().any(|new| new.kid == old.kid);
    let retired: Vec<SigningKey> = before
        .iter()
        .filter(gone)
        .map(|old| SigningKey { until: old.until.or(Some(now + overlap)), ..old.clone() })
        .filter(|old| old.is_usable(now))
        .collect();
    published.into_iter().chain(retired).collect()
}
