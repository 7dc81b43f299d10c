//! The inbox: hands events to this platform's own consumers, each exactly once in effect.
//!
//! The id of the event and the effect of the reaction commit together (`kernel.inbox`). Events of this
//! platform's own log are read from the log: what arrives by the broker tells that there is something, and no forged
//! message can say what. So a consumer sees each feed in its order and without gaps, also what the broker lost. A
//! reaction that fails is tried again with growing pauses, apart from the events after it, and then parked.

use futures::future::BoxFuture;
use tokio::sync::watch;
use uuid::Uuid;

use crate::{Kernel, Problem, Tx, answer::Outcome, lease::Leases};

mod apply;
mod failed;
mod follow;
mod received;

pub use failed::{ATTEMPTS_MAX, Failed, list, replay};
pub use follow::run;
pub use received::{Received, Unreadable};

/// What a consumer does with the events of one source.
#[derive(Clone, Copy, Debug)]
pub struct Reaction {
    /// The consumer's name: with the event's id it makes the effect single. Never change it.
    pub consumer: &'static str,
    /// Whose events: `/steward/{context}` for this platform's, else the CloudEvents source of a foreign sender.
    pub source: &'static str,
    /// The types it reacts to, for instance `lms.roster.v1.SchoolArchived`.
    pub types: &'static [&'static str],
    /// The reaction: a command in the event's tenant. It may run again after a failure.
    pub run: React,
}

/// A reaction's function: a pointer, not a closure, so that it has no state beside the transaction's.
pub type React =
    for<'t> fn(&'t mut Tx, &'t Received) -> BoxFuture<'t, Result<Outcome<()>, Problem>>;

impl Reaction {
    /// The context whose feed it follows; `None` when the sender is foreign.
    fn context(&self) -> Option<&'static str> {
        self.source.strip_prefix(received::OWN)
    }

    fn wants(&self, event: &Received) -> bool {
        self.source == event.source && self.types.contains(&event.event_type.as_str())
    }
}

/// The inbox of one server. Cheap to clone: all clones are one.
#[derive(Clone, Debug)]
pub struct Inbox {
    kernel: Kernel,
    leases: Leases,
    reactions: std::sync::Arc<[Reaction]>,
    arrived: watch::Sender<()>,
}

/// Marks a message as reacted to in the transaction of the effect; `false` when it was before. A node that does the same at
/// this moment is waited for.
///
/// # Errors
/// The database's.
pub async fn claim(tx: &mut Tx, consumer: &str, event_id: Uuid) -> sqlx::Result<bool> {
    let tenant = tx.tenant().0;
    let claimed = sqlx::query!(
        "insert into kernel.inbox (tenant_id, consumer, event_id) values ($1, $2, $3) on conflict do nothing",
        tenant,
        consumer,
        event_id
    )
    .execute(tx.conn())
    .await?;
    Ok(claimed.rows_affected() == 1)
}

/// Why a message was not taken.
#[derive(Debug, thiserror::Error)]
pub enum TakeError {
    /// It is no event of the expected form: sending it again does not help.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// The database does not answer: leave the message unacknowledged, it comes again.
    #[error("the event could not be stored: {0}")]
    Unavailable(#[from] sqlx::Error),
}

impl Inbox {
    /// An inbox with these reactions. [`run`] makes it work.
    pub fn new(kernel: Kernel, leases: Leases, reactions: Vec<Reaction>) -> Self {
        Self { kernel, leases, reactions: reactions.into(), arrived: watch::Sender::new(()) }
    }

    /// Takes a message of the broker; acknowledge it when this returned without `Unavailable`.
    ///
    /// An event of this platform's own is only a hint to look into the log. A foreign one is reacted to here; when that
    /// fails, it is kept and tried again. Who may publish under which source is the broker's access list's business.
    pub async fn take(&self, body: &[u8]) -> Result<(), TakeError> {
        let event = Received::parse(body)?;
        if event.is_own() {
            self.arrived.send_replace(());
            return Ok(());
        }
        for reaction in self.reactions.iter().filter(|reaction| reaction.wants(&event)) {
            apply::apply_or_keep(&self.kernel, reaction, &event).await?;
        }
        Ok(())
    }
}
