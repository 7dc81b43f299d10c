//! Extend by composition: a wrapper that sends readings in batches.

use serde_json::json;
use steward_mqtt::{MqttClient, MqttConfig, PublishError, PublishOptions};

pub(crate) async fn run(config: MqttConfig) -> anyhow::Result<()> {
    MqttClient::run(config, async |client| {
        let mut batches = Batches::new(client, 10);
        for reading in 0..25 {
            batches.add(f64::from(reading)).await?;
        }
        batches.flush().await?;
        anyhow::ensure!(batches.sent == 3);
        Ok(())
    })
    .await
}

/// Collects readings and publishes them together.
struct Batches {
    client: MqttClient,
    size: usize,
    waiting: Vec<f64>,
    sent: u32,
}

impl Batches {
    fn new(client: MqttClient, size: usize) -> Self {
        Self { client, size, waiting: Vec::new(), sent: 0 }
    }

    async fn add(&mut self, reading: f64) -> Result<(), PublishError> {
        self.waiting.push(reading);
        if self.waiting.len() < self.size { Ok(()) } else { self.flush().await }
    }

    async fn flush(&mut self) -> Result<(), PublishError> {
        let data = json!({"readings": std::mem::take(&mut self.waiting)});
        self.client.publish_event("sensor/batch", "sensor.batch", &data, PublishOptions::default()).await?;
        self.sent += 1;
        Ok(())
    }
}
