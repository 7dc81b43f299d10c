//! The database of a command: the private cluster, started for it where no server runs, or the configured one.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, anyhow};
use kernel::{
    db,
    keys::{self, Absent, MasterKey},
    migrate,
};
use sqlx::postgres::PgConnectOptions;

use crate::{
    MIGRATORS,
    cli::tell,
    cluster::Cluster,
    config::{Config, Program, Secret},
    datadir::{self, DataDir},
};

/// Shown above the help of `steward migrate`.
pub const EXAMPLES: &str = "\
Examples:
  steward migrate --data-dir ./data
  steward migrate --migrate-database-url postgres://owner@db/steward

Makes the roles if it may (else it prints the SQL for who may), then runs the migrations that are missing. `steward serve`
does the same at its start when it has --migrate-database-url or runs its own database.";

/// An open database.
#[derive(Debug)]
pub struct Database {
    /// The server's login.
    pub server: PgConnectOptions,
    url: String,
    cluster: Option<Cluster>,
    // Held as long as the cluster runs.
    _dir: Option<Arc<DataDir>>,
}

impl Database {
    /// Where it is, without a password.
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// Whether it is the private cluster.
    pub const fn private(&self) -> bool {
        self.cluster.is_some()
    }

    /// Stops the private cluster.
    pub async fn close(self) {
        if let Some(cluster) = self.cluster {
            cluster.stop().await;
        }
    }
}

/// The database of a server that starts: up to date and safe to use.
///
/// # Errors
/// What is wrong with the programs, the folder, the login or the schema.
pub async fn open(config: &Config, dir: &Arc<DataDir>) -> anyhow::Result<Database> {
    let database = match &config.database_url {
        Some(url) => external(server_login(config, url).await?),
        None => private(config, dir).await?,
    };
    let admin = match (&database.cluster, &config.migrate_database_url) {
        (Some(cluster), _) => Some(cluster.admin()),
        (None, Some(url)) => Some(migrator(config, url).await?),
        (None, None) => None,
    };
    if let Some(admin) = admin {
        update(&admin).await?;
    }
    let login = db::pool(&database.server, db::APP, 1);
    migrate::check(&login, &MIGRATORS).await?;
    login.close().await;
    Ok(database)
}

async fn update(admin: &PgConnectOptions) -> Result<(), migrate::Error> {
    migrate::bootstrap(admin).await?;
    migrate::run(admin, &MIGRATORS).await
}

async fn private(config: &Config, dir: &Arc<DataDir>) -> anyhow::Result<Database> {
    let cluster = Cluster::start(dir.path(), config.cluster()).await?;
    Ok(Database {
        server: cluster.server(),
        url: cluster.url(),
        cluster: Some(cluster),
        _dir: Some(Arc::clone(dir)),
    })
}

/// The server's login, its password from a command where one is configured.
///
/// # Errors
/// When the URL cannot be understood, or the command tells no password.
pub async fn server_login(config: &Config, url: &Secret) -> anyhow::Result<PgConnectOptions> {
    let login = url.expose().parse().context("database-url")?;
    with_password(login, config.settings.database_password_command.as_ref()).await
}

async fn migrator(config: &Config, url: &Secret) -> anyhow::Result<PgConnectOptions> {
    let login = url.expose().parse().context("migrate-database-url")?;
    with_password(login, config.settings.migrate_database_password_command.as_ref()).await
}

async fn with_password(
    login: PgConnectOptions,
    program: Option<&Program>,
) -> anyhow::Result<PgConnectOptions> {
    match program {
        Some(program) => Ok(login.password(program.tell().await?.expose())),
        None => Ok(login),
    }
}

fn external(server: PgConnectOptions) -> Database {
    let host = server.get_host();
    let url = format!(
        "postgres://{}@{host}:{}/{}",
        server.get_username(),
        server.get_port(),
        server.get_database().unwrap_or_default()
    );
    Database { server, url, cluster: None, _dir: None }
}

/// The database of a tool: that of the running server, the configured one, or the folder's, started for it.
///
/// # Errors
/// When there is none, or it does not start.
pub async fn find(config: &Config) -> anyhow::Result<Database> {
    if let Some(url) = &config.database_url {
        return Ok(external(server_login(config, url).await?));
    }
    if let Some(run) = datadir::running(&config.data_dir)? {
        return Ok(external(run.database.parse().context("run.json")?));
    }
    if !config.data_dir.join("postgres").exists() && !config.data_dir.exists() {
        return Err(anyhow!(
            "{} holds no database: name the server's --data-dir",
            config.data_dir.display()
        ));
    }
    private(config, &Arc::new(DataDir::open(&config.data_dir)?)).await
}

/// `steward migrate`.
///
/// # Errors
/// What is wrong with the database or a migration; those before it stay.
pub async fn migrate(config: &Config) -> anyhow::Result<()> {
    if let Some(url) = &config.migrate_database_url {
        update(&migrator(config, url).await?).await?;
    } else if config.database_url.is_some() {
        return Err(anyhow!(
            "migrations need --migrate-database-url: a login that may become the owner, which the server's must not be"
        ));
    } else {
        let dir = Arc::new(DataDir::open(&config.data_dir)?);
        let database = private(config, &dir).await?;
        if let Some(cluster) = &database.cluster {
            update(&cluster.admin()).await?;
        }
        database.close().await;
    }
    tell("The schema is up to date.");
    Ok(())
}

/// The master key that this database was made with: given by the operator, or made in the data folder beside the private
/// database that has seen no key.
///
/// # Errors
/// When the file is missing, readable by others, no key, or another database's.
pub async fn unlock(config: &Config, dir: &Path, database: &Database) -> anyhow::Result<MasterKey> {
    let (path, absent) = key_file(config, dir, database)?;
    let mut system = db::login(&database.server, db::SYSTEM).await?;
    Ok(keys::unlock(&mut system, &path, absent).await?)
}

fn key_file(config: &Config, dir: &Path, database: &Database) -> anyhow::Result<(PathBuf, Absent)> {
    match &config.settings.secret_key_file {
        Some(file) => Ok((file.clone(), Absent::Refuse)),
        None if database.private() => Ok((dir.join("secret.key"), Absent::Create)),
        // The database of a running server, for a tool: its key is there.
        None if dir.join("secret.key").exists() => Ok((dir.join("secret.key"), Absent::Refuse)),
        None => Err(anyhow!(
            "an external database needs --secret-key-file: 32 random bytes in base64, the same on every node \
             (for instance: openssl rand -base64 32 > secret.key; chmod 600 secret.key)"
        )),
    }
}
