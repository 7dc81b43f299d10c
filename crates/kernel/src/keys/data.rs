//! The data keys of tenants: made on first use, kept wrapped in the database and open in memory.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use rand::{TryRng, rngs::SysRng};
use sqlx::PgConnection;
use zeroize::Zeroizing;

use super::{
    DataKey, KeyError, MasterKey, Place,
    field::{self, decrypt, encrypt},
};
use crate::{TenantId, bounded::Bounded};

/// How many keys are kept open: the tenants that one node serves at a time.
const CAPACITY: usize = 4096;
/// How long a node goes on encrypting with a version after another node has made a newer one. Old versions stay readable.
const CURRENT_FOR: Duration = Duration::from_mins(1);

/// Finds, makes and remembers data keys. Every call works inside the caller's transaction: `conn` has the requests' role
/// and the tenant set.
pub struct DataKeys {
    wrapping: Zeroizing<[u8; 32]>,
    known: Mutex<Known>,
}

struct Known {
    keys: Bounded<(TenantId, i32), DataKey>,
    current: Bounded<TenantId, (i32, Instant)>,
}

impl DataKeys {
    /// The data keys that `master` wraps.
    pub fn new(master: &MasterKey) -> Self {
        let known = Known { keys: Bounded::new(CAPACITY), current: Bounded::new(CAPACITY) };
        let wrapping = Zeroizing::new(master.derive("steward data keys v1"));
        Self { wrapping, known: Mutex::new(known) }
    }

    /// Encrypts `plaintext` for `place` with its tenant's newest key.
    pub async fn seal(
        &self,
        conn: &mut PgConnection,
        place: Place,
        plaintext: &[u8],
    ) -> Result<Vec<u8>, KeyError> {
        self.current(conn, place.tenant).await?.seal(place, plaintext)
    }

    /// Decrypts what was sealed for exactly this place, whatever version of the key it was.
    pub async fn open(
        &self,
        conn: &mut PgConnection,
        place: Place,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let version = field::version(sealed).ok_or(KeyError::Broken)?;
        self.version(conn, place.tenant, version).await?.open(place, sealed)
    }

    /// The tenant's newest key, made now if it has none.
    pub async fn current(
        &self,
        conn: &mut PgConnection,
        tenant: TenantId,
    ) -> Result<DataKey, KeyError> {
        if let Some(key) = self.remembered_current(tenant) {
            return Ok(key);
        }
        if let Some(row) = newest(conn, tenant).await? {
            return self.opened(tenant, &row);
        }
        self.make(conn, tenant, 1).await?;
        let row = newest(conn, tenant).await?.ok_or(sqlx::Error::RowNotFound)?;
        self.opened(tenant, &row)
    }

    /// The tenant's key of that version.
    pub async fn version(
        &self,
        conn: &mut PgConnection,
        tenant: TenantId,
        version: i32,
    ) -> Result<DataKey, KeyError> {
        if let Some(key) = self.remembered(tenant, version) {
            return Ok(key);
        }
        let row = of_version(conn, tenant, version).await?;
        self.unwrapped(tenant, &row.ok_or(KeyError::UnknownVersion { tenant, version })?)
    }

    /// Makes the next version of the tenant's key; nodes use it within a minute. Answers with the newest version.
    pub async fn rotate(&self, conn: &mut PgConnection, tenant: TenantId) -> Result<i32, KeyError> {
        let next = newest(conn, tenant).await?.map_or(1, |row| row.version.saturating_add(1));
        self.make(conn, tenant, next).await?;
        let newest = newest(conn, tenant).await?.ok_or(sqlx::Error::RowNotFound)?;
        Ok(newest.version)
    }

    /// Another transaction may make the same version at once: the first to commit wins, the other finds that one.
    async fn make(
        &self,
        conn: &mut PgConnection,
        tenant: TenantId,
        version: i32,
    ) -> Result<(), KeyError> {
        let mut key = Zeroizing::new([0; 32]);
        SysRng.try_fill_bytes(key.as_mut_slice()).map_err(|_| KeyError::Broken)?;
        let wrapped = encrypt(&self.wrapping, &wrapping_of(tenant, version), key.as_slice())?;
        sqlx::query!(
            "insert into kernel.data_key (tenant_id, version, wrapped) values ($1, $2, $3)
             on conflict (tenant_id, version) do nothing",
            tenant.0,
            version,
            wrapped
        )
        .execute(conn)
        .await?;
        Ok(())
    }

    fn opened(&self, tenant: TenantId, row: &Row) -> Result<DataKey, KeyError> {
        let key = self.unwrapped(tenant, row)?;
        if row.settled {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.current.insert(tenant, (row.version, Instant::now()));
        }
        Ok(key)
    }

    fn unwrapped(&self, tenant: TenantId, row: &Row) -> Result<DataKey, KeyError> {
        let plain = decrypt(&self.wrapping, &wrapping_of(tenant, row.version), &row.wrapped)?;
        let key = plain.as_slice().try_into().map(Zeroizing::new).map_err(|_| KeyError::Broken)?;
        let key = DataKey { tenant, version: row.version, key };
        if row.settled {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.keys.insert((tenant, row.version), key.clone());
        }
        Ok(key)
    }

    fn remembered_current(&self, tenant: TenantId) -> Option<DataKey> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (version, since) = *known.current.get(&tenant)?;
        if since.elapsed() > CURRENT_FOR {
            return None;
        }
        known.keys.get(&(tenant, version)).cloned()
    }

    fn remembered(&self, tenant: TenantId, version: i32) -> Option<DataKey> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.keys.get(&(tenant, version)).cloned()
    }
}

impl std::fmt::Debug for DataKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DataKeys(hidden)")
    }
}

/// A row of `kernel.data_key`.
///
/// `settled` says that its maker has committed. Only then is it remembered: a transaction sees the key that it has just
/// made itself, and when it is rolled back, that key never was; whatever another transaction encrypted with it from memory
/// would be lost.
struct Row {
    version: i32,
    wrapped: Vec<u8>,
    settled: bool,
}

async fn newest(conn: &mut PgConnection, tenant: TenantId) -> sqlx::Result<Option<Row>> {
    sqlx::query_as!(
        Row,
        r#"select version, wrapped, age(xmin) > age(pg_snapshot_xmin(pg_current_snapshot())::xid) as "settled!"
             from kernel.data_key where tenant_id = $1 order by version desc limit 1"#,
        tenant.0
    )
    .fetch_optional(conn)
    .await
}

async fn of_version(
    conn: &mut PgConnection,
    tenant: TenantId,
    version: i32,
) -> sqlx::Result<Option<Row>> {
    sqlx::query_as!(
        Row,
        r#"select version, wrapped, age(xmin) > age(pg_snapshot_xmin(pg_current_snapshot())::xid) as "settled!"
             from kernel.data_key where tenant_id = $1 and version = $2"#,
        tenant.0,
        version
    )
    .fetch_optional(conn)
    .await
}

fn wrapping_of(tenant: TenantId, version: i32) -> Vec<u8> {
    let mut text = b"steward data key v1".to_vec();
    text.extend(tenant.0.as_bytes());
    text.extend(version.to_be_bytes());
    text
}
