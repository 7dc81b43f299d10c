use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mqtt5::{
    ConnectOptions, Message, MqttClient, PublishOptions, QoS, SubscribeOptions, WillMessage,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::mpsc;

const HEALTH: &str = "system/health/parrot-before";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    id: String,
    r#type: String,
    ts: f64,
    source: String,
    data: Value,
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map(|time| time.as_secs_f64()).unwrap_or_default()
}

fn envelope(id: String, kind: &str, data: Value) -> anyhow::Result<Vec<u8>> {
    let source = "parrot-before".to_owned();
    Ok(serde_json::to_vec(&Envelope { id, r#type: kind.to_owned(), ts: now(), source, data })?)
}

fn health(ok: bool, event: &str) -> anyhow::Result<Vec<u8>> {
    let id = uuid::Uuid::new_v4().simple().to_string();
    envelope(
        id.clone(),
        "health.status",
        json!({"message_id": id, "ok": ok, "event": event, "timestamp": now()}),
    )
}

async fn publish(
    client: &MqttClient,
    topic: &str,
    payload: Vec<u8>,
    retain: bool,
) -> anyhow::Result<()> {
    let options = PublishOptions { qos: QoS::AtLeastOnce, retain, ..PublishOptions::default() };
    let sent = client.publish_with_options(topic, payload, options).await?;
    let outcome = tokio::time::timeout(Duration::from_secs(30), sent.outcome()).await?;
    anyhow::ensure!(
        matches!(outcome, mqtt5::PublishOutcome::Delivered(_)),
        "not delivered: {outcome:?}"
    );
    Ok(())
}

async fn repeat(client: &MqttClient, message: &Message) -> anyhow::Result<bool> {
    let heard: Envelope = serde_json::from_slice(&message.payload)?;
    let text = heard.data["text"].as_str().ok_or_else(|| anyhow::anyhow!("no text"))?;
    let said = envelope(heard.id.clone(), "parrot.said", json!({"text": text}))?;
    publish(client, "parrot/said", said, false).await?;
    Ok(text == "stop")
}

/// Repeats on `parrot/said` what it hears on `parrot/hear`, until it hears "stop".
pub(crate) async fn run(url: &str) -> anyhow::Result<()> {
    let will = WillMessage::new(HEALTH, health(false, "error")?)
        .with_qos(QoS::AtLeastOnce)
        .with_retain(true);
    let options = ConnectOptions::new("parrot-before")
        .with_clean_start(false)
        .with_resume_existing_session(true)
        .with_session_expiry_interval(3600)
        .with_will(will)
        .with_reconnect_delay(Duration::from_millis(500), Duration::from_secs(5));
    let client = MqttClient::with_options(options);
    let mut wait = Duration::from_millis(500);
    while let Err(error) = client.connect(url).await {
        tracing::warn!(%error, "no connection yet");
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(Duration::from_secs(5));
    }
    let (heard, mut messages) = mpsc::channel(1024);
    let enqueue = move |message| {
        if heard.try_send(message).is_err() {
            tracing::error!("the queue is full; a message is lost");
        }
    };
    let options = SubscribeOptions { qos: QoS::AtLeastOnce, ..SubscribeOptions::default() };
    client.subscribe_with_options("parrot/hear", options, enqueue).await?;
    publish(&client, HEALTH, health(true, "ready")?, true).await?;
    while let Some(message) = messages.recv().await {
        match repeat(&client, &message).await {
            Ok(true) => break,
            Ok(false) => {}
            Err(error) => tracing::error!(topic = message.topic, %error, "a handler failed"),
        }
    }
    publish(&client, HEALTH, health(false, "shutdown")?, true).await?;
    client.disconnect().await?;
    Ok(())
}
