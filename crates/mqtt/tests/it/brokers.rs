//! Real brokers, started for one test on free loopback ports, in folders of their own, and stopped with it.

mod mosquitto;

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

pub(crate) use mosquitto::Mosquitto;

/// How long a program may take to open its port.
const START_LIMIT: Duration = Duration::from_secs(90);

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The path of a program, or a failure that names its package.
#[expect(clippy::disallowed_methods, reason = "tests look for programs")]
fn program(name: &str, package: &str) -> PathBuf {
    let search = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/usr/lib/rabbitmq/bin";
    let found =
        std::env::split_paths(&search).map(|folder| folder.join(name)).find(|path| path.is_file());
    found.unwrap_or_else(|| {
        panic!("`{name}` is missing; install it with: apt-get install {package}")
    })
}

/// A program that ends with its owner.
struct Running(Child);

impl Running {
    fn start(command: &mut Command) -> Self {
        Self(command.spawn().expect("the program can be started"))
    }

    fn kill(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }

    fn signal(&self, signal: nix::sys::signal::Signal) {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.0.id()).unwrap());
        nix::sys::signal::kill(pid, signal).unwrap();
    }

    /// Waits for the port; `false` when the program ended instead, most likely because another took the port.
    fn listens(&mut self, port: u16) -> bool {
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let deadline = Instant::now() + START_LIMIT;
        while Instant::now() < deadline {
            if TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok() {
                return true;
            }
            if self.0.try_wait().unwrap().is_some() {
                return false;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("nothing listens on port {port} after {START_LIMIT:?}");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A folder that a broker's own user may read, too.
fn folder() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path
}
