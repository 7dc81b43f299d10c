//! The data folder: everything a server without other configuration keeps on one machine.
//!
//! ```text
//! lock           held by the running server; holds its pid
//! run.json       where the running server listens; gone when it has stopped
//! node           the id under which this folder's server holds jobs
//! steward.toml   settings, if any
//! postgres/      the private database (see `cluster`), owned by the user it runs as
//! *.key          secrets, mode 0600
//! ```
//!
//! One server at a time: the lock is the kernel's, so nothing that a killed server leaves behind hinders the next one.

pub mod secret;

use std::fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use kernel::{Clock, Ids};
use nix::unistd::{Uid, User, geteuid};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Least free space for a start, in bytes: a segment of the database's log (16 MiB) and as much again to work with.
pub const LEAST_FREE: u64 = 32 << 20;

/// A command that looks whether a server runs holds the lock for an instant; a start waits that long for it.
const LOCK_PATIENCE: Duration = Duration::from_millis(20);
const LOCK_TRIES: u32 = 10;
/// The file with the id of the node.
const NODE: &str = "node";

/// An exclusively held data folder. Dropping it takes `run.json` away and lets the next server in.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    // Closing the file unlocks it.
    _lock: File,
}

/// Where a running server is found; the content of `run.json`. No URL carries a password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// The server's process.
    pub pid: u32,
    /// URL of the HTTP listener.
    pub http: String,
    /// URL of the broker.
    pub mqtt: String,
    /// URL of the broker for programs on this machine, when the other one needs its certificate checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mqtt_local: Option<String>,
    /// URL of the database.
    pub database: String,
}

/// Why the data folder cannot be used. Each message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another server holds the folder.
    #[error(
        "{path}: another steward (pid {pid}) uses this data folder: stop it, or choose another --data-dir"
    )]
    Busy {
        /// The folder.
        path: PathBuf,
        /// The other server, as it wrote itself into the lock.
        pid: String,
    },
    /// The folder belongs to somebody else.
    #[error(
        "{path} belongs to the user {owner}, but steward runs as {user}: run it as {owner}, \
         or choose another --data-dir"
    )]
    Foreign {
        /// The folder.
        path: PathBuf,
        /// Who owns it.
        owner: String,
        /// Who we are.
        user: String,
    },
    /// The folder, or the file system under it, refuses writes.
    #[error("{path} cannot be written ({reason}): make it writable, or choose another --data-dir")]
    ReadOnly {
        /// The folder or file.
        path: PathBuf,
        /// The system's words.
        reason: io::Error,
    },
    /// No space left.
    #[error(
        "the disk of {path} is full ({free} MiB free, {} MiB needed): free some space, \
         or choose another --data-dir", LEAST_FREE >> 20
    )]
    Full {
        /// The folder.
        path: PathBuf,
        /// What is left, in MiB.
        free: u64,
    },
    /// The path is a file.
    #[error("{path} is not a folder: choose another --data-dir")]
    NotAFolder {
        /// The path.
        path: PathBuf,
    },
    /// Anything else the system answered.
    #[error("the data folder cannot be used: {path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
}

impl DataDir {
    /// Makes the folder if it is missing and takes it for this process.
    ///
    /// # Errors
    /// See [`Error`]; a refusal has changed nothing in an existing folder.
    pub fn open(path: &Path) -> Result<Self, Error> {
        create(path)?;
        let path = path.canonicalize().map_err(|source| io_error(path, source))?;
        ours(&path)?;
        space(&path)?;
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path.join("lock"))
            .map_err(|source| io_error(&path, source))?;
        take(&mut lock, &path)?;
        let dir = Self { path, _lock: lock };
        dir.retract(); // left by a killed server
        Ok(dir)
    }

    /// The id of the node whose folder it is, made when it is first asked for. The lock sees to it that no other process
    /// has it.
    ///
    /// # Errors
    /// A file that cannot be read or written, or holds no id.
    pub fn node(&self) -> Result<Uuid, Error> {
        let path = self.path.join(NODE);
        let made = Ids::random(Clock::system()).next().to_string();
        if !path.exists() {
            std::fs::write(&path, made).map_err(|source| io_error(&path, source))?;
        }
        let text = std::fs::read_to_string(&path).map_err(|source| io_error(&path, source))?;
        let no_id =
            || io_error(&path, io::Error::new(ErrorKind::InvalidData, "no id: remove the file"));
        text.trim().parse().map_err(|_| no_id())
    }

    /// The folder, absolute and without symbolic links.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Tells the world where this server listens, once it is ready. Readers see all of it or nothing.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn announce(&self, run: &Run) -> Result<(), Error> {
        let path = self.path.join("run.json");
        let text = serde_json::to_vec(run).map_err(|e| io_error(&path, e.into()))?;
        secret::replace(&path, &text).map_err(|source| io_error(&path, source))
    }

    fn retract(&self) {
        let path = self.path.join("run.json");
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                tracing::warn!(path = %path.display(), %error, "cannot remove");
            }
            _ => {}
        }
    }
}

