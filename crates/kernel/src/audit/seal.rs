//! The sealer: chains the new audit records of each tenant, and signs and announces the head of each chain.
//!
//! `hash = sha256(previous hash || sha256(record))`, the first after 32 zero bytes. The requests' role can only add
//! records, so the chain is a table of its own. Whoever owns the database could still remove the newest records together
//! with their links: a head kept elsewhere (the feed, a file, the log) shows it.

use std::{
    collections::{HashMap, HashSet},
    path::PathBuf,
    time::{Duration, Instant},
};

use sha2::{Digest, Sha256};
use sqlx::{PgConnection, PgPool};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{Clock, Ids, background, lease::Leases, relay::Wake};

mod head;

pub(crate) use head::hex;
pub use head::{AuditSealed, Head, HeadError, KEY_PURPOSE};

/// A link's hash.
pub(crate) type Hash = [u8; 32];

/// What the first link of a chain follows.
pub(crate) const GENESIS: Hash = [0; 32];

/// How often new records are chained.
const PASS: Duration = Duration::from_secs(3);
/// How far a pass looks back: longer than a usual transaction.
const RECENT: &str = "20 seconds";
/// How often everything since the last complete pass is looked through, heads are signed and announced.
const FULL: Duration = Duration::from_mins(1);
/// How far back of its own start a complete pass is trusted: a record is dated by the start of its transaction, and
/// none lives this long.
const COMMIT_MAX: &str = "10 minutes";
/// Records chained in one transaction: a few megabytes of text.
const BATCH: i64 = 5_000;

/// What the sealer works with.
#[derive(Clone, Debug)]
pub struct Sealer {
    /// The database, as the system role.
    pub system: PgPool,
    /// Which tenants are this node's.
    pub leases: Leases,
    /// Wakes the relay for announced heads.
    pub wake: Wake,
    /// Dates heads.
    pub clock: Clock,
    /// Makes the ids of announcements.
    pub ids: Ids,
    /// Signs heads: derived from the master key for [`KEY_PURPOSE`].
    pub key: SealKey,
    /// Where heads are appended too, one JSON object a line: keep it on another machine.
    pub file: Option<PathBuf>,
}

/// The key that signs heads; never shown.
#[derive(Clone)]
pub struct SealKey([u8; 32]);

impl SealKey {
    /// A key derived from the master key.
    pub const fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    /// The key as HMAC-SHA256 uses it: filled up with zeros to one block (RFC 2104).
    pub(crate) fn block(&self) -> [u8; 64] {
        let mut block = [0; 64];
        block.iter_mut().zip(self.0).for_each(|(byte, key)| *byte = key);
        block
    }
}

impl std::fmt::Debug for SealKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealKey")
    }
}

/// Seals until `stop`.
pub async fn run(sealer: Sealer, stop: CancellationToken) {
    let mut state = State::default();
    let mut failures = 0;
    while !stop.is_cancelled() {
        match state.round(&sealer).await {
            Ok(()) => {
                failures = 0;
                background::pause(&stop, PASS).await;
            }
            Err(error) => {
                failures += 1;
                tracing::warn!(%error, "could not seal the audit trail: trying again");
                background::pause(&stop, background::backoff(failures)).await;
            }
        }
    }
}

/// Seals everything committed so far in the slots of this node and announces the heads: at shutdown, and in tests.
pub async fn seal_now(sealer: &Sealer) -> sqlx::Result<()> {
    let mut state = State::default();
    state.round(sealer).await
}

#[derive(Debug, Default)]
struct State {
    slots: Vec<i16>,
    full: Option<Instant>,
    /// Tenants whose head was not announced since it moved.
    unannounced: HashSet<Uuid>,
}

