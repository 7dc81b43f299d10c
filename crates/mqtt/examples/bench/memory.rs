//! What remembering costs: time for each message, and memory.

use std::time::{Duration, Instant};

use steward_mqtt::{
    Dedupe, Envelope, Format, MqttClient, MqttConfig, PublishOptions, QoS, dedupe_key,
};

use crate::{Payload, ROUNDS, median, url};

const ENTRIES: usize = 2_048;
/// Twice as many as are remembered, so that every one pushes the oldest out.
const MESSAGES: usize = 2 * ENTRIES;
const TURNS: usize = 200_000;

fn resident_megabytes() -> f64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() * 4096.0 / 1e6
}

fn envelope(seq: usize) -> Vec<u8> {
    let data = Payload { seq, text: "x".repeat(380) };
    Envelope::new("bench.event", "bench", data).encode(Format::Compact).unwrap()
}

/// An idle client whose memory of events is full, over the process before it.
pub(crate) async fn resident() {
    let before = resident_megabytes();
    let config = MqttConfig::new(&url(), "idle").unwrap().dedupe(Duration::from_mins(10), ENTRIES);
    let client = MqttClient::new(config).unwrap();
    client.connect().await.unwrap();
    let (sender, mut handled) = tokio::sync::mpsc::unbounded_channel();
    let handler = move |_| {
        let sent = sender.send(());
        async move { sent }
    };
    client.subscribe("idle", QoS::AtLeastOnce, handler).await.unwrap();
    for seq in 0..ENTRIES {
        client.publish("idle", envelope(seq), PublishOptions::default()).await.unwrap();
        handled.recv().await.unwrap();
    }
    let after = resident_megabytes();
    println!(
        "Resident: {before:.1} MB before, {after:.1} MB with an idle client that remembers {ENTRIES} events: {:.1} MB more.",
        after - before
    );
    client.shutdown().await;
}

fn nanoseconds(mut turn: impl FnMut(usize)) -> f64 {
    let rounds = (0..ROUNDS).map(|_| {
        let began = Instant::now();
        (0..TURNS).for_each(&mut turn);
        began.elapsed().as_secs_f64() * 1e9 / TURNS as f64
    });
    median(rounds.collect())
}

/// The memory alone, and with reading the envelope for what tells it from others.
pub(crate) fn dedupe() {
    let payloads: Vec<_> = (0..MESSAGES).map(envelope).collect();
    let keys: Vec<_> = payloads.iter().map(|payload| dedupe_key(payload).unwrap()).collect();
    let now = tokio::time::Instant::now();
    let new = || Dedupe::new(Duration::from_mins(10), ENTRIES);

    let mut memory = new();
    let alone = nanoseconds(|turn| {
        assert!(memory.is_first(1, &keys[turn % MESSAGES], now));
    });
    let reading = nanoseconds(|turn| {
        std::hint::black_box(dedupe_key(&payloads[turn % MESSAGES]));
    });
    let mut memory = new();
    let both = nanoseconds(|turn| {
        let key = dedupe_key(&payloads[turn % MESSAGES]).unwrap();
        assert!(memory.is_first(1, &key, tokio::time::Instant::now()));
    });
    println!(
        "\n| dedupe, {} bytes, {ENTRIES} entries, median of {ROUNDS} rounds | ns a message |\n|---|---|",
        payloads[0].len()
    );
    println!("| remembering, alone | {alone:.0} |");
    println!("| reading the envelope for its key | {reading:.0} |");
    println!("| both, with the clock | {both:.0} |");
}
