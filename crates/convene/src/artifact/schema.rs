//! JSON Schemas: made from the types, so that they cannot say anything else.

use jsonschema::{ValidationError, Validator, error::ValidationErrorKind};
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Value, json};

use super::{Header, Kind};

/// Most faults reported for one document: more help nobody.
const FAULTS_MAX: usize = 50;

/// The JSON Schema of an artifact of this kind, envelope and body.
pub fn schema(kind: Kind) -> Value {
    let mut body = kind.body_schema().to_value();
    let mut whole = schemars::schema_for!(Header).to_value();
    let mut definitions = take(&mut whole, "$defs");
    merge(&mut definitions, take(&mut body, "$defs"));
    let description = take(&mut body, "description");
    strip(&mut body, &["$schema", "title"]);
    if let Some(whole) = whole.as_object_mut() {
        whole.insert(
            "$id".to_owned(),
            format!("https://steward.invalid/convene/{kind}.schema.json").into(),
        );
        whole.insert("title".to_owned(), kind.name().into());
        whole.insert("description".to_owned(), description);
        whole.insert("x-schema-version".to_owned(), kind.schema_version().into());
        whole.insert("$defs".to_owned(), definitions);
    }
    if let Some(Value::Object(properties)) = whole.get_mut("properties") {
        properties.insert("kind".to_owned(), json!({ "const": kind.name() }));
        properties.insert("schema_version".to_owned(), json!({ "const": kind.schema_version() }));
        properties.insert("body".to_owned(), body);
    }
    if let Some(Value::Array(required)) = whole.get_mut("required") {
        required.push("body".into());
    }
    whole
}

/// The schema of any type, for documents that are no artifacts.
pub(crate) fn schema_of<T: JsonSchema>() -> Value {
    SchemaGenerator::default().into_root_schema_for::<T>().to_value()
}

/// The compiled schema.
pub fn validator(schema: &Value) -> Validator {
    jsonschema::validator_for(schema).expect("schemas made from types are valid")
}

/// What breaks the schema: a JSON pointer and what is wrong there, in the order of the document.
pub fn faults(validator: &Validator, value: &Value) -> Vec<(String, String)> {
    let mut faults: Vec<(String, String)> =
        validator.iter_errors(value).take(FAULTS_MAX).flat_map(|error| innermost(&error)).collect();
    faults.sort();
    faults.dedup();
    faults
}

/// Of an optional part that is there and wrong, what is wrong in it, and not that it is neither right nor left out.
fn innermost(error: &ValidationError<'_>) -> Vec<(String, String)> {
    if let ValidationErrorKind::AnyOf { context } = error.kind() {
        let depth = |branch: &&Vec<ValidationError<'_>>| {
            branch.iter().map(|inner| inner.instance_path().to_string().len()).max()
        };
        if let Some(branch) = context.iter().max_by_key(depth) {
            return branch.iter().flat_map(innermost).collect();
        }
    }
    let at = error.instance_path().to_string();
    let named = |name: &str, told: &str| {
        (format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), told.to_owned())
    };
    if let ValidationErrorKind::AdditionalProperties { unexpected } = error.kind() {
        let told = "is not a known field: remove it, or correct its name";
        return unexpected.iter().map(|name| named(name, told)).collect();
    }
    if let ValidationErrorKind::Required { property: Value::String(name) } = error.kind() {
        return vec![named(name, "is missing, and it is required")];
    }
    vec![(at, error.to_string())]
}

fn take(value: &mut Value, key: &str) -> Value {
    value.as_object_mut().and_then(|fields| fields.remove(key)).unwrap_or_else(|| json!({}))
}

fn strip(value: &mut Value, keys: &[&str]) {
    for key in keys {
        take(value, key);
    }
}

fn merge(into: &mut Value, from: Value) {
    if let (Value::Object(into), Value::Object(from)) = (into, from) {
        into.extend(from);
    }
}
