//! Publish and handle bytes, without an envelope.

use steward_mqtt::{Message, MqttClient, MqttConfig, PublishOptions, QoS};
use tokio::sync::mpsc;

pub(crate) async fn run(config: MqttConfig) -> anyhow::Result<()> {
    MqttClient::run(config, async |client| {
        let (sender, mut frames) = mpsc::unbounded_channel();
        let handler = move |message: Message| {
            let sent = sender.send(message.payload);
            async move { sent }
        };
        client.subscribe("camera/frame", QoS::AtMostOnce, handler).await?;
        let options = PublishOptions::qos(QoS::AtMostOnce).content_type("image/raw");
        client.publish("camera/frame", vec![0xFF, 0x00, 0xFF], options).await?;
        anyhow::ensure!(frames.recv().await.as_deref() == Some(&[0xFF, 0x00, 0xFF][..]));
        Ok(())
    })
    .await
}
