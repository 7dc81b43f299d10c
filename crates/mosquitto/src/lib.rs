//! For tests: a Mosquitto of the story's own, from Debian's package.
#![expect(clippy::panic, reason = "a harness fails the test, and shows where")]

use std::{
    fs,
    net::{Ipv4Addr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tempfile::TempDir;

const PROGRAM: &str = "/usr/sbin/mosquitto";
/// It takes 20 ms.
const LIMIT: Duration = Duration::from_secs(20);

/// Lets everybody in, on one plain port. Killed and removed with this value.
#[derive(Debug)]
pub struct Mosquitto {
    folder: TempDir,
    port: u16,
    process: Option<Child>,
}

impl Mosquitto {
    /// On a port of its own.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start() -> Self {
        for _ in 0..5 {
            let folder = tempfile::tempdir().expect("a folder");
            let mut broker = Self { folder, port: free_port(), process: None };
            if broker.run() {
                return broker;
            }
        }
        panic!("mosquitto does not start; install it with: apt-get install mosquitto");
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> String {
        format!("mqtt://127.0.0.1:{}", self.port)
    }

    /// `false` when another program took the port meanwhile.
    fn run(&mut self) -> bool {
        let path = self.folder.path().join("mosquitto.conf");
        let listener =
            format!("listener {} 127.0.0.1\nallow_anonymous true\nuser root\n", self.port);
        fs::write(&path, listener).expect("its settings");
        let mut command = Command::new(PROGRAM);
        command.arg("-c").arg(path).stdout(Stdio::null()).stderr(Stdio::null());
        let mut process = command.spawn().expect("apt-get install mosquitto");
        let deadline = Instant::now() + LIMIT;
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            assert!(Instant::now() < deadline, "mosquitto does not listen");
            if process.try_wait().expect("a child").is_some() {
                return false;
            }
            thread::sleep(Duration::from_millis(10));
        }
        self.process = Some(process);
        true
    }

    /// Stands still, as behind a network that swallows everything.
    ///
    /// # Panics
    /// When it does not run.
    pub fn freeze(&self) {
        self.signal(Signal::SIGSTOP);
    }

    /// Goes on.
    ///
    /// # Panics
    /// When it does not run.
    pub fn thaw(&self) {
        self.signal(Signal::SIGCONT);
    }

    fn signal(&self, signal: Signal) {
        let process = self.process.as_ref().expect("it runs");
        kill(Pid::from_raw(process.id().cast_signed()), signal).expect("it runs");
    }

    /// SIGKILL: nothing more is written.
    ///
    /// # Panics
    /// When it cannot be killed.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().expect("it runs");
            process.wait().expect("it ends");
        }
    }

    /// Comes back on the same port.
    ///
    /// # Panics
    /// When it does not.
    pub fn restart(&mut self) {
        self.kill();
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
///
/// # Panics
/// Never: 22,000 is less than 65,536.
#[must_use]
pub fn free_port() -> u16 {
    const FIRST: u32 = 10_000;
    const COUNT: u32 = 22_000;
    const OF_EACH_PROCESS: u32 = 16;
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    loop {
        let place = std::process::id() * OF_EACH_PROCESS + TAKEN.fetch_add(1, Ordering::Relaxed);
        let port = u16::try_from(FIRST + place % COUNT).expect("it fits");
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}
