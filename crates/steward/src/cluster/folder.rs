//! The cluster's files: made once, checked at every start.
//!
//! ```text
//! postgres/               ours; the user that runs PostgreSQL may only pass
//!   data/                 the cluster, of the user that runs PostgreSQL, mode 0700
//!   run/                  the socket, likewise
//!   pg_hba.conf           who may connect, written anew at every start
//!   pg_ident.conf         as which role
//!   postgres.log
//! ```
//!
//! As root we never write in a folder of the other user: a symbolic link put there would turn our write against any file.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Output;

use kernel::migrate::SERVER;
use nix::unistd::geteuid;
use sha2::{Digest, Sha256};

use super::programs::Programs;
use super::user::User;
use super::{ADMIN, Error, PORT, error};
use crate::datadir::{LEAST_FREE, free_space, user_name};

/// What a new cluster takes, in bytes: about 40 MiB of catalogues, two segments of the log of 16 MiB, and room to begin.
pub(super) const NEW_CLUSTER: u64 = 128 << 20;
/// Longest path of a Unix socket, in bytes, without the closing zero; the shortest of the systems (macOS) has 104.
const LONGEST_SOCKET: usize = if cfg!(target_os = "macos") { 103 } else { 107 };
/// A log longer than this is put aside at the next start.
const LONG_LOG: u64 = 1 << 20;
/// How much of a log is shown in an error, in bytes.
const TAIL: u64 = 2_000;

/// Where everything is.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    pub(super) home: PathBuf,
    pub(super) data: PathBuf,
    pub(super) socket: PathBuf,
    pub(super) hba: PathBuf,
    pub(super) ident: PathBuf,
    pub(super) log: PathBuf,
}

/// The major version that made the cluster in `dir`, if there is one.
pub(super) fn major(dir: &Path) -> Result<Option<u32>, Error> {
    let data = dir.join("postgres/data");
    match std::fs::read_to_string(data.join("PG_VERSION")) {
        Ok(text) => match text.trim().parse() {
            Ok(major) => Ok(Some(major)),
            Err(_) => Err(Error::NotACluster { path: data }),
        },
        Err(error) if error.kind() == ErrorKind::NotFound && !data.exists() => Ok(None),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(Error::NotACluster { path: data }),
        Err(source) => Err(error::io(&data, source)),
    }
}

/// Makes what is missing in `dir`; the cluster itself appears whole or not at all.
pub(super) fn prepare(
    dir: &Path,
    temp: &Path,
    programs: &Programs,
    user: &User,
) -> Result<Folder, Error> {
    let home = dir.join("postgres");
    let data = home.join("data");
    space(dir, if data.exists() { LEAST_FREE } else { NEW_CLUSTER })?;
    passable(&home)?;
    if !data.exists() {
        initialise(&home, &data, programs, user)?;
    }
    user.owns(&data)?;
    let folder = Folder {
        socket: socket(&home, temp, user)?,
        hba: home.join("pg_hba.conf"),
        ident: home.join("pg_ident.conf"),
        log: home.join("postgres.log"),
        home,
        data,
    };
    admit(&folder)?;
    put_aside(&folder.log)?;
    Ok(folder)
}

impl Folder {
    /// The log, for PostgreSQL to write to.
    pub(super) fn open_log(&self) -> Result<File, Error> {
        let log = OpenOptions::new().create(true).append(true).mode(0o600).open(&self.log);
        log.map_err(|source| error::io(&self.log, source))
    }

    /// What PostgreSQL puts beside its socket against a second one.
    pub(super) fn socket_lock(&self) -> PathBuf {
        self.socket.join(format!(".s.PGSQL.{PORT}.lock"))
    }

    /// How long the log is, in bytes.
    pub(super) fn log_length(&self) -> u64 {
        self.log.metadata().map_or(0, |log| log.len())
    }

    /// What was logged after the log had the length `before`, at most the end of it.
    pub(super) fn log_tail(&self, before: u64) -> String {
        let read = || -> io::Result<String> {
            let mut log = File::open(&self.log)?;
            let length = log.metadata()?.len();
            log.seek(SeekFrom::Start(before.max(length.saturating_sub(TAIL))))?;
            let mut tail = Vec::new();
            log.read_to_end(&mut tail)?;
            Ok(String::from_utf8_lossy(&tail).trim().to_owned())
        };
        read().unwrap_or_default()
    }
}

fn space(dir: &Path, needed: u64) -> Result<(), Error> {
    let free = free_space(dir).map_err(|source| error::io(dir, source))?;
    if free < needed { Err(error::full(dir, free)) } else { Ok(()) }
}

