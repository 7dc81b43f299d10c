//! An event as it arrives.

use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::{Problem, TenantId, relay::envelope::Logged};

/// What the source of this platform's own events starts with; the context follows.
pub(super) const OWN: &str = "/steward/";

/// An event from its CloudEvents envelope.
#[derive(Clone, Debug)]
pub struct Received {
    /// Its tenant.
    pub tenant: TenantId,
    /// Its id.
    pub event_id: Uuid,
    /// Its type, for instance `lms.roster.v1.SchoolCreated`.
    pub event_type: String,
    /// Who sent it: `/steward/{context}` for this platform.
    pub source: String,
    /// The entity it is about.
    pub subject: Option<String>,
    /// Its number in the feed of tenant and context; foreign senders may have none.
    pub sequence: Option<i64>,
    /// When it occurred.
    pub time: Option<Timestamp>,
    /// The request or process all of whose effects share this id.
    pub correlation: Uuid,
    /// The trace it belongs to.
    pub traceparent: Option<String>,
    /// The payload.
    data: Box<RawValue>,
    /// All of it, for a later try.
    pub(super) envelope: String,
}

/// A message that is no event of the expected form.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// Not a structured CloudEvents envelope in JSON with the attributes that every event here has.
    #[error("not a CloudEvents envelope with id, source, type, tenantid and data: {0}")]
    Envelope(#[from] serde_json::Error),
    /// Not UTF-8.
    #[error("not UTF-8: {0}")]
    Text(#[from] std::str::Utf8Error),
    /// Another version of CloudEvents.
    #[error("CloudEvents {0}: send specversion 1.0")]
    Version(String),
}

#[derive(Deserialize)]
struct Envelope {
    specversion: String,
    id: Uuid,
    source: String,
    #[serde(rename = "type")]
    event_type: String,
    subject: Option<String>,
    time: Option<Timestamp>,
    tenantid: TenantId,
    correlationid: Option<Uuid>,
    sequence: Option<String>,
    traceparent: Option<String>,
    data: Box<RawValue>,
}

impl Received {
    /// Reads an envelope.
    pub fn parse(body: &[u8]) -> Result<Self, Unreadable> {
        Self::from_text(std::str::from_utf8(body)?.to_owned())
    }

    /// An event of the log.
    pub(super) fn from_log(event: &Logged) -> Result<Self, Unreadable> {
        Self::from_text(String::from(Box::<str>::from(event.envelope()?)))
    }

    pub(super) fn from_text(envelope: String) -> Result<Self, Unreadable> {
        let event: Envelope = serde_json::from_str(&envelope)?;
        if event.specversion != "1.0" {
            return Err(Unreadable::Version(event.specversion));
        }
        Ok(Self {
            tenant: event.tenantid,
            event_id: event.id,
            event_type: event.event_type,
            source: event.source,
            subject: event.subject,
            sequence: event.sequence.as_deref().map(i64::from_str).and_then(Result::ok),
            time: event.time,
            correlation: event.correlationid.unwrap_or(event.id),
            traceparent: event.traceparent,
            data: event.data,
            envelope,
        })
    }

    /// Does it claim to be of this platform's own log?
    pub fn is_own(&self) -> bool {
        self.source.starts_with(OWN)
    }

    /// The payload as the type its contract describes.
    pub fn data<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        serde_json::from_str(self.data.get()).map_err(|error| Problem::internal(&error))
    }
}
