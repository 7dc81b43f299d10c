//! Publish an event; the future resolves when the broker has it.

use serde_json::json;
use steward_mqtt::{MqttClient, MqttConfig, PublishOptions, QoS};

pub(crate) async fn run(config: MqttConfig) -> anyhow::Result<()> {
    MqttClient::run(config, async |client| {
        let data = json!({"text": "hello"});
        let ack = client.publish_event("tts/say", "tts.say", &data, PublishOptions::qos(QoS::AtLeastOnce)).await?;
        println!("acknowledged after {} tries", ack.tries);
        Ok(())
    })
    .await
}
