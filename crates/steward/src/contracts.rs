//! The contracts as documents: `contracts/` holds them, the server serves them, tests hold code and files together.

use std::path::Path;

use kernel::{
    audit::seal::AuditSealed,
    problem::{self, Kind},
};
use serde_json::{Value, json};
use utoipa::PartialSchema;

/// Adds title, version and description to the OpenAPI document.
pub fn titled(mut document: Value) -> Value {
    set(
        &mut document,
        "info",
        json!({
            "title": "Steward",
            "version": "1",
            "description": "Every change is authorised, validated, recorded and announced exactly as it was committed. \
                Errors are RFC 9457 problems (`/problems`); events are described in `/asyncapi.json`.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        }),
    );
    set(
        &mut document,
        "tags",
        json!([
            {"name": "tenants", "description": "Districts, for platform administrators"},
            {"name": "schools", "description": "Schools of a tenant"},
            {"name": "instances", "description": "Database instances and their remediation commands"},
            {"name": "platform", "description": "Audit trail, catch-up feed and approvals"},
        ]),
    );
    document
}

fn set(object: &mut Value, key: &str, value: Value) {
    if let Some(map) = object.as_object_mut() {
        map.insert(key.to_owned(), value);
    }
}

/// Type and JSON Schema of the payload of every event.
pub fn event_schemas() -> Vec<(String, Value)> {
    let sealed = ("steward.platform.v1.AuditSealed".to_owned(), AuditSealed::schema());
    let approvals = kernel::approval::schemas();
    let instances = instance::server::events::schemas();
    let all =
        roster::events::schemas().into_iter().chain([sealed]).chain(approvals).chain(instances);
    let json = |schema| serde_json::to_value(schema).unwrap_or_default();
    let mut shared = roster::events::shared_schemas();
    shared.extend(kernel::approval::shared_schemas());
    shared.extend(instance::server::events::shared_schemas());
    let shared: Vec<_> = shared.into_iter().map(|(name, schema)| (name, json(schema))).collect();
    all.map(|(name, schema)| {
        let mut schema = json(schema);
        inline(&mut schema, &shared);
        set(&mut schema, "$schema", json!("https://json-schema.org/draft/2020-12/schema"));
        set(&mut schema, "$id", json!(format!("/schemas/{name}.json")));
        set(&mut schema, "title", json!(name));
        set(&mut schema, "additionalProperties", json!(false));
        (name, schema)
    })
    .collect()
}

/// A payload's schema stands alone: references to shared types become what they refer to.
fn inline(schema: &mut Value, shared: &[(String, Value)]) {
    match schema {
        Value::Object(map) => {
            let reference = map.get("$ref").and_then(Value::as_str);
            if let Some(name) = reference.and_then(|r| r.rsplit('/').next()) {
                if let Some((_, replacement)) = shared.iter().find(|(known, _)| known == name) {
                    *schema = replacement.clone();
                    inline(schema, shared);
                }
                return;
            }
            map.values_mut().for_each(|value| inline(value, shared));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| inline(item, shared)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The AsyncAPI document: one channel and one operation for each event.
pub fn asyncapi() -> Value {
    let (mut channels, mut operations, mut messages) = (json!({}), json!({}), json!({}));
    for (name, schema) in event_schemas() {
        let short = name.rsplit('.').next().unwrap_or(&name).to_owned();
        let context = name.split('.').nth(1).unwrap_or_default();
        let message = json!({
            "name": name,
            "contentType": "application/cloudevents+json",
            "payload": envelope(&name, schema),
        });
        let channel = json!({
            "address": format!("steward/{{tenantId}}/{context}/v1/{short}"),
            "parameters": {"tenantId": {"description": "The tenant."}},
            "messages": {&short: {"$ref": format!("#/components/messages/{short}")}},
        });
        let operation = json!({
            "action": "send",
            "channel": {"$ref": format!("#/channels/{short}")},
            "bindings": {"mqtt": {"qos": 1, "retain": false}},
        });
        set(&mut operations, &format!("announce{short}"), operation);
        set(&mut messages, &short, message);
        set(&mut channels, &short, channel);
    }
    json!({
        "asyncapi": "3.0.0",
        "info": {"title": "Steward's events", "version": "1", "description":
            "CloudEvents 1.0 (structured JSON) over MQTT, QoS 1. At least once; in order for each tenant and context; \
             `sequence` is gap-free, and what is missing is in the catch-up feed."},
        "defaultContentType": "application/cloudevents+json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages},
    })
}

fn envelope(name: &str, mut data: Value) -> Value {
    for key in ["$schema", "$id"] {
        data.as_object_mut().and_then(|map| map.remove(key));
    }
    let text = json!({"type": "string"});
    let uuid = json!({"type": "string", "format": "uuid"});
    json!({
        "type": "object",
        "required": ["specversion", "id", "source", "type", "subject", "time", "tenantid", "correlationid", "sequence", "data"],
        "properties": {
            "specversion": {"const": "1.0"}, "id": uuid, "source": text, "type": {"const": name}, "subject": uuid,
            "time": {"type": "string", "format": "date-time"}, "datacontenttype": {"const": "application/json"},
            "dataschema": text, "tenantid": uuid, "correlationid": uuid, "causationid": uuid,
            "sequence": {"type": "string", "pattern": "^[0-9]+$"}, "actor": text, "traceparent": text, "data": data,
        },
    })
}

/// `docs/errors.md`.
pub fn errors_page() -> String {
    let head = "# Errors\n\nEvery error is an RFC 9457 problem (`application/problem+json`). `type` is one of the kinds \
        below; `detail` says what happened in this case, `errors` names refused fields, `correlationId` and `traceId` find \
        the request in log, audit trail and events. A 5xx tells nothing of the inside.\n\n\
        Generated from `crates/kernel/src/problem/kinds.rs` by `steward openapi --write`.\n";
    let mut kinds: Vec<_> = problem::ALL.to_vec();
    kinds.sort_by_key(|kind| kind.status);
    kinds.into_iter().fold(head.to_owned(), |page, kind| page + "\n" + &error_section(kind))
}

/// The section of one kind.
pub fn error_section(kind: &Kind) -> String {
    format!("## {} `{}`: {}\n\n{}\n", kind.status, kind.uri(), kind.title, kind.about)
}

/// Every generated file: its path in the repository and its content.
///
/// # Errors
/// When an operation has no permission.
pub fn files() -> Result<Vec<(String, String)>, String> {
    let pretty = |value: &Value| {
        serde_json::to_string_pretty(value).map(|text| text + "\n").map_err(|e| e.to_string())
    };
    let mut files = vec![
        ("contracts/openapi.json".to_owned(), pretty(&crate::app::openapi()?)?),
        ("contracts/asyncapi.json".to_owned(), pretty(&asyncapi())?),
        ("docs/errors.md".to_owned(), errors_page()),
        ("docs/permissions.md".to_owned(), kernel::permission::markdown()),
    ];
    for (name, schema) in event_schemas() {
        files.push((format!("contracts/events/{name}.schema.json"), pretty(&schema)?));
    }
    Ok(files)
}

/// Writes the generated files below `root`.
///
/// # Errors
/// When an operation has no permission or a file cannot be written.
pub fn write(root: &Path) -> anyhow::Result<()> {
    for (path, content) in files().map_err(anyhow::Error::msg)? {
        let path = root.join(path);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(path, content)?;
    }
    Ok(())
}
