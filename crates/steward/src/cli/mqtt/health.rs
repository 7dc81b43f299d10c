//! `steward mqtt health`.

use std::collections::BTreeMap;
use std::time::Duration;

use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};
use steward_mqtt::topics::HealthPing;
use steward_mqtt::{Event, QoS};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::Connection;
use crate::cli::{print, tell};

/// A broker sends what it retains right after the subscription; this long without anything more means that was all.
const SILENCE: Duration = Duration::from_millis(500);

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

/// Prints a table of what every service said last.
pub(super) async fn run(args: Health) -> anyhow::Result<()> {
    let client = args.connection.connect().await?;
    let (sender, mut pings) = mpsc::unbounded_channel();
    let filters = match args.clients.as_slice() {
        [] => vec!["system/health/+".to_owned()],
        clients => clients.iter().map(|id| format!("system/health/{id}")).collect(),
    };
    for filter in filters {
        let sender = sender.clone();
        let handler = move |event: Event<HealthPing>| {
            let sent = sender.send(event);
            async move { sent }
        };
        client.subscribe_events(&filter, QoS::AtLeastOnce, handler).await?;
    }
    let mut services = BTreeMap::new();
    while let Ok(Some(event)) = timeout(SILENCE, pings.recv()).await {
        services.insert(service(&event).to_owned(), event);
    }
    client.shutdown().await;
    if services.is_empty() {
        tell(
            "No service announces its health here. RabbitMQ 3.10 sends nothing to wildcards: name services with --client.",
        );
    }
    let text = if args.json { document(&services) } else { table(&services) };
    print(&(text + "\n"))
}

fn service(event: &Event<HealthPing>) -> &str {
    event.message.topic.rsplit('/').next().unwrap_or_default()
}

fn since(event: &Event<HealthPing>) -> String {
    Timestamp::from_microsecond(event.time.as_microsecond())
        .map(|time| time.to_string())
        .unwrap_or_default()
}

fn what(ping: &HealthPing) -> String {
    let event = ping.event.and_then(|event| serde_json::to_value(event).ok());
    let event = event.as_ref().and_then(Value::as_str).unwrap_or("-");
    format!("{event:<12} {}", ping.err.as_deref().unwrap_or(""))
}

fn table(services: &BTreeMap<String, Event<HealthPing>>) -> String {
    let mut text = format!("{:<28} {:<5} {:<28} {:<12} ERROR", "SERVICE", "OK", "SINCE", "EVENT");
    for (name, event) in services {
        let ok = if event.data.ok { "yes" } else { "NO" };
        text.push('\n');
        text.push_str(
            format!("{name:<28} {ok:<5} {:<28} {}", since(event), what(&event.data)).trim_end(),
        );
    }
    text
}

fn document(services: &BTreeMap<String, Event<HealthPing>>) -> String {
    let list: Vec<_> = services
        .iter()
        .map(|(name, event)| json!({"service": name, "since": since(event), "health": event.data}))
        .collect();
    Value::from(list).to_string()
}
