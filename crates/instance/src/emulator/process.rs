//! The processes of an instance, as they register themselves.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::Home;

/// What a process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    System,
    Superserver,
    Terminal,
    Job,
}

/// One process, as `%SYS.ProcessQuery` would show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Process {
    pub(super) pid: u32,
    pub(super) kind: Kind,
    pub(super) user: String,
    pub(super) namespace: String,
    pub(super) routine: String,
    pub(super) client: String,
    pub(super) in_transaction: bool,
}

impl Process {
    /// This process as a part of the system that runs a routine.
    pub(super) fn system(routine: &str) -> Self {
        Self {
            pid: std::process::id(),
            kind: Kind::System,
            user: String::new(),
            namespace: "%SYS".to_owned(),
            routine: routine.to_owned(),
            client: String::new(),
            in_transaction: false,
        }
    }
}

/// A registered process; leaving the scope takes it off the list.
#[derive(Debug)]
pub(super) struct Registered {
    path: PathBuf,
    pub(super) process: Process,
}

impl Registered {
    pub(super) fn new(home: &Home, process: Process) -> io::Result<Self> {
        let path = home.emulated("process").join(process.pid.to_string());
        let registered = Self { path, process };
        registered.save()?;
        Ok(registered)
    }

    pub(super) fn save(&self) -> io::Result<()> {
        let fresh = self.path.with_extension("new");
        fs::write(&fresh, serde_json::to_vec(&self.process)?)?;
        fs::rename(fresh, &self.path)
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        // Who reads the list skips processes that are gone.
        fs::remove_file(&self.path).unwrap_or_default();
    }
}

/// The processes that live, by pid.
pub(super) fn all(home: &Home) -> io::Result<Vec<Process>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(home.emulated("process"))? {
        let Some(process) = read(&entry?.path()) else { continue };
        if is_alive(process.pid) && is_ours(home, process.pid) {
            found.push(process);
        }
    }
    found.sort_by_key(|process| process.pid);
    Ok(found)
}

fn read(path: &Path) -> Option<Process> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

/// A number may belong to another process by now.
fn is_ours(home: &Home, pid: u32) -> bool {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let mgr = home.mgr();
    let wanted = mgr.as_os_str().as_encoded_bytes();
    line.windows(wanted.len()).any(|part| part == wanted)
}

/// Whether a process runs; one that only waits for its parent to notice its end does not.
pub(super) fn is_alive(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with(['Z', 'X']))
}
