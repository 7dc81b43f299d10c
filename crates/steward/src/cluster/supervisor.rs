//! Starts PostgreSQL, keeps it running, stops it.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use super::folder::Folder;
use super::{Error, Prepared, error, parameters};

/// A recovery after a power cut reads at most the log between two checkpoints; on a slow disk that takes a minute.
const READY_LIMIT: Duration = Duration::from_mins(2);
/// A fast shutdown writes out what is in memory: seconds on a slow disk.
const STOP_LIMIT: Duration = Duration::from_mins(1);
/// How often a file or process is looked at while something is awaited.
const LOOK: Duration = Duration::from_millis(5);
/// Waits between restarts, from the first to the longest.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Where `setpriv` (util-linux) is; it asks the kernel for a signal on our death, which Rust cannot do safely.
const SETPRIV: [&str; 2] = ["/usr/bin/setpriv", "/bin/setpriv"];

/// Prepares, starts and keeps PostgreSQL until `stop` is sent or dropped. Tells `ready` how the start went.
pub(super) fn run(
    prepare: impl FnOnce() -> Result<Prepared, Error>,
    ready: oneshot::Sender<Result<Prepared, Error>>,
    stop: oneshot::Receiver<()>,
) {
    // Its children belong to this thread, see `Cluster::start`.
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(source) => {
            return answer(ready, Err(Error::Io { path: PathBuf::from("runtime"), source }));
        }
    };
    runtime.block_on(async {
        match start(prepare).await {
            Err(error) => answer(ready, Err(error)),
            Ok((prepared, child)) => {
                answer(ready, Ok(prepared.clone()));
                keep(&prepared, child, stop).await;
            }
        }
    });
}

fn answer(ready: oneshot::Sender<Result<Prepared, Error>>, result: Result<Prepared, Error>) {
    if ready.send(result).is_err() {
        tracing::debug!("nobody waits for the database any more");
    }
}

async fn start(
    prepare: impl FnOnce() -> Result<Prepared, Error>,
) -> Result<(Prepared, Child), Error> {
    let prepared = prepare()?;
    let child = launch(&prepared).await?;
    Ok((prepared, child))
}

/// Restarts PostgreSQL whenever it ends by itself.
async fn keep(prepared: &Prepared, mut child: Child, mut stop: oneshot::Receiver<()>) {
    loop {
        tokio::select! {
            _ = &mut stop => return end(child).await,
            status = child.wait() => match status {
                Ok(status) => tracing::error!(%status, log = %prepared.folder.log.display(), "PostgreSQL ended; restarting it"),
                Err(error) => tracing::error!(%error, "PostgreSQL was lost; restarting it"),
            },
        }
        child = tokio::select! {
            _ = &mut stop => return,
            child = relaunch(prepared) => child,
        };
    }
}

