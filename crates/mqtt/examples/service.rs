//! A whole service: `MQTT_URL=mqtt://localhost MQTT_CLIENT_ID=parrot cargo run -p steward-mqtt --example service`
use steward_mqtt::{Message, MqttClient, MqttConfig, PublishOptions, QoS};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let client = MqttClient::new(MqttConfig::from_env()?)?;
    client.connect().await?;
    let speaker = client.clone();
    let repeat = move |heard: Message| {
        let speaker = speaker.clone();
        async move { speaker.publish("said", heard.payload, PublishOptions::default()).await.map(drop) }
    };
    client.subscribe("heard/+", QoS::AtLeastOnce, repeat).await?;
    Ok(tokio::signal::ctrl_c().await?)
}
