//! Changing the file: always the old bytes or the new ones, whatever happens in between.
//!
//! Lock, read, check, write the new file beside it, make it durable, keep the old one under a second name, put the new one in
//! its place in one step, make that durable, read back. A process that dies anywhere leaves the old file or the new one.

use std::{
    fs::{File, TryLockError},
    io::{self, Write},
    os::unix::fs::PermissionsExt,
    thread::sleep,
    time::{Duration, Instant},
};

use sha2::{Digest, Sha256};

use super::{Change, Cpf, check, table};
use crate::beneath::{Identity, Place, same_owner_and_mode};

/// Real files are below 1 MB; something larger is not a CPF.
pub const MAX_BYTES: u64 = 16 * 1024 * 1024;
/// An edit takes milliseconds: whoever holds the lock longer hangs.
const LOCK_PATIENCE: Duration = Duration::from_secs(5);
const LOCK_RETRY: Duration = Duration::from_millis(2);
/// `jrnbufs` and `FileSizeLimit` together, in MB.
const JOURNAL_MB_MAX: u64 = 4096;

/// A wanted change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// The section, as in the file.
    pub section: String,
    /// The parameter, as in the file.
    pub parameter: String,
    /// The new value.
    pub new_value: String,
    /// What is expected to stand there now; nothing when whoever asks does not care.
    pub current_value: Option<String>,
    /// Whether a parameter that the reference does not know may be written.
    pub allow_unknown: bool,
}

/// Why the file was not changed.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The disk, a right, a link.
    #[error("{0}")]
    File(#[from] io::Error),
    /// The file itself.
    #[error(transparent)]
    Cpf(#[from] super::Error),
    /// The new value, or the name.
    #[error("{0}")]
    Value(String),
    /// Somebody else was faster, or the command is out of date.
    #[error(
        "[{section}] {parameter} is {found}, not {expected} as the command expects: nothing was changed"
    )]
    Mismatch {
        /// Where.
        section: String,
        /// Which.
        parameter: String,
        /// What stands there.
        found: String,
        /// What was expected.
        expected: String,
    },
    /// No write permission for anybody.
    #[error("{0} is read-only (mode {1:04o}): chmod u+w it when it may be changed")]
    ReadOnly(String, u32),
    /// Between plan and change, or between reading and replacing.
    #[error(
        "{0} was changed, replaced or removed by somebody else meanwhile: nothing was changed, try again"
    )]
    Changed(String),
    /// Another edit.
    #[error("{0} is locked by another edit for more than {secs} s", secs = LOCK_PATIENCE.as_secs())]
    Locked(String),
}

/// What an edit will do; made without changing anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The file as it is.
    pub before: Vec<u8>,
    /// The file as it will be.
    pub after: Vec<u8>,
    /// The line; nothing when the value stands there already.
    pub change: Option<Change>,
    /// The value that stands there; nothing when the parameter is missing.
    pub old: Option<String>,
    /// The value as it will be written.
    pub new: String,
    /// When it takes effect.
    pub restart: table::Restart,
    /// Whether values may be shown.
    pub secret: bool,
    /// What whoever asked should know.
    pub notices: Vec<String>,
}

/// The old file under its second name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// In the directory of the CPF.
    pub name: String,
    /// SHA-256 of the file that replaced it, as hex digits.
    pub replaced_by: String,
}

/// Finds out what a change would do.
///
/// # Errors
/// Every reason for which [`apply`] would refuse.
pub fn plan(place: &Place, wish: &Wish) -> Result<Plan, Refused> {
    let (before, _) = readable(place)?;
    let section = table::section_named(&wish.section);
    let checked = table::check(section, &wish.parameter, &wish.new_value, wish.allow_unknown)
        .map_err(Refused::Value)?;
    let cpf = Cpf::parse(before.clone())?;
    let old =
        cpf.get(section, &wish.parameter)?.map(|value| String::from_utf8_lossy(value).into_owned());
    matches_expectation(wish, old.as_deref(), checked.secret)?;
    let mut notices = notices(wish, &checked);
    if old.as_ref() == Some(&checked.value) {
        let table::Checked { value: new, restart, secret } = checked;
        return Ok(Plan {
            after: before.clone(),
            before,
            change: None,
            old,
            new,
            restart,
            secret,
            notices,
        });
    }
    let (changed, change) = cpf.set(section, &wish.parameter, &checked.value)?;
    starts_as_before(&cpf, &changed, &mut notices)?;
    journal_fits(&changed, section)?;
    let table::Checked { value: new, restart, secret } = checked;
    Ok(Plan {
        before,
        after: changed.bytes().to_vec(),
        change: Some(change),
        old,
        new,
        restart,
        secret,
        notices,
    })
}

