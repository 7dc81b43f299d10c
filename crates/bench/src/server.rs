//! The binary that is measured, in a process of its own.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde::Deserialize;

use crate::postgres::{Database, Programs};

/// Beyond this something is wrong, not slow.
const READY_WITHIN: Duration = Duration::from_mins(1);
/// A draining server ends within this.
const STOP_WITHIN: Duration = Duration::from_secs(30);
/// Fine enough for figures in tenths of a second.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// A running server.
pub(crate) struct Server {
    child: Child,
    pub(crate) folder: PathBuf,
    pub(crate) run: Run,
    /// From the start of the process to its `run.json`.
    pub(crate) ready: Duration,
}

/// Its `run.json`.
#[derive(Deserialize)]
pub(crate) struct Run {
    pid: u32,
    http: String,
    pub(crate) mqtt: String,
    database: String,
}

impl Server {
    pub(crate) async fn start(binary: &Path, folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let log = File::options().create(true).append(true).open(folder.join("process.log"))?;
        let began = Instant::now();
        let mut child = Command::new(binary)
            .args([
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--mqtt-listen",
                "127.0.0.1:0",
                "--data-dir",
            ])
            .arg(folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot run {}", binary.display()))?;
        let run = loop {
            let written = std::fs::read(folder.join("run.json")).unwrap_or_default();
            match serde_json::from_slice::<Run>(&written) {
                Ok(run) if run.pid == child.id() => break run,
                _ if child.try_wait()?.is_some() => bail!("it ended: {}", log_of(folder)),
                _ if began.elapsed() > READY_WITHIN => bail!("not ready: {}", log_of(folder)),
                _ => tokio::time::sleep(LOOK_AGAIN).await,
            }
        };
        Ok(Self { child, folder: folder.to_owned(), run, ready: began.elapsed() })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.run.pid
    }

    /// Host and port of the API.
    pub(crate) fn address(&self) -> &str {
        self.run.http.trim_start_matches("http://")
    }

    /// Its private database.
    pub(crate) fn database(&self, programs: &Programs) -> Result<Database> {
        let (_, socket) = self.run.database.split_once("?host=").context("no private database")?;
        Ok(Database { programs: programs.clone(), socket: socket.into(), name: "steward" })
    }

    /// The process whose children are all of the private cluster.
    pub(crate) fn postmaster(&self) -> Result<u32> {
        let file = self.folder.join("postgres/data/postmaster.pid");
        let text = std::fs::read_to_string(file)?;
        Ok(text.lines().next().unwrap_or_default().parse()?)
    }

    /// SIGTERM, and waits for the end.
    pub(crate) async fn stop(mut self) -> Result<()> {
        let began = Instant::now();
        kill(Pid::from_raw(i32::try_from(self.child.id())?), Signal::SIGTERM)?;
        while self.child.try_wait()?.is_none() {
            ensure!(began.elapsed() < STOP_WITHIN, "it does not stop");
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Ok(())
    }
}

impl Drop for Server {
    /// After a failure: the child is ours and waited for, so its id cannot belong to another process.
    fn drop(&mut self) {
        if self.child.kill().is_ok() {
            drop(self.child.wait());
        }
    }
}

fn log_of(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("process.log")).unwrap_or_default()
}
