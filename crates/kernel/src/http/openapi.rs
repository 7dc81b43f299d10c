//! The OpenAPI document: what the contexts declare, completed with what is the same everywhere.
//!
//! An operation declares its permission as its security scope; one without a row in the permission table is a defect
//! that stops the start.

use serde_json::{Map, Value, json};

use crate::permission::{self, Row, Scope};

/// Headers and problem answers that every operation has, added to the contexts' document.
///
/// # Errors
/// Names the first operation that declares no permission, or one without a row.
pub fn finish(mut api: Value) -> Result<Value, String> {
    let paths =
        api.get_mut("paths").and_then(Value::as_object_mut).ok_or("the document has no paths")?;
    for (path, item) in paths.iter_mut() {
        let Some(operations) = item.as_object_mut() else { continue };
        for (method, operation) in
            operations.iter_mut().filter(|(method, _)| METHODS.contains(&method.as_str()))
        {
            let row = row_of(operation).ok_or_else(|| {
                format!("{method} {path} declares no permission of the table (crates/kernel/src/permission.rs)")
            })?;
            complete(path, method, operation, row);
        }
    }
    components(&mut api);
    Ok(api)
}

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// The row that an operation's security scope names.
pub fn row_of(operation: &Value) -> Option<&'static Row> {
    let scope = operation.pointer("/security/0/bearer/0").and_then(Value::as_str)?;
    permission::row(scope)
}

fn complete(path: &str, method: &str, operation: &mut Value, row: &Row) {
    let Some(operation) = operation.as_object_mut() else { return };
    let writes = method != "get" && !row.reads();
    let has_body = operation.contains_key("requestBody");
    let parameters = operation.entry("parameters").or_insert_with(|| json!([]));
    if let Some(list) = parameters.as_array_mut() {
        list.extend(common_parameters(path, method, row, list));
    }
    let responses = operation.entry("responses").or_insert_with(|| json!({}));
    let Some(responses) = responses.as_object_mut() else { return };
    add_headers(responses);
    let mut refusals = vec!["400", "401", "403", "429", "431", "500", "503"];
    if path.contains('{') {
        refusals.push("404");
    }
    if writes {
        refusals.extend(["409", "413", "422"]);
    }
    if has_body {
        refusals.extend(["413", "415", "422"]);
    }
    if matches!(method, "patch" | "put") {
        refusals.extend(["412", "428"]);
    }
    for status in refusals {
        responses.entry(status).or_insert_with(|| problem_response(status));
    }
}

fn common_parameters(path: &str, method: &str, row: &Row, have: &[Value]) -> Vec<Value> {
    let uuid = json!({"type": "string", "format": "uuid"});
    let mut wanted = Vec::new();
    if path.contains("{tenantId}") {
        wanted.push(parameter("tenantId", "path", true, "The tenant.", uuid.clone()));
    }
    let required = row.scope == Scope::Tenant && !row.is_of_executors();
    let about = "The tenant of the request: one of the token's, equal to the one in the path.";
    wanted.push(parameter("X-Tenant-Id", "header", required, about, uuid.clone()));
    let about = "Ties the request to its log lines, audit records and events; made when absent, answered back.";
    wanted.push(parameter("X-Correlation-Id", "header", false, about, uuid.clone()));
    if method != "get" && !row.reads() {
        let about = "What caused the request; becomes the events' causationid.";
        wanted.push(parameter("X-Causation-Id", "header", false, about, uuid));
        let about = if row.has_dry_run() {
            "One key for one intended change; a repeat gets the stored answer. A dry run needs none."
        } else if row.is_of_executors() {
            "Not needed: what comes a second time is known by its own id."
        } else {
            "One key for one intended change; a repeat gets the stored answer."
        };
        let key = json!({"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]([ -~]*[!-~])?$"});
        let required = !row.has_dry_run() && !row.is_of_executors();
        wanted.push(parameter("Idempotency-Key", "header", required, about, key));
    }
    if matches!(method, "patch" | "put") {
        let tag = json!({"type": "string", "pattern": "^\"[0-9]+\"$"});
        wanted.push(parameter(
            "If-Match",
            "header",
            true,
            "The ETag of the version that the change was made against.",
            tag,
        ));
    }
    wanted.retain(|p| {
        !have.iter().any(|h| h.get("name") == p.get("name") && h.get("in") == p.get("in"))
    });
    wanted
}

#[expect(clippy::needless_pass_by_value, reason = "reads as a table")]
fn parameter(name: &str, place: &str, required: bool, about: &str, schema: Value) -> Value {
    json!({"name": name, "in": place, "required": required, "description": about, "schema": schema})
}

fn add_headers(responses: &mut Map<String, Value>) {
    let text = json!({"schema": {"type": "string"}});
    for (status, response) in responses.iter_mut() {
        let Some(response) = response.as_object_mut() else { continue };
        let headers = response.entry("headers").or_insert_with(|| json!({}));
        let Some(headers) = headers.as_object_mut() else { continue };
        headers.insert(
            "X-Correlation-Id".to_owned(),
            json!({"schema": {"type": "string", "format": "uuid"}}),
        );
        if matches!(status.as_str(), "201" | "202") {
            headers.insert("Location".to_owned(), text.clone());
        }
    }
}

fn problem_response(status: &str) -> Value {
    let titles: Vec<_> = crate::problem::ALL
        .iter()
        .filter(|kind| kind.status.to_string() == status)
        .map(|kind| kind.title)
        .collect();
    json!({
        "description": titles.join("; or: "),
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    })
}

fn components(api: &mut Value) {
    let Some(root) = api.as_object_mut() else { return };
    let components = root.entry("components").or_insert_with(|| json!({}));
    let Some(components) = components.as_object_mut() else { return };
    components.insert(
        "securitySchemes".to_owned(),
        json!({"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT",
            "description": "Scopes name rows of docs/permissions.md."}}),
    );
    if let Some(schemas) = components.entry("schemas").or_insert_with(|| json!({})).as_object_mut()
    {
        schemas.insert("Problem".to_owned(), schema::<crate::problem::ProblemBody>());
        schemas.insert("FieldError".to_owned(), schema::<crate::problem::FieldError>());
    }
}

fn schema<T: utoipa::PartialSchema>() -> Value {
    serde_json::to_value(T::schema()).unwrap_or_default()
}
