//! The place of a folder: one writer at a time, swapped in whole, and put right after a crash.
//!
//! The new folder is written beside its place and made durable; then the old one is parked, the new one moved in, the old
//! one removed. Whoever comes next finds out from the names how far that went:
//!
//! ```text
//! .NAME.partial               never moved in: of no use
//! .NAME.before without NAME   parked, and nothing moved in: it is put back
//! .NAME.before beside NAME    moved in: it is of no use any more
//! ```

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

/// Between which steps a crash may fall.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The new folder is whole, beside its place.
    Staged,
    /// The old one is out of the way.
    Parked,
    /// The new one is in place.
    Moved,
}

/// Where a folder is, and its neighbours.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) path: PathBuf,
    parent: PathBuf,
}

/// While it is held, nobody else writes to folders beside this one.
#[derive(Debug)]
pub(super) struct Lock {
    parent: File,
}

impl Place {
    /// The place by a path that has a name at its end, whatever it was called by; nothing when the folder around it does
    /// not exist.
    pub(super) fn of(folder: &Path) -> Option<Self> {
        if let Ok(path) = fs::canonicalize(folder) {
            let parent = path.parent()?.to_owned();
            return Some(Self { path, parent });
        }
        let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty());
        let parent = fs::canonicalize(parent.unwrap_or_else(|| Path::new("."))).ok()?;
        Some(Self { path: parent.join(folder.file_name()?), parent })
    }

    /// Waits until nobody else writes here. The system gives the lock back when the process ends, however it does.
    pub(super) fn lock(&self) -> io::Result<Lock> {
        let parent = File::open(&self.parent)?;
        parent.lock()?;
        Ok(Lock { parent })
    }

    /// Where the new folder is written.
    pub(super) fn partial(&self) -> PathBuf {
        self.beside("partial")
    }

    fn before(&self) -> PathBuf {
        self.beside("before")
    }

    fn beside(&self, what: &str) -> PathBuf {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        self.path.with_file_name(format!(".{name}.{what}"))
    }

    /// Whether an interrupted swap left this place without a folder.
    pub(super) fn is_interrupted(&self) -> bool {
        !self.path.exists() && self.before().exists()
    }

    /// Puts right what an interrupted writer left.
    pub(super) fn recover(&self, lock: &Lock) -> io::Result<()> {
        if self.is_interrupted() {
            fs::rename(self.before(), &self.path)?;
            lock.parent.sync_all()?;
        }
        discard(&self.before());
        discard(&self.partial());
        Ok(())
    }

    /// Moves the new folder in where nothing, or an empty folder, is. What was filled meanwhile is not replaced.
    pub(super) fn move_in(&self, lock: &Lock) -> io::Result<()> {
        fs::rename(self.partial(), &self.path)?;
        lock.parent.sync_all()
    }

    /// Moves the new folder in, in place of the old one. `passed` hears of each step.
    pub(super) fn swap_in(&self, lock: &Lock, passed: impl Fn(Step)) -> io::Result<()> {
        passed(Step::Staged);
        fs::rename(&self.path, self.before())?;
        passed(Step::Parked);
        if let Err(cause) = fs::rename(self.partial(), &self.path) {
            // Back to what was; when even that fails, the next who comes puts it back.
            fs::rename(self.before(), &self.path).unwrap_or_default();
            return Err(cause);
        }
        lock.parent.sync_all()?;
        passed(Step::Moved);
        discard(&self.before());
        Ok(())
    }

    /// Takes away what was not moved in.
    pub(super) fn abandon(&self) {
        discard(&self.partial());
    }
}

fn discard(folder: &Path) {
    // It may not be there; and what cannot be removed is in nobody's way.
    fs::remove_dir_all(folder).unwrap_or_default();
}
