//! The composition of HTTP: the contexts' routers, the kernel's layers, documents and health.

mod documents;
mod probes;

use axum::{Router, routing::get};
use kernel::Kernel;
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;

use crate::contracts;
pub use probes::Probes;

/// Every operation of every context whose body fits in memory.
fn operations() -> OpenApiRouter<Kernel> {
    OpenApiRouter::new()
        .merge(kernel::http::routes::routes())
        .merge(roster::http::routes())
        .merge(instance::server::http::routes())
}

/// Every operation of every context that streams its body.
fn uploads() -> OpenApiRouter<Kernel> {
    OpenApiRouter::new().merge(roster::http::uploads())
}

/// The OpenAPI document.
///
/// # Errors
/// Names an operation without a row in the permission table.
pub fn openapi() -> Result<Value, String> {
    let declared = operations().merge(uploads()).into_openapi();
    let document = serde_json::to_value(declared).map_err(|e| e.to_string())?;
    kernel::http::openapi::finish(contracts::titled(document))
}

/// The whole service. Fails when an operation has no permission.
///
/// # Errors
/// Names an operation without a row in the permission table.
pub fn router(kernel: Kernel, probes: Probes) -> Result<Router, String> {
    let openapi = openapi()?;
    let (operations, _) = operations().split_for_parts();
    let (uploads, _) = uploads().split_for_parts();
    let open = Router::new()
        .route("/", get(documents::index))
        .route("/openapi.json", get(documents::json(&openapi)))
        .route("/asyncapi.json", get(documents::json(&contracts::asyncapi())))
        .route("/schemas/{file}", get(documents::schema))
        .route("/problems", get(documents::problems))
        .route("/problems/{slug}", get(documents::problem))
        .merge(documents::browser())
        .merge(probes.routes());
    Ok(kernel::http::layered(operations.merge(open), uploads, kernel))
}
