//! Subscribe to events with typed data; what has other data goes the way of errors.

use serde::Deserialize;
use serde_json::json;
use steward_mqtt::{Event, MqttClient, MqttConfig, PublishOptions, QoS};
use tokio::sync::mpsc;

#[derive(Deserialize)]
struct Say {
    text: String,
}

pub(crate) async fn run(config: MqttConfig) -> anyhow::Result<()> {
    MqttClient::run(config, async |client| {
        let (sender, mut texts) = mpsc::unbounded_channel();
        let handler = move |event: Event<Say>| {
            let sent = sender.send(event.data.text.clone());
            async move { sent }
        };
        client.subscribe_events("tts/say", QoS::AtLeastOnce, handler).await?;
        let data = json!({"text": "hello"});
        client.publish_event("tts/say", "tts.say", &data, PublishOptions::default()).await?;
        println!("heard {:?}", texts.recv().await);
        Ok(())
    })
    .await
}
