use serde_json::{Value, json};
use steward_mqtt::{Event, MqttClient, MqttConfig, PublishOptions, QoS};

/// Repeats on `parrot/said` what it hears on `parrot/hear`, until it hears "stop".
pub(crate) async fn run(url: &str) -> anyhow::Result<()> {
    let config = MqttConfig::new(url, "parrot-after")?.health(true);
    MqttClient::run(config, async |client| {
        let (stop, mut stopped) = tokio::sync::mpsc::channel(1);
        let parrot = client.clone();
        let repeat = move |event: Event<Value>| {
            let (parrot, stop) = (parrot.clone(), stop.clone());
            async move {
                let text = event.data["text"].as_str().ok_or("no text")?;
                let options = PublishOptions::default().correlation_id(event.correlation_id());
                parrot
                    .publish_event("parrot/said", "parrot.said", &json!({"text": text}), options)
                    .await?;
                if text == "stop" {
                    stop.send(()).await?;
                }
                Ok::<_, steward_mqtt::HandlerError>(())
            }
        };
        client.subscribe_events("parrot/hear", QoS::AtLeastOnce, repeat).await?;
        stopped.recv().await;
        Ok(())
    })
    .await
}
