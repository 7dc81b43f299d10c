//! `steward mqtt pub`.

use anyhow::Context;
use clap::{Args, ValueEnum};
use futures::StreamExt;
use futures::stream::FuturesOrdered;
use serde_json::{Map, Value};
use steward_mqtt::{Format, MqttClient, PublishError, PublishOptions, QoS, check_topic};
use tokio::io::{AsyncBufReadExt, BufReader, Lines, Stdin};

use super::Connection;
use super::failure::{Broken, NoObject};
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

/// Publishes, and says how many events the broker has. Arguments are checked before anything is sent.
pub(super) async fn run(args: Publish) -> anyhow::Result<()> {
    check_topic(&args.topic)?;
    let data = match args.data.as_deref() {
        None | Some("-") => None,
        Some(text) => Some(parse(text, "the argument".to_owned())?),
    };
    let client = args.connection.connect().await?;
    let published = match data {
        None => publish_lines(&client, &args).await,
        Some(data) => publish(&client, &args, data).await.map(|()| 1).map_err(Into::into),
    };
    client.shutdown().await;
    tell(&format!("{} events published.", published?));
    Ok(())
}

fn parse(text: &str, place: String) -> Result<Map<String, Value>, NoObject> {
    serde_json::from_str(text).map_err(|problem| NoObject { place, problem: problem.to_string() })
}

async fn publish(
    client: &MqttClient,
    args: &Publish,
    data: Map<String, Value>,
) -> Result<(), PublishError> {
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

/// Publishes each line as it comes, in order. A line that cannot be published ends it, after those before it.
async fn publish_lines(client: &MqttClient, args: &Publish) -> anyhow::Result<u64> {
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let mut on_their_way = FuturesOrdered::new();
    let (mut number, mut published) = (0_u64, 0);
    let mut problem: Option<anyhow::Error> = None;
    let mut reading = true;
    loop {
        tokio::select! {
            data = next_object(&mut lines, &mut number), if reading && on_their_way.len() < IN_FLIGHT => {
                match data {
                    Ok(Some(data)) => on_their_way.push_back(publish(client, args, data)),
                    Ok(None) => reading = false,
                    Err(error) => (reading, problem) = (false, Some(error)),
                }
            }
            Some(done) = on_their_way.next() => match done {
                Ok(()) => published += 1,
                Err(error) => (reading, problem) = (false, problem.or(Some(error.into()))),
            },
            else => break,
        }
    }
    match problem {
        None => Ok(published),
        Some(problem) if published == 0 => Err(problem),
        Some(problem) => Err(Broken { published, problem: problem.to_string() }.into()),
    }
}

/// The data in the next line that is not empty; `None` at the end. May be cancelled without loss.
async fn next_object(
    lines: &mut Lines<BufReader<Stdin>>,
    number: &mut u64,
) -> anyhow::Result<Option<Map<String, Value>>> {
    loop {
        let line = lines.next_line().await.context("standard input cannot be read")?;
        *number += 1;
        match line {
            Some(line) if line.trim().is_empty() => {}
            Some(line) => return Ok(Some(parse(&line, format!("line {number}"))?)),
            None => return Ok(None),
        }
    }
}
