//! Writing a folder: beside its place first, then moved there in one step.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{APPROVALS, ARTIFACTS, HISTORY};
use crate::{artifact::Dossier, render};

/// Why a folder was not written. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// There is something in it.
    #[error("{} is not empty: name a folder that does not exist yet, or an empty one", .0.display())]
    NotEmpty(PathBuf),
    /// A file has that name.
    #[error("{} is a file: name a folder", .0.display())]
    NotAFolder(PathBuf),
    /// The folder that it would be in does not exist.
    #[error("{} does not exist: make it first, or name a place in a folder that does", .0.display())]
    NoParent(PathBuf),
    /// The system refused.
    #[error("cannot write {}: {cause}", .path.display())]
    Io {
        /// What was written.
        path: PathBuf,
        /// Why not.
        cause: io::Error,
    },
}

/// Writes everything into a folder that is empty or does not exist yet.
///
/// # Errors
/// When there is something in it, or the system refuses; nothing was changed then.
pub fn write(folder: &Path, dossier: &Dossier) -> Result<(), WriteError> {
    refuse_occupied(folder)?;
    let place = absolute(folder)?;
    let staged = stage(&place, dossier)?;
    // Moving onto an empty folder replaces it; onto one that was filled meanwhile fails.
    let moved = fs::rename(&staged, &place).map_err(refused(folder));
    if moved.is_err() {
        discard(&staged);
    }
    moved
}

/// Writes everything in place of what a folder of this kind held before.
///
/// # Errors
/// When the system refuses; the folder is then as it was.
pub fn replace(folder: &Path, dossier: &Dossier) -> Result<(), WriteError> {
    let place = absolute(folder)?;
    let staged = stage(&place, dossier)?;
    let before = beside(&place, "before");
    let swapped = fs::rename(&place, &before).and_then(|()| {
        fs::rename(&staged, &place).inspect_err(|_| {
            // Back to what was; when even that fails, what was is still beside it.
            fs::rename(&before, &place).unwrap_or_default();
        })
    });
    if let Err(cause) = swapped {
        discard(&staged);
        return Err(refused(folder)(cause));
    }
    discard(&before);
    Ok(())
}

fn refuse_occupied(folder: &Path) -> Result<(), WriteError> {
    match fs::read_dir(folder).map(|mut entries| entries.next().is_some()) {
        Ok(true) => Err(WriteError::NotEmpty(folder.to_owned())),
        Ok(false) => Ok(()),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(cause) if cause.kind() == io::ErrorKind::NotADirectory => {
            Err(WriteError::NotAFolder(folder.to_owned()))
        }
        Err(cause) => Err(refused(folder)(cause)),
    }
}

/// The folder by a path that has a name at its end, whatever it was called by.
fn absolute(folder: &Path) -> Result<PathBuf, WriteError> {
    if let Ok(place) = fs::canonicalize(folder) {
        return Ok(place);
    }
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or_else(|| Path::new("."));
    let missing = |_| WriteError::NoParent(parent.to_owned());
    let name = folder.file_name().ok_or_else(|| WriteError::NoParent(folder.to_owned()))?;
    Ok(fs::canonicalize(parent).map_err(missing)?.join(name))
}

/// Writes everything into a new folder beside the place.
fn stage(place: &Path, dossier: &Dossier) -> Result<PathBuf, WriteError> {
    let staged = beside(place, "partial");
    // What an interrupted run left behind.
    discard(&staged);
    let written = fill(&staged, dossier);
    if written.is_err() {
        discard(&staged);
    }
    written.map(|()| staged)
}

fn fill(folder: &Path, dossier: &Dossier) -> Result<(), WriteError> {
    for folder in [folder.to_owned(), folder.join(ARTIFACTS)] {
        fs::create_dir(&folder).map_err(refused(&folder))?;
    }
    for artifact in dossier.artifacts() {
        let file = format!("{}.json", artifact.header.kind);
        put(&folder.join(ARTIFACTS).join(file), &artifact.text())?;
    }
    if !dossier.history().is_empty() {
        let history = folder.join(HISTORY);
        fs::create_dir(&history).map_err(refused(&history))?;
        for artifact in dossier.history() {
            let file = format!("{}-r{}.json", artifact.header.kind, artifact.header.revision);
            put(&history.join(file), &artifact.text())?;
        }
    }
    let approvals = serde_json::to_string_pretty(&dossier.approvals);
    let approvals = approvals.expect("approvals hold nothing that JSON cannot") + "\n";
    put(&folder.join(APPROVALS), &approvals)?;
    for rendering in render::all(dossier) {
        put(&folder.join(rendering.file), &rendering.text)?;
    }
    Ok(())
}

fn put(path: &Path, text: &str) -> Result<(), WriteError> {
    fs::write(path, text).map_err(refused(path))
}

fn beside(place: &Path, what: &str) -> PathBuf {
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    place.with_file_name(format!(".{name}.{what}"))
}

fn discard(folder: &Path) {
    // It may not be there; and what cannot be removed is in nobody's way.
    fs::remove_dir_all(folder).unwrap_or_default();
}

fn refused(path: &Path) -> impl Fn(io::Error) -> WriteError {
    move |cause| WriteError::Io { path: path.to_owned(), cause }
}
