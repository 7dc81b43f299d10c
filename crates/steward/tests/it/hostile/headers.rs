//! Headers that are missing, oversized or malformed.

use serde_json::{Value, json};

use super::ground::{Ground, refused};

#[tokio::test]
async fn every_change_needs_a_usable_idempotency_key() {
    let ground = Ground::lay().await;
    let long = "k".repeat(300);
    let quoted = format!("\"{}\"", "k".repeat(256));
    for operation in ground.stage.operations.iter().filter(|operation| operation.writes()) {
        let client = ground.permitted(operation);
        let request = || operation.request(&client, &ground.target);
        // A package is sent as a dry run, which needs none; nor do executors.
        if !operation.entry.package && !operation.row.is_of_executors() {
            let missing = request().without("idempotency-key").await.unwrap();
            refused(&missing, 400, "idempotency-key-missing");
        }
        for wrong in ["", " ", "\"\"", "a\tb", &long, &quoted, &"k".repeat(256)] {
            let answer = request().header("idempotency-key", wrong).await.unwrap();
            let problem = refused(&answer, 400, "idempotency-key-missing");
            let detail = problem["detail"].as_str().unwrap();
            assert!(detail.contains("1 to 255 printable"), "{detail}");
        }
    }
    let head = ground.head("POST", &format!("/api/v1/tenants/{}/schools", ground.stage.own));
    let body = r#"{"name":"Unprintable"}"#;
    let rest =
        format!("Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let request = format!("{head}Idempotency-Key: k\u{fc}\r\n{rest}");
    ground.raw(request).await.problem(400, "idempotency-key-missing");
    ground.unharmed().await;
}

#[tokio::test]
async fn a_malformed_tenant_header_is_no_tenant() {
    let ground = Ground::lay().await;
    let (almost, long) = (format!("{}0", ground.stage.own), "0".repeat(1000));
    for operation in &ground.stage.operations {
        let client = ground.permitted(operation);
        for wrong in ["", "x", "*", "null", "00000000-0000-0000-0000", &almost, &long] {
            let request = operation.request(&client, &ground.target).header("x-tenant-id", wrong);
            let problem = refused(&request.await.unwrap(), 400, "tenant-header");
            assert!(problem["detail"].as_str().unwrap().contains("X-Tenant-Id"), "{problem}");
        }
    }
    ground.unharmed().await;
}

#[tokio::test]
async fn malformed_correlation_and_causation_are_named() {
    let ground = Ground::lay().await;
    for name in ["x-correlation-id", "x-causation-id"] {
        for wrong in ["", "x", "1; drop table", &"0".repeat(300)] {
            let request = ground.admin().post("/schools", json!({"name": "X"}));
            let answer = request.header(name, wrong).await.unwrap();
            let problem = refused(&answer, 400, "malformed");
            assert!(problem["detail"].as_str().unwrap().contains(name), "{problem}");
            assert!(!answer.header("x-correlation-id").is_empty(), "one is made all the same");
        }
    }
    ground.unharmed().await;
}

#[tokio::test]
async fn a_malformed_trace_is_begun_anew() {
    let ground = Ground::lay().await;
    let missing = format!("/schools/{}", uuid::Uuid::nil());
    for wrong in ["", "x", "00-0-0-00", "00-ZZZ", &"0".repeat(5000), "ff-4bf92f-00f0-01"] {
        let request = ground.admin().get(&missing).header("traceparent", wrong);
        let problem =
            refused(&request.header("tracestate", wrong).await.unwrap(), 404, "not-found");
        let trace = problem["traceId"].as_str().unwrap();
        assert!(trace.len() == 32 && trace.bytes().all(|b| b.is_ascii_hexdigit()), "{trace}");
    }
    let given = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let request = ground.admin().get(&missing).header("traceparent", given);
    let problem = refused(&request.await.unwrap(), 404, "not-found");
    assert_eq!(problem["traceId"], Value::from("4bf92f3577b34da6a3ce929d0e0e4736"));
    ground.unharmed().await;
}

#[tokio::test]
async fn an_entity_tag_that_is_none_of_ours_never_matches() {
    let ground = Ground::lay().await;
    let path = format!("/schools/{}", ground.target.school);
    let change = || ground.admin().patch(&path, "\"1\"", json!({"name": "Changed"}));
    for wrong in ["\"99\"", "1", "\"x\"", "W/\"1\"", "\"1\", \"2\"", "", "\"-1\"", &"9".repeat(500)]
    {
        let answer = change().header("if-match", wrong).await.unwrap();
        refused(&answer, 412, "precondition-failed");
    }
    for unconditional in [change().without("if-match"), change().header("if-match", "*")] {
        refused(&unconditional.await.unwrap(), 428, "precondition-required");
    }
    ground.unharmed().await;
}

#[tokio::test]
async fn an_authorization_that_is_no_bearer_token_is_refused() {
    let ground = Ground::lay().await;
    let long = format!("Bearer {}", "x".repeat(10_000));
    for wrong in ["", "Bearer", "Bearer ", "Basic c3Rld2FyZA==", "Bearer a b", "Bearer ..", &long] {
        let answer = ground.admin().get("/schools").header("authorization", wrong).await.unwrap();
        refused(&answer, 401, "unauthenticated");
        assert!(answer.header("www-authenticate").starts_with("Bearer "), "{wrong}");
    }
    ground.unharmed().await;
}
