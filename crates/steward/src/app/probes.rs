//! Health and metrics.

use std::time::Duration;

use axum::{
    Router,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use kernel::{Kernel, answer::Ok200, health};
use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::json;

use crate::broker::Link;

/// A database that does not answer a probe in this time does not serve requests either.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the probes look at.
#[derive(Clone)]
pub struct Probes {
    /// The way to the broker.
    pub link: Link,
    /// Renders the metrics.
    pub metrics: PrometheusHandle,
    /// Set when the end was asked for.
    pub draining: tokio_util::sync::CancellationToken,
}

impl std::fmt::Debug for Probes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Probes").finish_non_exhaustive()
    }
}

impl Probes {
    /// `/health/…` and `/metrics`.
    pub(super) fn routes(self) -> Router<Kernel> {
        let (ready, degraded, metrics) = (self.clone(), self.clone(), self.metrics);
        Router::new()
            .route("/health/live", get(async || Ok200(json!({"status": "live"}))))
            .route(
                "/health/ready",
                get(async move |State(kernel): State<Kernel>| ready.ready(&kernel).await),
            )
            .route(
                "/health/degraded",
                get(async move |State(kernel): State<Kernel>| degraded.degraded(&kernel).await),
            )
            .route("/metrics", get(async move || prometheus(&metrics)))
    }

    /// 200 when requests can be served; a missing broker does not hinder them.
    async fn ready(&self, kernel: &Kernel) -> Response {
        let ask = sqlx::query("select 1").execute(&kernel.system);
        let database = matches!(tokio::time::timeout(PATIENCE, ask).await, Ok(Ok(_)));
        let ready = database && !self.draining.is_cancelled();
        answer(
            ready,
            json!({"status": if ready { "ready" } else { "not ready" }, "database": database}),
        )
    }

    /// 200 when everything is well, 503 with the reasons when something is slow, behind or parked.
    async fn degraded(&self, kernel: &Kernel) -> Response {
        let looked =
            tokio::time::timeout(PATIENCE, health::background(&kernel.system, &self.link)).await;
        let Ok(Ok(background)) = looked else {
            return answer(
                false,
                json!({"status": "degraded", "reasons": ["the database does not answer"]}),
            );
        };
        let reasons = background.complaints();
        let status = if reasons.is_empty() { "well" } else { "degraded" };
        answer(
            reasons.is_empty(),
            json!({"status": status, "reasons": reasons, "background": background}),
        )
    }
}

fn answer(well: bool, body: serde_json::Value) -> Response {
    let status = if well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Ok200(body)).into_response()
}

fn prometheus(metrics: &PrometheusHandle) -> Response {
    metrics.run_upkeep();
    let kind = HeaderValue::from_static("text/plain; version=0.0.4");
    ([(header::CONTENT_TYPE, kind)], metrics.render()).into_response()
}