/// Our folder, through which the other user passes.
fn passable(home: &Path) -> Result<(), Error> {
    let failed = |source| error::io(home, source);
    match DirBuilder::new().mode(0o711).create(home) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(source) => return Err(failed(source)),
        // What the umask took away.
        Ok(()) => std::fs::set_permissions(home, Permissions::from_mode(0o711)).map_err(failed)?,
    }
    Ok(())
}

/// Makes a folder of mode 0700 for the user.
fn make_private(folder: &Path, user: &User) -> Result<(), Error> {
    let made = DirBuilder::new().mode(0o700).create(folder).and_then(|()| user.give(folder));
    made.map_err(|source| error::io(folder, source))
}

fn initialise(home: &Path, data: &Path, programs: &Programs, user: &User) -> Result<(), Error> {
    let new = home.join("data.new");
    clear(&new)?; // half a cluster of a start that was killed
    make_private(&new, user)?;
    tracing::info!(version = %programs.version, folder = %data.display(), "making a PostgreSQL cluster");
    let output = user
        .command(&programs.initdb(), home)
        .arg("--pgdata")
        .arg(&new)
        .args(["--username", ADMIN, "--auth", "peer", "--encoding", "UTF8"])
        // Sorting is decided by keys made in Rust, so the locale is the one that no system update changes.
        .args(["--locale", "C", "--data-checksums", "--no-instructions"])
        .output()
        .map_err(|source| error::io(&programs.initdb(), source))?;
    if !output.status.success() {
        clear(&new)?;
        return Err(initdb_error(home, &output));
    }
    std::fs::rename(&new, data).map_err(|source| error::io(data, source))?;
    File::open(home).and_then(|home| home.sync_all()).map_err(|source| error::io(home, source))
}

fn clear(folder: &Path) -> Result<(), Error> {
    match std::fs::remove_dir_all(folder) {
        Err(source) if source.kind() != ErrorKind::NotFound => Err(error::io(folder, source)),
        _ => Ok(()),
    }
}

fn initdb_error(home: &Path, output: &Output) -> Error {
    let said = String::from_utf8_lossy(&output.stderr);
    if said.contains("No space left on device") {
        return error::full(home, free_space(home).unwrap_or_default());
    }
    let lines: Vec<_> = said.lines().collect();
    let tail = lines.get(lines.len().saturating_sub(10)..).unwrap_or_default().join("\n");
    Error::Initdb { path: home.to_owned(), tail }
}

/// The socket's folder: here, or, if that makes too long a path, one of its own for temporary files.
fn socket(home: &Path, temp: &Path, user: &User) -> Result<PathBuf, Error> {
    let here = home.join("run");
    let name = Sha256::digest(home.as_os_str().as_bytes());
    let name = name.first_chunk().copied().map_or(0, u64::from_be_bytes);
    let there = temp.join(format!("steward-{name:016x}"));
    let Some(folder) =
        [here, there.clone()].into_iter().find(|folder| socket_path(folder).1 <= LONGEST_SOCKET)
    else {
        let (path, length) = socket_path(&there);
        return Err(Error::LongPath { path, length, limit: LONGEST_SOCKET });
    };
    match folder.symlink_metadata() {
        Err(_) => make_private(&folder, user)?,
        // In a folder that everybody may write to, somebody else may have been first.
        Ok(found) if found.is_dir() && found.permissions().mode() & 0o777 == 0o700 => {
            user.owns(&folder)?;
        }
        Ok(_) => {
            let reason = "it is no folder that only PostgreSQL may enter; remove it".to_owned();
            return Err(Error::ReadOnly { path: folder, reason });
        }
    }
    Ok(folder)
}

fn socket_path(folder: &Path) -> (PathBuf, usize) {
    let path = folder.join(format!(".s.PGSQL.{PORT}"));
    let length = path.as_os_str().len();
    (path, length)
}

/// Lets the user in who runs this process, as administrator and as server, and nobody else.
fn admit(folder: &Folder) -> Result<(), Error> {
    let me = user_name(geteuid()).replace('"', "\"\"");
    write(&folder.hba, "local all all peer map=steward\n")?;
    write(&folder.ident, &format!("steward \"{me}\" {ADMIN}\nsteward \"{me}\" {SERVER}\n"))
}

/// Readable by the user that runs PostgreSQL; it holds no secret.
fn write(path: &Path, text: &str) -> Result<(), Error> {
    let written = std::fs::write(path, text)
        .and_then(|()| std::fs::set_permissions(path, Permissions::from_mode(0o644)));
    written.map_err(|source| error::io(path, source))
}

fn put_aside(log: &Path) -> Result<(), Error> {
    match log.metadata() {
        Ok(found) if found.len() > LONG_LOG => {
            let old = log.with_extension("log.1");
            std::fs::rename(log, &old).map_err(|source| error::io(&old, source))
        }
        _ => Ok(()),
    }
}
