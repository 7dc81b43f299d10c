//! The operations of instances over HTTP: one file a resource.

mod commands;
mod executor;
mod instances;
mod messages;
mod wire;

use kernel::Kernel;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Every operation of this context.
pub fn routes() -> OpenApiRouter<Kernel> {
    OpenApiRouter::new()
        .routes(routes!(instances::register, instances::list))
        .routes(routes!(instances::read, instances::update))
        .routes(routes!(commands::send, commands::list))
        .routes(routes!(commands::read))
        .routes(routes!(commands::trace))
        .routes(routes!(commands::roll_back))
        .routes(routes!(executor::pending))
        .routes(routes!(executor::result))
        .routes(routes!(executor::messages))
        .routes(routes!(messages::read))
}
