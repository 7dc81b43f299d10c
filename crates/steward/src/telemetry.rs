//! Logs, metrics and traces of the process: JSON lines (or pretty ones on a terminal), Prometheus text, OTLP.

pub mod traces;

use std::io::IsTerminal;

use crate::config::LogFormat;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use traces::Collect;
use tracing_subscriber::{EnvFilter, Layer, fmt, layer::SubscriberExt, util::SubscriberInitExt};

/// Upper bounds of latency buckets in seconds: from a read in memory to a request that should have been refused.
const LATENCY_BUCKETS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Sends logs to standard error, and spans to `collect`.
///
/// Field values are what the code chose to name: secrets and personal data have no
/// readable form (their types print a mask), and bodies and tokens are never logged.
pub fn logs(format: LogFormat, level: &str, collect: Option<Collect>) {
    // The embedded broker tells every connection and every message that it drops; it speaks up when something is wrong.
    // PostgreSQL's notices say that what migrations make "if not exists" does exist.
    let filter = EnvFilter::new(format!(
        "{}=off,mqtt5=warn,mqtt5::broker::storage::client_queue=error,sqlx::postgres::notice=warn,{level}",
        kernel::span::TARGET
    ));
    let pretty = match format {
        LogFormat::Auto => std::io::stderr().is_terminal(),
        LogFormat::Json => false,
        LogFormat::Pretty => true,
    };
    let layer = if pretty {
        fmt::layer().with_writer(std::io::stderr).with_target(false).compact().boxed()
    } else {
        fmt::layer().with_writer(std::io::stderr).json().flatten_event(true).boxed()
    };
    let collect = collect.map(|collect| collect.with_filter(traces::only_spans()));
    let registry = tracing_subscriber::registry().with(layer.with_filter(filter)).with(collect);
    if registry.try_init().is_err() {
        tracing::debug!("logs were set up before");
    }
}

/// Installs the recorder of metrics, once a process; the handle renders them.
///
/// # Errors
/// When another recorder is installed already.
pub fn metrics() -> anyhow::Result<PrometheusHandle> {
    let builder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &LATENCY_BUCKETS)?;
    Ok(builder.install_recorder()?)
}
