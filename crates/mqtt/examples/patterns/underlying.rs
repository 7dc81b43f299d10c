//! Extend through the connection underneath: what the broker can do, and packets of your own.

use steward_mqtt::{MqttClient, MqttConfig};

pub(crate) async fn run(config: MqttConfig) -> anyhow::Result<()> {
    MqttClient::run(config, async |client| {
        let connack = client.underlying().connack();
        let limit = connack.and_then(|connack| connack.properties.get_receive_maximum());
        println!("the broker takes {limit:?} messages at once");
        client.underlying().send(mqtt5::Packet::PingReq).await?;
        Ok(())
    })
    .await
}
