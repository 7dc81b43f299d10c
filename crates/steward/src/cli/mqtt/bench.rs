//! `steward mqtt bench`.

use std::time::{Duration, Instant};

use clap::Args;
use futures::{StreamExt, stream};
use serde_json::json;
use steward_mqtt::{Message, MqttClient, PublishOptions, QoS};
use tokio::sync::mpsc;

use super::Connection;
use crate::cli::{print, tell};

/// How many publishes are on their way at once when throughput is measured.
const IN_FLIGHT: usize = 100;
/// How many are published one after the other.
const ALONE: u32 = 1_000;
/// How long messages may take to come back after the last acknowledgement.
const LIMIT: Duration = Duration::from_secs(30);

/// Arguments of `steward mqtt bench`.
#[derive(Debug, Args)]
pub struct Bench {
    #[command(flatten)]
    connection: Connection,
    /// How many messages
    #[arg(long, value_name = "N", default_value = "10000", value_parser = clap::value_parser!(u32).range(1..))]
    messages: u32,
    /// Their size in bytes
    #[arg(long, value_name = "BYTES", default_value = "256")]
    size: usize,
    /// 0, 1 or 2
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u8).range(0..=2))]
    qos: u8,
    /// As one JSON document
    #[arg(long)]
    json: bool,
}

/// Measures one after the other, then many at once, and how many come back.
pub(super) async fn run(args: Bench) -> anyhow::Result<()> {
    let client = args.connection.connect().await?;
    let measured = measure(&client, &args).await;
    client.shutdown().await;
    print(&measured?)
}

async fn measure(client: &MqttClient, args: &Bench) -> anyhow::Result<String> {
    let topic = format!("bench/{}", client.config().client_id());
    let (sender, mut arrivals) = mpsc::unbounded_channel();
    let handler = move |_: Message| {
        let sent = sender.send(());
        async move { sent }
    };
    let qos = QoS::from_level(args.qos).unwrap_or_default();
    client.subscribe(&topic, qos, handler).await?;
    let alone = alone(client, &topic, args, qos).await?;
    let count = u32::try_from(alone.len()).unwrap_or(u32::MAX).saturating_add(args.messages);

    let began = Instant::now();
    let payload = vec![b'x'; args.size];
    let publishes = (0..args.messages)
        .map(|_| client.publish(&topic, payload.clone(), PublishOptions::qos(qos)));
    let mut publishing = stream::iter(publishes).buffer_unordered(IN_FLIGHT);
    while let Some(published) = publishing.next().await {
        published?;
    }
    let acknowledged = began.elapsed();
    let mut arrived = 0;
    let arriving = async {
        while arrived < count && arrivals.recv().await.is_some() {
            arrived += 1;
        }
    };
    let all = tokio::time::timeout(LIMIT, arriving).await.is_ok();
    let delivered = began.elapsed();
    if !all {
        tell("Not every message came back in time.");
    }
    Ok(report(args, &alone, (acknowledged, delivered), arrived))
}

/// How long each of some publishes takes from the call to the acknowledgement, sorted.
async fn alone(
    client: &MqttClient,
    topic: &str,
    args: &Bench,
    qos: QoS,
) -> anyhow::Result<Vec<Duration>> {
    let mut times = Vec::new();
    for _ in 0..args.messages.min(ALONE) {
        let began = Instant::now();
        client.publish(topic, vec![b'x'; args.size], PublishOptions::qos(qos)).await?;
        times.push(began.elapsed());
    }
    times.sort_unstable();
    Ok(times)
}

fn report(
    args: &Bench,
    alone: &[Duration],
    (acknowledged, delivered): (Duration, Duration),
    arrived: u32,
) -> String {
    let micros = |share: usize| alone.get(alone.len() * share / 100).map_or(0, Duration::as_micros);
    let rate = |time: Duration| f64::from(args.messages) / time.as_secs_f64();
    let (published, received) = (rate(acknowledged), rate(delivered));
    if args.json {
        let micros = json!({"p50": micros(50), "p95": micros(95), "p99": micros(99)});
        let document = json!({
            "qos": args.qos, "bytes": args.size, "messages": args.messages, "publishMicros": micros,
            "publishedPerSecond": published, "deliveredPerSecond": received, "arrived": arrived,
        });
        return format!("{document}\n");
    }
    format!(
        "QoS {}, {} bytes\n\
         one after the other  p50 {} us, p95 {} us, p99 {} us\n\
         {IN_FLIGHT} at once          {published:.0} published/s, {received:.0} delivered/s, {arrived} arrived\n",
        args.qos,
        args.size,
        micros(50),
        micros(95),
        micros(99)
    )
}
