//! Programs that a test starts, on behalf of this user or of another.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Longer than anything that works takes.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// A user of every system that owns nothing.
pub(crate) const NOBODY: u32 = 65_534;

/// A folder that every user can reach, unlike one under the home of the user who runs the tests.
pub(crate) fn folder() -> TempDir {
    let folder = tempfile::Builder::new().prefix("steward").tempdir_in("/tmp").unwrap();
    mode(folder.path(), 0o755);
    folder
}

pub(crate) fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

pub(crate) fn is_root() -> bool {
    Path::new("/proc/self")
        .metadata()
        .is_ok_and(|found| std::os::unix::fs::MetadataExt::uid(&found) == 0)
}

/// Who runs a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum As {
    Us,
    Nobody,
}

/// Everybody whom these tests can be: root can also be a plain user.
pub(crate) fn everybody() -> Vec<As> {
    if is_root() { vec![As::Us, As::Nobody] } else { vec![As::Us] }
}

/// An empty folder that this user owns.
pub(crate) fn home(base: &TempDir, who: As) -> PathBuf {
    let home = base.path().join(format!("{who:?}"));
    std::fs::create_dir(&home).unwrap();
    if who == As::Nobody {
        chown(&home, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    home
}

pub(crate) fn command(who: As, program: &Path) -> Command {
    if who == As::Us {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]).arg(program);
    command
}

/// The example `cluster`, where every user can run it.
pub(crate) fn cluster_program(base: &TempDir) -> PathBuf {
    let copy = base.path().join("cluster");
    if !copy.exists() {
        let deps = std::env::current_exe().unwrap();
        let built = deps.parent().unwrap().parent().unwrap().join("examples/cluster");
        std::fs::copy(built, &copy).unwrap();
        mode(&copy, 0o755);
    }
    copy
}

/// A server started by a test, killed with it.
pub(crate) struct Server {
    pub(crate) url: String,
    child: Child,
    input: Option<ChildStdin>,
}

impl Server {
    /// Starts the program and waits for the URL that it prints, or gives back why it refused.
    pub(crate) fn start(mut command: Command) -> Result<Self, String> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
        if url.is_empty() {
            let mut said = String::new();
            child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
            assert!(!child.wait().unwrap().success());
            return Err(said);
        }
        let input = child.stdin.take();
        Ok(Self { url: url.trim().to_owned(), child, input })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// As the system's out-of-memory killer does it.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop and waits until it has.
    pub(crate) fn stop(mut self) {
        drop(self.input.take());
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.child.kill().unwrap();
            self.child.wait().unwrap();
        }
    }
}

/// Waits until something is so.
pub(crate) fn eventually(what: &str, mut so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !so() {
        assert!(began.elapsed() < DEADLINE, "still not so after {DEADLINE:?}: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Waits until something is so and returns how long that took.
pub(crate) async fn until(
    what: &str,
    patience: Duration,
    mut so: impl AsyncFnMut() -> bool,
) -> Duration {
    let began = Instant::now();
    while !so().await {
        assert!(began.elapsed() < patience, "still not so after {patience:?}: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    began.elapsed()
}
