//! Writing a folder: beside its place first, then moved there in one step.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use super::{
    APPROVALS, ARTIFACTS, BRIEF, FACTS, HISTORY, INPUTS, INSTRUCTIONS, SETTINGS, VENUES,
    place::{Place, Step},
};
use crate::{
    artifact::Dossier,
    inputs::{Inputs, Named},
    render,
};

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
    #[error("the folder that {} would be in does not exist: make it first", .0.display())]
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
pub fn write(folder: &Path, dossier: &Dossier, inputs: Option<&Inputs>) -> Result<(), WriteError> {
    let place = place(folder)?;
    let lock = place.lock().map_err(refused(folder))?;
    place.recover(&lock).map_err(refused(folder))?;
    refuse_occupied(folder)?;
    let moved =
        stage(&place, dossier, inputs).and_then(|()| place.move_in(&lock).map_err(refused(folder)));
    if moved.is_err() {
        place.abandon();
    }
    moved
}

/// Writes everything in place of what a folder of this kind held before.
///
/// # Errors
/// When the system refuses; the folder is then as it was.
pub fn replace(
    folder: &Path,
    dossier: &Dossier,
    inputs: Option<&Inputs>,
) -> Result<(), WriteError> {
    replace_watched(folder, dossier, inputs, |_| {})
}

fn replace_watched(
    folder: &Path,
    dossier: &Dossier,
    inputs: Option<&Inputs>,
    passed: impl Fn(Step),
) -> Result<(), WriteError> {
    let place = place(folder)?;
    let lock = place.lock().map_err(refused(folder))?;
    place.recover(&lock).map_err(refused(folder))?;
    let moved = stage(&place, dossier, inputs)
        .and_then(|()| place.swap_in(&lock, passed).map_err(refused(folder)));
    if moved.is_err() {
        place.abandon();
    }
    moved
}

fn place(folder: &Path) -> Result<Place, WriteError> {
    Place::of(folder).ok_or_else(|| WriteError::NoParent(folder.to_owned()))
}

/// Refuses a folder into which nothing may be written, before anything is computed for it.
///
/// # Errors
/// When there is something in it, it is a file, or the system refuses.
pub fn refuse_occupied(folder: &Path) -> Result<(), WriteError> {
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

/// Writes everything into a new folder beside the place, and waits until the disk has it.
fn stage(place: &Place, dossier: &Dossier, inputs: Option<&Inputs>) -> Result<(), WriteError> {
    let staged = place.partial();
    make(&staged)?;
    artifacts(&staged, dossier)?;
    put(&staged.join(APPROVALS), &json(&dossier.approvals))?;
    if let Some(inputs) = inputs {
        given(&staged.join(INPUTS), inputs)?;
    }
    for rendering in render::all(dossier) {
        put(&staged.join(rendering.file), &rendering.text)?;
    }
    settle(&staged)
}

fn artifacts(staged: &Path, dossier: &Dossier) -> Result<(), WriteError> {
    let newest = staged.join(ARTIFACTS);
    make(&newest)?;
    for artifact in dossier.artifacts() {
        put(&newest.join(format!("{}.json", artifact.header.kind)), &artifact.text())?;
    }
    settle(&newest)?;
    if dossier.history().is_empty() {
        return Ok(());
    }
    let history = staged.join(HISTORY);
    make(&history)?;
    for artifact in dossier.history() {
        let file = format!("{}-r{}.json", artifact.header.kind, artifact.header.revision);
        put(&history.join(file), &artifact.text())?;
    }
    settle(&history)
}

fn given(folder: &Path, inputs: &Inputs) -> Result<(), WriteError> {
    make(folder)?;
    put(&folder.join(BRIEF), &inputs.brief)?;
    put(&folder.join(SETTINGS), &json(&inputs.settings))?;
    put(&folder.join(FACTS), &json(&inputs.facts))?;
    if let Some(venues) = &inputs.venues {
        named(&folder.join(VENUES), std::slice::from_ref(venues))?;
    }
    if !inputs.instructions.is_empty() {
        named(&folder.join(INSTRUCTIONS), &inputs.instructions)?;
    }
    settle(folder)
}

/// Files under the names that they came with, some of them in folders of their own.
fn named(folder: &Path, files: &[Named]) -> Result<(), WriteError> {
    make(folder)?;
    for file in files {
        let path = folder.join(&file.name);
        let around = path.parent().unwrap_or(folder);
        fs::create_dir_all(around).map_err(refused(around))?;
        put(&path, &file.text)?;
        settle(around)?;
    }
    settle(folder)
}

fn json(value: &impl serde::Serialize) -> String {
    let text = serde_json::to_string_pretty(value);
    text.expect("what is written holds nothing that JSON cannot") + "\n"
}

fn make(folder: &Path) -> Result<(), WriteError> {
    fs::create_dir(folder).map_err(refused(folder))
}

fn put(path: &Path, text: &str) -> Result<(), WriteError> {
    let written = File::create_new(path).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written.map_err(refused(path))
}

/// Waits until the disk has a folder's names, too.
fn settle(folder: &Path) -> Result<(), WriteError> {
    File::open(folder).and_then(|open| open.sync_all()).map_err(refused(folder))
}

fn refused(path: &Path) -> impl FnOnce(io::Error) -> WriteError {
    let path = path.to_owned();
    move |cause| WriteError::Io { path, cause }
}

#[cfg(test)]
mod tests {
    use std::{fs, panic, path::Path};

    use super::{Step, replace_watched, write};
    use crate::{
        artifact::Dossier,
        folder::{read, replace},
        inputs::{Inputs, Settings},
    };

    fn planned(audience: u32) -> (Inputs, Dossier) {
        let brief = format!(
            r#"{{ "title": "Meetup", "date_range": {{ "start": "2027-03-12", "end": "2027-03-12" }}, "audience_size": {audience} }}"#
        );
        let settings = Settings { start: jiff::civil::date(2027, 1, 4), seed: 1, level: None };
        let inputs = Inputs::of(&brief, settings);
        let dossier = inputs.plan().unwrap();
        (inputs, dossier)
    }

    /// Stops in the midst as a crash does: nothing after the step runs.
    fn stopped(folder: &Path, dossier: &Dossier, inputs: &Inputs, at: Step) {
        let stop = |step| assert_ne!(step, at, "stopped here");
        let run = || replace_watched(folder, dossier, Some(inputs), stop);
        panic::catch_unwind(panic::AssertUnwindSafe(run)).unwrap_err();
    }

    #[test]
    fn a_writer_that_dies_leaves_the_old_plan_or_the_new_one() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("plan");
        let ((first, old), (second, new)) = (planned(20), planned(30));
        for (at, expected) in [(Step::Staged, &old), (Step::Parked, &old), (Step::Moved, &new)] {
            fs::remove_dir_all(&folder).unwrap_or_default();
            write(&folder, &old, Some(&first)).unwrap();
            stopped(&folder, &new, &second, at);
            assert_eq!(&read(&folder).unwrap().dossier, expected, "{at:?}");
            replace(&folder, &new, Some(&second)).unwrap();
            let found = read(&folder).unwrap();
            assert_eq!((found.dossier, found.inputs), (new.clone(), Some(second.clone())));
            assert_eq!(
                fs::read_dir(parent.path()).unwrap().count(),
                1,
                "nothing is left beside it"
            );
        }
    }
}
