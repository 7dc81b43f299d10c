//! The real binary in a process of its own, for stories about starting, stopping and being killed.

use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use kernel::{Role, TenantId};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::Deserialize;

/// A first start makes a database cluster; 15 s are promised on an idle machine.
const READY_WITHIN: Duration = Duration::from_mins(1);
/// SIGTERM drains requests, jobs and publishes first.
const STOP_WITHIN: Duration = Duration::from_mins(1);
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// What a running server says about itself in `run.json`.
#[derive(Clone, Debug, Deserialize)]
pub struct Run {
    /// The process.
    pub pid: u32,
    /// The URL of the API.
    pub http: String,
    /// The URL of the broker.
    pub mqtt: String,
    /// The URL of the database.
    pub database: String,
}

/// The server ended before it was ready.
#[derive(Clone, Copy, Debug)]
pub struct Ended(pub ExitStatus);

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "steward ended: {}", self.0)
    }
}

impl std::error::Error for Ended {}

/// `steward serve` on free ports; killed with this value.
#[derive(Debug)]
pub struct Process {
    child: Child,
    folder: PathBuf,
    run: Run,
}

impl Process {
    /// Starts the server on a data folder with further arguments, and waits until it is ready.
    ///
    /// # Errors
    /// When the binary is missing, ends ([`Ended`]), or is not ready within a minute; the message carries its log.
    pub async fn start<A: AsRef<OsStr>>(
        folder: &Path,
        arguments: impl IntoIterator<Item = A>,
    ) -> Result<Self> {
        let log = File::options().create(true).append(true).open(folder.join("process.log"))?;
        let mut child = Command::new(binary()?)
            .args([
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--mqtt-listen",
                "127.0.0.1:0",
                "--data-dir",
            ])
            .arg(folder)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        match ready(&mut child, folder).await {
            Ok(run) => Ok(Self { child, folder: folder.to_owned(), run }),
            Err(error) => {
                end(&mut child);
                Err(error.context(log_of(folder)))
            }
        }
    }

    /// Where it listens.
    pub fn run(&self) -> &Run {
        &self.run
    }

    /// Everything it and its predecessors on this folder wrote.
    pub fn log(&self) -> String {
        log_of(&self.folder)
    }

    /// A token of the folder's developer identity.
    ///
    /// # Errors
    /// When `steward token` fails.
    pub fn token(&self, role: Role, tenant: Option<TenantId>) -> Result<String> {
        let mut arguments = vec!["token".into(), "--data-dir".into(), self.folder.clone()];
        arguments.extend(["--role".into(), PathBuf::from(role.name())]);
        if let Some(tenant) = tenant {
            arguments.extend(["--tenant".into(), PathBuf::from(tenant.to_string())]);
        }
        let written = command(arguments)?;
        Ok(written.lines().last().context("no token")?.to_owned())
    }

    /// Waits until it ends by itself, for instance at a failpoint.
    ///
    /// # Errors
    /// When it still runs after `patience`.
    pub async fn ended(mut self, patience: Duration) -> Result<ExitStatus> {
        self.wait(patience).await
    }

    /// `kill -9`, and waits until the process is gone.
    pub fn kill(mut self) {
        end(&mut self.child);
    }

    /// SIGTERM, and waits for the end of the drain.
    ///
    /// # Errors
    /// When it does not end within a minute.
    pub async fn stop(mut self) -> Result<ExitStatus> {
        self.signal(Signal::SIGTERM)?;
        self.wait(STOP_WITHIN).await
    }

    async fn wait(&mut self, patience: Duration) -> Result<ExitStatus> {
        let deadline = Instant::now() + patience;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            ensure!(Instant::now() < deadline, "still running after {patience:?}: {}", self.log());
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Any signal, for instance SIGSTOP for a node that hangs.
    ///
    /// # Errors
    /// When the process is gone.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        let pid = Pid::from_raw(i32::try_from(self.child.id())?);
        kill(pid, signal).with_context(|| format!("{signal} to {pid}"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// Runs another command of the binary to its end; its standard output.
///
/// # Errors
/// When it fails; the message carries what it wrote.
pub fn command<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Result<String> {
    let output = Command::new(binary()?).args(arguments).stdin(Stdio::null()).output()?;
    let written = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "steward: {}: {written}", output.status);
    Ok(String::from_utf8(output.stdout)?)
}

/// The binary of this build: tests run in `target/<profile>/deps`, it lies one folder above.
///
/// # Errors
/// When it was not built.
pub fn binary() -> Result<PathBuf> {
    let test = std::env::current_exe()?;
    let path = test.ancestors().nth(2).unwrap_or(&test).join("steward");
    ensure!(path.is_file(), "{} is missing: cargo build -p steward", path.display());
    Ok(path)
}

/// Waits for `run.json` of this very process: a killed predecessor leaves its own behind.
async fn ready(child: &mut Child, folder: &Path) -> Result<Run> {
    let deadline = Instant::now() + READY_WITHIN;
    loop {
        if let Some(status) = child.try_wait()? {
            bail!(Ended(status));
        }
        let written = std::fs::read(folder.join("run.json")).unwrap_or_default();
        match serde_json::from_slice::<Run>(&written) {
            Ok(run) if run.pid == child.id() => return Ok(run),
            _ => ensure!(Instant::now() < deadline, "not ready after {READY_WITHIN:?}"),
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// The child is ours and waited for, so its id cannot belong to another process.
fn end(child: &mut Child) {
    if child.kill().is_ok() {
        drop(child.wait());
    }
}

fn log_of(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("process.log")).unwrap_or_default()
}
