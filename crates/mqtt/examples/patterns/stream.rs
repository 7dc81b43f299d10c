//! Ask, and get one answer after the other.

use std::time::Duration;

use futures::TryStreamExt as _;
use serde_json::{Value, json};
use steward_mqtt::{Envelope, Event, MqttClient, MqttConfig, QoS};

pub(crate) async fn run(config: MqttConfig) -> anyhow::Result<()> {
    MqttClient::run(config, async |client| {
        let server = client.clone();
        let answer = move |question: Event<Value>| {
            let replier = server.replier(&question);
            async move {
                let Some(replier) = replier else { return Ok(()) };
                for word in ["one", "two", "three"] {
                    replier.send("llm.piece", &json!({"word": word})).await?;
                }
                replier.finish().await.map(drop)
            }
        };
        client.subscribe_events("llm/ask", QoS::AtLeastOnce, answer).await?;
        let silence = Duration::from_secs(5);
        let pieces = client.request_stream("llm/ask", "llm.ask", &json!({}), silence).await?;
        let pieces: Vec<Envelope<Value>> = pieces.try_collect().await?;
        anyhow::ensure!(pieces.len() == 3);
        Ok(())
    })
    .await
}
