//! Files that only their owner may read.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Longest secret, in bytes: more than any key or token, less than a file given by mistake.
const LONGEST: u64 = 64 << 10;

/// Bits of a mode that let somebody else than the owner in.
const OTHERS: u32 = 0o077;
/// What a container platform may set beside it: readable by the group of a file that root has put there for us.
const HANDED_DOWN: u32 = 0o037;

/// A secret's text. It shows itself to nobody who does not ask by name.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// Why a secret cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Others may read it.
    #[error(
        "{path} can be read by others (mode {mode:o}): run `chmod 600 {path}`, and change the secret if they did"
    )]
    TooOpen {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// Not a secret, or not text.
    #[error("{path} is no secret: it must be text of 1 to {LONGEST} bytes")]
    NotASecret {
        /// The file.
        path: PathBuf,
    },
    /// The system's answer.
    #[error("the secret {path} cannot be used: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
}

impl Secret {
    /// Wraps a secret that came by another way than a file.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself: never for a log, an error or a page.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("********")
    }
}

/// Makes a new file of mode 0600; readers see all of it or nothing.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] when there is one: a secret is never overwritten by accident.
pub fn create(path: &Path, content: &[u8]) -> Result<(), Error> {
    let failed = |source| Error::Io { path: path.to_owned(), source };
    let new = written(path, content).map_err(failed)?;
    // A link, unlike a rename, does not replace what is there.
    let linked = std::fs::hard_link(&new, path);
    std::fs::remove_file(&new).map_err(failed)?;
    linked.and_then(|()| sync_folder(path)).map_err(failed)
}

/// Reads a secret, without the line end that an editor leaves.
///
/// # Errors
/// [`Error::TooOpen`] when others may read it.
pub fn read(path: &Path) -> Result<Secret, Error> {
    let mut content = Vec::new();
    let read = open(path)?.take(LONGEST + 1).read_to_end(&mut content);
    read.map_err(|source| Error::Io { path: path.to_owned(), source })?;
    let text = String::from_utf8(content).unwrap_or_default();
    let text = text.trim_end_matches(['\n', '\r']);
    if text.is_empty() || text.len() as u64 > LONGEST {
        return Err(Error::NotASecret { path: path.to_owned() });
    }
    Ok(Secret(text.to_owned()))
}

/// Opens a file that only its owner may read.
///
/// # Errors
/// [`Error::TooOpen`] when others may.
pub(crate) fn open(path: &Path) -> Result<File, Error> {
    let failed = |source| Error::Io { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    let found = file.metadata().map_err(failed)?;
    let mode = found.permissions().mode() & 0o777;
    if mode & OTHERS != 0 && !(found.uid() == 0 && mode & HANDED_DOWN == 0) {
        return Err(Error::TooOpen { path: path.to_owned(), mode });
    }
    Ok(file)
}

/// Writes a file of mode 0600 in place of whatever is there.
pub(crate) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let new = written(path, content)?;
    std::fs::rename(new, path)?;
    sync_folder(path)
}

/// The content on disk beside `path`, ready to be put in place.
fn written(path: &Path, content: &[u8]) -> io::Result<PathBuf> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let new = PathBuf::from(name);
    match std::fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {} // left by a process that was killed
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
    file.write_all(content)?;
    file.sync_all()?;
    Ok(new)
}

fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}
