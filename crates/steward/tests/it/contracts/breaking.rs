//! What in a new version of an OpenAPI document breaks clients of the old one.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// Schemas of ours are nested far less deep; one that refers to itself ends here.
const DEPTH: usize = 16;

/// Every break, by its place.
pub(super) fn breaking(old: &Value, new: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for (path, item) in fields(&old["paths"]) {
        for (method, operation) in fields(item) {
            let at = format!("{method} {path}");
            match new["paths"][path].get(method) {
                Some(now) => {
                    Versions { old, new, depth: DEPTH }.operation(&at, operation, now, &mut found);
                }
                None => found.push(format!("{at}: removed")),
            }
        }
    }
    found
}

#[derive(Clone, Copy)]
struct Versions<'a> {
    old: &'a Value,
    new: &'a Value,
    /// How much deeper schemas are compared.
    depth: usize,
}

/// Who writes what a schema describes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Writer {
    Client,
    Server,
}

impl Versions<'_> {
    fn operation(self, at: &str, old: &Value, new: &Value, found: &mut Vec<String>) {
        if old["operationId"] != new["operationId"] {
            found.push(format!("{at}: another operationId"));
        }
        self.parameters(at, old, new, found);
        let (was, is) = (&old["requestBody"], &new["requestBody"]);
        if was.is_null() && is["required"] == true {
            found.push(format!("{at}: a body is required"));
        }
        self.contents(&format!("{at} request"), (was, is), Writer::Client, found);
        for (status, answer) in fields(&old["responses"]) {
            let now = &new["responses"][status];
            if now.is_null() {
                found.push(format!("{at}: no answer {status} any more"));
            } else {
                self.contents(&format!("{at} {status}"), (answer, now), Writer::Server, found);
            }
        }
    }

    fn parameters(self, at: &str, old: &Value, new: &Value, found: &mut Vec<String>) {
        let key = |parameter: &Value| (parameter["in"].clone(), parameter["name"].clone());
        let find = |list: &Value, wanted: &Value| {
            items(list).iter().find(|parameter| key(parameter) == key(wanted)).cloned()
        };
        for parameter in items(&old["parameters"]) {
            let name = text(&parameter["name"]);
            match find(&new["parameters"], parameter) {
                Some(now) => {
                    let place = format!("{at} parameter {name}");
                    let (was, is) = (&parameter["schema"], &now["schema"]);
                    self.schema(&place, (was, is), Writer::Client, found);
                }
                None => found.push(format!("{at}: parameter {name} removed")),
            }
        }
        for parameter in items(&new["parameters"]).iter().filter(|p| p["required"] == true) {
            let before = find(&old["parameters"], parameter);
            if before.is_none_or(|before| before["required"] != true) {
                found.push(format!("{at}: parameter {} is required", text(&parameter["name"])));
            }
        }
    }

    fn contents(
        self,
        at: &str,
        (old, new): (&Value, &Value),
        writer: Writer,
        found: &mut Vec<String>,
    ) {
        for (kind, content) in fields(&old["content"]) {
            match new["content"].get(kind) {
                Some(now) => {
                    let schemas = (&content["schema"], &now["schema"]);
                    self.schema(&format!("{at} {kind}"), schemas, writer, found);
                }
                None => found.push(format!("{at}: no {kind} any more")),
            }
        }
    }

    fn schema(
        self,
        at: &str,
        (old, new): (&Value, &Value),
        writer: Writer,
        found: &mut Vec<String>,
    ) {
        let (old, new) = (resolved(self.old, old), resolved(self.new, new));
        // A reference that led nowhere promised nothing.
        if self.depth == 0 || old == new || old.get("$ref").is_some() {
            return;
        }
        let deeper = Versions { depth: self.depth - 1, ..self };
        let kinds = |schema: &Value| -> BTreeSet<String> {
            let one = schema["type"].as_str().map(str::to_owned);
            one.into_iter().chain(items(&schema["type"]).iter().map(text)).collect()
        };
        let (was, is) = (kinds(old), kinds(new));
        // No type is any type.
        let within = |few: &BTreeSet<String>, many: &BTreeSet<String>| {
            many.is_empty() || (!few.is_empty() && few.is_subset(many))
        };
        let kept = if writer == Writer::Client { within(&was, &is) } else { within(&is, &was) };
        if !kept {
            found.push(format!("{at}: type {was:?} became {is:?}"));
        }
        narrowed(at, old, new, writer, found);
        required(at, old, new, writer, found);
        for (name, was) in fields(&old["properties"]) {
            let place = format!("{at}/{name}");
            match new["properties"].get(name) {
                Some(is) => deeper.schema(&place, (was, is), writer, found),
                None => found.push(format!("{place}: removed")),
            }
        }
        if old.get("items").is_some() {
            let each = (&old["items"], &new["items"]);
            deeper.schema(&format!("{at}/*"), each, writer, found);
        }
    }
}

