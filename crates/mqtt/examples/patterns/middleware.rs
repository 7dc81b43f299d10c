//! Extend by middleware: a function that takes a handler and returns one.

use std::future::Future;
use std::time::{Duration, Instant};

use steward_mqtt::{HandlerError, Message, MqttClient, MqttConfig, Outcome, PublishOptions, QoS};
use tokio::sync::mpsc;

pub(crate) async fn run(config: MqttConfig) -> anyhow::Result<()> {
    MqttClient::run(config, async |client| {
        let (sender, mut times) = mpsc::unbounded_channel();
        let slow = |_: Message| tokio::time::sleep(Duration::from_millis(20));
        client.subscribe("work", QoS::AtLeastOnce, timed(slow, sender)).await?;
        client.publish("work", "x", PublishOptions::default()).await?;
        anyhow::ensure!(times.recv().await >= Some(Duration::from_millis(20)));
        Ok(())
    })
    .await
}

/// Measures how long a handler takes.
fn timed<F, Fut>(
    handler: F,
    times: mpsc::UnboundedSender<Duration>,
) -> impl Fn(Message) -> futures::future::BoxFuture<'static, Result<(), HandlerError>>
where
    F: Fn(Message) -> Fut,
    Fut: Future<Output: Outcome> + Send + 'static,
{
    move |message| {
        let (began, times) = (Instant::now(), times.clone());
        let handling = handler(message);
        Box::pin(async move {
            let result = handling.await.into_result();
            times.send(began.elapsed())?;
            result
        })
    }
}
