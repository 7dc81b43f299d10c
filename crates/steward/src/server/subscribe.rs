//! What arrives by MQTT for this platform's own consumers.

use std::time::Duration;

use kernel::inbox::{Inbox, TakeError};
use steward_mqtt::{AckWhen, Message, MqttClient, QoS};

/// Every context's events of every tenant.
const FILTER: &str = "steward/+/+/+/+";
/// Pause before a message is stored again while the database is away; it is not acknowledged meanwhile.
const PAUSE: Duration = Duration::from_secs(1);

/// Hands what arrives to the inbox, and acknowledges it when the inbox has it.
pub(super) async fn subscribe(client: MqttClient, inbox: Inbox) {
    let take = move |message: Message| {
        let inbox = inbox.clone();
        async move { taken(&inbox, &message).await }
    };
    if let Err(e) = client.subscribe_acking(FILTER, QoS::AtLeastOnce, AckWhen::Handled, take).await
    {
        // The inbox follows the log by itself; foreign events wait at the broker.
        tracing::warn!(error = %e, "cannot subscribe to events");
    }
}

async fn taken(inbox: &Inbox, message: &Message) {
    loop {
        match inbox.take(&message.payload).await {
            Ok(()) => return,
            Err(TakeError::Unreadable(e)) => {
                metrics::counter!("inbox_unreadable_total").increment(1);
                let (topic, bytes) = (&message.topic, message.payload.len());
                tracing::warn!(topic, bytes, error = %e, "a message is no event");
                return;
            }
            Err(TakeError::Unavailable(_)) => tokio::time::sleep(PAUSE).await,
        }
    }
}