/// Enums and limits that leave a client fewer values.
fn narrowed(at: &str, old: &Value, new: &Value, writer: Writer, found: &mut Vec<String>) {
    let gone = items(&old["enum"])
        .iter()
        .filter(|value| !new["enum"].is_null() && !items(&new["enum"]).contains(value));
    found.extend(gone.map(|value| format!("{at}: {value} is no value any more")));
    if writer == Writer::Server {
        return;
    }
    if old["enum"].is_null() && !new["enum"].is_null() {
        found.push(format!("{at}: only some values are accepted"));
    }
    let number = |schema: &Value, name: &str| schema[name].as_f64();
    for name in ["maxLength", "maximum", "maxItems"] {
        let before = number(old, name).unwrap_or(f64::INFINITY);
        if number(new, name).is_some_and(|now| now < before) {
            found.push(format!("{at}: {name} is smaller"));
        }
    }
    for name in ["minLength", "minimum", "minItems"] {
        let before = number(old, name).unwrap_or(f64::NEG_INFINITY);
        if number(new, name).is_some_and(|now| now > before) {
            found.push(format!("{at}: {name} is larger"));
        }
    }
    if !new["pattern"].is_null() && old["pattern"] != new["pattern"] {
        found.push(format!("{at}: another pattern"));
    }
}

/// What a client must send, and what it may count on.
fn required(at: &str, old: &Value, new: &Value, writer: Writer, found: &mut Vec<String>) {
    let names = |schema: &Value| -> BTreeSet<String> {
        items(&schema["required"]).iter().map(text).collect()
    };
    let (was, is) = (names(old), names(new));
    match writer {
        Writer::Client => {
            found.extend(is.difference(&was).map(|name| format!("{at}/{name}: is required")));
        }
        Writer::Server => {
            let fewer = was.difference(&is).filter(|name| new["properties"].get(name).is_some());
            found.extend(fewer.map(|name| format!("{at}/{name}: may be missing")));
        }
    }
}

fn resolved<'d>(document: &'d Value, schema: &'d Value) -> &'d Value {
    let target = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    target.and_then(|pointer| document.pointer(pointer)).unwrap_or(schema)
}

fn fields(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The document with one change, and the break that it must be.
#[track_caller]
fn planted(change: impl FnOnce(&mut Value), expected: &str) {
    let old = steward::app::openapi().unwrap();
    let mut new = old.clone();
    change(&mut new);
    assert_ne!(old, new, "nothing was planted");
    let found = breaking(&old, &new);
    assert!(found.iter().any(|at| at.contains(expected)), "{expected}: {found:?}");
}

const SCHOOLS: &str = "/api/v1/tenants/{tenantId}/schools";

fn without(map: &mut Value, name: &str) {
    map.as_object_mut().unwrap().remove(name).unwrap();
}

#[test]
fn planted_breaks_are_found() {
    planted(|api| without(&mut api["paths"], SCHOOLS), "schools: removed");
    planted(
        |api| without(&mut api["paths"][SCHOOLS], "post"),
        "post /api/v1/tenants/{tenantId}/schools: removed",
    );
    planted(|api| without(&mut api["paths"][SCHOOLS]["post"]["responses"], "201"), "no answer 201");
    planted(|api| without(&mut api["paths"][SCHOOLS]["post"]["responses"], "409"), "no answer 409");
    let schemas = |api: &mut Value| api["components"]["schemas"].take();
    let put = |api: &mut Value, schemas: Value| api["components"]["schemas"] = schemas;
    let schema = |name: &'static str, change: fn(&mut Value)| {
        move |api: &mut Value| {
            let mut all = schemas(api);
            change(&mut all[name]);
            put(api, all);
        }
    };
    planted(schema("School", |s| without(&mut s["properties"], "timezone")), "/timezone: removed");
    planted(schema("School", |s| s["required"] = serde_json::json!([])), "/name: may be missing");
    planted(
        schema("CreateSchool", |s| s["required"] = serde_json::json!(["name", "timezone"])),
        "/timezone: is required",
    );
    planted(
        schema("CreateSchool", |s| s["properties"]["name"]["maxLength"] = 100.into()),
        "/name: maxLength is smaller",
    );
    planted(
        schema("School", |s| s["properties"]["timezone"]["type"] = "integer".into()),
        "/timezone: type",
    );
    planted(
        schema("Status", |s| s["enum"] = serde_json::json!(["Active"])),
        "\"Archived\" is no value",
    );
    planted(
        |api| api["paths"][SCHOOLS]["get"]["parameters"][0]["required"] = true.into(),
        "is required",
    );
}

#[test]
fn additions_break_nobody() {
    let old = steward::app::openapi().unwrap();
    let mut new = old.clone();
    new["paths"]["/api/v1/new"] = new["paths"][SCHOOLS].clone();
    let optional = serde_json::json!({"type": "string"});
    new["components"]["schemas"]["School"]["properties"]["motto"] = optional.clone();
    new["components"]["schemas"]["CreateSchool"]["properties"]["motto"] = optional;
    new["components"]["schemas"]["CreateSchool"]["properties"]["name"]["maxLength"] = 500.into();
    assert_eq!(breaking(&old, &new), Vec::<String>::new());
}
