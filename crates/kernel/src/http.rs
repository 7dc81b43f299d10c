//! HTTP as every context speaks it: extractors that answer with problems, limits, the layers around a router, OpenAPI.

pub mod body;
pub mod buffer;
pub mod notes;
pub mod observe;
pub mod openapi;
pub mod params;
pub mod routes;

pub use body::Body;
pub use params::{PageQuery, Path, Query};

use axum::{Router, middleware};

use crate::Kernel;

/// Puts the kernel's layers round a finished router: observation, header and body limits, detachment.
pub fn layered(router: Router<Kernel>, kernel: Kernel) -> Router {
    router
        .fallback(async || crate::problem::Problem::missing())
        .method_not_allowed_fallback(params::method_not_allowed)
        .layer(middleware::from_fn(buffer::detach))
        .layer(middleware::from_fn(buffer::buffer))
        .layer(middleware::from_fn_with_state(kernel.clone(), observe::observe))
        .with_state(kernel)
}
