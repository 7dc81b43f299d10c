//! Questions and answers over topics.
//!
//! With MQTT 5 a question carries response topic and correlation data beside its payload; before, the reply topic stands
//! in the data as `reply_to`. In both the envelope of an answer has the id of its question. A stream of answers ends
//! with an envelope of the type `reply.end`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::{OnceCell, mpsc};
use tokio::time::timeout;

use crate::client::MqttClient;
use crate::config::Protocol;
use crate::envelope::{DecodeError, Envelope, Format};
use crate::error::{PublishError, SubscribeError};
use crate::events::Event;
use crate::message::{Ack, Message, PublishOptions, QoS};
use crate::system;
use crate::topic;

/// The type of the envelope after the last answer.
const END: &str = "reply.end";
/// The field of the data that names the reply topic before MQTT 5.
const REPLY_TO: &str = "reply_to";

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The question is not known to be at the broker.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// Answers cannot be received.
    #[error(transparent)]
    Subscribe(#[from] SubscribeError),
    /// Nobody answered in time.
    #[error("no answer within {0:?}")]
    Timeout(Duration),
    /// The answer is of another kind than expected.
    #[error(transparent)]
    Decode(#[from] DecodeError),
}

/// Who waits for which answer.
#[derive(Default)]
pub(crate) struct Asked {
    waiting: Mutex<HashMap<String, mpsc::UnboundedSender<Message>>>,
    subscribed: OnceCell<()>,
}

impl Asked {
    fn waiting(&self) -> MutexGuard<'_, HashMap<String, mpsc::UnboundedSender<Message>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answered(&self, message: Message) {
        let correlation =
            message.properties.correlation_data.as_deref().map(String::from_utf8_lossy);
        let id = match correlation {
            Some(id) => id.into_owned(),
            None => match Envelope::<Value>::decode(&message.payload) {
                Ok(envelope) => envelope.id,
                Err(error) => {
                    return tracing::warn!(%error, topic = message.topic, "an answer is no envelope");
                }
            },
        };
        match self.waiting().get(&id) {
            Some(waiting) if waiting.send(message).is_ok() => {}
            _ => tracing::debug!(id, "nobody waits for this answer any more"),
        }
    }
}

/// Takes the entry away when the question is over.
struct Waiting {
    asked: Arc<Asked>,
    id: String,
    answers: mpsc::UnboundedReceiver<Message>,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.asked.waiting().remove(&self.id);
    }
}

impl MqttClient {
    /// Asks, and waits for the first answer.
    pub async fn request<T: Serialize + Sync, R: DeserializeOwned>(
        &self,
        topic: &str,
        kind: &str,
        data: &T,
        limit: Duration,
    ) -> Result<Envelope<R>, RequestError> {
        let asking = async {
            let mut waiting = self.ask_question(topic, kind, data).await?;
            Ok(waiting.answers.recv().await)
        };
        match timeout(limit, asking).await {
            Ok(Ok(Some(message))) => Ok(Envelope::decode(&message.payload)?),
            Ok(Err(error)) => Err(error),
            Ok(Ok(None)) | Err(_) => Err(RequestError::Timeout(limit)),
        }
    }

    /// Asks, and hands out answers until the last one; `silence` is how long one may take to come.
    pub async fn request_stream<T: Serialize + Sync, R: DeserializeOwned>(
        &self,
        topic: &str,
        kind: &str,
        data: &T,
        silence: Duration,
    ) -> Result<impl Stream<Item = Result<Envelope<R>, RequestError>> + use<T, R>, RequestError>
    {
        let waiting = self.ask_question(topic, kind, data).await?;
        Ok(futures::stream::unfold(Some(waiting), move |waiting| async move {
            let mut waiting: Waiting = waiting?;
            let Ok(Some(message)) = timeout(silence, waiting.answers.recv()).await else {
                return Some((Err(RequestError::Timeout(silence)), None));
            };
            match Envelope::<Value>::decode(&message.payload) {
                Ok(envelope) if envelope.kind == END => None,
                _ => Some((
                    Envelope::decode(&message.payload).map_err(RequestError::from),
                    Some(waiting),
                )),
            }
        }))
    }

    async fn ask_question<T: Serialize + Sync>(
        &self,
        topic: &str,
        kind: &str,
        data: &T,
    ) -> Result<Waiting, RequestError> {
        let reply_topic = format!("reply/{}", topic::part(self.config().client_id()));
        self.receive_answers(&reply_topic).await?;
        let id = system::fresh_id();
        let (sender, answers) = mpsc::unbounded_channel();
        let asked = Arc::clone(&self.shared.asked);
        asked.waiting().insert(id.clone(), sender);
        let waiting = Waiting { asked, id: id.clone(), answers };

        let mut options = PublishOptions::default().correlation_id(id.clone());
        let mut data = serde_json::to_value(data).map_err(PublishError::from)?;
        if self.config().protocol == Protocol::V5 {
            options.properties.response_topic = Some(reply_topic);
            options.properties.correlation_data = Some(Bytes::from(id));
        } else if let Value::Object(fields) = &mut data {
            fields.insert(REPLY_TO.to_owned(), reply_topic.into());
        }
        self.publish_event(topic, kind, &data, options).await?;
        Ok(waiting)
    }

    async fn receive_answers(&self, reply_topic: &str) -> Result<(), SubscribeError> {
        let asked = &self.shared.asked;
        let answers = Arc::clone(asked);
        let subscribing = self.subscribe(reply_topic, QoS::AtLeastOnce, move |message| {
            answers.answered(message);
            std::future::ready(())
        });
        asked.subscribed.get_or_try_init(|| subscribing).await.copied()
    }

    /// The way back to whoever asked; `None` when the event is no question.
    pub fn replier<T: Serialize>(&self, question: &Event<T>) -> Option<Replier> {
        let properties = &question.message.properties;
        let topic = match &properties.response_topic {
            Some(topic) => topic.clone(),
            None => serde_json::to_value(&question.data).ok()?.get(REPLY_TO)?.as_str()?.to_owned(),
        };
        let correlation = properties.correlation_data.clone();
        Some(Replier { client: self.clone(), topic, id: question.id.clone(), correlation })
    }
}

/// Answers one question, once or many times.
#[derive(Clone)]
pub struct Replier {
    client: MqttClient,
    topic: String,
    id: String,
    correlation: Option<Bytes>,
}

impl Replier {
    /// Sends an answer.
    pub async fn send<T: Serialize + Sync>(
        &self,
        kind: &str,
        data: &T,
    ) -> Result<Ack, PublishError> {
        let mut envelope = Envelope::new(kind, self.client.config().source(), data);
        envelope.id.clone_from(&self.id);
        let mut options = PublishOptions::default();
        options.properties.correlation_data.clone_from(&self.correlation);
        options.format = Format::Compact;
        self.client.publish_envelope(&self.topic, &envelope, options).await
    }

    /// Ends a stream of answers.
    pub async fn finish(self) -> Result<Ack, PublishError> {
        self.send(END, &json!({})).await
    }
}
