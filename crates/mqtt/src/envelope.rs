//! The envelope: what an event says about itself beside its data, in two formats on the wire.

mod wire;

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::system;

/// How an envelope is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// The keys `id`, `type`, `ts`, `source`, `data` and no others.
    #[default]
    Compact,
    /// CloudEvents 1.0, structured JSON.
    CloudEvents,
}

impl Format {
    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::Compact => "application/json",
            Self::CloudEvents => "application/cloudevents+json",
        }
    }
}

/// An event: who says what, when, and about what. Both formats carry the named fields; the attributes travel as
/// CloudEvents only.
#[derive(Clone, Debug, PartialEq)]
pub struct Envelope<T> {
    /// Identifies the event, or in the compact format what it answers.
    pub id: String,
    /// What kind of event it is, `type` on the wire.
    pub kind: String,
    /// When it happened, to the microsecond.
    pub time: Timestamp,
    /// Who says it.
    pub source: String,
    /// What it says.
    pub data: T,
    /// What CloudEvents carry besides.
    pub attributes: Attributes,
}

/// The optional attributes of CloudEvents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    /// The entity that it is about.
    pub subject: Option<String>,
    /// Where the schema of the data is.
    pub data_schema: Option<String>,
    /// The tenant that it belongs to.
    pub tenant_id: Option<String>,
    /// What it belongs together with.
    pub correlation_id: Option<String>,
    /// The event that caused it.
    pub causation_id: Option<String>,
    /// Its place in a sequence, sorted as text.
    pub sequence: Option<String>,
    /// Who acted.
    pub actor: Option<String>,
    /// W3C trace context.
    pub traceparent: Option<String>,
}

/// A payload that is no envelope, or one with other data. Never quotes the payload.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no envelope with the expected data: {problem}")]
pub struct DecodeError {
    problem: String,
}

impl<T> Envelope<T> {
    /// An event that happens now, with an id of its own.
    pub fn new(kind: impl Into<String>, source: impl Into<String>, data: T) -> Self {
        Self {
            id: system::fresh_id(),
            kind: kind.into(),
            time: system::now(),
            source: source.into(),
            data,
            attributes: Attributes::default(),
        }
    }

    /// What ties it to its cause: the correlation attribute, or without one the id.
    pub fn correlation_id(&self) -> &str {
        self.attributes.correlation_id.as_deref().unwrap_or(&self.id)
    }
}

impl<T: Serialize> Envelope<T> {
    /// The bytes on the wire.
    pub fn encode(&self, format: Format) -> Result<Vec<u8>, serde_json::Error> {
        match format {
            Format::Compact => wire::compact(self),
            Format::CloudEvents => wire::cloud_event(self),
        }
    }
}

impl<T: DeserializeOwned> Envelope<T> {
    /// Reads either format.
    pub fn decode(payload: &[u8]) -> Result<Self, DecodeError> {
        wire::decode(payload)
    }
}

/// The correlation id in a payload, if it is an envelope.
pub(crate) fn correlation_id(payload: &[u8]) -> Option<String> {
    let envelope = Envelope::<serde::de::IgnoredAny>::decode(payload).ok()?;
    Some(envelope.correlation_id().to_owned())
}
