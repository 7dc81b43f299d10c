//! `+` is one level, `#` is all that follow.

use steward_mqtt::{Message, MqttClient, MqttConfig, PublishOptions, QoS};
use tokio::sync::mpsc;

pub(crate) async fn run(config: MqttConfig) -> anyhow::Result<()> {
    MqttClient::run(config, async |client| {
        let (sender, mut topics) = mpsc::unbounded_channel();
        let handler = move |message: Message| {
            let sent = sender.send(message.topic);
            async move { sent }
        };
        client.subscribe("house/+/temperature", QoS::AtLeastOnce, handler.clone()).await?;
        client.subscribe("garden/#", QoS::AtLeastOnce, handler).await?;
        for topic in ["house/kitchen/temperature", "house/kitchen/light", "garden/pond/level"] {
            client.publish(topic, "21", PublishOptions::default()).await?;
        }
        anyhow::ensure!(topics.recv().await.as_deref() == Some("house/kitchen/temperature"));
        anyhow::ensure!(topics.recv().await.as_deref() == Some("garden/pond/level"));
        Ok(())
    })
    .await
}
