//! The roster's operations over HTTP: one file a resource.

mod classes;
mod list_tenants;
mod provision_tenant;
mod read_tenant;
mod rooms;
mod schools;
mod tenant_lifecycle;
mod terms;

use kernel::Kernel;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Every operation of the roster.
pub fn routes() -> OpenApiRouter<Kernel> {
    OpenApiRouter::new()
        .routes(routes!(provision_tenant::post, list_tenants::get))
        .routes(routes!(read_tenant::get))
        .routes(routes!(tenant_lifecycle::suspend))
        .routes(routes!(tenant_lifecycle::reactivate))
        .routes(routes!(tenant_lifecycle::deactivate))
        .routes(routes!(schools::create, schools::list))
        .routes(routes!(schools::read, schools::update, schools::archive))
        .routes(routes!(terms::create, terms::list))
        .routes(routes!(terms::read, terms::update))
        .routes(routes!(rooms::create, rooms::list))
        .routes(routes!(rooms::read, rooms::update, rooms::archive))
        .routes(routes!(classes::create, classes::list))
        .routes(routes!(classes::read, classes::update, classes::archive))
}
