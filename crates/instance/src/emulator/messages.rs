//! The instance's `messages.log`, with its rollover and its `alerts.log`.

use std::{
    fs::{self, File},
    io::{self, Write},
};

use super::Home;
use crate::{clock, log::Stamp};

/// Entries of one process notify once within this time, in seconds.
const ALERT_EVERY_S: i64 = 3600;
/// These notify always, whatever the process told before.
const ALWAYS: [&str; 6] = [
    "segment violation",
    "<FILEFULL>",
    "freezing system",
    "System Frozen",
    "WRTDMN Panic",
    "Unexpected Write Error",
];
const MB: u64 = 1024 * 1024;

/// Appends entries as one process.
#[derive(Clone, Debug)]
pub(super) struct Messages {
    home: Home,
    pid: u32,
}

impl Messages {
    pub(super) fn of(home: &Home, pid: u32) -> Self {
        Self { home: home.clone(), pid }
    }

    pub(super) fn from(&self, pid: u32) -> Self {
        Self { home: self.home.clone(), pid }
    }

    /// Writes one entry; further lines of `text` become its continuation.
    pub(super) fn write(&self, severity: u8, category: &str, text: &str) -> io::Result<()> {
        let stamp = Stamp::from(clock::local().datetime());
        let entry = format!("{stamp} ({}) {severity} [{category}] {text}\n", self.pid);
        let path = self.home.mgr().join("messages.log");
        self.roll_over(&path)?;
        // One write a time: several processes append.
        File::options().create(true).append(true).open(&path)?.write_all(entry.as_bytes())?;
        if severity >= 2 { self.alert(severity, text, &entry) } else { Ok(()) }
    }

    /// At its largest size the log is renamed by its day, and a new one begins.
    fn roll_over(&self, path: &std::path::Path) -> io::Result<()> {
        let largest = self.home.number("Startup", "MaxConsoleLogSize").unwrap_or(5) * MB;
        if fs::metadata(path).is_ok_and(|data| data.len() < largest) {
            return Ok(());
        }
        let day = clock::local().strftime("%Y%m%d").to_string();
        let free = |number: u32| {
            let suffix = if number == 0 { String::new() } else { format!("_{number}") };
            Some(path.with_file_name(format!("messages.old_{day}{suffix}")))
                .filter(|old| !old.exists())
        };
        match (0..1000).find_map(free) {
            Some(old) if path.exists() => fs::rename(path, old),
            _ => Ok(()),
        }
    }

    fn alert(&self, severity: u8, text: &str, entry: &str) -> io::Result<()> {
        let mut state = self.home.state();
        state.alerts += 1;
        self.home.set_state(&state)?;
        let now = clock::now().as_second();
        let told = self.home.emulated(&format!("alerted.{}", self.pid));
        let last: Option<i64> = fs::read_to_string(&told).ok().and_then(|at| at.parse().ok());
        let always = severity == 3 || ALWAYS.iter().any(|pattern| text.contains(pattern));
        if !always && last.is_some_and(|last| now - last < ALERT_EVERY_S) {
            return Ok(());
        }
        fs::write(told, now.to_string())?;
        let path = self.home.mgr().join("alerts.log");
        File::options().create(true).append(true).open(path)?.write_all(entry.as_bytes())
    }
}
