//! Traces for a collector: the kernel's spans, sent by OTLP over HTTP.
//!
//! Spans that ended go into a bounded queue and from there in batches to the collector. A collector that is slow or away costs
//! spans, which are counted, and never a request's time. Nothing of this exists unless an endpoint is configured.

mod collect;

use std::time::Duration;

use anyhow::Context as _;
use kernel::Clock;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::{
    Resource,
    trace::{SpanData, SpanExporter as _},
};
use tokio::{sync::mpsc, time::sleep};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::filter::FilterFn;

pub use collect::Collect;

/// Spans that wait for the collector: a few seconds of a busy server, some megabytes.
const QUEUE: usize = 8_192;
/// Spans of one request to the collector.
const BATCH: usize = 512;
/// How long a span waits for company.
const GATHER: Duration = Duration::from_secs(1);
/// How long the collector may take for a batch.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the last spans may take when the server ends.
const LAST_EXPORT: Duration = Duration::from_secs(2);
/// Where collectors take traces, below the endpoint.
const PATH: &str = "v1/traces";

/// The sending side.
#[derive(Debug)]
pub struct Export {
    exporter: SpanExporter,
    ended: mpsc::Receiver<SpanData>,
}

/// What collects spans, and what sends them to the collector at `endpoint`, such as `http://localhost:4318`.
///
/// # Errors
/// When the endpoint is no URL, or no HTTP client can be made.
pub fn to(endpoint: &str, clock: Clock) -> anyhow::Result<(Collect, Export)> {
    let url = format!("{}/{PATH}", endpoint.trim_end_matches('/'));
    let client = reqwest::Client::builder().timeout(EXPORT_TIMEOUT).build()?;
    let mut exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(client)
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(url)
        .with_timeout(EXPORT_TIMEOUT)
        .build()
        .context("otlp-endpoint")?;
    exporter.set_resource(&Resource::builder().with_service_name("steward").build());
    let (sender, ended) = mpsc::channel(QUEUE);
    Ok((Collect::new(sender, clock), Export { exporter, ended }))
}

/// The kernel's spans and nothing else: libraries may put anything into theirs.
pub(super) fn only_spans() -> FilterFn {
    FilterFn::new(|metadata| metadata.target() == kernel::span::TARGET)
}

impl Export {
    /// Sends until `stop`, and then what is left, as far as the collector takes it soon.
    pub async fn run(mut self, stop: CancellationToken) {
        let last_moment = async {
            stop.cancelled().await;
            sleep(LAST_EXPORT).await;
        };
        tokio::select! {
            () = self.send_all(&stop) => {}
            () = last_moment => {
                tracing::warn!("the collector did not take the last traces in time");
            }
        }
    }

    async fn send_all(&mut self, stop: &CancellationToken) {
        let mut reached = true;
        while let Some(Some(first)) = stop.run_until_cancelled(self.ended.recv()).await {
            stop.run_until_cancelled(sleep(GATHER)).await;
            let sent = self.send(first).await;
            if sent != reached {
                tell(sent);
            }
            reached = sent;
        }
        while let Ok(first) = self.ended.try_recv() {
            self.send(first).await;
        }
    }

    /// One batch; whether the collector took it.
    async fn send(&mut self, first: SpanData) -> bool {
        let mut batch = vec![first];
        while batch.len() < BATCH
            && let Ok(next) = self.ended.try_recv()
        {
            batch.push(next);
        }
        let spans = batch.len() as u64;
        let sent = self.exporter.export(batch).await;
        let outcome = if sent.is_ok() { "sent" } else { "lost" };
        metrics::counter!("trace_spans_total", "outcome" => outcome).increment(spans);
        sent.is_ok()
    }
}

/// Once for each change: a collector that is away for a day is one line.
fn tell(reached: bool) {
    if reached {
        tracing::info!("the collector of traces takes them again");
    } else {
        tracing::warn!(
            "the collector of traces cannot be reached or refuses them: check --otlp-endpoint; they are lost meanwhile"
        );
    }
}
