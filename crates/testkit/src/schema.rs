//! The current schema of every context, installed as the product installs it.

use anyhow::Result;
use kernel::migrate;
use sqlx::migrate::Migrator;
use sqlx::postgres::PgConnectOptions;

/// Every context's migrations, in the order in which `steward migrate` runs them.
static MIGRATORS: &[(&str, &Migrator)] = &[
    ("kernel", &migrate::KERNEL),
    ("roster", &roster::MIGRATOR),
    ("instance", &instance::server::MIGRATOR),
];

/// Sixteen hexadecimal digits that change with any migration: FNV-1a over the checksums of all.
pub(crate) fn fingerprint() -> String {
    let migrations = MIGRATORS.iter().flat_map(|(_, migrator)| migrator.iter());
    let bytes = migrations.flat_map(|migration| migration.checksum.iter());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

/// Makes the roles, the database that `admin` names, and its tables.
pub(crate) async fn install(admin: &PgConnectOptions) -> Result<()> {
    migrate::bootstrap(admin).await?;
    migrate::run(admin, MIGRATORS).await?;
    Ok(())
}
