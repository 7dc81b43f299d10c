//! The roster's operations over HTTP: one file and one line each.

mod archive_school;
mod create_school;
mod list_schools;
mod list_tenants;
mod provision_tenant;
mod read_school;
mod read_tenant;
mod tenant_lifecycle;
mod update_school;

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
        .routes(routes!(create_school::post, list_schools::get))
        .routes(routes!(read_school::get, update_school::patch, archive_school::delete))
}
