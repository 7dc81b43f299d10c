//! The private PostgreSQL cluster: what the server runs on when no database is configured.
//!
//! It lives in `postgres/` of the data folder, is reached over a Unix socket only, starts and stops with the server, and
//! keeps what it has acknowledged through a power cut.
//!
//! **Who may connect.** The operating-system user that runs `steward`, and nobody else: the socket lies in a folder of
//! mode 0700, and PostgreSQL asks the kernel who is at the other end (`peer` authentication with a map that holds this
//! one user, for the roles `postgres` and `steward_server`). There is no password and no TCP port. When `steward` runs as
//! root, PostgreSQL itself, which refuses to, runs as `postgres`, or as `nobody` where that user is missing; that user
//! owns the data files, so whoever acts as it can read them: prefer a machine with the user `postgres`.
//!
//! **Who stops it.** [`Cluster::stop`]; or, when `steward` is killed, the kernel, by a signal on the death of the parent;
//! or, where the system has no such signal (macOS), the next start on the same folder.

mod error;
mod folder;
mod parameters;
mod programs;
mod supervisor;
mod user;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use kernel::migrate::{SERVER, Version};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use tokio::sync::oneshot;

pub use error::Error;
use folder::Folder;
use programs::Programs;

/// PostgreSQL's superuser in the cluster; only migrations and maintenance use it.
const ADMIN: &str = "postgres";
/// The database of the server.
const DATABASE: &str = "steward";
/// Part of the socket's name; nothing listens on TCP.
const PORT: u16 = 5432;

/// How to find and run PostgreSQL.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Folder of `postgres` and `initdb`; the usual places are searched without it.
    pub programs: Option<PathBuf>,
    /// `$PATH`, searched last.
    pub path: Option<OsString>,
    /// Where the socket's folder goes when its path in the data folder is too long.
    pub temp: PathBuf,
    /// Most connections at once, three of them kept for the administrator.
    pub connections: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { programs: None, path: None, temp: PathBuf::from("/tmp"), connections: 100 }
    }
}

/// A running cluster. Dropping it stops PostgreSQL as [`Cluster::stop`] does, without waiting.
#[derive(Debug)]
pub struct Cluster {
    socket: PathBuf,
    version: Version,
    stop: oneshot::Sender<()>,
    stopped: oneshot::Receiver<()>,
}

impl Cluster {
    /// Starts the cluster in `dir`, and makes it first if there is none. `dir` is held by a
    /// [`DataDir`](crate::datadir::DataDir): any other PostgreSQL on it is what a killed server left, and is stopped.
    ///
    /// # Errors
    /// See [`Error`]: each says what to do, and a refusal leaves the data as it was.
    pub async fn start(dir: &Path, settings: Settings) -> Result<Self, Error> {
        let (ready, started) = oneshot::channel();
        let (stop, stopping) = oneshot::channel();
        let (done, stopped) = oneshot::channel();
        let dir = dir.to_owned();
        // The signal on the parent's death follows the thread that made the child, not the process: this thread lives as
        // long as PostgreSQL does. It also keeps the blocking work of a first start off the server's own threads.
        std::thread::Builder::new()
            .name("postgres".to_owned())
            .spawn(move || {
                supervisor::run(|| Prepared::new(&dir, &settings), ready, stopping);
                drop(done);
            })
            .map_err(|source| Error::Io { path: PathBuf::from("thread"), source })?;
        let prepared = started.await.unwrap_or(Err(Error::Ended))?;
        let Prepared { folder, programs, .. } = prepared;
        Ok(Self { socket: folder.socket, version: programs.version, stop, stopped })
    }

    /// Options of the superuser, for [`kernel::migrate`].
    pub fn admin(&self) -> PgConnectOptions {
        self.options(ADMIN)
    }

    /// Options of the server's own login.
    pub fn server(&self) -> PgConnectOptions {
        self.options(SERVER)
    }

    /// The URL of the server's login, for people and tools; it holds no secret.
    pub fn url(&self) -> String {
        format!("postgres://{SERVER}@localhost:{PORT}/{DATABASE}?host={}", self.socket.display())
    }

    /// The version that runs.
    pub fn version(&self) -> Version {
        self.version
    }

    /// Ends sessions, writes everything out, and returns when PostgreSQL is gone.
    pub async fn stop(self) {
        let Self { stop, stopped, .. } = self;
        drop(stop);
        // The only outcome is that the thread has ended and dropped its side.
        stopped.await.unwrap_or_default();
    }

    fn options(&self, user: &str) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .socket(&self.socket)
            .port(PORT)
            .username(user)
            .database(DATABASE)
            .ssl_mode(PgSslMode::Disable)
    }
}

/// The version that [`Cluster::start`] would run in `dir`, which need not exist.
///
/// # Errors
/// See [`Error`]: what is missing, and what to install.
pub fn installed(dir: &Path, settings: &Settings) -> Result<Version, Error> {
    let there = dir.ancestors().find(|folder| folder.is_dir()).unwrap_or(dir);
    let user = user::choose(&dir.join("postgres/data"))?;
    Ok(programs::find(settings, folder::major(dir)?, &user, there)?.version)
}

/// Everything PostgreSQL needs before it can be started.
#[derive(Debug, Clone)]
struct Prepared {
    folder: Folder,
    programs: Programs,
    user: user::User,
    connections: u32,
}

impl Prepared {
    fn new(dir: &Path, settings: &Settings) -> Result<Self, Error> {
        let dir = dir.canonicalize().map_err(|source| error::io(dir, source))?;
        let user = user::choose(&dir.join("postgres/data"))?;
        let major = folder::major(&dir)?;
        let programs = programs::find(settings, major, &user, &dir)?;
        let folder = folder::prepare(&dir, &settings.temp, &programs, &user)?;
        Ok(Self { folder, programs, user, connections: settings.connections })
    }
}
