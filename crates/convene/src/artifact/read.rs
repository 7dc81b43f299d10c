//! Reading artifacts back: upgraded, validated against the schema of today, and held against their digest.

use std::{collections::BTreeMap, sync::OnceLock};

use jsonschema::Validator;
use serde_json::Value;

use super::{Artifact, Header, Kind, schema, upgrade};

/// Why a document is no artifact, or not one to be trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It is not JSON.
    #[error("not JSON: {0}")]
    NotJson(String),
    /// Its kind is missing or unknown.
    #[error("/kind: `{0}` is no kind of artifact; known are {known}", known = names())]
    UnknownKind(String),
    /// Its schema has a version that is not known.
    #[error("/schema_version: {0}")]
    Version(#[from] upgrade::UnknownVersion),
    /// It breaks its schema: pointers and what is wrong there.
    #[error("{}", lines(.0))]
    Invalid(Vec<(String, String)>),
    /// It was changed after it was sealed.
    #[error(
        "/digest: the content was changed after it was sealed: expected {expected}, found {found}. Undo the edit, or make the change with `replan`"
    )]
    Edited {
        /// What the content gives.
        expected: String,
        /// What it says.
        found: String,
    },
}

fn names() -> String {
    Kind::ALL.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ")
}

fn lines(faults: &[(String, String)]) -> String {
    let line = |(pointer, message): &(String, String)| format!("{pointer}: {message}");
    faults.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Reads a text as an artifact of the version of today. An older version is upgraded after its digest was held
/// against what was written.
///
/// # Errors
/// See [`Unreadable`].
pub fn read(text: &str) -> Result<Artifact, Unreadable> {
    let value: Value =
        serde_json::from_str(text).map_err(|e| Unreadable::NotJson(e.to_string()))?;
    let found = string(&value, "digest");
    let expected = expected_digest(&value);
    let artifact = parse(value)?;
    if found != expected {
        return Err(Unreadable::Edited { expected, found });
    }
    Ok(artifact)
}

/// The same without the digest, for what a person writes.
///
/// # Errors
/// See [`Unreadable`].
pub fn parse(mut value: Value) -> Result<Artifact, Unreadable> {
    let name = string(&value, "kind");
    let kind = Kind::named(&name).ok_or(Unreadable::UnknownKind(name))?;
    let version = string(&value, "schema_version");
    let mut body = value.get_mut("body").map(Value::take).unwrap_or_default();
    upgrade::upgrade(kind, &version, &mut body)?;
    if let Some(fields) = value.as_object_mut() {
        fields.insert("schema_version".to_owned(), kind.schema_version().into());
        fields.insert("body".to_owned(), body);
    }
    let faults = schema::faults(compiled(kind), &value);
    if !faults.is_empty() {
        return Err(Unreadable::Invalid(faults));
    }
    let body = value.as_object_mut().and_then(|fields| fields.remove("body")).unwrap_or_default();
    let broken =
        |at: &str, e: serde_json::Error| Unreadable::Invalid(vec![(at.to_owned(), e.to_string())]);
    let header: Header = serde_json::from_value(value).map_err(|e| broken("", e))?;
    let body = kind.parse_body(body).map_err(|e| broken("/body", e))?;
    Ok(Artifact { header, body })
}

fn expected_digest(value: &Value) -> String {
    let mut value = value.clone();
    if let Some(fields) = value.as_object_mut() {
        fields.remove("digest");
    }
    super::digest_of(&value)
}

fn string(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Each schema is compiled once a process: that takes longer than checking a document.
fn compiled(kind: Kind) -> &'static Validator {
    static COMPILED: OnceLock<BTreeMap<Kind, OnceLock<Validator>>> = OnceLock::new();
    let all =
        COMPILED.get_or_init(|| Kind::ALL.iter().map(|kind| (*kind, OnceLock::new())).collect());
    let cell = all.get(&kind).expect("every kind has a place");
    cell.get_or_init(|| schema::validator(&schema(kind)))
}
