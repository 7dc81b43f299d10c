//! A PostgreSQL database for one test.
//!
//! The first test of a run makes a template with the current schema; every test clones it, which takes about 40 ms.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use kernel::migrate;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgDatabaseError, PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

use crate::schema;

/// Where the test server listens: a superuser's URL, set by `bin/test` and `bin/with-postgres`.
pub const URL_VARIABLE: &str = "STEWARD_TEST_DATABASE_URL";

/// The maintenance database: it always exists, and nobody clones it.
const MAINTENANCE: &str = "postgres";
/// Enough for a story with a few parallel requests; the test server allows 300 for all tests together.
const POOL_CONNECTIONS: u32 = 5;
/// `CREATE DATABASE` is refused for a moment while somebody else looks at the template.
const CLONE_DEADLINE: Duration = Duration::from_secs(20);
const CLONE_RETRY: Duration = Duration::from_millis(50);
/// PostgreSQL's code for "the source database is being accessed by other users".
const OBJECT_IN_USE: &str = "55006";

/// A database with the current schema and no data, dropped with this value.
#[derive(Debug)]
pub struct Database {
    name: String,
    server: PgConnectOptions,
    /// Connected as the superuser: sees everything, for checks and for planting what no API may write.
    pub admin: PgPool,
    /// Connected like the server's requests: under row-level security, nothing visible without a tenant.
    pub app: PgPool,
    /// Connected like the server's relay, sealer and job claimers.
    pub system: PgPool,
}

/// A role that the product connects with.
#[derive(Clone, Copy, Debug)]
pub enum Login {
    /// The superuser of the test server.
    Admin,
    /// `steward_server`, the login of the product: it takes one of the next two roles by itself.
    Server,
    /// `steward_app`, the role of requests.
    App,
    /// `steward_system`, the role of work across tenants.
    System,
}

impl Database {
    /// Clones the template, making it first when this run has none.
    ///
    /// # Errors
    /// When `STEWARD_TEST_DATABASE_URL` is not set, its server is down, or the migrations fail.
    pub async fn clone_template() -> Result<Self> {
        let server = test_server()?;
        let template = template(&server).await?;
        let name = format!("test_{:016x}", rand::random::<u64>());
        create(&server, &name, &format!("template {template} owner {}", migrate::OWNER)).await?;
        Ok(Self::of(server, name))
    }

    /// Makes a database without any schema, for tests of migrations and of first starts.
    ///
    /// # Errors
    /// As [`Database::clone_template`].
    pub async fn empty() -> Result<Self> {
        let server = test_server()?;
        let name = format!("test_{:016x}", rand::random::<u64>());
        create(&server, &name, "template template0").await?;
        Ok(Self::of(server, name))
    }

    fn of(server: PgConnectOptions, name: String) -> Self {
        let pool = |login| {
            let options = connect_options(&server, &name, login);
            PgPoolOptions::new().max_connections(POOL_CONNECTIONS).connect_lazy_with(options)
        };
        let (admin, app, system) = (pool(Login::Admin), pool(Login::App), pool(Login::System));
        Self { name, server, admin, app, system }
    }

    /// The database's name on the test server.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How to connect to this database as `login`.
    pub fn options(&self, login: Login) -> PgConnectOptions {
        connect_options(&self.server, &self.name, login)
    }

    /// The same as a URL, for a server in another process.
    pub fn url(&self, login: Login) -> String {
        self.options(login).to_url_lossy().to_string()
    }
}

impl Drop for Database {
    /// Waits until the database is gone: a run of thousands of tests must not fill the memory it lives in.
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        let dropped = thread::spawn(move || drop_database(&server, &name)).join();
        if !matches!(dropped, Ok(Ok(()))) {
            tracing::warn!(database = self.name, ?dropped, "the test's database was not dropped");
        }
    }
}

