//! Tie an event to its cause: the correlation id travels along.

use serde_json::{Value, json};
use steward_mqtt::{Event, MqttClient, MqttConfig, PublishOptions, QoS};
use tokio::sync::mpsc;

pub(crate) async fn run(config: MqttConfig) -> anyhow::Result<()> {
    MqttClient::run(config, async |client| {
        let (sender, mut ids) = mpsc::unbounded_channel();
        let answering = client.clone();
        let on_question = move |event: Event<Value>| {
            let client = answering.clone();
            let options = PublishOptions::default().correlation_id(event.correlation_id());
            async move { client.publish_event("echo/answer", "echo.answer", &event.data, options).await.map(drop) }
        };
        let on_answer = move |event: Event<Value>| {
            let sent = sender.send(event.correlation_id().to_owned());
            async move { sent }
        };
        client.subscribe_events("echo/question", QoS::AtLeastOnce, on_question).await?;
        client.subscribe_events("echo/answer", QoS::AtLeastOnce, on_answer).await?;
        let options = PublishOptions::default().correlation_id("conversation-7");
        client.publish_event("echo/question", "echo.question", &json!({}), options).await?;
        anyhow::ensure!(ids.recv().await.as_deref() == Some("conversation-7"));
        Ok(())
    })
    .await
}
