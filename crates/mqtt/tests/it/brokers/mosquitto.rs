//! Mosquitto, from Debian's package.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use nix::sys::signal::Signal;
use tempfile::TempDir;

use super::{Running, folder, free_port, program, write};

/// A Mosquitto with one listener, on the same port for as long as it lives.
pub(crate) struct Mosquitto {
    folder: TempDir,
    process: Option<Running>,
    pub(crate) port: u16,
    extra: String,
}

impl Mosquitto {
    pub(crate) fn start() -> Self {
        Self::with("allow_anonymous true\n")
    }

    /// With these lines after the listener's.
    pub(crate) fn with(extra: &str) -> Self {
        for _ in 0..5 {
            let port = free_port();
            let mut broker =
                Self { folder: folder(), process: None, port, extra: extra.to_owned() };
            if broker.run() {
                return broker;
            }
        }
        panic!("mosquitto does not start");
    }

    fn run(&mut self) -> bool {
        let folder = self.folder.path().display();
        // As root it would give its privileges up for a user who may not write here.
        let config = format!(
            "user root\npersistence true\npersistence_location {folder}/\nautosave_interval 1\n\
             max_queued_messages 0\nmax_inflight_messages 100\nset_tcp_nodelay true\nlog_dest file {folder}/log\n\
             log_type all\nconnection_messages true\nlistener {} 127.0.0.1\n{}",
            self.port, self.extra
        );
        let path = write(self.folder.path(), "mosquitto.conf", &config);
        let mut command = Command::new(program("mosquitto", "mosquitto"));
        command.arg("-c").arg(path).stdout(Stdio::null()).stderr(Stdio::null());
        let mut process = Running::start(&mut command);
        let listens = process.listens(self.port);
        self.process = Some(process);
        listens
    }

    pub(crate) fn url(&self) -> String {
        format!("mqtt://127.0.0.1:{}", self.port)
    }

    /// SIGKILL: nothing more is written.
    pub(crate) fn kill(&mut self) {
        self.process.take().unwrap().kill();
    }

    /// Comes back on the same port, with what it saved.
    pub(crate) fn restart(&mut self) {
        assert!(self.run(), "mosquitto does not start again");
    }

    /// Stands still, as behind a network that swallows everything.
    pub(crate) fn freeze(&self) {
        self.process.as_ref().unwrap().signal(Signal::SIGSTOP);
    }

    pub(crate) fn thaw(&self) {
        self.process.as_ref().unwrap().signal(Signal::SIGCONT);
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    pub(crate) fn log_path(&self) -> PathBuf {
        self.folder.path().join("log")
    }
}
