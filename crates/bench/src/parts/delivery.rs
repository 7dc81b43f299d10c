//! From the commit to an MQTT subscriber, at a steady rate.

use std::time::{Duration, Instant};

use anyhow::Result;
use bytes::Bytes;
use steward_mqtt::PublishOptions;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::{Bench, Head};
use crate::{
    http::Ask,
    latency::Latencies,
    load,
    mqtt::{self, Subscriber},
    report::{self, Row},
};

/// Events a second.
const RATE: u32 = 100;
const TIME_S: u64 = 15;
/// Where the baseline publishes: one level less than events have, so that the server's own inbox does not take part.
pub(super) const BARE_FILTER: &str = "steward/+/bench";
/// Nothing more arrives: something was lost.
const QUIET: Duration = Duration::from_secs(10);

pub(crate) async fn measure(bench: &Bench) -> Result<()> {
    report::part("From commit to subscriber at 100 events a second, p50 / p95 / p99");
    let filter = format!("steward/{}/roster/v1/SchoolCreated", bench.tenant);
    bench.at_rest().await?;
    let mut subscriber = Subscriber::open(&bench.server, &filter).await?;
    let time = bench.seconds(TIME_S);
    let created = load::steady(&bench.api, Ask::Create, RATE, time).await?.count();
    let (mut took, mut payload) = (Vec::new(), Bytes::new());
    for _ in 0..created {
        let arrived = timeout(QUIET, subscriber.next()).await??;
        let head = Head::of(&arrived.payload)?;
        took.push(arrived.at.duration_since(head.time).unsigned_abs());
        payload = arrived.payload;
    }
    subscriber.close().await;
    let took = Latencies::of(took);
    let bare = bare(bench, payload, time).await?;
    report::row(&Row {
        figure: "event's time to arrival (baseline: publish to arrival, the same bytes and broker)",
        steward: took.to_string(),
        baseline: bare.to_string(),
        ratio: Some(took.percentile(50).as_secs_f64() / bare.percentile(50).as_secs_f64()),
        aim: "p50 < 10 ms, p95 < 50 ms",
    });
    report::note(
        "An event's time is taken when its unit of work begins: the figure holds the whole transaction, too, and so is \
         above commit to delivery. The ratio is that of p50.",
    );
    Ok(())
}

async fn bare(bench: &Bench, payload: Bytes, time: Duration) -> Result<Latencies> {
    let mut subscriber = Subscriber::open(&bench.server, BARE_FILTER).await?;
    let publisher = mqtt::publisher(&bench.server).await?;
    let topic = format!("steward/{}/bench", bench.tenant);
    let mut ticks = interval(Duration::from_secs(1) / RATE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let (end, mut took) = (Instant::now() + time, Vec::new());
    while Instant::now() < end {
        ticks.tick().await;
        let began = Instant::now();
        let arrives = timeout(QUIET, subscriber.next());
        let publish = publisher.publish(&topic, payload.clone(), PublishOptions::default());
        let arrives = async { (arrives.await, began.elapsed()) };
        let (acked, (arrived, elapsed)) = tokio::join!(publish, arrives);
        acked?;
        arrived??;
        took.push(elapsed);
    }
    publisher.shutdown().await;
    subscriber.close().await;
    Ok(Latencies::of(took))
}
