//! Small JSON files that only the server's user may read, replaced as a whole or not at all.

use std::{
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Read, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::Path,
};

use serde::{Serialize, de::DeserializeOwned};

use super::Error;

/// More than any of these files needs; a larger one is not ours.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Owner reads and writes.
const MODE_FILE: u32 = 0o600;
/// Owner lists and enters.
const MODE_DIR: u32 = 0o700;
/// Permission bits of group and others.
const OTHERS: u32 = 0o077;

/// Makes the folder, for the owner alone, unless it exists.
pub(super) fn make_dir(path: &Path) -> Result<(), Error> {
    fs::DirBuilder::new().recursive(true).mode(MODE_DIR).create(path).map_err(Error::file(path))
}

/// The file's content; `None` when there is no such file.
///
/// # Errors
/// [`Error::Exposed`] when others may read it, [`Error::Invalid`] when it is no such JSON.
pub(super) fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, Error> {
    let file = match File::open(path) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(Error::file(path))?,
    };
    let mode = file.metadata().map_err(Error::file(path))?.mode();
    if mode & OTHERS != 0 {
        return Err(Error::Exposed { path: path.to_owned(), mode: mode & 0o7777 });
    }
    let mut text = String::new();
    file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(Error::file(path))?;
    // Only line and column: serde's message may quote what stands there.
    serde_json::from_str(&text).map(Some).map_err(|e| Error::Invalid {
        path: path.to_owned(),
        why: format!("unexpected content at line {}, column {}", e.line(), e.column()),
    })
}

/// Replaces the file: written beside it, made durable, then renamed.
pub(super) fn write<T: Serialize>(path: &Path, content: &T) -> Result<(), Error> {
    let text = serde_json::to_string_pretty(content)
        .map_err(|e| Error::Invalid { path: path.to_owned(), why: e.to_string() })?;
    let beside = path.with_extension("new");
    replace(path, &beside, &text).map_err(Error::file(path))
}

fn replace(path: &Path, beside: &Path, text: &str) -> Result<(), std::io::Error> {
    match fs::remove_file(beside) {
        Err(e) if e.kind() != ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(MODE_FILE).open(beside)?;
    file.write_all(text.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    fs::rename(beside, path)?;
    path.parent().map_or(Ok(()), |dir| File::open(dir)?.sync_all())
}
