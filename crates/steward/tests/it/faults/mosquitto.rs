//! A mosquitto that can be stopped and started again on the same port.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::net::TcpStream;

use super::site::{free_port, until};

const READY_WITHIN: Duration = Duration::from_secs(15);

pub(super) struct Mosquitto {
    folder: TempDir,
    port: u16,
    process: Option<Child>,
}

impl Mosquitto {
    pub(super) async fn start() -> Self {
        let (folder, port) = (crate::process::folder(), free_port());
        // Without a limit on its queues: what it would drop is a matter of the feed, not of these stories.
        let config = format!(
            "listener {port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\nmax_inflight_messages 0\n"
        );
        std::fs::write(folder.path().join("mosquitto.conf"), config).unwrap();
        let mut mosquitto = Self { folder, port, process: None };
        mosquitto.restart().await;
        mosquitto
    }

    pub(super) fn url(&self) -> String {
        format!("mqtt://127.0.0.1:{}", self.port)
    }

    /// Ends it at once; everything that it held in memory is gone.
    pub(super) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    pub(super) async fn restart(&mut self) {
        let debian = std::path::Path::new("/usr/sbin/mosquitto");
        let program = if debian.exists() { debian } else { "mosquitto".as_ref() };
        let mut command = Command::new(program);
        command.arg("-c").arg(self.folder.path().join("mosquitto.conf")).stderr(Stdio::null());
        self.process = Some(command.spawn().expect("mosquitto is installed"));
        let port = self.port;
        until("mosquitto listens", READY_WITHIN, async || {
            TcpStream::connect(("127.0.0.1", port)).await.is_ok()
        })
        .await;
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        self.kill();
    }
}
