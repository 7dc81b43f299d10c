//! `steward mqtt` as people use it: the real binary, and a real Mosquitto.

mod follow;
mod health;
mod measure;
mod mistakes;
mod publish;

use std::process::{Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use steward_mqtt::{Message, MqttClient, MqttConfig, QoS};
use testkit::process::binary;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::time::timeout;

use mosquitto::Mosquitto;

/// How long anything may take before the story fails.
const LIMIT: Duration = Duration::from_secs(30);

async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(LIMIT, future).await.expect("in time")
}

/// `steward mqtt` with these words, its ends in our hands.
fn steward(words: &[&str]) -> Child {
    let mut command = Command::new(binary().unwrap());
    command.arg("mqtt").args(words).kill_on_drop(true);
    // What the machine's user has set is not part of the story.
    for name in ["MQTT_URL", "MQTT_CLIENT_ID", "MQTT_PROTOCOL", "MQTT_CA_FILE"] {
        command.env_remove(name);
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// The same to its end, with this input.
async fn done(words: &[&str], input: &str) -> Done {
    let mut child = steward(words);
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).await.ok();
    drop(stdin);
    Done::from(soon(child.wait_with_output()).await.unwrap())
}

/// How a command ended.
#[derive(Debug)]
struct Done {
    code: Option<i32>,
    out: String,
    err: String,
}

impl From<Output> for Done {
    fn from(Output { status, stdout, stderr }: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: status.code(), out: text(stdout), err: text(stderr) }
    }
}

/// A client beside the command line, and what it hears on everything.
async fn listener(broker: &Mosquitto) -> (MqttClient, mpsc::UnboundedReceiver<Message>) {
    let client = MqttClient::new(MqttConfig::new(&broker.url(), "listener").unwrap()).unwrap();
    soon(client.connect()).await.unwrap();
    let (sender, messages) = mpsc::unbounded_channel();
    let handler = move |message: Message| {
        let sent = sender.send(message);
        async move { sent }
    };
    soon(client.subscribe("#", QoS::ExactlyOnce, handler)).await.unwrap();
    (client, messages)
}

async fn next(messages: &mut mpsc::UnboundedReceiver<Message>) -> (Message, Value) {
    let message = soon(messages.recv()).await.unwrap();
    let payload = serde_json::from_slice(&message.payload).unwrap();
    (message, payload)
}

fn keys(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}
