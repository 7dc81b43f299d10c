//! A monitoring system: a process of its own, which goes up and down as the story wants.

use std::{
    fs,
    net::{Ipv4Addr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use mosquitto::free_port;
use serde_json::Value;

use crate::emulated::wait_until;

const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/monitor.py");

pub(crate) struct Monitor {
    folder: tempfile::TempDir,
    port: u16,
    /// Certificate and key, PEM.
    tls: Option<[PathBuf; 2]>,
    process: Option<Child>,
}

impl Monitor {
    pub(crate) fn down() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self { folder, port: free_port(), tls: None, process: None }
    }

    pub(crate) fn up() -> Self {
        let mut monitor = Self::down();
        monitor.start();
        monitor
    }

    /// With a certificate for localhost that no authority signed.
    pub(crate) fn secure() -> Self {
        let mut monitor = Self::down();
        let [certificate, key] = ["certificate.pem", "key.pem"].map(|name| monitor.file(name));
        let mut openssl = Command::new("openssl");
        openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]);
        openssl.args(["-nodes", "-days", "2", "-subj", "/CN=localhost"]);
        openssl.args(["-addext", "subjectAltName=DNS:localhost"]);
        openssl.args(["-addext", "basicConstraints=critical,CA:FALSE"]);
        openssl.arg("-keyout").arg(&key).arg("-out").arg(&certificate);
        assert!(openssl.output().expect("openssl").status.success());
        monitor.tls = Some([certificate, key]);
        monitor.start();
        monitor
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let fresh = self.file(&format!("{name}.new"));
        fs::write(&fresh, text).expect("written");
        fs::rename(fresh, self.file(name)).expect("in place");
    }

    pub(crate) fn start(&mut self) {
        self.kill();
        let mut command = Command::new("python3");
        command.arg(PROGRAM).arg(self.port.to_string()).arg(self.folder.path());
        command.args(self.tls.iter().flatten()).stderr(Stdio::null());
        self.process = Some(command.spawn().expect("python3"));
        wait_until("the monitor listens", || {
            TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok()
        });
    }

    /// SIGKILL, in the middle of whatever it does.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().expect("it runs");
            process.wait().expect("it ends");
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        match &self.tls {
            None => format!("http://127.0.0.1:{}{path}", self.port),
            Some(_) => format!("https://localhost:{}{path}", self.port),
        }
    }

    /// Each POST: path, authorization, body.
    pub(crate) fn received(&self) -> Vec<Value> {
        lines(&self.file("received.jsonl"))
    }

    pub(crate) fn bodies(&self) -> Vec<Value> {
        self.received().into_iter().map(|mut line| line["body"].take()).collect()
    }
}

impl Drop for Monitor {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The whole lines of a file, each JSON; none when there is no such file.
pub(crate) fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    whole.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}
