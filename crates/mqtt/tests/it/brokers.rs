//! Real brokers, started for one test on free loopback ports, in folders of their own, and stopped with it.

mod certificates;
mod embedded;
mod mosquitto;
mod rabbitmq;
mod scripted;

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use steward_mqtt::{MqttConfig, Protocol};

pub(crate) use certificates::Certificates;
pub(crate) use embedded::Embedded;
pub(crate) use mosquitto::Mosquitto;
pub(crate) use rabbitmq::RabbitMq;
pub(crate) use scripted::{Peer, Scripted};

/// How long a program may take to open its port.
const START_LIMIT: Duration = Duration::from_secs(90);
/// What every broker with accounts knows.
pub(crate) const USER: &str = "robot";
/// With characters that a URL must code.
pub(crate) const PASSWORD: &str = "p@ss/w:rd%";
pub(crate) const CODED_PASSWORD: &str = "p%40ss%2Fw%3Ard%25";

/// The ports of a broker.
#[derive(Clone, Copy)]
pub(crate) struct Ports {
    pub(crate) plain: u16,
    pub(crate) ipv6: u16,
    pub(crate) tls: u16,
    pub(crate) websocket: u16,
    pub(crate) secure_websocket: u16,
}

impl Ports {
    fn free() -> Self {
        Self {
            plain: free_port(),
            ipv6: free_port(),
            tls: free_port(),
            websocket: free_port(),
            secure_websocket: free_port(),
        }
    }
}

/// A broker that knows one account and listens in every way.
pub(crate) enum Broker {
    Mosquitto(Mosquitto),
    Embedded(Embedded),
    RabbitMq(RabbitMq),
}

impl Broker {
    pub(crate) fn ports(&self) -> Ports {
        match self {
            Self::Mosquitto(broker) => broker.ports,
            Self::Embedded(broker) => broker.ports,
            Self::RabbitMq(broker) => broker.ports,
        }
    }

    fn certificates(&self) -> &Certificates {
        match self {
            Self::Mosquitto(broker) => broker.certificates.as_ref().unwrap(),
            Self::Embedded(broker) => &broker.certificates,
            Self::RabbitMq(broker) => &broker.certificates,
        }
    }

    pub(crate) fn ca(&self) -> PathBuf {
        self.certificates().ca()
    }

    /// RabbitMQ's plugin has a path of its own.
    pub(crate) fn websocket_url(&self, secure: bool) -> String {
        let Ports { websocket, secure_websocket, .. } = self.ports();
        let path = if matches!(self, Self::RabbitMq(_)) { "ws" } else { "mqtt" };
        if secure {
            format!("wss://localhost:{secure_websocket}/{path}")
        } else {
            format!("ws://127.0.0.1:{websocket}/{path}")
        }
    }

    /// The newest version that it speaks.
    pub(crate) fn protocol(&self) -> Protocol {
        match self {
            Self::Mosquitto(_) | Self::Embedded(_) => Protocol::V5,
            Self::RabbitMq(_) => Protocol::V311,
        }
    }

    pub(crate) fn config(&self, client_id: &str) -> MqttConfig {
        self.config_at(&format!("mqtt://127.0.0.1:{}", self.ports().plain), client_id)
    }

    pub(crate) fn config_at(&self, url: &str, client_id: &str) -> MqttConfig {
        crate::support::config(url, client_id).credentials(USER, PASSWORD).protocol(self.protocol())
    }

    /// Ends without a word, and comes back after a moment.
    pub(crate) async fn restart(&mut self) {
        match self {
            Self::Mosquitto(broker) => {
                broker.kill();
                broker.restart();
            }
            Self::Embedded(broker) => broker.restart().await,
            Self::RabbitMq(broker) => broker.restart(),
        }
    }
}

/// A port that was free a moment ago, and that neither the system nor another test gives to anybody meanwhile: below
/// those for outgoing connections, in a range of this process's own.
pub(crate) fn free_port() -> u16 {
    const FIRST: u32 = 10_000;
    const COUNT: u32 = 22_000;
    const OF_EACH_PROCESS: u32 = 16;
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    loop {
        let place = std::process::id() * OF_EACH_PROCESS + TAKEN.fetch_add(1, Ordering::Relaxed);
        let port = u16::try_from(FIRST + place % COUNT).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// The path of a program, or a failure that names its package.
#[expect(clippy::disallowed_methods, reason = "tests look for programs")]
pub(crate) fn program(name: &str, package: &str) -> PathBuf {
    let search = "/usr/lib/rabbitmq/bin:".to_owned()
        + &std::env::var("PATH").unwrap_or_default()
        + ":/usr/sbin";
    let found =
        std::env::split_paths(&search).map(|folder| folder.join(name)).find(|path| path.is_file());
    found.unwrap_or_else(|| {
        panic!("`{name}` is missing; install it with: apt-get install {package}")
    })
}

/// Runs a program to its end.
fn run(command: &mut Command) {
    let output = command.output().expect("the program can be started");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
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

    /// Waits until it is so; `false` when the program ended instead, most likely because another took a port.
    fn comes_to(&mut self, is_so: impl Fn() -> bool) -> bool {
        let deadline = Instant::now() + START_LIMIT;
        while Instant::now() < deadline {
            if self.0.try_wait().unwrap().is_some() {
                return false;
            }
            if is_so() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("not ready after {START_LIMIT:?}");
    }

    fn listens(&mut self, port: u16) -> bool {
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        self.comes_to(|| TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok())
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
