//! Leases on slots of tenants: which node relays, seals and reacts for which sixteenth of the tenants.
//!
//! Rows of the database, judged by its clock; no advisory locks, which a pool loses or keeps by accident. What must not
//! be done twice takes its lease row `for key share` in its own transaction: a takeover, which locks it `for update`, waits
//! or looks elsewhere, a renewal does not wait, and a node that slept through its lease finds another holder and moves
//! nothing. Such a node can still repeat a publish: receivers drop events by id.

use std::time::{Duration, Instant};

use sqlx::{PgConnection, PgPool, postgres::types::PgInterval};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{background, relay::Wake};

/// So many slots share the tenants among them (`kernel.slot` in the schema): the most nodes that can help each other.
pub const SLOTS: u16 = 16;
/// How long a lease lives without renewal. With [`RENEW`] a dead node is replaced within 7 s.
pub const TTL: Duration = Duration::from_secs(5);
/// How often a lease is renewed: two renewals may fail before it is lost.
pub const RENEW: Duration = Duration::from_millis(1500);

/// The slots this node holds. Cheap to clone: all clones are one.
#[derive(Clone, Debug)]
pub struct Leases {
    node: Uuid,
    held: watch::Sender<Held>,
}

#[derive(Debug, Default)]
struct Held {
    slots: Vec<i16>,
    /// Counted from before the renewal, so that this node stops believing before others do.
    until: Option<Instant>,
}

impl Leases {
    /// No lease yet: [`hold`] takes them for `node`, an id made at the start of this process.
    pub fn new(node: Uuid) -> Self {
        Self { node, held: watch::Sender::new(Held::default()) }
    }

    /// This node.
    pub const fn node(&self) -> Uuid {
        self.node
    }

    /// The slots held now; none once a renewal is overdue.
    pub fn slots(&self) -> Vec<i16> {
        let held = self.held.borrow();
        if held.until.is_some_and(|until| Instant::now() < until) {
            held.slots.clone()
        } else {
            Vec::new()
        }
    }

    /// Waits until slots are gained or lost, at most `poll`.
    pub(crate) async fn changed(&self, poll: Duration) {
        let mut held = self.held.subscribe();
        // Changed or not: the caller looks.
        tokio::time::timeout(poll, held.changed()).await.ok();
    }

    fn renewed(&self, slots: Vec<i16>, until: Instant) {
        self.held.send_if_modified(|held| {
            let changed = held.slots != slots;
            *held = Held { slots, until: Some(until) };
            changed
        });
    }
}

/// Takes and renews this node's fair share of the slots until `stop`, then gives them back.
pub async fn hold(system: PgPool, leases: Leases, wake: Wake, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let asked = Instant::now();
        match renew(&system, leases.node).await {
            Ok(share) => {
                wake.set_others(share.others);
                leases.renewed(share.slots, asked + TTL);
            }
            Err(error) => tracing::warn!(%error, "could not renew the leases: trying again"),
        }
        background::pause(&stop, RENEW).await;
    }
    leases.renewed(Vec::new(), Instant::now());
    if let Err(error) = release(&system, leases.node).await {
        tracing::warn!(%error, "could not give the leases back: other nodes wait until they expire");
    }
}

/// What a renewal brought.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Share {
    /// In ascending order.
    pub(crate) slots: Vec<i16>,
    /// Are there other live nodes?
    pub(crate) others: bool,
}

/// One round: shows that this node lives, renews what it holds, gives back what is more than its share, takes what is
/// free up to its share.
pub(crate) async fn renew(system: &PgPool, node: Uuid) -> sqlx::Result<Share> {
    let mut tx = background::begin(system).await?;
    let others = show_life(&mut tx, node).await?;
    let fair = usize::from(SLOTS).div_ceil(others + 1);
    let mut slots = extend(&mut tx, node).await?;
    slots.sort_unstable();
    let surplus = slots.split_off(slots.len().min(fair));
    if !surplus.is_empty() {
        give_back(&mut tx, node, &surplus).await?;
    }
    if slots.len() < fair {
        slots.extend(take(&mut tx, node, fair - slots.len()).await?);
        slots.sort_unstable();
    }
    tx.commit().await?;
    Ok(Share { slots, others: others > 0 })
}

/// Gives every lease of `node` back and forgets the node.
async fn release(system: &PgPool, node: Uuid) -> sqlx::Result<()> {
    let mut tx = background::begin(system).await?;
    sqlx::query!(
        "update kernel.lease set holder = null, until = '-infinity' where holder = $1",
        node
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!("delete from kernel.node where node_id = $1", node).execute(&mut *tx).await?;
    tx.commit().await
}

/// Returns the number of other live nodes. Nodes silent for a long time are forgotten.
async fn show_life(conn: &mut PgConnection, node: Uuid) -> sqlx::Result<usize> {
    sqlx::query!(
        "insert into kernel.node (node_id) values ($1) on conflict (node_id) do update set seen_at = now()",
        node
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!("delete from kernel.node where seen_at < now() - interval '1 hour'")
        .execute(&mut *conn)
        .await?;
    let others = sqlx::query_scalar!(
        r#"select count(*) as "others!" from kernel.node where node_id <> $1 and seen_at > now() - $2::interval"#,
        node,
        ttl()
    )
    .fetch_one(conn)
    .await?;
    Ok(usize::try_from(others).unwrap_or(0))
}

async fn extend(conn: &mut PgConnection, node: Uuid) -> sqlx::Result<Vec<i16>> {
    sqlx::query_scalar!(
        "update kernel.lease set until = now() + $2::interval where holder = $1 and until > now() returning slot",
        node,
        ttl()
    )
    .fetch_all(conn)
    .await
}

async fn give_back(conn: &mut PgConnection, node: Uuid, slots: &[i16]) -> sqlx::Result<()> {
    sqlx::query!(
        "update kernel.lease set holder = null, until = '-infinity' where holder = $1 and slot = any($2)",
        node,
        slots
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes up to `wanted` free slots, leaving those that somebody is just working on or taking.
async fn take(conn: &mut PgConnection, node: Uuid, wanted: usize) -> sqlx::Result<Vec<i16>> {
    sqlx::query_scalar!(
        "update kernel.lease set holder = $1, epoch = epoch + 1, until = now() + $2::interval
          where slot in (select slot from kernel.lease where until <= now() order by slot limit $3 for update skip locked)
          returning slot",
        node,
        ttl(),
        i64::try_from(wanted).unwrap_or(i64::MAX)
    )
    .fetch_all(conn)
    .await
}

/// The [`TTL`] for the database's arithmetic.
fn ttl() -> PgInterval {
    PgInterval {
        months: 0,
        days: 0,
        microseconds: i64::try_from(TTL.as_micros()).unwrap_or(i64::MAX),
    }
}
