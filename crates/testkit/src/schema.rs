//! The current schema of every context, installed as the product installs it.

use anyhow::Result;
use sqlx::ConnectOptions;
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

pub(crate) const OWNER: &str = "steward_owner";
pub(crate) const LOGIN: &str = "steward_server";
pub(crate) const APP: &str = "steward_app";
pub(crate) const SYSTEM: &str = "steward_system";

static KERNEL: Migrator = sqlx::migrate!("../kernel/migrations");
static ROSTER: Migrator = sqlx::migrate!("../roster/migrations");

const ROLES: &str = "do $$ begin
  if not exists (select from pg_roles where rolname = 'steward_owner') then create role steward_owner nologin; end if;
  if not exists (select from pg_roles where rolname = 'steward_app') then create role steward_app nologin; end if;
  if not exists (select from pg_roles where rolname = 'steward_system') then create role steward_system nologin; end if;
  if not exists (select from pg_roles where rolname = 'steward_server') then
    create role steward_server login noinherit; grant steward_app, steward_system to steward_server; end if;
  execute format('grant create on database %I to steward_owner', current_database());
end $$";

/// Sixteen hexadecimal digits that change with any migration.
pub(crate) fn fingerprint() -> String {
    let checksums =
        KERNEL.iter().chain(ROSTER.iter()).flat_map(|migration| migration.checksum.iter());
    let mixed = checksums.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{mixed:016x}")
}

/// Roles, then the migrations in their order, as the role that owns the tables.
pub(crate) async fn install(database: &PgConnectOptions) -> Result<()> {
    let mut admin = database.connect().await?;
    sqlx::raw_sql(ROLES).execute(&mut admin).await?;
    let owner = database.clone().options([("role", OWNER)]);
    let pool = PgPoolOptions::new().max_connections(2).connect_with(owner).await?;
    for (schema, migrator) in [("kernel", &KERNEL), ("roster", &ROSTER)] {
        let mut own = Migrator { migrations: migrator.migrations.clone(), ..Migrator::DEFAULT };
        own.create_schema(schema);
        own.dangerous_set_table_name(format!("{schema}._migrations"));
        own.run(&pool).await?;
    }
    pool.close().await;
    Ok(())
}
