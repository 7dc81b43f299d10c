//! The database's roles, schema and safety: what has to be true before a request is served.
//!
//! Three roles own nothing of each other: `steward_owner` holds the tables and runs migrations, `steward_app` serves
//! requests under row-level security, `steward_system` relays, seals and claims. The server logs in as `steward_server`,
//! which inherits neither: a connection takes one of the two when it opens.
//!
//! [`bootstrap`] makes roles and database, [`run`] the schema, [`check`] refuses a database on which tenants could see
//! each other. The first two may run on several nodes at once.

mod bootstrap;
mod check;
mod version;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, PgConnection};

pub use bootstrap::bootstrap;
pub use check::{Finding, Level, Refusal, check, inspect};
pub use version::{Unsupported, Version};

/// Owns the tables and runs migrations; nobody logs in as it.
pub const OWNER: &str = "steward_owner";
/// Serves requests: sees the rows of the transaction's tenant.
pub const APP: &str = "steward_app";
/// Relays, seals and claims: sees the kernel's tables of all tenants, and no other.
pub const SYSTEM: &str = "steward_system";
/// The role the server logs in as, member of [`APP`] and [`SYSTEM`] without inheriting them.
pub const SERVER: &str = "steward_server";

/// The kernel's migrations, first in every list given to [`run`].
pub static KERNEL: Migrator = sqlx::migrate!();

/// Two nodes that start together migrate one after the other. Any constant does; this one is "stewmigr" in ASCII.
const MIGRATION_LOCK: i64 = 0x7374_6577_6d69_6772;

/// Why the schema could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The administrator's role lacks a right; the operator's exact next step is in the message.
    #[error(
        "the database role {role} may not do this ({reason}); run as a PostgreSQL administrator, then start again:\n\n{sql}\n"
    )]
    NeedsOperator {
        /// The role that was used.
        role: String,
        /// PostgreSQL's words.
        reason: String,
        /// Statements for the operator, ready for psql.
        sql: String,
    },
    /// The database was migrated by a newer program.
    #[error(
        "the database was migrated by a newer steward (its {context} schema has version {version}, unknown here): \
         install that version; schemas are never taken back"
    )]
    Newer {
        /// The context whose schema is ahead.
        context: String,
        /// The unknown version.
        version: i64,
    },
    /// A migration that ran before has another text in this program.
    #[error(
        "migration {version} of {context} differs from the one this database was made with: \
         install a released steward; migrations are never edited"
    )]
    Edited {
        /// The context.
        context: String,
        /// The version whose checksum differs.
        version: i64,
    },
    /// A migration failed; it was rolled back.
    #[error("a migration of {context} failed and was rolled back: {source}")]
    Failed {
        /// The context.
        context: String,
        /// PostgreSQL's answer.
        source: MigrateError,
    },
    /// The database cannot be reached or answered with an error.
    #[error("the database cannot be prepared: {0}")]
    Database(#[from] sqlx::Error),
}

/// Brings the schema of each context up to date, as [`OWNER`].
///
/// `admin` is any login that may become the owner. The name of each migrator is its context and its schema. Safe on
/// several nodes at once: the others wait, then find nothing to do.
///
/// # Errors
/// See [`Error`]; every migration is a transaction of its own, those before the failed one stay.
pub async fn run(
    admin: &PgConnectOptions,
    migrators: &[(&'static str, &'static Migrator)],
) -> Result<(), Error> {
    let owner = admin.clone().options([("role", OWNER)]);
    let mut guard = owner.connect().await?;
    sqlx::query!("select pg_advisory_lock($1)", MIGRATION_LOCK).execute(&mut guard).await?;
    // A pool, because a migrator over a borrowed connection has no `Send` future.
    let pool = PgPoolOptions::new().max_connections(1).connect_with(owner).await?;
    for (context, migrator) in migrators {
        migrator.run(&pool).await.map_err(|error| explain(context, error))?;
        show_versions(&mut guard, &migrator.table_name).await?;
    }
    pool.close().await;
    sqlx::Connection::close(guard).await?; // and with it the lock
    Ok(())
}

fn explain(context: &str, error: MigrateError) -> Error {
    let context = context.to_owned();
    if let MigrateError::VersionMissing(version) = error {
        return Error::Newer { context, version };
    }
    if let MigrateError::VersionMismatch(version) = error {
        return Error::Edited { context, version };
    }
    Error::Failed { context, source: error }
}

/// Lets the server's roles read which migrations ran, for [`check`].
async fn show_versions(owner: &mut PgConnection, table: &str) -> Result<(), Error> {
    let shown = sqlx::query_scalar!(
        r#"select has_table_privilege('steward_app', $1, 'select')
              and has_table_privilege('steward_system', $1, 'select') as "shown!""#,
        table
    )
    .fetch_one(&mut *owner)
    .await?;
    if !shown {
        let grant = format!("grant select on {table} to {APP}, {SYSTEM}");
        sqlx::query(AssertSqlSafe(grant)).execute(owner).await?;
    }
    Ok(())
}
