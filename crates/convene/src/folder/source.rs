//! Reading what a plan is made from: a brief, a table of venues, a folder of instruction sets. Only texts of a sensible
//! size; what is in them is judged elsewhere.

use std::{
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use crate::inputs::Named;

/// Bytes of a brief: a thousand sessions and a thousand tasks have about half of that.
const BRIEF_BYTES_MAX: u64 = 1024 * 1024;
/// Bytes of a table of venues: 100,000 rows have about half of that.
const VENUES_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Bytes of an instruction set: beyond its own limit, so that the reader of sets can say so.
const SET_BYTES_MAX: u64 = 1024 * 1024;
/// Files of a folder of instruction sets: there are twelve sets.
const SETS_MAX: usize = 100;

/// Why a source cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {}: {cause}", .path.display())]
pub struct SourceError {
    path: PathBuf,
    cause: io::Error,
}

/// Reads a brief's text.
///
/// # Errors
/// When there is none, or it is too large or not UTF-8.
pub fn read_brief(path: &Path) -> Result<String, SourceError> {
    text(path, BRIEF_BYTES_MAX)
}

/// Reads a table of venues.
///
/// # Errors
/// When there is none, or it is too large or not UTF-8.
pub fn read_venues(path: &Path) -> Result<Named, SourceError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Named { name, text: text(path, VENUES_BYTES_MAX)? })
}

/// Reads every `*.toml` and `*.md` of a folder and of the folders in it, by name.
///
/// # Errors
/// When there is no such file, or one cannot be read.
pub fn read_instructions(folder: &Path) -> Result<Vec<Named>, SourceError> {
    let refused = |cause| SourceError { path: folder.to_owned(), cause };
    let mut sets = Vec::new();
    for (name, path) in files(folder, "", true).map_err(refused)? {
        if sets.len() == SETS_MAX {
            return Err(refused(io::Error::other(format!("holds more than {SETS_MAX} files"))));
        }
        sets.push(Named { name, text: text(&path, SET_BYTES_MAX)? });
    }
    if sets.is_empty() {
        return Err(refused(io::Error::other(
            "it holds no instruction set, no *.toml and no *.md",
        )));
    }
    sets.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(sets)
}

fn files(folder: &Path, within: &str, deeper: bool) -> io::Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = format!("{within}{name}");
        if path.is_dir() && deeper {
            found.extend(files(&path, &format!("{name}/"), false)?);
        } else if path.extension().is_some_and(|end| end == "toml" || end == "md") {
            found.push((name, path));
        }
    }
    Ok(found)
}

/// A whole text of at most so many bytes, from a file or whatever can be read like one.
pub(super) fn text(path: &Path, bytes_max: u64) -> Result<String, SourceError> {
    let read = || {
        let mut text = String::new();
        let length = fs::File::open(path)?.take(bytes_max + 1).read_to_string(&mut text)?;
        if u64::try_from(length).unwrap_or(u64::MAX) > bytes_max {
            return Err(io::Error::other(format!("more than {bytes_max} bytes")));
        }
        Ok(text)
    };
    read().map_err(|cause| SourceError { path: path.to_owned(), cause })
}
