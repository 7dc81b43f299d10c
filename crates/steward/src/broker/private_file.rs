//! Small JSON files that only the server's user may read, replaced as a whole or not at all.

use std::{
    fs::DirBuilder,
    io::{ErrorKind, Read},
    os::unix::fs::DirBuilderExt,
    path::Path,
};

use serde::{Serialize, de::DeserializeOwned};

use super::Error;
use crate::datadir::secret;

/// More than any of these files needs; a larger one is not ours.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Owner lists and enters.
const MODE_DIR: u32 = 0o700;

/// Makes the folder, for the owner alone, unless it exists.
pub(super) fn make_dir(path: &Path) -> Result<(), Error> {
    DirBuilder::new().recursive(true).mode(MODE_DIR).create(path).map_err(Error::file(path))
}

/// The file's content; `None` when there is no such file.
///
/// # Errors
/// [`Error::Secret`] when others may read it, [`Error::Invalid`] when it is no such JSON.
pub(super) fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, Error> {
    let file = match secret::open(path) {
        Err(secret::Error::Io { source, .. }) if source.kind() == ErrorKind::NotFound => {
            return Ok(None);
        }
        opened => opened?,
    };
    let mut text = String::new();
    file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(Error::file(path))?;
    // Only line and column: serde's message may quote what stands there.
    serde_json::from_str(&text).map(Some).map_err(|e| Error::Invalid {
        path: path.to_owned(),
        why: format!("unexpected content at line {}, column {}", e.line(), e.column()),
    })
}

/// Replaces the file, with mode 0600.
pub(super) fn write<T: Serialize>(path: &Path, content: &T) -> Result<(), Error> {
    let text = serde_json::to_vec_pretty(content)
        .map_err(|e| Error::Invalid { path: path.to_owned(), why: e.to_string() })?;
    secret::replace(path, &text).map_err(Error::file(path))
}
