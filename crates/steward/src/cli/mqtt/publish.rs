//! `steward mqtt pub`.

use anyhow::Context;
use clap::{Args, ValueEnum};
use futures::stream::FuturesUnordered;
use futures::{StreamExt, future::BoxFuture};
use serde_json::{Map, Value};
use steward_mqtt::{Format, MqttClient, PublishOptions, QoS};
use tokio::io::{AsyncBufReadExt, BufReader};

use super::Connection;
use crate::cli::tell;

/// How many lines are on their way at once.
const IN_FLIGHT: usize = 100;

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Envelope {
    Compact,
    Cloudevents,
}

/// Arguments of `steward mqtt pub`.
#[derive(Debug, Args)]
pub struct Publish {
    #[command(flatten)]
    connection: Connection,
    /// The topic
    #[arg(long, value_name = "TOPIC")]
    topic: String,
    /// The type of the event
    #[arg(long = "type", value_name = "TYPE")]
    kind: String,
    /// How the envelope is written
    #[arg(long, value_enum, default_value = "compact")]
    format: Envelope,
    /// 0, 1 or 2
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u8).range(0..=2))]
    qos: u8,
    /// The broker keeps the event for later subscribers
    #[arg(long)]
    retain: bool,
    /// Ties the event to its cause
    #[arg(long, value_name = "ID")]
    correlation_id: Option<String>,
    /// The data, a JSON object; `-` or nothing: one for each line of standard input
    #[arg(value_name = "JSON")]
    data: Option<String>,
}

/// Publishes, and says how many events the broker has.
pub(super) async fn run(args: Publish) -> anyhow::Result<()> {
    let client = args.connection.connect().await?;
    let published = match args.data.as_deref() {
        None | Some("-") => publish_lines(&client, &args).await,
        Some(text) => publish(&client, &args, parse(text)?).await.map(|()| 1),
    };
    client.shutdown().await;
    tell(&format!("{} events published.", published?));
    Ok(())
}

fn parse(text: &str) -> anyhow::Result<Map<String, Value>> {
    serde_json::from_str(text)
        .context("the data must be a JSON object, for instance '{\"text\":\"hello\"}'")
}

async fn publish(
    client: &MqttClient,
    args: &Publish,
    data: Map<String, Value>,
) -> anyhow::Result<()> {
    let format = match args.format {
        Envelope::Compact => Format::Compact,
        Envelope::Cloudevents => Format::CloudEvents,
    };
    let mut options =
        PublishOptions::qos(QoS::from_level(args.qos).unwrap_or_default()).format(format);
    if args.retain {
        options = options.retain();
    }
    if let Some(id) = &args.correlation_id {
        options = options.correlation_id(id.clone());
    }
    client.publish_event(&args.topic, &args.kind, &data, options).await?;
    Ok(())
}

async fn publish_lines(client: &MqttClient, args: &Publish) -> anyhow::Result<u64> {
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let mut on_their_way: FuturesUnordered<BoxFuture<'_, anyhow::Result<()>>> =
        FuturesUnordered::new();
    let mut published = 0_u64;
    let mut number = 0_u64;
    while let Some(line) = lines.next_line().await? {
        number += 1;
        if line.trim().is_empty() {
            continue;
        }
        let data = parse(&line).with_context(|| format!("line {number}"))?;
        on_their_way.push(Box::pin(publish(client, args, data)));
        while on_their_way.len() >= IN_FLIGHT {
            if let Some(done) = on_their_way.next().await {
                done?;
                published += 1;
            }
        }
    }
    while let Some(done) = on_their_way.next().await {
        done?;
        published += 1;
    }
    Ok(published)
}
