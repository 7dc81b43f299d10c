//! Bodies that are too large, too deep, no JSON, or JSON of the wrong shape: tried on every operation that takes one.

use serde_json::{Value, json};
use testkit::client::Request;

use super::ground::{Ground, place, refused};
use crate::matrix::operations::Operation;

/// Over every limit of a text field.
const LONG: usize = 3_000;
const TEN_MEGABYTES: usize = 10 << 20;

fn with_bodies(ground: &Ground) -> impl Iterator<Item = &Operation> {
    ground.stage.operations.iter().filter(|operation| operation.entry.body.is_some())
}

/// A permitted request with another body.
fn sent(ground: &Ground, operation: &Operation, body: impl Into<Vec<u8>>) -> Request {
    operation.request(&ground.permitted(operation), &ground.target).bytes(body)
}

/// The pointers of all values of a JSON text, the root left out.
fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Value::Array(items) => {
            items.iter().enumerate().map(|(n, value)| (n.to_string(), value)).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return,
    };
    for (key, child) in children {
        let pointer = format!("{at}/{key}");
        pointers(child, &pointer, found);
        found.push(pointer);
    }
}

/// Each place of a valid body, and whether a text is there.
fn places(ground: &Ground, operation: &Operation) -> Vec<(String, bool)> {
    let (body, mut found) = (operation.body(&ground.target).unwrap(), Vec::new());
    pointers(&body, "", &mut found);
    let is_text = |pointer: &String| body.pointer(pointer).is_some_and(Value::is_string);
    found.into_iter().map(|pointer| (pointer.clone(), is_text(&pointer))).collect()
}

fn with(ground: &Ground, operation: &Operation, pointer: &str, value: Value) -> String {
    let mut body = operation.body(&ground.target).unwrap();
    *body.pointer_mut(pointer).unwrap() = value;
    body.to_string()
}

