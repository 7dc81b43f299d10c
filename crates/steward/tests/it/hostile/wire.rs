//! Connections that no HTTP library would make.

use std::time::{Duration, Instant};

use super::ground::Ground;

/// The server waits ten seconds for a head.
const HEAD_WITHIN: Duration = Duration::from_secs(15);

fn schools(ground: &Ground) -> String {
    format!("/api/v1/tenants/{}/schools", ground.stage.own)
}

#[tokio::test]
async fn headers_of_64_kilobytes_are_answered() {
    let ground = Ground::lay().await;
    for method in ["GET", "POST"] {
        let head = ground.head(method, &schools(&ground));
        let big = "x".repeat(64 << 10);
        let problem = ground
            .raw(format!("{head}X-Big: {big}\r\n\r\n"))
            .await
            .problem(431, "headers-too-large");
        assert!(problem["detail"].as_str().unwrap().contains("16384"), "{problem}");
    }
    let long = format!("{}?q={}", schools(&ground), "x".repeat(20 << 10));
    let head = ground.head("GET", &long);
    ground.raw(format!("{head}\r\n")).await.problem(431, "headers-too-large");
    ground.unharmed().await;
}

#[tokio::test]
async fn what_no_server_would_read_is_refused_by_the_connection() {
    let ground = Ground::lay().await;
    let head = ground.head("GET", &schools(&ground));
    let many = "X-Many: x\r\n".repeat(500);
    let refusals: [(Vec<u8>, u16); 8] = [
        (format!("{head}{many}\r\n").into_bytes(), 431),
        (format!("{head}X-Huge: {}\r\n\r\n", "x".repeat(300 << 10)).into_bytes(), 431),
        (format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(70 << 10)).into_bytes(), 414),
        (b"\0\0\0\0\r\n\r\n".to_vec(), 400),
        (b"GET / HTTP/9.9\r\n\r\n".to_vec(), 400),
        (format!("{head}No colon\r\n\r\n").into_bytes(), 400),
        (format!("{head}X: a\0b\r\n\r\n").into_bytes(), 400),
        (format!("{head}Content-Length: -1\r\n\r\n").into_bytes(), 400),
    ];
    for (bytes, status) in refusals {
        let start = String::from_utf8_lossy(&bytes).chars().rev().take(20).collect::<String>();
        let answer = ground.raw(bytes).await;
        assert_eq!(answer.status, Some(status), "{start:?}: {}", answer.text);
    }
    ground.unharmed().await;
}

#[tokio::test]
async fn half_a_head_and_none_at_all_are_closed() {
    let ground = Ground::lay().await;
    let began = Instant::now();
    let (none, half) = tokio::join!(ground.raw(""), ground.raw("GET / HTTP/1.1\r\nHost: ste"));
    assert!(began.elapsed() < HEAD_WITHIN, "{:?}", began.elapsed());
    for answer in [none, half] {
        assert!(matches!(answer.status, None | Some(408)), "{}", answer.text);
    }
    ground.unharmed().await;
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let ground = Ground::lay().await;
    let head = ground.head("POST", &schools(&ground));
    let rest = "Idempotency-Key: slow\r\nContent-Type: application/json\r\nContent-Length: 100";
    let answer = ground.raw(format!("{head}{rest}\r\n\r\n{{\"name\":")).await;
    let problem = answer.problem(400, "malformed");
    assert!(problem["detail"].as_str().unwrap().contains("in time"), "{problem}");
    ground.unharmed().await;
}

#[tokio::test]
async fn a_body_that_ends_early_changes_nothing() {
    let ground = Ground::lay().await;
    let head = ground.head("POST", &schools(&ground));
    for framing in ["Content-Length: 100\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n64\r\n"] {
        let rest = "Idempotency-Key: cut\r\nContent-Type: application/json\r\n";
        let answer = ground.raw_cut(format!("{head}{rest}{framing}{{\"name\":\"Cut\"}}")).await;
        assert!(matches!(answer.status, None | Some(400)), "{}", answer.text);
    }
    ground.unharmed().await;
}

#[tokio::test]
async fn a_body_whose_end_is_ambiguous_is_not_smuggled() {
    let ground = Ground::lay().await;
    let head = ground.head("POST", &schools(&ground)).replace("Connection: close\r\n", "");
    let inner = "GET /nope HTTP/1.1\r\nHost: steward\r\n\r\n";
    let lengths = format!("Content-Length: 5\r\nContent-Length: {}\r\n\r\n{inner}", inner.len());
    let answer = ground.raw_cut(format!("{head}{lengths}")).await;
    assert_eq!(answer.status, Some(400), "{}", answer.text);
    assert_eq!(answer.text.matches("HTTP/1.1").count(), 1, "{}", answer.text);
    ground.unharmed().await;
}
