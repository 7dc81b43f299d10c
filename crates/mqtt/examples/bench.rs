//! Measures this client beside the bare client crate and `aiomqtt`, in one run, against a Mosquitto of its own.
//!
//! `cargo run --release -p steward-mqtt --example bench -- PYTHON`, where PYTHON is the interpreter that
//! `tests/python/setup FOLDER` prints. Prints Markdown; `docs/BENCHMARKS.md` keeps a run.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a measuring program"
)]
#![expect(clippy::indexing_slicing, clippy::cast_precision_loss, reason = "a measuring program")]

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures::{StreamExt as _, stream};
use mqtt5::{ConnectOptions, SubscribeOptions};
use serde::{Deserialize, Serialize};
use steward_mqtt::{
    Dedupe, Envelope, Event, Format, MqttClient, MqttConfig, PublishOptions, QoS, State, dedupe_key,
};

const PORT: u16 = 18_830;
const PAIRS: usize = 5;
const THROUGHPUT_PAIRS: usize = 3;
const LATENCY_MESSAGES: usize = 2_000;
const MESSAGES: usize = 20_000;
const PYTHON_MESSAGES: usize = 3_000;
const IN_FLIGHT: usize = 100;

#[derive(Serialize, Deserialize)]
struct Payload {
    seq: usize,
    text: String,
}

fn payload(seq: usize) -> Payload {
    Payload { seq, text: "x".repeat(128) }
}

fn url() -> String {
    format!("mqtt://127.0.0.1:{PORT}")
}

struct Broker {
    process: Child,
    _folder: tempfile::TempDir,
}

impl Broker {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("mosquitto.conf");
        let text = format!(
            "user root\nlistener {PORT} 127.0.0.1\nallow_anonymous true\nmax_inflight_messages 100\nset_tcp_nodelay true\n\
             max_queued_messages 0\n"
        );
        std::fs::write(&config, text).unwrap();
        let mut command = Command::new("/usr/sbin/mosquitto");
        let child = command
            .arg("-c")
            .arg(config)
            .stderr(Stdio::null())
            .spawn()
            .expect("apt-get install mosquitto");
        while std::net::TcpStream::connect(("127.0.0.1", PORT)).is_err() {
            std::thread::sleep(Duration::from_millis(10));
        }
        Self { process: child, _folder: folder }
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

fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<_> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
    ticks / 100.0
}

fn resident_megabytes() -> f64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() * 4096.0 / 1e6
}

async fn latency() {
    let (ours, bare) = (ours("latency-ours").await, bare("latency-bare").await);
    let mut rows: Vec<([f64; 3], [f64; 3])> = Vec::new();
    for _ in 0..PAIRS {
        let mut times = [Vec::new(), Vec::new()];
        for _ in 0..LATENCY_MESSAGES {
            let began = Instant::now();
            bare.publish_with_options("latency", vec![0; 256], bare_options(QoS::AtLeastOnce))
                .await
                .unwrap();
            times[0].push(began.elapsed());
            let began = Instant::now();
            ours.publish("latency", vec![0; 256], PublishOptions::default()).await.unwrap();
            times[1].push(began.elapsed());
        }
        let [bare_times, our_times] = times;
        rows.push((percentiles(bare_times), percentiles(our_times)));
    }
    println!(
        "| publish QoS 1, 256 bytes, call to PUBACK | bare | this client | ratio |\n|---|---|---|---|"
    );
    for (place, name) in ["p50", "p95", "p99"].into_iter().enumerate() {
        let bare = median(rows.iter().map(|(bare, _)| bare[place]).collect());
        let ours = median(rows.iter().map(|(_, ours)| ours[place]).collect());
        let ratio = median(rows.iter().map(|(bare, ours)| ours[place] / bare[place]).collect());
        println!(
            "| {name}, median of {PAIRS} interleaved pairs | {bare:.0} us | {ours:.0} us | {ratio:.2} |"
        );
    }
    ours.shutdown().await;
    bare.disconnect().await.unwrap();
}

