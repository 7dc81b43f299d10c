//! Measures this client beside the bare client crate and `aiomqtt`, in one run, against a Mosquitto of its own.
//!
//! `cargo run --release -p steward-mqtt --example bench -- PYTHON`, where PYTHON is the interpreter that
//! `tests/python/setup FOLDER` prints. Prints Markdown; `docs/BENCHMARKS.md` keeps a run. Everything that is compared is
//! measured in rounds, one after the other in each round, with the order turned round every time; what is printed is
//! the median of the rounds.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a measuring program"
)]
#![expect(clippy::indexing_slicing, clippy::cast_precision_loss, reason = "a measuring program")]

mod latency;
mod memory;
mod reconnect;
mod throughput;

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use mqtt5::ConnectOptions;
use serde::{Deserialize, Serialize};
use steward_mqtt::{MqttClient, MqttConfig, QoS};

const PORT: u16 = 18_830;
/// Of everything that is compared.
const ROUNDS: usize = 5;

#[derive(Serialize, Deserialize)]
struct Payload {
    seq: usize,
    text: String,
}

fn url() -> String {
    format!("mqtt://127.0.0.1:{PORT}")
}

struct Broker {
    process: Child,
    folder: tempfile::TempDir,
}

impl Broker {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let text = format!(
            "user root\nlistener {PORT} 127.0.0.1\nallow_anonymous true\nmax_inflight_messages 100\nset_tcp_nodelay true\n\
             max_queued_messages 0\n"
        );
        std::fs::write(folder.path().join("mosquitto.conf"), text).unwrap();
        let process = Self::process(&folder);
        Self { process, folder }
    }

    fn process(folder: &tempfile::TempDir) -> Child {
        let mut command = Command::new("/usr/sbin/mosquitto");
        let child = command
            .arg("-c")
            .arg(folder.path().join("mosquitto.conf"))
            .stderr(Stdio::null())
            .spawn()
            .expect("apt-get install mosquitto");
        while std::net::TcpStream::connect(("127.0.0.1", PORT)).is_err() {
            std::thread::sleep(Duration::from_millis(1));
        }
        child
    }

    /// Dies and comes back with nothing: every session and subscription is forgotten.
    fn restart(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        self.process = Self::process(&self.folder);
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

async fn ours(id: &str) -> MqttClient {
    let client = MqttClient::new(MqttConfig::new(&url(), id).unwrap()).unwrap();
    client.connect().await.unwrap();
    client
}

async fn bare(id: &str) -> mqtt5::MqttClient {
    let client = mqtt5::MqttClient::with_options(ConnectOptions::new(id));
    client.connect(&url()).await.unwrap();
    client
}

fn level(qos: QoS) -> mqtt5::QoS {
    if qos == QoS::AtMostOnce { mqtt5::QoS::AtMostOnce } else { mqtt5::QoS::AtLeastOnce }
}

fn bare_options(qos: QoS) -> mqtt5::PublishOptions {
    mqtt5::PublishOptions { qos: level(qos), ..mqtt5::PublishOptions::default() }
}

/// Microseconds at the 50th, 95th and 99th percentile.
fn percentiles(mut times: Vec<Duration>) -> [f64; 3] {
    times.sort_unstable();
    [50, 95, 99].map(|share| times[times.len() * share / 100].as_secs_f64() * 1e6)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Measures memory first, before anything else has grown the process.
#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let python = std::env::args().nth(1).expect("usage: bench PYTHON");
    let mut broker = Broker::start();
    memory::resident().await;
    memory::dedupe();
    latency::measure().await;
    throughput::measure(&python, QoS::AtLeastOnce).await;
    throughput::measure(&python, QoS::AtMostOnce).await;
    reconnect::measure(&mut broker).await;
}
