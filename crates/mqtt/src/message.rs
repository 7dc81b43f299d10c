//! What arrives, and what accompanies what is sent.

use bytes::Bytes;

use crate::envelope::Format;
use crate::error::PublishError;
use crate::topic;

const TOO_LONG: &str = "is too long; at most 65535 bytes can be sent";

/// How hard both sides try to deliver a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::enum_variant_names, reason = "the names of the standard")]
pub enum QoS {
    /// 0: sent once, lost with the connection.
    AtMostOnce,
    /// 1: sent until it is acknowledged, so it may arrive twice.
    #[default]
    AtLeastOnce,
    /// 2: arrives once, as long as the broker keeps the session.
    ExactlyOnce,
}

impl QoS {
    /// The level of this number.
    pub fn from_level(level: u8) -> Option<Self> {
        match level {
            0 => Some(Self::AtMostOnce),
            1 => Some(Self::AtLeastOnce),
            2 => Some(Self::ExactlyOnce),
            _ => None,
        }
    }

    /// 0, 1 or 2.
    pub fn level(self) -> u8 {
        match self {
            Self::AtMostOnce => 0,
            Self::AtLeastOnce => 1,
            Self::ExactlyOnce => 2,
        }
    }
}

/// What MQTT 5 lets travel beside a payload. Empty on MQTT 3.1.1, which has none of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Properties {
    /// The media type of the payload.
    pub content_type: Option<String>,
    /// Where an answer is expected.
    pub response_topic: Option<String>,
    /// What an answer repeats.
    pub correlation_data: Option<Bytes>,
    /// After how many seconds the broker forgets the message.
    pub expiry_seconds: Option<u32>,
    /// Names and values, in order, names may repeat.
    pub user: Vec<(String, String)>,
}

impl Properties {
    /// The first user property of this name.
    pub fn user(&self, name: &str) -> Option<&str> {
        self.user.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Refuses what the standard forbids: a broker would end the connection over it, again and again.
    pub(crate) fn check(&self) -> Result<(), PublishError> {
        let refused = |name, problem| Err(PublishError::Property { name, problem });
        if let Some(topic) = &self.response_topic {
            topic::check_topic(topic)?;
        }
        if self.correlation_data.as_ref().is_some_and(|data| data.len() > topic::MAX_BYTES) {
            return refused("correlation data", TOO_LONG);
        }
        let user = self.user.iter().flat_map(|(name, value)| [name, value]);
        let texts = self.content_type.iter().map(|text| ("content type", text));
        for (name, text) in texts.chain(user.map(|text| ("user property", text))) {
            if text.len() > topic::MAX_BYTES {
                return refused(name, TOO_LONG);
            }
            if text.contains('\0') {
                return refused(name, "contains NUL");
            }
        }
        Ok(())
    }
}

/// A message as it arrived.
#[derive(Clone, Debug)]
pub struct Message {
    /// Where it was published.
    pub topic: String,
    /// Its bytes.
    pub payload: Bytes,
    /// With which level it came.
    pub qos: QoS,
    /// Whether the broker had kept it from before the subscription.
    pub retain: bool,
    /// What travelled beside it.
    pub properties: Properties,
}

/// How a message is published. The default: QoS 1, not retained, waits for a connection.
#[derive(Clone, Debug)]
pub struct PublishOptions {
    pub(crate) qos: QoS,
    pub(crate) retain: bool,
    pub(crate) wait: bool,
    pub(crate) correlation_id: Option<String>,
    pub(crate) format: Format,
    pub(crate) properties: Properties,
}

impl Default for PublishOptions {
    fn default() -> Self {
        Self {
            qos: QoS::AtLeastOnce,
            retain: false,
            wait: true,
            correlation_id: None,
            format: Format::Compact,
            properties: Properties::default(),
        }
    }
}

impl PublishOptions {
    /// With this level.
    pub fn qos(qos: QoS) -> Self {
        Self { qos, ..Self::default() }
    }

    /// The broker keeps the message for later subscribers.
    #[must_use]
    pub fn retain(mut self) -> Self {
        self.retain = true;
        self
    }

    /// Fails with [`PublishError::NotConnected`](crate::PublishError::NotConnected) instead of waiting for a connection,
    /// and with [`PublishError::Unknown`](crate::PublishError::Unknown) instead of being sent again on the next one. So
    /// nothing that is published later can pass a message that failed.
    #[must_use]
    pub fn no_wait(mut self) -> Self {
        self.wait = false;
        self
    }

    /// The id that ties an event to what caused it. Events only.
    #[must_use]
    pub fn correlation_id(mut self, id: impl Into<String>) -> Self {
        self.correlation_id = Some(id.into());
        self
    }

    /// How the envelope of an event is written.
    #[must_use]
    pub fn format(mut self, format: Format) -> Self {
        self.format = format;
        self
    }

    /// The media type of the payload.
    #[must_use]
    pub fn content_type(mut self, media_type: impl Into<String>) -> Self {
        self.properties.content_type = Some(media_type.into());
        self
    }

    /// One more name and value beside the payload.
    #[must_use]
    pub fn user_property(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.properties.user.push((name.into(), value.into()));
        self
    }

    /// All that travels beside the payload, replacing what was set before.
    #[must_use]
    pub fn properties(mut self, properties: Properties) -> Self {
        self.properties = properties;
        self
    }
}

/// The broker's word that it has a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ack {
    /// The level it was sent with, lower than asked when the broker allows no more. QoS 0 has no word: it was handed to the socket.
    pub qos: QoS,
    /// On how many connections it was sent.
    pub tries: u32,
}
