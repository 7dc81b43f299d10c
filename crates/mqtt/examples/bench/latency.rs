//! How long one publish takes.

use std::time::Instant;

use steward_mqtt::{PublishOptions, QoS};

use crate::{ROUNDS, bare_options, median, percentiles};

const MESSAGES: usize = 2_000;

/// From the call to PUBACK, one publish after the other.
pub(crate) async fn measure() {
    let (ours, bare) = (crate::ours("latency-ours").await, crate::bare("latency-bare").await);
    let mut rows: Vec<([f64; 3], [f64; 3])> = Vec::new();
    for _ in 0..ROUNDS {
        let mut times = [Vec::new(), Vec::new()];
        for number in 0..MESSAGES {
            let first = number % 2;
            for which in [first, 1 - first] {
                let payload = vec![0; 256];
                let began = Instant::now();
                if which == 0 {
                    let options = bare_options(QoS::AtLeastOnce);
                    bare.publish_with_options("latency", payload, options).await.unwrap();
                } else {
                    ours.publish("latency", payload, PublishOptions::default()).await.unwrap();
                }
                times[which].push(began.elapsed());
            }
        }
        let [bare_times, our_times] = times;
        rows.push((percentiles(bare_times), percentiles(our_times)));
    }
    println!(
        "\n| publish QoS 1, 256 bytes, call to PUBACK | bare | this client | ratio |\n|---|---|---|---|"
    );
    for (place, name) in ["p50", "p95", "p99"].into_iter().enumerate() {
        let bare = median(rows.iter().map(|(bare, _)| bare[place]).collect());
        let ours = median(rows.iter().map(|(_, ours)| ours[place]).collect());
        let ratio = median(rows.iter().map(|(bare, ours)| ours[place] / bare[place]).collect());
        println!(
            "| {name}, median of {ROUNDS} interleaved rounds | {bare:.0} us | {ours:.0} us | {ratio:.2} |"
        );
    }
    ours.shutdown().await;
    bare.disconnect().await.unwrap();
}
