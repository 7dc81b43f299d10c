//! Ask, and wait for the answer.

use std::time::Duration;

use serde_json::{Value, json};
use steward_mqtt::{Envelope, Event, MqttClient, MqttConfig, QoS};

pub(crate) async fn run(config: MqttConfig) -> anyhow::Result<()> {
    MqttClient::run(config, async |client| {
        let server = client.clone();
        let answer = move |question: Event<Value>| {
            let replier = server.replier(&question);
            async move {
                match replier {
                    Some(replier) => replier.send("clock.time", &json!({"time": "noon"})).await.map(drop),
                    None => Ok(()),
                }
            }
        };
        client.subscribe_events("clock/ask", QoS::AtLeastOnce, answer).await?;
        let limit = Duration::from_secs(5);
        let time: Envelope<Value> = client.request("clock/ask", "clock.ask", &json!({}), limit).await?;
        println!("it is {:?}", time.data.get("time"));
        Ok(())
    })
    .await
}