impl State {
    async fn round(&mut self, sealer: &Sealer) -> sqlx::Result<()> {
        let slots = sealer.leases.slots();
        if slots.is_empty() {
            sealer.leases.changed(PASS).await;
            return Ok(());
        }
        let gained = slots.iter().any(|slot| !self.slots.contains(slot));
        if gained {
            // Whoever had them may have died between sealing and announcing.
            self.unannounced.extend(active(&sealer.system, &slots).await?);
        }
        let full = gained || self.full.is_none_or(|at| at.elapsed() >= FULL);
        let reach = if full { Reach::Full } else { Reach::Recent };
        self.unannounced.extend(seal(&sealer.system, &slots, sealer.leases.node(), reach).await?);
        if full {
            head::announce(sealer, &self.unannounced).await?;
            self.unannounced.clear();
            self.full = Some(Instant::now());
        }
        self.slots = slots;
        Ok(())
    }
}

/// How far back a pass looks for records without a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// [`RECENT`].
    Recent,
    /// Since the last complete pass.
    Full,
}

/// Chains all records of the slots that are committed and within reach. Returns the tenants whose chains grew.
pub(crate) async fn seal(
    system: &PgPool,
    slots: &[i16],
    node: Uuid,
    reach: Reach,
) -> sqlx::Result<HashSet<Uuid>> {
    let began = sqlx::query_scalar!(r#"select now() as "now!: jiff_sqlx::Timestamp""#)
        .fetch_one(system)
        .await?;
    let mut grown = HashSet::new();
    loop {
        let found = find(system, slots, reach).await?;
        let more = i64::try_from(found.len()).unwrap_or(i64::MAX) >= BATCH;
        let linked = link(system, node, &found).await?;
        let stuck = linked.is_empty();
        grown.extend(linked);
        if !more || stuck {
            break;
        }
    }
    if reach == Reach::Full {
        trust(system, slots, node, began).await?;
    }
    Ok(grown)
}

/// A record without a link.
#[derive(Debug)]
struct Unlinked {
    tenant_id: Uuid,
    audit_id: Uuid,
    record: String,
}

/// Finds unlinked records, without any lock: it may take a while after a long pause.
async fn find(system: &PgPool, slots: &[i16], reach: Reach) -> sqlx::Result<Vec<Unlinked>> {
    let mut tx = background::begin_long(system).await?;
    let found = sqlx::query_as!(
        Unlinked,
        "select a.tenant_id, a.audit_id, a.record from kernel.audit a
          where a.recorded_at > case when $2 then (select min(sealed_until) from kernel.lease where slot = any($1))
                                     else now() - $3::text::interval end
            and kernel.slot(a.tenant_id) = any($1)
            and not exists (select from kernel.audit_link l where l.tenant_id = a.tenant_id and l.audit_id = a.audit_id)
          order by a.tenant_id, a.recorded_at, a.audit_id limit $4",
        slots,
        reach == Reach::Full,
        RECENT,
        BATCH
    )
    .fetch_all(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(found)
}

/// Chains records under the leases of their slots. Returns the tenants whose chains grew.
async fn link(system: &PgPool, node: Uuid, found: &[Unlinked]) -> sqlx::Result<HashSet<Uuid>> {
    if found.is_empty() {
        return Ok(HashSet::new());
    }
    let mut tx = background::begin(system).await?;
    let held = lock_leases(&mut tx, node).await?;
    let linked = already_linked(&mut tx, found).await?;
    let fresh: Vec<_> = found
        .iter()
        .filter(|record| held.contains(&slot(record.tenant_id)))
        .filter(|record| !linked.contains(&(record.tenant_id, record.audit_id)))
        .collect();
    let tenants: HashSet<_> = fresh.iter().map(|record| record.tenant_id).collect();
    let mut heads = heads(&mut tx, tenants.iter().copied()).await?;
    let links = chain(&mut heads, &fresh);
    insert(&mut tx, &links).await?;
    tx.commit().await?;
    Ok(tenants)
}

/// The slot of a tenant: `kernel.slot` of the schema.
fn slot(tenant: Uuid) -> i16 {
    let [.., last] = *tenant.as_bytes();
    i16::from(last & 15)
}

async fn lock_leases(conn: &mut PgConnection, node: Uuid) -> sqlx::Result<Vec<i16>> {
    sqlx::query_scalar!(
        "select slot from kernel.lease where holder = $1 and until > now() for key share",
        node
    )
    .fetch_all(conn)
    .await
}

async fn already_linked(
    conn: &mut PgConnection,
    found: &[Unlinked],
) -> sqlx::Result<HashSet<(Uuid, Uuid)>> {
    let (tenants, ids): (Vec<_>, Vec<_>) =
        found.iter().map(|record| (record.tenant_id, record.audit_id)).unzip();
    let rows = sqlx::query!(
        "select l.tenant_id, l.audit_id from unnest($1::uuid[], $2::uuid[]) as f(tenant_id, audit_id)
           join kernel.audit_link l on l.tenant_id = f.tenant_id and l.audit_id = f.audit_id",
        &tenants,
        &ids
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.tenant_id, row.audit_id)).collect())
}

