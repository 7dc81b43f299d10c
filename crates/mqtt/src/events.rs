//! Events: typed data in envelopes, published and handled.

use std::future::Future;
use std::ops::Deref;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::client::MqttClient;
use crate::envelope::{Envelope, Format};
use crate::error::{PublishError, SubscribeError};
use crate::handler::{HandlerError, Outcome};
use crate::message::{Ack, Message, PublishOptions, QoS};
use crate::topics::Topic;

/// An event as it arrived: its envelope, and the message that carried it.
#[derive(Clone, Debug)]
pub struct Event<T> {
    /// The envelope; `event.data`, `event.id` and the like reach into it.
    pub envelope: Envelope<T>,
    /// Topic, level and properties.
    pub message: Message,
}

impl<T> Deref for Event<T> {
    type Target = Envelope<T>;

    fn deref(&self) -> &Envelope<T> {
        &self.envelope
    }
}

impl MqttClient {
    /// Publishes `data` as an event of this kind. With [`PublishOptions::correlation_id`], a compact envelope has that
    /// as its id, and CloudEvents have an attribute for it.
    pub async fn publish_event<T: Serialize + Sync>(
        &self,
        topic: &str,
        kind: &str,
        data: &T,
        options: PublishOptions,
    ) -> Result<Ack, PublishError> {
        let mut envelope = Envelope::new(kind, self.config().source(), data);
        if let Some(id) = &options.correlation_id {
            match options.format {
                Format::Compact => envelope.id.clone_from(id),
                Format::CloudEvents => envelope.attributes.correlation_id = Some(id.clone()),
            }
        }
        self.publish_envelope(topic, &envelope, options).await
    }

    /// Publishes an envelope of your own making.
    pub async fn publish_envelope<T: Serialize + Sync>(
        &self,
        topic: &str,
        envelope: &Envelope<T>,
        mut options: PublishOptions,
    ) -> Result<Ack, PublishError> {
        let payload = envelope.encode(options.format)?;
        options
            .properties
            .content_type
            .get_or_insert_with(|| options.format.media_type().to_owned());
        self.publish(topic, payload, options).await
    }

    /// Publishes on one of the [typed topics](crate::topics).
    pub async fn publish_to<T: Serialize + Sync>(
        &self,
        topic: &Topic<T>,
        data: &T,
    ) -> Result<Ack, PublishError> {
        self.publish_event(topic.name, topic.kind, data, PublishOptions::qos(topic.qos)).await
    }

    /// Hands every event that `filter` covers to `handler`. What is no event with this data goes the way of a handler
    /// that fails: it is logged with topic and size, and counted.
    pub async fn subscribe_events<T, F, Fut>(
        &self,
        filter: &str,
        qos: QoS,
        handler: F,
    ) -> Result<(), SubscribeError>
    where
        T: DeserializeOwned + Send + 'static,
        F: Fn(Event<T>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        let decoding = move |message: Message| {
            let handling = decoded(message).map(&handler);
            async move { handling?.await.into_result() }
        };
        self.subscribe(filter, qos, decoding).await
    }

    /// Handles one of the [typed topics](crate::topics).
    pub async fn subscribe_to<T, F, Fut>(
        &self,
        topic: &Topic<T>,
        handler: F,
    ) -> Result<(), SubscribeError>
    where
        T: DeserializeOwned + Send + 'static,
        F: Fn(Event<T>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        self.subscribe_events(topic.name, topic.qos, handler).await
    }
}

fn decoded<T: DeserializeOwned>(message: Message) -> Result<Event<T>, HandlerError> {
    match Envelope::decode(&message.payload) {
        Ok(envelope) => Ok(Event { envelope, message }),
        Err(error) => {
            metrics::counter!("mqtt_undecodable_total").increment(1);
            Err(format!("{error} ({} bytes)", message.payload.len()).into())
        }
    }
}
