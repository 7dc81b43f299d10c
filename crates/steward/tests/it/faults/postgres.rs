//! A PostgreSQL server of a story's own, to be restarted and killed under the nodes that use it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, User, chown};
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tempfile::TempDir;

use super::site::until;
use crate::process::{NOBODY, is_root};

/// Recovery of a killed server on a busy machine.
const READY_WITHIN: Duration = Duration::from_secs(30);
/// The database that the nodes use; the first of them makes it.
const DATABASE: &str = "steward";

pub(super) struct Postgres {
    folder: TempDir,
}

/// How a server goes down.
#[derive(Clone, Copy, Debug)]
pub(super) enum Down {
    /// Sessions are ended and everything is written out.
    Fast,
    /// Sessions are cut; the next start recovers.
    Immediate,
    /// As the system's out-of-memory killer does it.
    Killed,
}

impl Postgres {
    /// A new cluster, durable, on a Unix socket.
    pub(super) async fn start() -> Self {
        let folder = crate::process::folder();
        if is_root() {
            chown(folder.path(), Some(user().0.into()), None).unwrap();
        }
        let postgres = Self { folder };
        let data = postgres.data();
        let options = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"];
        postgres.run("initdb", &[&["-D", &data], &options[..]].concat());
        postgres.up().await;
        postgres
    }

    /// Takes it down and returns when it is.
    pub(super) async fn down(&self, how: Down) {
        let data = self.data();
        let mode = match how {
            Down::Fast => "fast",
            Down::Immediate => "immediate",
            Down::Killed => return self.kill().await,
        };
        self.run("pg_ctl", &["stop", "-D", &data, "-m", mode, "-w"]);
    }

    /// The processes of the killed server's sessions notice it and go; the next start waits for that.
    async fn kill(&self) {
        let file = std::fs::read_to_string(self.folder.path().join("data/postmaster.pid")).unwrap();
        let pid = Pid::from_raw(file.lines().next().unwrap().parse().unwrap());
        kill(pid, Signal::SIGKILL).unwrap();
        until("the killed server is gone", READY_WITHIN, async || kill(pid, None).is_err()).await;
    }

    /// Starts it and returns when it accepts connections.
    pub(super) async fn up(&self) {
        let (data, log) = (self.data(), self.folder.path().join("log").display().to_string());
        let socket = self.folder.path().display().to_string();
        let options = format!("-k {socket} -c listen_addresses= -c max_connections=100");
        let arguments = ["start", "-D", &data, "-l", &log, "-o", &options, "-w"];
        until("PostgreSQL starts", READY_WITHIN, async || {
            self.command("pg_ctl").args(arguments).status().unwrap().success()
        })
        .await;
    }

    /// The superuser's URL.
    pub(super) fn admin(&self) -> String {
        self.url("postgres")
    }

    /// The nodes' URL.
    pub(super) fn server(&self) -> String {
        self.url("steward_server")
    }

    /// The nodes' database, as its superuser.
    pub(super) fn database(&self) -> PgPool {
        let options: PgConnectOptions = self.admin().parse().unwrap();
        PgPoolOptions::new().max_connections(2).connect_lazy_with(options)
    }

    fn url(&self, user: &str) -> String {
        format!("postgres://{user}@localhost/{DATABASE}?host={}", self.folder.path().display())
    }

    fn data(&self) -> String {
        self.folder.path().join("data").display().to_string()
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let output = self.command(program).args(arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program} {arguments:?}: {said}");
    }

    /// A program of PostgreSQL, which refuses to run as root.
    fn command(&self, name: &str) -> Command {
        let program = programs().join(name);
        let mut command = Command::new(&program);
        if is_root() {
            let (uid, gid) = user();
            command = Command::new("setpriv");
            command.arg(format!("--reuid={uid}")).arg(format!("--regid={gid}"));
            command.args(["--clear-groups", "--"]).arg(program);
        }
        command.current_dir(self.folder.path()).stdin(Stdio::null()).stdout(Stdio::null());
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let stop = ["stop", "-D", &self.data(), "-m", "immediate", "-w"];
        self.command("pg_ctl")
            .args(stop)
            .stderr(Stdio::null())
            .status()
            .map(drop)
            .unwrap_or_default();
    }
}

/// Who runs the server when root starts it: its user and group.
fn user() -> (u32, u32) {
    let user = User::from_name("postgres").unwrap();
    user.map_or((NOBODY, NOBODY), |user| (user.uid.as_raw(), user.gid.as_raw()))
}

/// The newest installed version's folder, as `bin/with-postgres` finds it.
fn programs() -> PathBuf {
    let versions = Path::new("/usr/lib/postgresql").read_dir().into_iter().flatten().flatten();
    let newest = versions.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok()).max();
    newest.map_or_else(PathBuf::new, |version| format!("/usr/lib/postgresql/{version}/bin").into())
}
