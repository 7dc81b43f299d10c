//! Whom PostgreSQL runs as.

use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::unistd::{Gid, Uid, geteuid};

use super::Error;
use crate::datadir::user_name;

/// Users that root hands PostgreSQL to, best first: the first is made by every package of PostgreSQL.
const UNPRIVILEGED: [&str; 2] = ["postgres", "nobody"];

/// Whom PostgreSQL runs as.
#[derive(Debug, Clone)]
pub(super) struct User {
    pub(super) uid: Uid,
    gid: Gid,
    pub(super) name: String,
    /// Whether this is another user than ours, that is, whether we are root.
    other: bool,
}

/// Ourselves; or, for root, the owner of `data` if it exists and is one of ours, else the first that there is.
pub(super) fn choose(data: &Path) -> Result<User, Error> {
    if !geteuid().is_root() {
        let (uid, gid) = (geteuid(), nix::unistd::getegid());
        return Ok(User { uid, gid, name: user_name(uid), other: false });
    }
    let owner = data.metadata().ok().map(|found| found.uid());
    let known =
        UNPRIVILEGED.iter().filter_map(|name| nix::unistd::User::from_name(name).ok().flatten());
    let known: Vec<_> = known.collect();
    let chosen =
        known.iter().find(|user| Some(user.uid.as_raw()) == owner).or_else(|| known.first());
    let chosen = chosen.ok_or(Error::NoUser)?;
    Ok(User { uid: chosen.uid, gid: chosen.gid, name: chosen.name.clone(), other: true })
}

impl User {
    /// A program run as this user, with nothing of our environment, and English messages.
    pub(super) fn command(&self, program: &Path, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(folder)
            .env_clear()
            .env("LC_ALL", "C")
            .env("PATH", "/usr/bin:/bin")
            .stdin(Stdio::null());
        if self.other {
            command.uid(self.uid.as_raw()).gid(self.gid.as_raw()); // std also drops root's other groups
        }
        command
    }

    /// Gives a folder that we have just made to this user.
    pub(super) fn give(&self, folder: &Path) -> io::Result<()> {
        if self.other {
            chown(folder, Some(self.uid.as_raw()), Some(self.gid.as_raw()))?;
        }
        Ok(())
    }

    /// Refuses a file or folder of another user.
    pub(super) fn owns(&self, path: &Path) -> Result<(), Error> {
        let found = path.symlink_metadata().map_err(|source| super::error::io(path, source))?;
        if found.uid() == self.uid.as_raw() {
            return Ok(());
        }
        let owner = user_name(Uid::from_raw(found.uid()));
        Err(Error::Foreign { path: path.to_owned(), owner, user: self.name.clone() })
    }

    /// The first folder on the way to `path` that this user may not pass, judged by its mode.
    pub(super) fn barrier(&self, path: &Path) -> Option<PathBuf> {
        let mut way: Vec<_> = path.ancestors().collect();
        way.reverse();
        way.into_iter()
            .find(|folder| folder.metadata().is_ok_and(|found| !self.passes(&found)))
            .map(Path::to_owned)
    }

    fn passes(&self, folder: &std::fs::Metadata) -> bool {
        let mode = folder.permissions().mode();
        let bit = match () {
            () if self.uid.is_root() => return true,
            () if folder.uid() == self.uid.as_raw() => 0o100,
            () if folder.gid() == self.gid.as_raw() => 0o010,
            () => 0o001,
        };
        mode & bit != 0
    }
}
