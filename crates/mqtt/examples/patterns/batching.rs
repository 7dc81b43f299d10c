//! Publish many at once: a hundred on their way, written in their order.

use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Value, json};
use steward_mqtt::{MqttClient, MqttConfig, PublishOptions};

pub(crate) async fn run(config: MqttConfig) -> anyhow::Result<()> {
    MqttClient::run(config, async |client| {
        let readings: Vec<Value> = (0..1000).map(|number| json!({"reading": number})).collect();
        let publishes = readings
            .iter()
            .map(|reading| client.publish_event("sensor/1", "sensor.reading", reading, PublishOptions::default()));
        let acks: Vec<_> = stream::iter(publishes).buffered(100).try_collect().await?;
        println!("{} readings are at the broker", acks.len());
        Ok(())
    })
    .await
}
