//! Announce health, retained; the broker announces the opposite when the process dies.

use steward_mqtt::{HealthEvent, MqttClient, MqttConfig};

pub(crate) async fn run(config: MqttConfig) -> anyhow::Result<()> {
    MqttClient::run(config.health(true), async |client| {
        client.publish_health(true, Some(HealthEvent::Ready), None).await?;
        client.publish_health(false, Some(HealthEvent::Error), Some("the microphone is gone")).await?;
        Ok(())
    })
    .await
}
