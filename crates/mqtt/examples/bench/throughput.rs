//! How much goes through when a hundred publishes are in flight.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures::{StreamExt as _, stream};
use mqtt5::SubscribeOptions;
use steward_mqtt::{Envelope, Event, Format, PublishOptions, QoS};

use crate::{PORT, Payload, ROUNDS, bare, bare_options, level, median, ours};

const MESSAGES: usize = 20_000;
const PYTHON_MESSAGES: usize = 3_000;
const IN_FLIGHT: usize = 100;

fn payload(seq: usize) -> Payload {
    Payload { seq, text: "x".repeat(128) }
}

fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<_> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
    ticks / 100.0
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
type Row = [(f64, f64); 3];

async fn round(python: &str, qos: QoS, turned: bool) -> Row {
    if turned {
        let python = throughput_python(python, qos);
        let ours = throughput_ours(qos).await;
        return [throughput_bare(qos).await, ours, python];
    }
    let bare = throughput_bare(qos).await;
    let ours = throughput_ours(qos).await;
    [bare, ours, throughput_python(python, qos)]
}

/// All three with the same number of publishes in flight.
pub(crate) async fn measure(python: &str, qos: QoS) {
    let mut rows = Vec::new();
    for number in 0..ROUNDS {
        rows.push(round(python, qos, number % 2 == 1).await);
    }
    let middle = |pick: &dyn Fn(&Row) -> f64| median(rows.iter().map(pick).collect());
    println!(
        "\n| QoS {}, publish and dispatch, {IN_FLIGHT} in flight | messages/s | CPU seconds per 100,000 |\n|---|---|---|",
        qos.level()
    );
    let names = [
        ("bare client, bytes", MESSAGES),
        ("this client, envelopes", MESSAGES),
        ("aiomqtt, json", PYTHON_MESSAGES),
    ];
    for (place, (name, messages)) in names.into_iter().enumerate() {
        let scale = 100_000.0 / messages as f64;
        let (rate, cpu) = (middle(&|row| row[place].0), middle(&|row| row[place].1) * scale);
        println!("| {name} | {rate:.0} | {cpu:.2} |");
    }
    let ratio = |over: usize| middle(&|row| row[1].0 / row[over].0);
    println!("| this client / bare, median of {ROUNDS} rounds | {:.2} | |", ratio(0));
    println!("| this client / aiomqtt, median of {ROUNDS} rounds | {:.1} | |", ratio(2));
}
