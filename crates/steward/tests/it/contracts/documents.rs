//! The documents are well formed: every reference leads somewhere, every operation says what it answers.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use steward::contracts;

/// What a property of an event must never be about: events carry ids and statuses.
const PERSONAL: [&str; 10] =
    ["name", "mail", "phone", "birth", "external", "address", "contact", "gender", "grade", "note"];

/// Every value below this one with its pointer.
fn walk(value: &Value, at: &str, visit: &mut impl FnMut(&str, &Value)) {
    visit(at, value);
    let object = value.as_object().into_iter().flatten();
    object.for_each(|(key, child)| walk(child, &format!("{at}/{}", key.replace('/', "~1")), visit));
    let array = value.as_array().into_iter().flatten().enumerate();
    array.for_each(|(n, child)| walk(child, &format!("{at}/{n}"), visit));
}

#[track_caller]
fn every_reference_resolves(document: &Value) {
    let mut dangling = Vec::new();
    walk(document, "", &mut |at, value| {
        let Some(reference) = value.get("$ref").and_then(Value::as_str) else { return };
        let target = reference.strip_prefix('#').and_then(|pointer| document.pointer(pointer));
        if target.is_none() {
            dangling.push(format!("{at}: {reference}"));
        }
    });
    assert!(dangling.is_empty(), "{dangling:#?}");
}

#[test]
fn openapi_is_of_version_3_1() {
    let schema: Value = serde_json::from_str(include_str!("openapi-3.1.schema.json")).unwrap();
    let validator = jsonschema::options().build(&schema).unwrap();
    let document = steward::app::openapi().unwrap();
    let errors: Vec<_> = validator
        .iter_errors(&document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
    assert_eq!(document["openapi"].as_str().and_then(|version| version.get(..4)), Some("3.1."));
    every_reference_resolves(&document);
}

#[test]
fn every_operation_says_what_it_answers() {
    let document = steward::app::openapi().unwrap();
    let mut ids = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let at = format!("{method} {path}");
            let id = operation["operationId"].as_str().unwrap_or_else(|| panic!("{at}: no id"));
            assert!(ids.insert(id.to_owned()), "{id} is two operations");
            assert!(operation["summary"].is_string(), "{at}: no summary");
            let answers = operation["responses"].as_object().unwrap();
            assert!(answers.keys().any(|status| status.starts_with('2')), "{at}: no success");
            for status in ["400", "401", "403", "429", "500", "503"] {
                let problem = &answers[status]["content"]["application/problem+json"]["schema"];
                let wanted = json!({"$ref": "#/components/schemas/Problem"});
                assert_eq!(*problem, wanted, "{at}: {status}");
            }
            for parameter in path.split('{').skip(1).filter_map(|rest| rest.split('}').next()) {
                let declared = operation["parameters"].as_array().unwrap().iter();
                let found = declared.filter(|p| p["name"] == parameter && p["in"] == "path");
                assert_eq!(found.count(), 1, "{at}: {parameter}");
            }
        }
    }
}

#[test]
fn asyncapi_describes_each_event_once() {
    let document = contracts::asyncapi();
    every_reference_resolves(&document);
    assert_eq!(document["asyncapi"], "3.0.0");
    let names: BTreeSet<_> = contracts::event_schemas().into_iter().map(|(name, _)| name).collect();
    let messages = document["components"]["messages"].as_object().unwrap();
    let described: BTreeSet<_> =
        messages.values().map(|message| message["name"].as_str().unwrap().to_owned()).collect();
    assert_eq!(described, names);
    let channels = document["channels"].as_object().unwrap();
    assert_eq!(channels.len(), names.len());
    for (id, channel) in channels {
        let address = channel["address"].as_str().unwrap();
        assert!(address.starts_with("steward/{tenantId}/"), "{address}");
        assert!(address.ends_with(&format!("/v1/{id}")), "{address}");
        assert!(channel["parameters"]["tenantId"].is_object(), "{address}");
    }
    for operation in document["operations"].as_object().unwrap().values() {
        assert_eq!(operation["action"], "send");
        assert_eq!(operation["bindings"]["mqtt"], json!({"qos": 1, "retain": false}));
    }
}

#[test]
fn schemas_of_events_are_schemas_without_personal_data() {
    for (name, schema) in contracts::event_schemas() {
        jsonschema::meta::validate(&schema).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(schema["additionalProperties"], false, "{name}");
        walk(&schema, "", &mut |at, value| {
            assert!(value.get("$ref").is_none(), "{name}: {at} refers to what is not there");
            let properties = value.get("properties").and_then(Value::as_object);
            for property in properties.into_iter().flat_map(|found| found.keys()) {
                let lower = property.to_lowercase();
                let found = PERSONAL.iter().find(|word| lower.contains(*word));
                assert_eq!(found, None, "{name}: {property} is personal data");
            }
        });
    }
}