async fn wait_for(counter: &AtomicUsize, goal: usize) {
    while counter.load(Ordering::Relaxed) < goal {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Messages a second, and CPU seconds, of this client with envelopes both ways.
async fn throughput_ours(qos: QoS) -> (f64, f64) {
    let client = ours("throughput-ours").await;
    let counter = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&counter);
    let handler = move |event: Event<Payload>| {
        counting.fetch_add(usize::from(!event.data.text.is_empty()), Ordering::Relaxed);
        std::future::ready(())
    };
    client.subscribe_events("throughput/ours", qos, handler).await.unwrap();
    let (began, cpu) = (Instant::now(), cpu_seconds());
    let publish = async |seq: usize| {
        let options = PublishOptions::qos(qos);
        client
            .publish_event("throughput/ours", "bench.event", &payload(seq), options)
            .await
            .unwrap();
    };
    stream::iter((0..MESSAGES).map(publish)).buffered(IN_FLIGHT).collect::<Vec<_>>().await;
    tokio::time::timeout(Duration::from_secs(20), wait_for(&counter, MESSAGES))
        .await
        .expect("all arrive");
    let figures = (MESSAGES as f64 / began.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    client.shutdown().await;
    figures
}

/// The same of the bare client with bytes of the same size.
async fn throughput_bare(qos: QoS) -> (f64, f64) {
    let client = bare("throughput-bare").await;
    let counter = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&counter);
    let options = SubscribeOptions { qos: level(qos), ..SubscribeOptions::default() };
    let count = move |_| {
        counting.fetch_add(1, Ordering::Relaxed);
    };
    client.subscribe_with_options("throughput/bare", options, count).await.unwrap();
    let bytes = Envelope::new("bench.event", "throughput-bare", payload(0))
        .encode(Format::Compact)
        .unwrap();
    let (began, cpu) = (Instant::now(), cpu_seconds());
    let publish = async |_| {
        client
            .publish_with_options("throughput/bare", bytes.clone(), bare_options(qos))
            .await
            .unwrap();
    };
    stream::iter((0..MESSAGES).map(publish)).buffered(IN_FLIGHT).collect::<Vec<_>>().await;
    tokio::time::timeout(Duration::from_secs(20), wait_for(&counter, MESSAGES))
        .await
        .expect("all arrive");
    let figures = (MESSAGES as f64 / began.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    client.disconnect().await.unwrap();
    figures
}

fn throughput_python(python: &str, qos: QoS) -> (f64, f64) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/throughput.py");
    let arguments =
        [script.to_owned(), PORT.to_string(), qos.level().to_string(), PYTHON_MESSAGES.to_string()];
    let output = Command::new(python).args(arguments).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let numbers: Vec<f64> = text.split_whitespace().map(|number| number.parse().unwrap()).collect();
    (numbers[0], numbers[1])
}

/// Bare client, this client, Python: messages a second and CPU seconds of each.
type Row = ((f64, f64), (f64, f64), (f64, f64));

async fn throughput(python: &str, qos: QoS) {
    let mut rows = Vec::new();
    for _ in 0..THROUGHPUT_PAIRS {
        let bare = throughput_bare(qos).await;
        let ours = throughput_ours(qos).await;
        rows.push((bare, ours, throughput_python(python, qos)));
    }
    let middle = |pick: &dyn Fn(&Row) -> f64| median(rows.iter().map(pick).collect());
    let level = qos.level();
    println!(
        "\n| QoS {level}, publish and dispatch, {IN_FLIGHT} in flight | messages/s | CPU seconds per 100,000 |\n|---|---|---|"
    );
    let scale = 100_000.0 / MESSAGES as f64;
    println!(
        "| bare client, bytes | {:.0} | {:.2} |",
        middle(&|row| row.0.0),
        middle(&|row| row.0.1) * scale
    );
    println!(
        "| this client, envelopes | {:.0} | {:.2} |",
        middle(&|row| row.1.0),
        middle(&|row| row.1.1) * scale
    );
    let python_scale = 100_000.0 / PYTHON_MESSAGES as f64;
    println!(
        "| aiomqtt, json | {:.0} | {:.2} |",
        middle(&|row| row.2.0),
        middle(&|row| row.2.1) * python_scale
    );
    println!(
        "| this client / bare, median of {THROUGHPUT_PAIRS} pairs | {:.2} | |",
        middle(&|row| row.1.0 / row.0.0)
    );
    println!(
        "| this client / aiomqtt, median of {THROUGHPUT_PAIRS} pairs | {:.1} | |",
        middle(&|row| row.1.0 / row.2.0)
    );
}

async fn reconnect() {
    let delay = Duration::from_millis(100);
    let config = MqttConfig::new(&url(), "reconnect").unwrap().reconnect_delay(delay, delay);
    let client = MqttClient::new(config).unwrap();
    client.connect().await.unwrap();
    client.subscribe("reconnect/#", QoS::AtLeastOnce, |_| std::future::ready(())).await.unwrap();
    let mut times = Vec::new();
    for _ in 0..20 {
        let mut state = client.state();
        client.underlying().cut();
        state.wait_for(|state| *state == State::Reconnecting).await.unwrap();
        let began = Instant::now();
        state.wait_for(|state| *state == State::Connected).await.unwrap();
        times.push(began.elapsed());
    }
    times.sort_unstable();
    println!(
        "\nReconnect to resubscribed, 20 times, with a wait of 50 to 100 ms in it: shortest {:?}, longest {:?}.",
        times[0], times[19]
    );
    client.shutdown().await;
}

fn dedupe() {
    let before = resident_megabytes();
    let mut dedupe = Dedupe::new(Duration::from_mins(10), 2048);
    let payloads: Vec<_> = (0..4096)
        .map(|seq| {
            let data = Payload { seq, text: "x".repeat(380) };
            Envelope::new("bench.event", "bench", data).encode(Format::Compact).unwrap()
        })
        .collect();
    let size = payloads[0].len();
    let began = Instant::now();
    for payload in payloads.iter().cycle().take(200_000) {
        let key = dedupe_key(payload).unwrap();
        dedupe.is_first(1, &key, tokio::time::Instant::now());
    }
    let cost = began.elapsed() / 200_000;
    let grown = resident_megabytes() - before;
    println!(
        "\nDedupe, {size} bytes, 2,048 entries: {} ns a message; {grown:.1} MB with the {} test messages.",
        cost.as_nanos(),
        payloads.len()
    );
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let python = std::env::args().nth(1).expect("usage: bench PYTHON");
    let bare_process = resident_megabytes();
    let _broker = Broker::start();
    latency().await;
    throughput(&python, QoS::AtLeastOnce).await;
    throughput(&python, QoS::AtMostOnce).await;
    reconnect().await;
    let idle = ours("idle").await;
    dedupe();
    println!(
        "\nResident: {bare_process:.1} MB at the start, {:.1} MB after all of the above.",
        resident_megabytes()
    );
    idle.shutdown().await;
}
