//! The kernel's own operations: the catch-up feed, the audit trail, the outbox, approvals.

pub mod approvals;
pub mod audit;
pub mod feed;
pub mod outbox;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Kernel;

/// The kernel's operations, one line each.
pub fn routes() -> OpenApiRouter<Kernel> {
    OpenApiRouter::new()
        .routes(routes!(feed::read))
        .routes(routes!(audit::list))
        .routes(routes!(outbox::read))
        .routes(routes!(approvals::list))
        .routes(routes!(approvals::read))
        .routes(routes!(approvals::decide))
}