impl Drop for DataDir {
    fn drop(&mut self) {
        self.retract();
    }
}

/// The server that runs on `path`, if one is ready there. What a killed server left behind does not count.
///
/// # Errors
/// When the folder exists but cannot be read.
pub fn running(path: &Path) -> Result<Option<Run>, Error> {
    let lock = match File::open(path.join("lock")) {
        Ok(lock) => lock,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(io_error(path, source)),
    };
    if !matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)) {
        return Ok(None);
    }
    let file = path.join("run.json");
    match std::fs::read(&file) {
        Ok(text) => {
            Ok(Some(serde_json::from_slice(&text).map_err(|error| io_error(&file, error.into()))?))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None), // still starting
        Err(source) => Err(io_error(&file, source)),
    }
}

/// Free space for this user under `path`, in bytes.
///
/// # Errors
/// When the file system does not say.
pub fn free_space(path: &Path) -> io::Result<u64> {
    let stat = nix::sys::statvfs::statvfs(path)?;
    #[expect(clippy::useless_conversion, reason = "32 bits wide on macOS")]
    Ok(u64::from(stat.blocks_available()).saturating_mul(stat.fragment_size().into()))
}

/// The name of a user, or the number where it has no name.
pub(crate) fn user_name(uid: Uid) -> String {
    User::from_uid(uid).ok().flatten().map_or_else(|| uid.to_string(), |user| user.name)
}

fn create(path: &Path) -> Result<(), Error> {
    // As root the database runs as another user, who must be able to pass through to its own folder, but not to look.
    let mode = if geteuid().is_root() { 0o711 } else { 0o700 };
    match DirBuilder::new().recursive(true).mode(mode).create(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            Err(Error::NotAFolder { path: path.to_owned() })
        }
        Err(source) => Err(io_error(path, source)),
        Ok(()) => Ok(()),
    }
}

fn ours(path: &Path) -> Result<(), Error> {
    let found = path.metadata().map_err(|source| io_error(path, source))?;
    let (owner, user) = (Uid::from_raw(found.uid()), geteuid());
    if owner != user {
        let (owner, user) = (user_name(owner), user_name(user));
        return Err(Error::Foreign { path: path.to_owned(), owner, user });
    }
    let mode = found.permissions().mode();
    if user.is_root() && mode & 0o001 == 0 {
        let passable = Permissions::from_mode(mode | 0o011);
        std::fs::set_permissions(path, passable).map_err(|source| io_error(path, source))?;
    }
    Ok(())
}

fn space(path: &Path) -> Result<(), Error> {
    let free = free_space(path).map_err(|source| io_error(path, source))?;
    if free < LEAST_FREE {
        return Err(Error::Full { path: path.to_owned(), free: free >> 20 });
    }
    Ok(())
}

fn take(lock: &mut File, path: &Path) -> Result<(), Error> {
    for _ in 0..LOCK_TRIES {
        match lock.try_lock() {
            Ok(()) => return sign(lock).map_err(|source| io_error(path, source)),
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PATIENCE),
            Err(TryLockError::Error(source)) => return Err(io_error(path, source)),
        }
    }
    let mut pid = String::new();
    lock.read_to_string(&mut pid).map_err(|source| io_error(path, source))?;
    Err(Error::Busy { path: path.to_owned(), pid: pid.trim().to_owned() })
}

fn sign(lock: &mut File) -> io::Result<()> {
    lock.set_len(0)?;
    lock.rewind()?;
    writeln!(lock, "{}", std::process::id())
}

fn io_error(path: &Path, source: io::Error) -> Error {
    let path = path.to_owned();
    let kind = source.kind();
    if matches!(kind, ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem) {
        return Error::ReadOnly { path, reason: source };
    }
    if matches!(kind, ErrorKind::StorageFull | ErrorKind::QuotaExceeded) {
        let free = free_space(&path).unwrap_or_default() >> 20;
        return Error::Full { path, free };
    }
    if kind == ErrorKind::NotADirectory {
        return Error::NotAFolder { path };
    }
    Error::Io { path, source }
}
