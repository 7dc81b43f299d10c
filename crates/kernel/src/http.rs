//! HTTP as every context speaks it: extractors that answer with problems, limits, the layers around a router, OpenAPI.

pub mod body;
pub mod buffer;
pub mod notes;
pub mod observe;
pub mod openapi;
pub mod params;
pub mod routes;
pub mod upload;

pub use body::Body;
pub use params::{PageQuery, Path, Query};
pub use upload::Upload;

use axum::{Router, middleware};

use crate::Kernel;

/// Puts the kernel's layers round the finished routers: observation, header and body limits, detachment. What `uploads`
/// serves reads its bodies itself, by [`Upload`].
pub fn layered(router: Router<Kernel>, uploads: Router<Kernel>, kernel: Kernel) -> Router {
    let uploads = uploads
        .layer(middleware::from_fn(buffer::detach))
        .layer(middleware::from_fn(buffer::head_only));
    router
        .fallback(async || crate::problem::Problem::missing())
        .layer(middleware::from_fn(buffer::detach))
        .layer(middleware::from_fn(buffer::buffer))
        .merge(uploads)
        .method_not_allowed_fallback(params::method_not_allowed)
        .layer(middleware::from_fn_with_state(kernel.clone(), observe::observe))
        .with_state(kernel)
}
