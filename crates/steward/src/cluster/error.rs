//! Why the private cluster does not run. Each message is for the person at the terminal and says what to do.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use kernel::migrate::{Unsupported, Version};

/// Why the private cluster does not run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No PostgreSQL on this machine.
    #[error(
        "no PostgreSQL was found on this machine: install it with `{install}`, \
         name its folder with --postgres-bin, or use a database elsewhere with --database-url"
    )]
    Missing {
        /// The command of this system.
        install: &'static str,
    },
    /// Only versions that leak rows.
    #[error("{0}, or use a database elsewhere with --database-url")]
    Unsupported(#[from] Unsupported),
    /// The data was written by another major version.
    #[error(
        "{path} was made by PostgreSQL {made}, but this machine has {}: install PostgreSQL {made} again, \
         which can stay beside the newer one, or choose another --data-dir", versions(.found)
    )]
    OtherMajor {
        /// The folder.
        path: PathBuf,
        /// The major version that made it.
        made: u32,
        /// The versions that were found.
        found: Vec<Version>,
    },
    /// Root has nobody to run PostgreSQL as.
    #[error(
        "PostgreSQL refuses to run as root, and there is no user postgres or nobody: run `useradd --system postgres`"
    )]
    NoUser,
    /// A folder on the way is closed for the user that runs PostgreSQL.
    #[error(
        "the user {user}, whom PostgreSQL runs as, cannot pass {path}: run `chmod o+x {path}`, \
         or choose another --data-dir"
    )]
    Closed {
        /// The first closed folder on the way.
        path: PathBuf,
        /// The user.
        user: String,
    },
    /// The folder belongs to somebody else.
    #[error(
        "{path} belongs to the user {owner}, but PostgreSQL would run as {user}: \
         start steward as before, or choose another --data-dir"
    )]
    Foreign {
        /// The folder.
        path: PathBuf,
        /// Who owns it.
        owner: String,
        /// Who would use it.
        user: String,
    },
    /// Writes are refused.
    #[error("{path} cannot be written ({reason}): make it writable, or choose another --data-dir")]
    ReadOnly {
        /// The file or folder.
        path: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// No space left.
    #[error(
        "the disk of {path} is full ({free} MiB free): free at least {needed} MiB, or choose another --data-dir"
    )]
    Full {
        /// The folder.
        path: PathBuf,
        /// What is left, in MiB.
        free: u64,
        /// What is needed, in MiB.
        needed: u64,
    },
    /// No folder has a path short enough for a Unix socket.
    #[error(
        "{path} is {length} bytes long, but a Unix socket's path may have {limit}: choose a shorter --data-dir"
    )]
    LongPath {
        /// The socket's path.
        path: PathBuf,
        /// Its length in bytes.
        length: usize,
        /// The most the system takes.
        limit: usize,
    },
    /// The data folder has no version file: it is no cluster, or half of one.
    #[error(
        "{path} exists but is no PostgreSQL cluster (PG_VERSION is missing or unreadable): \
         put back what was there, or move it away to begin anew"
    )]
    NotACluster {
        /// The folder.
        path: PathBuf,
    },
    /// `initdb` failed.
    #[error("PostgreSQL could not make a cluster in {path}; initdb said:\n{tail}")]
    Initdb {
        /// The folder.
        path: PathBuf,
        /// The end of its output.
        tail: String,
    },
    /// `postgres` ended while starting.
    #[error("PostgreSQL did not start; the end of {log}:\n{tail}")]
    Died {
        /// The log file.
        log: PathBuf,
        /// Its end.
        tail: String,
    },
    /// `postgres` takes too long.
    #[error(
        "PostgreSQL was not ready after {seconds} s; if the end of {log} shows a recovery at work, \
         start steward again:\n{tail}"
    )]
    Slow {
        /// How long it was waited for.
        seconds: u64,
        /// The log file.
        log: PathBuf,
        /// Its end.
        tail: String,
    },
    /// What a killed server left does not end.
    #[error(
        "the PostgreSQL of an earlier start (pid {pid}) does not end: look at it, then `kill -QUIT {pid}`"
    )]
    Orphan {
        /// Its process.
        pid: i32,
    },
    /// The supervising thread is gone.
    #[error(
        "the thread that runs PostgreSQL ended unexpectedly: see the log, and start steward again"
    )]
    Ended,
    /// Anything else the system answered.
    #[error("the private database cannot be used: {path}: {source}")]
    Io {
        /// The file, folder or program.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
}

/// Sorts the system's answers by what a person can do about them.
pub(super) fn io(path: &Path, source: io::Error) -> Error {
    let kind = source.kind();
    if matches!(kind, ErrorKind::StorageFull | ErrorKind::QuotaExceeded) {
        return full(path, 0);
    }
    let path = path.to_owned();
    if matches!(kind, ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem) {
        return Error::ReadOnly { path, reason: source.to_string() };
    }
    Error::Io { path, source }
}

/// A full disk; at least what a new cluster takes is asked for.
pub(super) fn full(path: &Path, free: u64) -> Error {
    let needed = super::folder::NEW_CLUSTER >> 20;
    Error::Full { path: path.to_owned(), free: free >> 20, needed }
}

fn versions(found: &[Version]) -> String {
    match found {
        [] => "none".to_owned(),
        some => some.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and "),
    }
}
