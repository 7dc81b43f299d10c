//! A Mosquitto of the story's own, from Debian's package.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;

pub(super) struct Mosquitto {
    folder: TempDir,
    port: u16,
    process: Option<Child>,
}

impl Mosquitto {
    pub(super) fn start() -> Self {
        for _ in 0..5 {
            let folder = crate::process::folder();
            let mut broker = Self { folder, port: free_port(), process: None };
            if broker.run() {
                return broker;
            }
        }
        panic!("mosquitto does not start; install it with: apt-get install mosquitto");
    }

    pub(super) fn url(&self) -> String {
        format!("mqtt://127.0.0.1:{}", self.port)
    }

    /// `false` when another program took the port meanwhile.
    fn run(&mut self) -> bool {
        let path = self.folder.path().join("mosquitto.conf");
        let listener =
            format!("listener {} 127.0.0.1\nallow_anonymous true\nuser root\n", self.port);
        std::fs::write(&path, listener).unwrap();
        let mut command = Command::new("/usr/sbin/mosquitto");
        command.arg("-c").arg(path).stdout(Stdio::null()).stderr(Stdio::null());
        let mut process = command.spawn().expect("apt-get install mosquitto");
        let deadline = Instant::now() + super::LIMIT;
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(Instant::now() < deadline, "mosquitto does not listen");
            if process.try_wait().unwrap().is_some() {
                return false;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        self.process = Some(process);
        true
    }

    pub(super) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    pub(super) fn restart(&mut self) {
        assert!(self.run(), "mosquitto does not start again");
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A port that was free a moment ago, and that neither the system nor another test gives to anybody meanwhile: below
/// those for outgoing connections, in a range of this process's own.
pub(super) fn free_port() -> u16 {
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