async fn relaunch(prepared: &Prepared) -> Child {
    let mut wait = FIRST_WAIT;
    loop {
        match launch(prepared).await {
            Ok(child) => {
                tracing::info!("PostgreSQL runs again");
                return child;
            }
            Err(error) => tracing::error!(%error, "PostgreSQL cannot be restarted yet"),
        }
        sleep(wait).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

/// One start, until PostgreSQL takes connections.
async fn launch(prepared: &Prepared) -> Result<Child, Error> {
    let folder = &prepared.folder;
    orphan(folder).await?;
    let before = folder.log_length();
    let mut child = spawn(prepared)?;
    match timeout(READY_LIMIT, ready(&mut child, &folder.data)).await {
        Ok(true) => Ok(child),
        Ok(false) => Err(died(folder, before)),
        Err(_) => {
            end(child).await;
            let (log, tail) = (folder.log.clone(), folder.log_tail(before));
            Err(Error::Slow { seconds: READY_LIMIT.as_secs(), log, tail })
        }
    }
}

fn spawn(prepared: &Prepared) -> Result<Child, Error> {
    let folder = &prepared.folder;
    let log = folder.open_log()?;
    let again = log.try_clone().map_err(|source| error::io(&folder.log, source))?;
    let mut command = command(prepared);
    command.stdout(Stdio::from(log)).stderr(Stdio::from(again));
    let program = PathBuf::from(command.as_std().get_program());
    command.spawn().map_err(|source| error::io(&program, source))
}

fn command(prepared: &Prepared) -> Command {
    let Prepared { folder, programs, user, connections } = prepared;
    let postgres = programs.postgres();
    let setpriv = SETPRIV.into_iter().map(Path::new).find(|program| program.is_file());
    let mut command = match setpriv {
        Some(setpriv) => {
            let mut command = user.command(setpriv, &folder.home);
            command.args(["--pdeathsig", "INT", "--"]).arg(postgres);
            command
        }
        None => user.command(&postgres, &folder.home),
    };
    command.arg("-D").arg(&folder.data).args(parameters::arguments(folder, *connections));
    let mut command = Command::from(command);
    // Ctrl-C at the terminal is for us alone: the database stops after what uses it.
    command.process_group(0);
    command
}

/// Whether PostgreSQL takes connections; `false` when it ended instead. This is what `pg_ctl --wait` looks at.
async fn ready(child: &mut Child, data: &Path) -> bool {
    let file = data.join("postmaster.pid");
    let pid = child.id().map(|pid| pid.to_string());
    loop {
        if !matches!(child.try_wait(), Ok(None)) {
            return false;
        }
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        let mut lines = text.lines().map(str::trim);
        if lines.next() == pid.as_deref() && lines.nth(6) == Some("ready") {
            return true;
        }
        sleep(LOOK).await;
    }
}

fn died(folder: &Folder, before: u64) -> Error {
    let tail = folder.log_tail(before);
    if tail.contains("No space left on device") {
        let free = crate::datadir::free_space(&folder.home).unwrap_or_default();
        return error::full(&folder.home, free);
    }
    Error::Died { log: folder.log.clone(), tail }
}

/// Ends the PostgreSQL that a killed server left, and forgets what a lost one left.
async fn orphan(folder: &Folder) -> Result<(), Error> {
    let file = folder.data.join("postmaster.pid");
    let text = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return forget(&folder.socket_lock()),
        Err(source) => return Err(error::io(&file, source)),
    };
    let pid = text.lines().next().and_then(|line| line.trim().parse().ok());
    let Some(pid) = pid.filter(|pid| *pid > 0) else {
        return Ok(()); // PostgreSQL says best itself what is wrong with it
    };
    if serves(pid, &folder.data) {
        tracing::warn!(pid, "waiting for the PostgreSQL of a killed server to end");
        signal(pid, Signal::SIGINT);
        let gone = async {
            while serves(pid, &folder.data) {
                sleep(LOOK).await;
            }
        };
        timeout(STOP_LIMIT, gone).await.map_err(|_| Error::Orphan { pid })?;
    }
    if alive(pid) {
        // After a reboot another program has this number, for which PostgreSQL would refuse to start.
        forget(&file)?;
    }
    forget(&folder.socket_lock())
}

fn forget(file: &Path) -> Result<(), Error> {
    match std::fs::remove_file(file) {
        Err(source) if source.kind() != ErrorKind::NotFound => Err(error::io(file, source)),
        _ => Ok(()),
    }
}

fn alive(pid: i32) -> bool {
    kill(Pid::from_raw(pid), None) != Err(Errno::ESRCH)
}

/// Whether the process is a PostgreSQL on `data`. A number alone says nothing: the system gives it out again.
fn serves(pid: i32, data: &Path) -> bool {
    if !alive(pid) {
        return false;
    }
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).or_else(|_| {
        let mut ps = std::process::Command::new("/bin/ps");
        ps.args(["-o", "args=", "-p", &pid.to_string()]).output().map(|output| output.stdout)
    });
    let line = line.unwrap_or_default();
    let line = String::from_utf8_lossy(&line).replace('\0', " ");
    line.contains(&format!("postgres -D {} ", data.display()))
}

/// A fast shutdown; an immediate one when that takes too long, which costs a recovery at the next start and no data.
async fn end(mut child: Child) {
    let Some(pid) = child.id().and_then(|pid| i32::try_from(pid).ok()) else { return };
    for how in [Signal::SIGINT, Signal::SIGQUIT] {
        signal(pid, how);
        if timeout(STOP_LIMIT, child.wait()).await.is_ok() {
            return;
        }
        tracing::warn!(pid, signal = %how, "PostgreSQL takes long to stop");
    }
}

fn signal(pid: i32, signal: Signal) {
    if let Err(error) = kill(Pid::from_raw(pid), signal) {
        tracing::debug!(pid, %signal, %error, "not delivered");
    }
}
