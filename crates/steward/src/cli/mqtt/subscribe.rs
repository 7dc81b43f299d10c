//! `steward mqtt sub`.

use std::io::{self, ErrorKind};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use clap::Args;
use serde_json::{Value, json};
use steward_mqtt::{ConnectError, Envelope, Message, MqttClient, QoS, State, check_filter};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use super::Connection;
use crate::cli::{print, tell};

/// How many messages wait for the terminal.
const WAITING: usize = 1_000;

/// Arguments of `steward mqtt sub`.
#[derive(Debug, Args)]
pub struct Subscribe {
    #[command(flatten)]
    connection: Connection,
    /// One JSON object a line: topic, qos, retain, and envelope or payload (base64)
    #[arg(long)]
    json: bool,
    /// End after so many messages
    #[arg(long, value_name = "N")]
    count: Option<u64>,
    /// Filters, with `+` and `#`
    #[arg(value_name = "FILTER", required = true)]
    filters: Vec<String>,
}

/// Prints what arrives until it is interrupted, and says when the connection is lost and found.
pub(super) async fn run(args: Subscribe) -> anyhow::Result<()> {
    for filter in &args.filters {
        check_filter(filter)?;
    }
    let client = args.connection.connect().await?;
    let outcome = follow(&client, &args).await;
    // Without it the broker would keep the session, and messages for it.
    client.shutdown().await;
    outcome
}

async fn follow(client: &MqttClient, args: &Subscribe) -> anyhow::Result<()> {
    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut terminated = signal(SignalKind::terminate())?;
    let (sender, mut messages) = mpsc::channel(WAITING);
    let mut state = client.state();
    state.mark_unchanged();
    for filter in &args.filters {
        let sender = sender.clone();
        let handler = move |message: Message| {
            let sender = sender.clone();
            async move { sender.send(message).await }
        };
        client.subscribe(filter, QoS::ExactlyOnce, handler).await?;
    }
    tell(&format!("Following {} at {}.", args.filters.join(" "), client.config().address()));
    let mut left = args.count;
    while left != Some(0) {
        tokio::select! {
            Some(message) = messages.recv() => {
                if !printed(&(line(&message, args.json) + "\n"))? {
                    break;
                }
                left = left.map(|count| count - 1);
            }
            Ok(()) = state.changed() => {
                let now = *state.borrow_and_update();
                tell_state(client, now)?;
            }
            _ = interrupted.recv() => break,
            _ = terminated.recv() => break,
        }
    }
    Ok(())
}

/// Whether there is still somebody who reads, as `| head` does not for long.
fn printed(text: &str) -> anyhow::Result<bool> {
    match print(text) {
        Err(error) if is_closed(&error) => Ok(false),
        other => other.map(|()| true),
    }
}

fn is_closed(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

fn tell_state(client: &MqttClient, state: State) -> anyhow::Result<()> {
    match state {
        State::Reconnecting => tell("The connection was lost; trying to come back."),
        State::Connected => tell("The connection is back; every subscription stands."),
        State::Disconnected => {
            let client_id = client.config().client_id().to_owned();
            return Err(ConnectError::TakenOver { client_id }.into());
        }
        State::Created | State::Connecting | State::Disconnecting => {}
    }
    Ok(())
}

fn line(message: &Message, as_json: bool) -> String {
    let envelope = Envelope::<Value>::decode(&message.payload).ok();
    if as_json {
        let mut object =
            json!({"topic": message.topic, "qos": message.qos.level(), "retain": message.retain});
        let (key, value) = match (envelope, serde_json::from_slice::<Value>(&message.payload)) {
            (Some(_), Ok(value)) => ("envelope", value),
            _ => ("payload", BASE64_STANDARD.encode(&message.payload).into()),
        };
        if let Some(object) = object.as_object_mut() {
            object.insert(key.to_owned(), value);
        }
        return object.to_string();
    }
    let retained = if message.retain { " (retained)" } else { "" };
    match envelope {
        Some(Envelope { kind, source, data, .. }) => {
            format!("{}{retained}  {kind} from {source}  {data}", message.topic)
        }
        None => {
            format!("{}{retained}  {}", message.topic, String::from_utf8_lossy(&message.payload))
        }
    }
}
