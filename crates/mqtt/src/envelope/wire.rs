//! The two formats as JSON.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::ser::Error as _;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Attributes, DecodeError, Envelope};

const MICROS: f64 = 1_000_000.0;
const JSON: &str = "application/json";

#[derive(Serialize)]
struct CompactOut<'a> {
    id: &'a str,
    r#type: &'a str,
    ts: f64,
    source: &'a str,
    data: &'a RawValue,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CompactIn<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    r#type: Cow<'a, str>,
    ts: f64,
    #[serde(borrow)]
    source: Cow<'a, str>,
    #[serde(borrow)]
    data: &'a RawValue,
}

#[derive(Serialize)]
struct CloudOut<'a, T> {
    specversion: &'static str,
    id: &'a str,
    source: &'a str,
    r#type: &'a str,
    time: String,
    datacontenttype: &'static str,
    #[serde(flatten)]
    attributes: Wire<'a>,
    data: &'a T,
}

#[derive(Deserialize)]
struct CloudIn<'a> {
    #[serde(borrow)]
    specversion: Cow<'a, str>,
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    source: Cow<'a, str>,
    #[serde(borrow)]
    r#type: Cow<'a, str>,
    time: Timestamp,
    #[serde(borrow)]
    datacontenttype: Option<Cow<'a, str>>,
    subject: Option<String>,
    dataschema: Option<String>,
    tenantid: Option<String>,
    correlationid: Option<String>,
    causationid: Option<String>,
    sequence: Option<String>,
    actor: Option<String>,
    traceparent: Option<String>,
    #[serde(borrow)]
    data: &'a RawValue,
}

#[derive(Serialize)]
struct Wire<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dataschema: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tenantid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    correlationid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    causationid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    traceparent: Option<&'a str>,
}

pub(super) fn compact<T: Serialize>(envelope: &Envelope<T>) -> Result<Vec<u8>, serde_json::Error> {
    let data = serde_json::value::to_raw_value(&envelope.data)?;
    if !data.get().starts_with('{') {
        return Err(serde_json::Error::custom("the data of a compact envelope must be an object"));
    }
    serde_json::to_vec(&CompactOut {
        id: &envelope.id,
        r#type: &envelope.kind,
        ts: seconds(envelope.time),
        source: &envelope.source,
        data: &data,
    })
}

pub(super) fn cloud_event<T: Serialize>(
    envelope: &Envelope<T>,
) -> Result<Vec<u8>, serde_json::Error> {
    let attributes = &envelope.attributes;
    serde_json::to_vec(&CloudOut {
        specversion: "1.0",
        id: &envelope.id,
        source: &envelope.source,
        r#type: &envelope.kind,
        time: envelope.time.to_string(),
        datacontenttype: JSON,
        attributes: Wire {
            subject: attributes.subject.as_deref(),
            dataschema: attributes.data_schema.as_deref(),
            tenantid: attributes.tenant_id.as_deref(),
            correlationid: attributes.correlation_id.as_deref(),
            causationid: attributes.causation_id.as_deref(),
            sequence: attributes.sequence.as_deref(),
            actor: attributes.actor.as_deref(),
            traceparent: attributes.traceparent.as_deref(),
        },
        data: &envelope.data,
    })
}

pub(super) fn decode<T: DeserializeOwned>(payload: &[u8]) -> Result<Envelope<T>, DecodeError> {
    let text = std::str::from_utf8(payload).map_err(|_| problem("it is not UTF-8"))?;
    // A compact envelope may speak of it in its data, so the key alone decides nothing.
    if text.contains("\"specversion\"")
        && let Ok(cloud) = serde_json::from_str::<CloudIn<'_>>(text)
    {
        return from_cloud_event(cloud);
    }
    let compact: CompactIn<'_> = serde_json::from_str(text).map_err(|error| place(&error))?;
    if !compact.data.get().starts_with('{') {
        return Err(problem("the data is not an object"));
    }
    Ok(Envelope {
        id: compact.id.into_owned(),
        kind: compact.r#type.into_owned(),
        time: time(compact.ts).ok_or_else(|| problem("ts is not a time"))?,
        source: compact.source.into_owned(),
        data: data(compact.data)?,
        attributes: Attributes::default(),
    })
}

fn from_cloud_event<T: DeserializeOwned>(cloud: CloudIn<'_>) -> Result<Envelope<T>, DecodeError> {
    if cloud.specversion != "1.0" {
        return Err(problem("only version 1.0 of CloudEvents is known"));
    }
    if cloud.datacontenttype.is_some_and(|media_type| !media_type.starts_with(JSON)) {
        return Err(problem("the data is not JSON"));
    }
    Ok(Envelope {
        id: cloud.id.into_owned(),
        kind: cloud.r#type.into_owned(),
        time: cloud.time,
        source: cloud.source.into_owned(),
        data: data(cloud.data)?,
        attributes: Attributes {
            subject: cloud.subject,
            data_schema: cloud.dataschema,
            tenant_id: cloud.tenantid,
            correlation_id: cloud.correlationid,
            causation_id: cloud.causationid,
            sequence: cloud.sequence,
            actor: cloud.actor,
            traceparent: cloud.traceparent,
        },
    })
}

fn data<T: DeserializeOwned>(raw: &RawValue) -> Result<T, DecodeError> {
    serde_json::from_str(raw.get()).map_err(|error| place(&error))
}

/// Where it went wrong; the message of the parser may quote what was sent.
fn place(error: &serde_json::Error) -> DecodeError {
    let kind = match error.classify() {
        serde_json::error::Category::Syntax | serde_json::error::Category::Eof => "not JSON",
        serde_json::error::Category::Data | serde_json::error::Category::Io => {
            "a field is missing, unknown or of another kind"
        }
    };
    problem(&format!("{kind}, at column {}", error.column()))
}

fn problem(problem: &str) -> DecodeError {
    DecodeError { problem: problem.to_owned() }
}

#[expect(clippy::cast_precision_loss, reason = "microseconds of this era have 51 bits")]
fn seconds(time: Timestamp) -> f64 {
    time.as_microsecond() as f64 / MICROS
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the cast saturates, and the bounds are checked after it"
)]
fn time(seconds: f64) -> Option<Timestamp> {
    let micros = (seconds * MICROS).round();
    micros.is_finite().then(|| Timestamp::from_microsecond(micros as i64).ok()).flatten()
}
