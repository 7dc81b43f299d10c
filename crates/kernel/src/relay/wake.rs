//! Who is woken when something is committed: a hint that saves waiting for the next poll, never the truth.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU8, Ordering},
    },
    time::Duration,
};

use tokio::sync::{Notify, broadcast, broadcast::error::RecvError, watch};
use uuid::Uuid;

use crate::TenantId;

/// So many numbering passes may be unread by a waiting feed reader before it just looks again.
const FEED_HINTS_MAX: usize = 64;

/// A waiting feed reader looks this often without any news: hints between nodes can be lost.
pub const NEWS_POLL: Duration = Duration::from_secs(2);

/// What was committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    /// A unit of work, perhaps with events or jobs.
    Committed = 1,
    /// Numbers given to events: feeds grew.
    Numbered = 2,
}

/// A feed that grew, and the number of its newest event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Grown {
    pub(crate) tenant: Uuid,
    pub(crate) context: String,
    pub(crate) number: i64,
}

/// Which feeds grew; `None`: some, on another node.
pub(crate) type Growth = Option<Arc<[Grown]>>;

/// Wakes this process's relay, job runner and waiting feed readers, and through the database those of other nodes.
/// Cheap to clone: all clones are one.
#[derive(Clone, Debug)]
pub struct Wake {
    committed: watch::Sender<()>,
    growth: broadcast::Sender<Growth>,
    abroad: Arc<Abroad>,
}

/// What other nodes are still to be told. Nothing is told while this node is alone.
#[derive(Debug, Default)]
struct Abroad {
    others: AtomicBool,
    untold: AtomicU8,
    told: Notify,
}

impl Default for Wake {
    fn default() -> Self {
        Self::new()
    }
}

impl Wake {
    /// A wake that nobody listens to yet.
    pub fn new() -> Self {
        Self {
            committed: watch::Sender::new(()),
            growth: broadcast::Sender::new(FEED_HINTS_MAX),
            abroad: Arc::default(),
        }
    }

    /// A unit of work was committed: there may be events in the outbox, or jobs. Call it after the commit: it costs well
    /// under a microsecond.
    pub fn wake(&self) {
        self.committed.send_replace(());
        self.tell(Kind::Committed);
    }

    /// News of growing feeds from now on: take it before reading a page, then wait with it for more.
    pub fn news(&self) -> News {
        News(self.growth.subscribe())
    }

    /// Feeds grew.
    pub(crate) fn grown(&self, feeds: Arc<[Grown]>) {
        self.growth.send(Some(feeds)).ok();
        self.tell(Kind::Numbered);
    }

    /// Another node said so: wakes this process and tells nobody.
    pub(crate) fn heard(&self, kinds: u8) {
        if kinds & Kind::Committed as u8 != 0 {
            self.committed.send_replace(());
        }
        if kinds & Kind::Numbered as u8 != 0 {
            self.growth.send(None).ok();
        }
    }

    /// Commits from now on.
    pub(crate) fn commits(&self) -> watch::Receiver<()> {
        self.committed.subscribe()
    }

    pub(crate) fn growth(&self) -> broadcast::Receiver<Growth> {
        self.growth.subscribe()
    }

    /// Are there other nodes to tell?
    pub(crate) fn set_others(&self, others: bool) {
        self.abroad.others.store(others, Ordering::Relaxed);
    }

    fn tell(&self, kind: Kind) {
        if self.abroad.others.load(Ordering::Relaxed) {
            self.abroad.untold.fetch_or(kind as u8, Ordering::AcqRel);
            self.abroad.told.notify_one();
        }
    }

    /// Waits until there is something to tell other nodes and takes it.
    pub(crate) async fn untold(&self) -> u8 {
        loop {
            match self.abroad.untold.swap(0, Ordering::AcqRel) {
                0 => self.abroad.told.notified().await,
                kinds => return kinds,
            }
        }
    }
}

/// What a waiting reader of a feed listens to.
#[derive(Debug)]
pub struct News(broadcast::Receiver<Growth>);

impl News {
    /// Waits until the feed may have grown beyond `after`: at once when it is known to, else after [`NEWS_POLL`].
    /// Then read the feed: this is a hint.
    pub async fn beyond(&mut self, tenant: TenantId, context: &str, after: i64) {
        let concerns = |feed: &Grown| {
            feed.tenant == tenant.0 && feed.context == context && feed.number > after
        };
        let heard = async {
            loop {
                match self.0.recv().await {
                    Ok(Some(feeds)) if !feeds.iter().any(concerns) => {}
                    // It grew, or another node's feed did, or news were missed.
                    Ok(_) | Err(RecvError::Lagged(_)) => return,
                    Err(RecvError::Closed) => std::future::pending().await,
                }
            }
        };
        // Heard or timed out: the reader looks.
        tokio::time::timeout(NEWS_POLL, heard).await.ok();
    }
}

/// Waits for a hint, at most `poll`: afterwards look at the database.
pub(crate) async fn hint_or(woken: &mut watch::Receiver<()>, poll: Duration) {
    // A hint or a timeout, both mean: look.
    tokio::time::timeout(poll, woken.changed()).await.ok();
}
