//! `steward mqtt health`.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};
use steward_mqtt::topics::HealthPing;
use steward_mqtt::{
    DecodeError, Envelope, Message, MqttClient, QoS, SubscribeError, check_topic, health_topic,
};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::Connection;
use crate::cli::{print, tell};

/// A broker sends what it retains right after the subscription; this long without anything more means that was all.
const SILENCE: Duration = Duration::from_secs(1);
/// Every service has a topic of its own below this one.
const TOPIC: &str = "system/health/";
/// The exit code when a check failed or something is missing.
const NOT_WELL: u8 = 3;

/// Arguments of `steward mqtt health`.
#[derive(Debug, Args)]
pub struct Health {
    #[command(flatten)]
    connection: Connection,
    /// Ask for this service only; may be given again. Needed where the broker sends nothing retained to wildcards
    #[arg(long = "client", value_name = "ID")]
    clients: Vec<String>,
    /// As one JSON document
    #[arg(long)]
    json: bool,
}

/// What a service said last: what it is about, or why that cannot be read.
type Said = Result<Envelope<HealthPing>, DecodeError>;

/// Prints a table of what every service said last. Not well is also who says nothing.
pub(super) async fn run(args: Health) -> anyhow::Result<ExitCode> {
    let topics: Vec<_> = args.clients.iter().map(|id| health_topic(id)).collect();
    for topic in &topics {
        check_topic(topic)?;
    }
    let client = args.connection.connect().await?;
    let heard = listen(&client, &topics).await;
    client.shutdown().await;
    let services = heard?;
    let silent: Vec<_> = topics
        .iter()
        .map(|topic| service(topic))
        .filter(|name| !services.contains_key(*name))
        .collect();
    for name in &silent {
        tell(&format!("{name} announces no health here."));
    }
    if services.is_empty() && args.clients.is_empty() {
        tell(
            "No service announces its health here. RabbitMQ 3.10 sends nothing to wildcards: name services with --client.",
        );
    }
    let text = if args.json { document(&services) } else { table(&services) };
    print(&(text + "\n"))?;
    let well = |said: &Said| said.as_ref().is_ok_and(|envelope| envelope.data.ok);
    let all_well = !services.is_empty() && silent.is_empty() && services.values().all(well);
    Ok(if all_well { ExitCode::SUCCESS } else { ExitCode::from(NOT_WELL) })
}

/// What is retained, until every topic was heard of or nothing more comes.
async fn listen(
    client: &MqttClient,
    topics: &[String],
) -> Result<BTreeMap<String, Said>, SubscribeError> {
    let (sender, mut messages) = mpsc::unbounded_channel();
    let all = [format!("{TOPIC}+")];
    for filter in if topics.is_empty() { &all[..] } else { topics } {
        let sender = sender.clone();
        let handler = move |message: Message| {
            let sent = sender.send(message);
            async move { sent }
        };
        client.subscribe(filter, QoS::AtLeastOnce, handler).await?;
    }
    let mut services = BTreeMap::new();
    while topics.is_empty() || services.len() < topics.len() {
        let Ok(Some(message)) = timeout(SILENCE, messages.recv()).await else { break };
        services.insert(service(&message.topic).to_owned(), Envelope::decode(&message.payload));
    }
    Ok(services)
}

fn service(topic: &str) -> &str {
    topic.strip_prefix(TOPIC).unwrap_or(topic)
}

fn event(ping: &HealthPing) -> String {
    let event = ping.event.and_then(|event| serde_json::to_value(event).ok());
    event.as_ref().and_then(Value::as_str).unwrap_or("-").to_owned()
}

fn table(services: &BTreeMap<String, Said>) -> String {
    let mut text = format!("{:<28} {:<5} {:<28} {:<12} ERROR", "SERVICE", "OK", "SINCE", "EVENT");
    for (name, said) in services {
        let [ok, since, event, error] = match said {
            Ok(Envelope { time, data, .. }) => [
                if data.ok { "yes" } else { "NO" }.to_owned(),
                time.to_string(),
                event(data),
                data.err.clone().unwrap_or_default(),
            ],
            Err(problem) => ["?", "-", "-", &problem.to_string()].map(str::to_owned),
        };
        text.push('\n');
        text.push_str(format!("{name:<28} {ok:<5} {since:<28} {event:<12} {error}").trim_end());
    }
    text
}

fn document(services: &BTreeMap<String, Said>) -> String {
    let row = |(name, said): (&String, &Said)| match said {
        Ok(Envelope { time, data, .. }) => {
            json!({"service": name, "since": time.to_string(), "health": data})
        }
        Err(problem) => json!({"service": name, "unreadable": problem.to_string()}),
    };
    services.iter().map(row).collect::<Value>().to_string()
}