fn notices(wish: &Wish, checked: &table::Checked) -> Vec<String> {
    let mut notices = Vec::new();
    if checked.value != wish.new_value {
        notices.push(format!("{} is written as {}", wish.new_value, checked.value));
    }
    if table::section_named(&wish.section) != wish.section {
        notices.push(format!(
            "section {} is written {}",
            wish.section,
            table::section_named(&wish.section)
        ));
    }
    notices
}

fn readable(place: &Place) -> Result<(Vec<u8>, Identity), Refused> {
    let mode = place.open()?.metadata()?.permissions().mode() & 0o7777;
    if mode & 0o222 == 0 {
        return Err(Refused::ReadOnly(place.shown().display().to_string(), mode));
    }
    if !place.directory_is_writable() {
        let shown = place.shown().display();
        let text =
            format!("the directory of {shown} may not be written: run as the instance's owner");
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, text).into());
    }
    Ok(place.read(MAX_BYTES)?)
}

fn matches_expectation(wish: &Wish, old: Option<&str>, secret: bool) -> Result<(), Refused> {
    let Some(expected) = &wish.current_value else { return Ok(()) };
    let section = table::section_named(&wish.section);
    let written = |value: &str| {
        table::check(section, &wish.parameter, value, true)
            .map_or_else(|_| value.to_owned(), |checked| checked.value)
    };
    if old.map(written) == Some(written(expected)) {
        return Ok(());
    }
    let shown = |value: &str| if secret { "***".to_owned() } else { format!("'{value}'") };
    Err(Refused::Mismatch {
        section: section.to_owned(),
        parameter: wish.parameter.clone(),
        found: old.map_or_else(|| "not there".to_owned(), shown),
        expected: shown(expected),
    })
}

/// A change must not add a reason to refuse the start. Reasons that were there before are told.
fn starts_as_before(before: &Cpf, after: &Cpf, notices: &mut Vec<String>) -> Result<(), Refused> {
    let texts =
        |cpf: &Cpf| check::faults(cpf).into_iter().map(|fault| fault.text).collect::<Vec<_>>();
    let (old, new) = (texts(before), texts(after));
    if new.len() > old.len() {
        let added: Vec<_> = new.into_iter().filter(|text| !old.contains(text)).collect();
        return Err(Refused::Value(format!("the instance would not start: {}", added.join("; "))));
    }
    if !new.is_empty() {
        notices.push(format!("the file still has faults that stop a start: {}", new.join("; ")));
    }
    Ok(())
}

fn journal_fits(cpf: &Cpf, section: &str) -> Result<(), Refused> {
    if !matches!(section, "config" | "Journal") {
        return Ok(());
    }
    let number = |section, key| -> u64 {
        let value = cpf.get(section, key).ok().flatten();
        value.and_then(|value| std::str::from_utf8(value).ok()?.parse().ok()).unwrap_or_default()
    };
    let (buffers, limit) = (number("config", "jrnbufs"), number("Journal", "FileSizeLimit"));
    if buffers + limit <= JOURNAL_MB_MAX {
        return Ok(());
    }
    Err(Refused::Value(format!(
        "jrnbufs ({buffers} MB) and FileSizeLimit ({limit} MB) together may be at most {JOURNAL_MB_MAX} MB"
    )))
}

