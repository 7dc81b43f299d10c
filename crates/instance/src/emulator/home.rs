//! The directory of an emulated instance, its settings and what its processes share.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
    thread::sleep,
    time::Duration,
};

use serde::{Deserialize, Serialize};

use crate::cpf::{Cpf, edit::digest};

/// Something that is made to go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// `iris stop` never comes to an end
    HangOnStop,
    /// `iris stop` is refused
    RefuseStop,
    /// A stop takes ten times as long
    SlowStop,
    /// `iris start` never comes to an end
    HangOnStart,
    /// `iris start` is refused
    RefuseStart,
    /// A start takes ten times as long
    SlowStart,
    /// The instance dies right after logons are enabled
    CrashAfterStart,
    /// Everything runs, but nothing listens on the superserver's port
    NoSuperserver,
    /// A fatal entry in the log right after the start
    FatalAfterStart,
}

/// How the instance behaves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Its name for the `iris` command.
    pub name: String,
    /// How many times faster than the product it starts and stops.
    pub time_scale: f64,
    /// The memory of the machine it believes to run on, in MB.
    pub ram_mb: u64,
    /// What goes wrong.
    pub faults: Vec<Fault>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { name: "IRIS".to_owned(), time_scale: 1.0, ram_mb: 16 * 1024, faults: Vec::new() }
    }
}

impl Settings {
    /// Waits as long as the product would, scaled.
    pub(super) fn pause(&self, time: Duration) {
        sleep(time.div_f64(self.time_scale.max(f64::MIN_POSITIVE)));
    }
}

/// What the control process says about itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) phase: Phase,
    pub(super) control: i32,
    /// As `ctime` writes it.
    pub(super) since: String,
    /// Entries of severity 2 and 3 since the start.
    pub(super) alerts: u32,
    /// A daemon died: nothing is written any more.
    pub(super) hung: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Phase {
    Starting,
    Running,
    Stopping,
    Down,
}

/// The directory.
#[derive(Clone, Debug)]
pub struct Home {
    dir: PathBuf,
}

impl Home {
    /// The directory, which must exist.
    ///
    /// # Errors
    /// When it does not.
    pub fn at(dir: &Path) -> io::Result<Self> {
        Ok(Self { dir: dir.canonicalize()? })
    }

    /// Its path, without links.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The manager's directory.
    pub fn mgr(&self) -> PathBuf {
        self.dir.join("mgr")
    }

    /// The configuration file.
    pub fn cpf(&self) -> PathBuf {
        self.dir.join("iris.cpf")
    }

    /// The root of the emulated kernel's `/proc` and `/etc`.
    pub fn kernel_root(&self) -> PathBuf {
        self.dir.join("os")
    }

    /// The `iris` command.
    pub fn iris(&self) -> PathBuf {
        self.dir.join("bin/iris")
    }

    pub(super) fn irisdb(&self) -> PathBuf {
        self.dir.join("bin/irisdb")
    }

    pub(super) fn emulated(&self, name: &str) -> PathBuf {
        self.mgr().join("emulated").join(name)
    }

    /// Reads the settings.
    ///
    /// # Errors
    /// When they are missing: then the directory holds no emulated instance.
    pub fn settings(&self) -> io::Result<Settings> {
        let path = self.emulated("settings.json");
        let text = fs::read(&path).map_err(|e| {
            io::Error::new(
                e.kind(),
                format!("{} holds no emulated instance: {e}", self.dir.display()),
            )
        })?;
        Ok(serde_json::from_slice(&text)?)
    }

    /// Writes the settings; a running instance reads them at its next start or stop.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn save(&self, settings: &Settings) -> io::Result<()> {
        self.replace("settings.json", &serde_json::to_vec_pretty(settings)?)
    }

    fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let fresh = self.emulated(&format!("{name}.{}", std::process::id()));
        fs::write(&fresh, bytes)?;
        fs::rename(fresh, self.emulated(name))
    }

    /// The lock that the control process holds while it lives.
    pub(super) fn control_lock(&self) -> io::Result<Option<File>> {
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(self.mgr().join("ilock"))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(e)) => Err(e),
        }
    }

    pub(super) fn is_up(&self) -> io::Result<bool> {
        Ok(self.control_lock()?.is_none())
    }

    pub(super) fn state(&self) -> State {
        let down =
            State { phase: Phase::Down, control: 0, since: String::new(), alerts: 0, hung: false };
        let text = fs::read(self.emulated("state.json")).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or(down)
    }

    pub(super) fn set_state(&self, state: &State) -> io::Result<()> {
        self.replace("state.json", &serde_json::to_vec(state)?)
    }

    /// One number of the configuration file.
    pub(super) fn number(&self, section: &str, key: &str) -> Option<u64> {
        let cpf = Cpf::parse(fs::read(self.cpf()).ok()?).ok()?;
        std::str::from_utf8(cpf.get(section, key).ok()??).ok()?.parse().ok()
    }

    /// The superserver's port.
    pub(super) fn port(&self) -> u16 {
        self.number("Startup", "DefaultPort")
            .and_then(|port| u16::try_from(port).ok())
            .unwrap_or(1972)
    }

    /// The file as it is when the instance stops: a later difference is told at the next start.
    pub(super) fn remember_cpf(&self) -> io::Result<()> {
        fs::write(self.emulated("cpf.digest"), digest(&fs::read(self.cpf())?))
    }

    pub(super) fn cpf_is_remembered(&self) -> bool {
        let now = fs::read(self.cpf()).map(|bytes| digest(&bytes)).unwrap_or_default();
        fs::read_to_string(self.emulated("cpf.digest")).is_ok_and(|before| before == now)
    }

    /// Adds one to a counter that all processes share, and returns it.
    pub(super) fn count(&self, name: &str) -> io::Result<u32> {
        let path = self.emulated(name);
        let mut file =
            File::options().create(true).truncate(false).read(true).write(true).open(&path)?;
        file.lock()?;
        let counted = io::read_to_string(&file)?.trim().parse::<u32>().unwrap_or_default() + 1;
        file.set_len(0)?;
        io::Seek::rewind(&mut file)?;
        write!(file, "{counted}")?;
        Ok(counted)
    }
}