/// `Drop` runs inside the test's runtime, which cannot be blocked on: hence a runtime of its own.
fn drop_database(server: &PgConnectOptions, name: &str) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut connection = PgConnection::connect_with(server).await?;
        execute(&mut connection, &format!("drop database if exists {name} with (force)")).await
    })
}

fn test_server() -> Result<PgConnectOptions> {
    #[expect(clippy::disallowed_methods, reason = "the one place that finds the test server")]
    let url = std::env::var(URL_VARIABLE).with_context(|| {
        format!("{URL_VARIABLE} is not set: run the tests with bin/test, or a command with bin/with-postgres")
    })?;
    let options: PgConnectOptions = url.parse().context(URL_VARIABLE)?;
    Ok(options.database(MAINTENANCE).disable_statement_logging())
}

fn connect_options(server: &PgConnectOptions, name: &str, login: Login) -> PgConnectOptions {
    let options = server.clone().database(name);
    let product = || options.clone().username(migrate::SERVER);
    match login {
        Login::Admin => options,
        Login::Server => product(),
        Login::App => product().options([("role", migrate::APP)]),
        Login::System => product().options([("role", migrate::SYSTEM)]),
    }
}

/// The name of the template of the current schema. One test makes it, the others wait for that one.
async fn template(server: &PgConnectOptions) -> Result<String> {
    let name = format!("steward_template_{}", schema::fingerprint());
    let mut connection = PgConnection::connect_with(server).await.with_context(|| {
        format!("the server of {URL_VARIABLE} does not answer: run the tests with bin/test")
    })?;
    if !exists(&mut connection, &name).await? {
        sqlx::query("select pg_advisory_lock(hashtext('steward.testkit'))")
            .execute(&mut connection)
            .await?;
        if !exists(&mut connection, &name).await? {
            make_template(server, &mut connection, &name).await?;
        }
    }
    connection.close().await?; // frees the lock
    Ok(name)
}

async fn exists(connection: &mut PgConnection, name: &str) -> Result<bool> {
    let query = sqlx::query_scalar("select exists (select from pg_database where datname = $1)");
    Ok(query.bind(name).fetch_one(connection).await?)
}

/// Made under another name and renamed at the end: a template that exists is complete.
async fn make_template(
    server: &PgConnectOptions,
    connection: &mut PgConnection,
    name: &str,
) -> Result<()> {
    let unfinished = format!("{name}_unfinished");
    execute(connection, &format!("drop database if exists {unfinished} with (force)")).await?;
    schema::install(&server.clone().database(&unfinished))
        .await
        .context("the template's schema")?;
    execute(connection, &format!("alter database {unfinished} rename to {name}")).await?;
    // Whoever connected to the template would hinder all clones.
    execute(connection, &format!("alter database {name} with allow_connections false")).await
}

async fn create(server: &PgConnectOptions, name: &str, how: &str) -> Result<()> {
    let mut connection = PgConnection::connect_with(server).await?;
    let deadline = Instant::now() + CLONE_DEADLINE;
    let statement = format!("create database {name} {how}");
    loop {
        match sqlx::raw_sql(AssertSqlSafe(statement.clone())).execute(&mut connection).await {
            Ok(_) => return Ok(connection.close().await?),
            Err(error) if !in_use(&error) => return Err(error).context(statement),
            Err(_) => ensure!(Instant::now() < deadline, "{statement}: still in use"),
        }
        tokio::time::sleep(CLONE_RETRY).await;
    }
}

fn in_use(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .and_then(|error| error.try_downcast_ref::<PgDatabaseError>())
        .is_some_and(|error| error.code() == OBJECT_IN_USE)
}

/// Runs a statement whose names this module made; `CREATE DATABASE` takes no parameters.
async fn execute(connection: &mut PgConnection, statement: &str) -> Result<()> {
    let statement = AssertSqlSafe(statement.to_owned());
    sqlx::raw_sql(statement).execute(connection).await?;
    Ok(())
}
