//! The bytes of an event: a CloudEvents 1.0 envelope (structured mode, JSON), made from its row in the log.
//!
//! The same row gives the same bytes whenever it is rendered: on a retry, after a restart, in the feed.

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use uuid::Uuid;

use crate::{
    cx::Trace,
    span::{self, Span},
};

/// An event with its number, as the log keeps it.
#[derive(Clone, Debug)]
pub(crate) struct Logged {
    pub(crate) tenant_id: Uuid,
    pub(crate) context: String,
    pub(crate) number: i64,
    pub(crate) event_id: Uuid,
    pub(crate) event_type: String,
    pub(crate) subject: Uuid,
    /// The payload, JSON.
    pub(crate) data: String,
    /// [`Meta`] as JSON.
    pub(crate) meta: String,
    pub(crate) occurred_at: jiff_sqlx::Timestamp,
}

/// What the writer noted beside the payload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meta {
    /// The request or process all of whose effects share this id.
    pub correlationid: Uuid,
    /// The event that caused this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causationid: Option<Uuid>,
    /// Who did it.
    pub actor: String,
    /// The W3C trace it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// The event's name without version and context, for the topic.
    pub name: String,
    /// The version of its payload, for the topic.
    pub version: u16,
}

/// The attributes in the order they are written.
#[derive(Serialize)]
struct Envelope<'a> {
    specversion: &'static str,
    id: Uuid,
    source: String,
    #[serde(rename = "type")]
    event_type: &'a str,
    subject: Uuid,
    time: String,
    datacontenttype: &'static str,
    dataschema: String,
    tenantid: Uuid,
    correlationid: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    causationid: Option<Uuid>,
    sequence: String,
    actor: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    traceparent: Option<&'a str>,
    data: &'a RawValue,
}

impl Logged {
    /// Its way to the broker as a span below the one that wrote it.
    pub(crate) fn span(&self) -> Option<Span> {
        let meta: Meta = serde_json::from_str(&self.meta).ok()?;
        let trace = Trace::continued(meta.traceparent.as_deref()?)?;
        Some(span::publish(&trace, &self.event_type, self.event_id))
    }

    /// Where the event is published. Fails when the row's meta data are not what the writer should have written.
    pub(crate) fn topic(&self) -> serde_json::Result<String> {
        let meta: Meta = serde_json::from_str(&self.meta)?;
        let Self { tenant_id, context, .. } = self;
        Ok(format!("steward/{tenant_id}/{context}/v{}/{}", meta.version, meta.name))
    }

    /// The envelope. Fails when payload or meta data are not the JSON they should be.
    pub(crate) fn envelope(&self) -> serde_json::Result<Box<RawValue>> {
        let meta: Meta = serde_json::from_str(&self.meta)?;
        to_raw_value(&Envelope {
            specversion: "1.0",
            id: self.event_id,
            source: format!("/steward/{}", self.context),
            event_type: &self.event_type,
            subject: self.subject,
            time: self.occurred_at.to_jiff().to_string(),
            datacontenttype: "application/json",
            dataschema: format!("/schemas/{}.json", self.event_type),
            tenantid: self.tenant_id,
            correlationid: meta.correlationid,
            causationid: meta.causationid,
            sequence: sequence(self.number),
            actor: &meta.actor,
            traceparent: meta.traceparent.as_deref(),
            data: serde_json::from_str(&self.data)?,
        })
    }
}

/// The number as CloudEvents' `sequence` extension wants it: sorted as text it is sorted as a number, hence the zeros
/// (19 digits hold every `bigint`).
fn sequence(number: i64) -> String {
    format!("{number:019}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logged() -> Logged {
        Logged {
            tenant_id: Uuid::from_u128(1),
            context: "roster".to_owned(),
            number: 42,
            event_id: Uuid::from_u128(2),
            event_type: "lms.roster.v1.SchoolCreated".to_owned(),
            subject: Uuid::from_u128(3),
            data: r#"{"b": 1,  "a":"ä"}"#.to_owned(),
            meta: r#"{"name":"SchoolCreated","version":1,"actor":"ann","correlationid":"00000000-0000-0000-0000-000000000004"}"#
                .to_owned(),
            occurred_at: "2026-09-01T08:00:00.5Z".parse::<jiff::Timestamp>().unwrap().into(),
        }
    }

    #[test]
    fn the_envelope_keeps_the_payload_byte_for_byte() {
        let expected = concat!(
            r#"{"specversion":"1.0","id":"00000000-0000-0000-0000-000000000002","source":"/steward/roster","#,
            r#""type":"lms.roster.v1.SchoolCreated","subject":"00000000-0000-0000-0000-000000000003","#,
            r#""time":"2026-09-01T08:00:00.5Z","datacontenttype":"application/json","#,
            r#""dataschema":"/schemas/lms.roster.v1.SchoolCreated.json","#,
            r#""tenantid":"00000000-0000-0000-0000-000000000001","#,
            r#""correlationid":"00000000-0000-0000-0000-000000000004","sequence":"0000000000000000042","#,
            r#""actor":"ann","data":{"b": 1,  "a":"ä"}}"#
        );
        assert_eq!(logged().envelope().unwrap().get(), expected);
    }

    #[test]
    fn the_topic_names_tenant_context_version_and_event() {
        assert_eq!(
            logged().topic().unwrap(),
            "steward/00000000-0000-0000-0000-000000000001/roster/v1/SchoolCreated"
        );
    }
}