/// Carries a plan out. `mark` makes the name of the old file's copy unique: a time and an id.
///
/// # Errors
/// When the file is no longer the one that was planned on, and when disk or rights fail. Then nothing has changed.
pub fn apply(place: &Place, plan: &Plan, mark: &str) -> Result<Backup, Refused> {
    let changed = || Refused::Changed(place.shown().display().to_string());
    let locked = locked(place)?;
    let (now, identity) = place.read(MAX_BYTES)?;
    if now != plan.before {
        return Err(changed());
    }
    let fresh = written_beside(place, &locked, &plan.after)?;
    let backup = place.sibling(&format!("{}_{mark}", place.name()))?;
    let kept = keep(place, &backup, identity);
    if let Err(refused) = kept.and_then(|()| fresh.rename(place).map_err(Refused::from)) {
        fresh.remove().map_err(|_| changed())?;
        return Err(refused);
    }
    place.sync_directory()?;
    if place.read(MAX_BYTES)?.0 != plan.after {
        return Err(changed());
    }
    Ok(Backup { name: backup.name(), replaced_by: digest(&plan.after) })
}

/// The lock is on the file itself: when it was replaced while we waited, the new one is the one to lock.
fn locked(place: &Place) -> Result<File, Refused> {
    let until = Instant::now() + LOCK_PATIENCE;
    loop {
        let file = place.open()?;
        match file.try_lock() {
            Ok(()) if Identity::of(&file)? == Identity::of(&place.open()?)? => return Ok(file),
            Ok(()) | Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(e)) => return Err(e.into()),
        }
        if Instant::now() > until {
            return Err(Refused::Locked(place.shown().display().to_string()));
        }
        sleep(LOCK_RETRY);
    }
}

fn written_beside(place: &Place, model: &File, bytes: &[u8]) -> Result<Place, Refused> {
    let fresh = place.sibling(&format!("{}.new", place.name()))?;
    let mut file = match fresh.create(0o600) {
        // Left by an edit that was killed: whoever holds the lock may remove it.
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
            fresh.remove()?;
            fresh.create(0o600)?
        }
        made => made?,
    };
    let written = same_owner_and_mode(&file, model)
        .and_then(|()| file.write_all(bytes))
        .and_then(|()| file.sync_all());
    if let Err(e) = written {
        fresh.remove()?;
        return Err(e.into());
    }
    Ok(fresh)
}

/// Gives the file that was read a second name; one that took its place meanwhile is somebody else's.
fn keep(place: &Place, backup: &Place, read: Identity) -> Result<(), Refused> {
    match place.link(backup) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
            backup.remove()?; // of the same command, which was killed before it replaced anything
            place.link(backup)?;
        }
        linked => linked?,
    }
    if Identity::of(&backup.open()?)? == read {
        return Ok(());
    }
    backup.remove()?;
    Err(Refused::Changed(place.shown().display().to_string()))
}

/// Puts the former file back, byte for byte, with its owner, mode and times. Doing it twice does it once.
///
/// # Errors
/// When somebody changed the file since: the copy then stays where it is, and the message names it.
pub fn restore(place: &Place, backup: &Backup) -> Result<(), Refused> {
    let locked = locked(place)?;
    let old = place.sibling(&backup.name)?;
    let former = match old.read(MAX_BYTES) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()), // it is back already
        former => former?.1,
    };
    if Identity::of(&locked)? == former {
        return Ok(old.remove()?); // killed before anything was replaced: two names of one file
    }
    if digest(&place.read(MAX_BYTES)?.0) != backup.replaced_by {
        return Err(Refused::Value(format!(
            "{} was changed since; the former file is {}: compare them and restore it by hand",
            place.shown().display(),
            old.shown().display()
        )));
    }
    old.rename(place)?;
    Ok(place.sync_directory()?)
}

/// SHA-256 as hex digits.
pub fn digest(bytes: &[u8]) -> String {
    let pair = |byte: &u8| {
        [byte >> 4, byte & 15].map(|digit| char::from_digit(digit.into(), 16).unwrap_or('0'))
    };
    Sha256::digest(bytes).iter().flat_map(pair).collect()
}
