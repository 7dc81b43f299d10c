//! Beat every second; three beats that do not get through force a new connection.

use std::time::Duration;

use steward_mqtt::topics::{Object, SYSTEM_KEEPALIVE};
use steward_mqtt::{Event, MqttClient, MqttConfig};
use tokio::sync::mpsc;

pub(crate) async fn run(config: MqttConfig) -> anyhow::Result<()> {
    MqttClient::run(config.heartbeat(Duration::from_secs(1)), async |client| {
        let (sender, mut beats) = mpsc::unbounded_channel();
        let handler = move |event: Event<Object>| {
            let sent = sender.send(event.message.topic);
            async move { sent }
        };
        client.subscribe_to(&SYSTEM_KEEPALIVE, handler).await?;
        println!("a beat on {:?}", beats.recv().await);
        Ok(())
    })
    .await
}