#[tokio::test]
async fn what_is_no_json_of_the_operation_is_malformed() {
    let ground = Ground::lay().await;
    for operation in with_bodies(&ground) {
        let good = operation.body(&ground.target).unwrap().to_string();
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        let bad: [(&str, Vec<u8>); 14] = [
            ("empty", Vec::new()),
            ("a space", b" ".to_vec()),
            ("null", b"null".to_vec()),
            ("an array", b"[]".to_vec()),
            ("a text", b"\"name\"".to_vec()),
            ("half a body", good.as_bytes().iter().copied().take(good.len() / 2).collect()),
            ("two bodies", format!("{good}{good}").into_bytes()),
            ("a byte order mark", format!("\u{feff}{good}").into_bytes()),
            ("UTF-16", good.encode_utf16().flat_map(u16::to_le_bytes).collect()),
            ("invalid UTF-8", b"{\"name\":\"\xff\xfe\"}".to_vec()),
            ("half a surrogate", br#"{"name":"\ud800"}"#.to_vec()),
            ("a raw NUL", b"{\"name\":\"a\0b\"}".to_vec()),
            ("deep arrays", deep.clone().into_bytes()),
            ("a deep field", format!("{{\"externalRefs\":{deep}}}").into_bytes()),
        ];
        for (what, body) in bad {
            let answer = sent(&ground, operation, body).await.unwrap();
            let problem = refused(&answer, 400, "malformed");
            let reason =
                problem["errors"][0]["message"].as_str().or_else(|| problem["detail"].as_str());
            assert!(reason.is_some_and(|text| !text.is_empty()), "{}: {what}", operation.id());
        }
    }
    ground.unharmed().await;
}

#[tokio::test]
async fn unknown_and_repeated_fields_are_named() {
    let ground = Ground::lay().await;
    for operation in with_bodies(&ground) {
        let mut body = operation.body(&ground.target).unwrap();
        let whole = body.to_string();
        body["planted"] = json!(1);
        let answer = sent(&ground, operation, body.to_string()).await.unwrap();
        let problem = refused(&answer, 400, "malformed");
        assert_eq!(place(&problem), "/planted", "{}: {problem}", operation.id());

        for field in operation.body(&ground.target).unwrap().as_object().unwrap().keys() {
            let value = &operation.body(&ground.target).unwrap()[field];
            let twice = format!("{{\"{field}\":{value},{}", whole.strip_prefix('{').unwrap());
            let answer = sent(&ground, operation, twice).await.unwrap();
            let problem = refused(&answer, 400, "malformed");
            assert!(problem.to_string().contains(field), "{}: {problem}", operation.id());
        }
    }
    ground.unharmed().await;
}

#[tokio::test]
async fn values_of_the_wrong_type_are_named() {
    let ground = Ground::lay().await;
    for operation in with_bodies(&ground) {
        // An executor sends the command back with its trace; what it was is known here.
        let known = |(pointer, _): &(String, bool)| pointer == "/command_received";
        for (pointer, _) in places(&ground, operation).into_iter().filter(|place| !known(place)) {
            let whole = operation.body(&ground.target).unwrap();
            let right = std::mem::discriminant(whole.pointer(&pointer).unwrap());
            let wrong = [json!(42), json!(true), json!({"x": "y"}), json!([[1]])];
            // An array of something else and an object of other fields are wrong inside.
            let fits = |value: &Value| std::mem::discriminant(value) == right;
            let scalar = |value: &Value| value.is_number() || value.is_boolean();
            let wrong = wrong.into_iter().filter(|value| !(scalar(value) && fits(value)));
            for wrong in wrong.chain([json!(-0.5)]) {
                let answer = sent(&ground, operation, with(&ground, operation, &pointer, wrong))
                    .await
                    .unwrap();
                let problem = refused(&answer, 400, "malformed");
                assert!(place(&problem).starts_with(&pointer), "{}: {problem}", operation.id());
            }
        }
    }
    ground.unharmed().await;
}

#[tokio::test]
async fn texts_that_cannot_be_kept_are_named() {
    let ground = Ground::lay().await;
    // A decision's rationale is prose, whose lines are joined, and its revision is compared and not kept.
    // What executors report is kept as the host said it.
    let free = ["decideApproval", "reportResult", "sendMessages"];
    let lines = |operation: &&Operation| !free.contains(&operation.id());
    for operation in with_bodies(&ground).filter(lines) {
        for (pointer, _) in places(&ground, operation).into_iter().filter(|(_, is_text)| *is_text) {
            let long = "x".repeat(LONG);
            for wrong in ["", "   ", "a\0b", "\0", "line\nbreak", "\u{1b}[31m", "\u{85}", &long] {
                let body = with(&ground, operation, &pointer, json!(wrong));
                let answer = sent(&ground, operation, body).await.unwrap();
                // What is no word, id or day of the contract is no JSON of the operation.
                let problem = match answer.status {
                    400 => refused(&answer, 400, "malformed"),
                    _ => refused(&answer, 422, "invalid"),
                };
                assert_eq!(place(&problem), pointer, "{}: {wrong:?}", operation.id());
            }
        }
    }
    ground.unharmed().await;
}

#[tokio::test]
async fn the_content_type_must_be_json() {
    let ground = Ground::lay().await;
    for operation in with_bodies(&ground) {
        let body = operation.body(&ground.target).unwrap().to_string();
        for wrong in ["text/plain", "application/xml", "application/jsonx", "json", "", ";", "*/*"]
        {
            let request = sent(&ground, operation, body.clone()).header("content-type", wrong);
            refused(&request.await.unwrap(), 415, "unsupported-media-type");
        }
        let request = sent(&ground, operation, body).without("content-type");
        refused(&request.await.unwrap(), 415, "unsupported-media-type");
    }
    ground.unharmed().await;
}

#[tokio::test]
async fn ten_megabytes_are_answered_and_not_cut_off() {
    let ground = Ground::lay().await;
    let buffered = |operation: &&Operation| operation.writes() && !operation.entry.streams();
    for operation in ground.stage.operations.iter().filter(buffered) {
        for size in [(1 << 20) + 1, TEN_MEGABYTES] {
            let answer = sent(&ground, operation, vec![b' '; size]).await.unwrap();
            refused(&answer, 413, "too-large");
        }
    }
    ground.unharmed().await;
}

#[tokio::test]
async fn ten_megabytes_in_chunks_are_answered_too() {
    let ground = Ground::lay().await;
    let head = ground.head("POST", &format!("/api/v1/tenants/{}/schools", ground.stage.own));
    let mut request =
        format!("{head}Idempotency-Key: chunks\r\nTransfer-Encoding: chunked\r\n\r\n").into_bytes();
    for _ in 0..(TEN_MEGABYTES >> 16) {
        request.extend_from_slice(b"10000\r\n");
        request.resize(request.len() + (1 << 16), b' ');
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"0\r\n\r\n");
    ground.raw(request).await.problem(413, "too-large");
    ground.unharmed().await;
}
