//! The master key of a database, and no other.

use std::path::Path;

use sqlx::PgConnection;
use subtle::ConstantTimeEq;

use super::{Absent, KeyError, MasterKey};

/// What a database keeps of its master key: derived like any other key, and used for nothing else.
const CHECK: &str = "steward key check v1";

/// Opens the key file and compares it with what the database knows; a database that has seen no key remembers this one.
///
/// A missing file is only made for a database that has seen none. `conn` has the system role.
pub async fn unlock(
    conn: &mut PgConnection,
    path: &Path,
    absent: Absent,
) -> Result<MasterKey, KeyError> {
    let known = known(conn).await?;
    let absent = if known.is_some() { Absent::Refuse } else { absent };
    let master = MasterKey::open(path, absent)?;
    let ours = master.derive(CHECK);
    let known = match known {
        Some(known) => known,
        None => remember(conn, &ours).await?,
    };
    if bool::from(known.ct_eq(&ours)) {
        Ok(master)
    } else {
        Err(KeyError::Wrong(path.display().to_string()))
    }
}

async fn known(conn: &mut PgConnection) -> sqlx::Result<Option<Vec<u8>>> {
    sqlx::query_scalar!("select sealed from kernel.key_check").fetch_optional(conn).await
}

/// Two first nodes may come at once: one of them is remembered, both are compared with it.
async fn remember(conn: &mut PgConnection, check: &[u8]) -> sqlx::Result<Vec<u8>> {
    sqlx::query!(
        "insert into kernel.key_check (sealed) values ($1) on conflict (one) do nothing",
        check
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query_scalar!("select sealed from kernel.key_check").fetch_one(conn).await
}
