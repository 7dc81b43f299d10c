//! Messages of an instance's log.

use std::time::Duration;

use serde_json::{Value, json};

use super::Story;

fn message(n: u32, severity: u8, category: &str) -> Value {
    let text = format!("Message {n}");
    json!({"trace_id": format!("{n:032x}"), "generated_at": "2026-09-01T08:00:00.000Z", "timestamp": "09/01/26-08:00:00:000",
        "time": "2026-09-01T08:00:00.000", "process_id": 4711, "severity": severity, "category": category, "error_type": null,
        "message_text": text, "original_text": format!("09/01/26-08:00:00:000 (4711) {severity} [{category}] {text}"), "part": 1,
        "continuation": []})
}

impl Story {
    async fn says(&self, messages: Value) -> Value {
        let path = format!("/instance/instances/{}/messages", self.instance);
        let sent =
            self.executor.post(&path, messages).without("x-tenant-id").without("idempotency-key");
        sent.await.unwrap().expect(200)
    }

    async fn read(&self, query: &str) -> Vec<String> {
        let page =
            self.operator.get(&format!("/instance/messages{query}")).await.unwrap().expect(200);
        let text = |item: &Value| item["message"]["message_text"].as_str().unwrap().to_owned();
        page["items"].as_array().unwrap().iter().map(text).collect()
    }
}

#[tokio::test]
async fn messages_are_kept_once_in_their_order_and_found_by_filters() {
    let story = Story::begin().await;
    let batch = json!([
        message(1, 0, "Database.MountedRW"),
        message(2, 2, "Utility.Event"),
        message(3, 3, "Database.Full")
    ]);
    assert_eq!(story.says(batch.clone()).await, json!({"taken": 3, "known": 0}));
    assert_eq!(story.says(batch).await, json!({"taken": 0, "known": 3}));
    assert_eq!(story.says(message(4, 1, "SIMD")).await["taken"], 1);
    assert_eq!(story.read("").await, ["Message 1", "Message 2", "Message 3", "Message 4"]);
    assert_eq!(story.read("?severity=2").await, ["Message 2", "Message 3"]);
    assert_eq!(story.read("?category=Database").await, ["Message 1", "Message 3"]);
    assert_eq!(story.read("?category=Data").await, Vec::<String>::new());
    assert_eq!(story.read("?pageSize=1").await, ["Message 1"]);
    for query in ["?severity=4", "?after=-1", "?pageSize=0", "?surprise=1"] {
        let path = format!("/instance/messages{query}");
        story.operator.get(&path).await.unwrap().problem(400, "malformed");
    }
}

#[tokio::test]
async fn a_batch_has_its_limits() {
    let story = Story::begin().await;
    let path = format!("/instance/instances/{}/messages", story.instance);
    let many: Vec<_> = (0..501).map(|n| message(n, 0, "SIMD")).collect();
    for (body, status) in [
        (json!(many), 422),
        (json!([1]), 400),
        (json!([{"surprise": 1}]), 400),
        (json!([message(1, 9, "SIMD")]), 422),
    ] {
        assert_eq!(story.executor.post(&path, body).await.unwrap().status, status);
    }
    assert_eq!(story.read("").await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_tells_what_comes_and_ends_with_the_server() {
    let story = Story::begin().await;
    story.says(message(1, 0, "SIMD")).await;
    let mut stream = open(&story).await;
    story.says(json!([message(2, 0, "SIMD"), message(3, 2, "Utility.Event")])).await;
    let seen = until(&mut stream, "Message 3").await;
    assert!(!seen.contains("Message 1") && seen.contains("Message 2"), "{seen}");
    let begun = tokio::time::Instant::now();
    story.server.stop().await;
    assert!(begun.elapsed() < Duration::from_secs(5), "the stream held the server up");
    let rest = tokio::time::timeout(Duration::from_secs(5), async {
        while stream.chunk().await.is_ok_and(|c| c.is_some()) {}
    });
    rest.await.expect("the stream ends");
}

async fn open(story: &Story) -> reqwest::Response {
    let operator = testkit::Person::with(kernel::Role::Operator, &[story.tenant]);
    let token = story.server.issuer.token(&operator, story.server.now()).unwrap();
    let url = format!("{}/api/v1/tenants/{}/instance/messages", story.server.url(), story.tenant);
    let request = reqwest::Client::new().get(url).bearer_auth(token);
    let request = request
        .header("x-tenant-id", story.tenant.to_string())
        .header("accept", "text/event-stream");
    request.send().await.unwrap().error_for_status().unwrap()
}

async fn until(stream: &mut reqwest::Response, text: &str) -> String {
    let mut seen = String::new();
    let reading = async {
        while !seen.contains(text) {
            let chunk = stream.chunk().await.unwrap().expect("more comes");
            seen.push_str(&String::from_utf8_lossy(&chunk));
        }
    };
    tokio::time::timeout(Duration::from_secs(10), reading).await.expect("in time");
    seen
}
