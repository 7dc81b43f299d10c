//! Mosquitto, from Debian's package.

use std::collections::HashSet;
use std::process::{Command, Stdio};

use nix::sys::signal::Signal;
use tempfile::TempDir;

use super::{Certificates, PASSWORD, Ports, Running, USER, folder, program, run, write};

/// A Mosquitto on the same ports for as long as it lives.
pub(crate) struct Mosquitto {
    folder: TempDir,
    process: Option<Running>,
    pub(crate) ports: Ports,
    pub(crate) certificates: Option<Certificates>,
    extra: String,
}

impl Mosquitto {
    /// Lets everybody in, on one plain port.
    pub(crate) fn start() -> Self {
        Self::with("")
    }

    /// The same with further settings.
    pub(crate) fn with(extra: &str) -> Self {
        Self::begin(|_, _| (format!("allow_anonymous true\n{extra}"), None))
    }

    /// With one account, listening in every way.
    pub(crate) fn with_account() -> Self {
        Self::begin(|folder, ports| {
            let certificates = Certificates::make();
            let passwords = folder.path().join("passwords");
            let mut command = Command::new(program("mosquitto_passwd", "mosquitto"));
            run(command.arg("-c").arg("-b").arg(&passwords).args([USER, PASSWORD]));
            let rules = write(
                folder.path(),
                "rules",
                &format!("user {USER}\ntopic readwrite #\ntopic deny forbidden/#\n"),
            );
            let (server, key) = (certificates.server(), certificates.key());
            let tls = format!("certfile {}\nkeyfile {}\n", server.display(), key.display());
            let extra = format!(
                "allow_anonymous false\npassword_file {}\nacl_file {}\nlistener {} ::1\nlistener {} 127.0.0.1\nprotocol websockets\n\
                 listener {} 127.0.0.1\n{tls}listener {} 127.0.0.1\nprotocol websockets\n{tls}",
                passwords.display(),
                rules.display(),
                ports.ipv6,
                ports.websocket,
                ports.tls,
                ports.secure_websocket,
            );
            (extra, Some(certificates))
        })
    }

    fn begin(settings: impl Fn(&TempDir, Ports) -> (String, Option<Certificates>)) -> Self {
        for _ in 0..5 {
            let (folder, ports) = (folder(), Ports::free());
            let (extra, certificates) = settings(&folder, ports);
            let mut broker = Self { folder, process: None, ports, certificates, extra };
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
            self.ports.plain, self.extra
        );
        let path = write(self.folder.path(), "mosquitto.conf", &config);
        let mut command = Command::new(program("mosquitto", "mosquitto"));
        command.arg("-c").arg(path).stdout(Stdio::null()).stderr(Stdio::null());
        let lives_before = self.lives();
        let mut process = Running::start(&mut command);
        // It says so when every listener is open.
        let runs =
            process.comes_to(|| self.lives() > lives_before && self.life().contains(" running"));
        self.process = Some(process);
        runs
    }

    pub(crate) fn url(&self) -> String {
        format!("mqtt://127.0.0.1:{}", self.ports.plain)
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

    /// What it wrote about its work, over all its lives.
    fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.folder.path().join("log")).unwrap_or_default())
            .into_owned()
    }

    /// How many publishes it saw.
    pub(crate) fn received(&self) -> usize {
        self.log().matches("Received PUBLISH").count()
    }

    /// The topics of the publishes it saw.
    pub(crate) fn topics_received(&self) -> HashSet<String> {
        self.log().lines().filter_map(received_topic).map(str::to_owned).collect()
    }

    /// How many publishes it saw on one topic since it last began.
    pub(crate) fn topics_received_count(&self, topic: &str) -> usize {
        self.life().lines().filter_map(received_topic).filter(|received| *received == topic).count()
    }

    fn lives(&self) -> usize {
        self.log().matches(" starting").count()
    }

    /// What it wrote since it last began.
    fn life(&self) -> String {
        self.log().rsplit(" starting").next().unwrap_or_default().to_owned()
    }
}

fn received_topic(line: &str) -> Option<&str> {
    line.split_once("Received PUBLISH")?.1.split('\'').nth(1)
}
