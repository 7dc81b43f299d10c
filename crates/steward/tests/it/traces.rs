//! Traces: one for all that a request causes, and no request that waits for their collector.

use std::time::Duration;

use anyhow::Result;
use axum::{Router, body::Bytes, extract::State, routing::post};
use kernel::{Clock, Role};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    trace::v1::{Span, span::SpanKind},
};
use prost::Message as _;
use serde_json::json;
use steward::{
    config::LogFormat,
    telemetry::{self, traces},
};
use testkit::Server;
use tokio::{
    net::TcpListener,
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;

/// Spans wait a second for company.
const ARRIVES_WITHIN: Duration = Duration::from_secs(20);
/// A batch is given up after ten seconds.
const GIVEN_UP_WITHIN: Duration = Duration::from_mins(1);
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";
/// In the body, and in no span.
const PERSON: &str = "Jane Doe Memorial School";

#[tokio::test]
async fn a_request_its_unit_of_work_and_its_publish_are_one_trace() -> Result<()> {
    let (url, mut spans) = collector().await?;
    let stop = export(&url)?;
    let server = Server::start().await?;
    let district = server.district("Cedar Valley").await?;
    let registrar = server.as_role(Role::Registrar, district)?;
    let parent = format!("00-{TRACE}-{CALLER}-01");
    let asked = registrar.post("/schools", json!({"name": PERSON}));
    asked.header("traceparent", &parent).await?.expect(201);

    let mut trace = Vec::new();
    while trace.len() < 3 {
        let span = timeout(ARRIVES_WITHIN, spans.recv()).await?.unwrap();
        if hex(&span.trace_id) == TRACE {
            trace.push(span);
        }
    }
    let named = |name: &str| trace.iter().find(|span| span.name.starts_with(name)).unwrap();
    let request = named("POST /api/v1/tenants/{tenantId}/schools");
    assert_eq!((hex(&request.parent_span_id).as_str(), request.kind()), (CALLER, SpanKind::Server));
    for (name, kind) in [
        ("roster.school.create", SpanKind::Internal),
        ("publish lms.roster.v1.SchoolCreated", SpanKind::Producer),
    ] {
        let span = named(name);
        assert_eq!((&span.parent_span_id, span.kind()), (&request.span_id, kind), "{name}");
        assert!(span.end_time_unix_nano >= span.start_time_unix_nano, "{span:?}");
    }
    let told = format!("{trace:?}");
    for attribute in ["http.response.status_code", "IntValue(201)", &district.to_string()] {
        assert!(told.contains(attribute), "{attribute} is missing: {told}");
    }
    for secret in [PERSON, "Bearer", "eyJ"] {
        assert!(!told.contains(secret), "{secret} is in a span: {told}");
    }

    let unsampled = format!("00-{TRACE}-{CALLER}-00").replace("4bf9", "aaaa");
    registrar.get("/schools").header("traceparent", &unsampled).await?.expect(200);
    registrar.get("/schools").header("traceparent", &parent).await?.expect(200);
    loop {
        let span = timeout(ARRIVES_WITHIN, spans.recv()).await?.unwrap();
        assert!(!hex(&span.trace_id).starts_with("aaaa"), "its caller does not collect it");
        if span.name.starts_with("GET /api/v1/tenants/{tenantId}/schools") {
            break;
        }
    }
    server.stop().await;
    stop.cancel();
    Ok(())
}

#[tokio::test]
async fn a_collector_that_takes_nothing_neither_slows_nor_fails_requests() -> Result<()> {
    // It accepts connections, as the system does for it, and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").await?;
    let stop = export(&format!("http://{}", silent.local_addr()?))?;
    let server = Server::start().await?;
    let district = server.district("Cedar Valley").await?;
    let auditor = server.as_role(Role::Auditor, district)?;
    let began = Instant::now();
    while !server.metrics.render().contains("trace_spans_total{outcome=\"lost\"}") {
        let asked = Instant::now();
        auditor.get("/schools").await?.expect(200);
        assert!(asked.elapsed() < Duration::from_secs(5), "a request waited for the collector");
        assert!(began.elapsed() < GIVEN_UP_WITHIN, "what is lost is counted");
    }
    server.stop().await;
    stop.cancel();
    Ok(())
}

/// Sends this process's spans to the collector.
fn export(url: &str) -> Result<CancellationToken> {
    let (collect, export) = traces::to(url, Clock::system())?;
    telemetry::logs(LogFormat::Json, "warn", Some(collect));
    let stop = CancellationToken::new();
    tokio::spawn(export.run(stop.clone()));
    Ok(stop)
}

/// A collector as far as traces go: takes them by HTTP as protobuf.
async fn collector() -> Result<(String, UnboundedReceiver<Span>)> {
    let (sender, spans) = unbounded_channel();
    let router = Router::new().route("/v1/traces", post(take)).with_state(sender);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok((url, spans))
}

async fn take(State(sender): State<UnboundedSender<Span>>, body: Bytes) -> Vec<u8> {
    let request = ExportTraceServiceRequest::decode(body).unwrap();
    let scopes = request.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
    for span in scopes.flat_map(|scope| scope.spans) {
        sender.send(span).unwrap();
    }
    Vec::new()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