/// The end of a chain: position and hash.
pub(crate) type End = (i64, Hash);

/// The ends of the tenants' chains; tenants without a chain are missing.
async fn heads(
    conn: &mut PgConnection,
    tenants: impl Iterator<Item = Uuid>,
) -> sqlx::Result<HashMap<Uuid, End>> {
    let tenants: Vec<_> = tenants.collect();
    let rows = sqlx::query!(
        r#"select l.tenant_id, l.position, l.hash from unnest($1::uuid[]) as t(tenant_id)
            cross join lateral (
              select tenant_id, position, hash from kernel.audit_link
               where tenant_id = t.tenant_id order by position desc limit 1) l"#,
        &tenants
    )
    .fetch_all(conn)
    .await?;
    let end = |hash: Vec<u8>| {
        Hash::try_from(hash).map_err(|_| sqlx::Error::Decode("a hash of another length".into()))
    };
    rows.into_iter().map(|row| Ok((row.tenant_id, (row.position, end(row.hash)?)))).collect()
}

/// New links, column by column.
#[derive(Debug, Default)]
struct Links {
    tenants: Vec<Uuid>,
    positions: Vec<i64>,
    ids: Vec<Uuid>,
    hashes: Vec<Vec<u8>>,
}

fn chain(heads: &mut HashMap<Uuid, End>, fresh: &[&Unlinked]) -> Links {
    let mut links = Links::default();
    for record in fresh {
        let (position, hash) = heads.entry(record.tenant_id).or_insert((0, GENESIS));
        (*position, *hash) = (*position + 1, next(hash, &record.record));
        links.tenants.push(record.tenant_id);
        links.positions.push(*position);
        links.ids.push(record.audit_id);
        links.hashes.push(hash.to_vec());
    }
    links
}

/// The hash of the link for `record` after the link with the hash `previous`.
pub(crate) fn next(previous: &Hash, record: &str) -> Hash {
    Sha256::new().chain_update(previous).chain_update(Sha256::digest(record)).finalize().into()
}

async fn insert(conn: &mut PgConnection, links: &Links) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into kernel.audit_link (tenant_id, position, audit_id, hash)
         select * from unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::bytea[])",
        &links.tenants,
        &links.positions,
        &links.ids,
        &links.hashes
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes how far everything is chained.
async fn trust(
    system: &PgPool,
    slots: &[i16],
    node: Uuid,
    began: jiff_sqlx::Timestamp,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update kernel.lease set sealed_until = greatest(sealed_until, $3::timestamptz - $4::text::interval)
          where holder = $2 and slot = any($1)",
        slots,
        node,
        began as _,
        COMMIT_MAX
    )
    .execute(system)
    .await?;
    Ok(())
}

/// The tenants of the slots with records since the last complete pass.
async fn active(system: &PgPool, slots: &[i16]) -> sqlx::Result<Vec<Uuid>> {
    let mut tx = background::begin_long(system).await?;
    let active = sqlx::query_scalar!(
        "select distinct a.tenant_id from kernel.audit a
          where a.recorded_at > (select min(sealed_until) from kernel.lease where slot = any($1))
            and kernel.slot(a.tenant_id) = any($1)",
        slots
    )
    .fetch_all(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(active)
}
