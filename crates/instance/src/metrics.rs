//! What happens, in figures for Prometheus.

use std::net::SocketAddr;

use metrics_exporter_prometheus::{BuildError, PrometheusBuilder};
use tokio::runtime::Handle;

/// Answers `GET /metrics` at this address from now on.
///
/// # Errors
/// When the address cannot be listened at, or figures are told elsewhere already.
pub fn listen(at: SocketAddr, runtime: &Handle) -> Result<(), BuildError> {
    let builder = PrometheusBuilder::new().with_http_listener(at);
    let (recorder, exporter) = {
        let _inside = runtime.enter();
        builder.build()?
    };
    metrics::set_global_recorder(recorder)?;
    runtime.spawn(exporter);
    metrics::describe_counter!(
        "instance_messages_total",
        "Messages accepted for delivery, delivered, left in the spool by a round of tries, dropped"
    );
    Ok(())
}
