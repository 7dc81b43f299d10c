//! The roster's operations over HTTP: one file a resource.

mod bulk;
mod classes;
mod enrollments;
mod export_package;
mod exports;
mod guardians;
mod imports;
mod list_tenants;
mod members;
mod provision_tenant;
mod read_tenant;
mod records;
mod rooms;
mod schools;
mod staff;
mod students;
mod teachers;
mod tenant_lifecycle;
mod terms;

use kernel::Kernel;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Every operation of the roster whose body fits in memory.
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
        .routes(routes!(members::list))
        .routes(routes!(members::assign))
        .routes(routes!(members::unassign))
        .routes(routes!(students::create, students::list))
        .routes(routes!(students::read, students::update, students::archive))
        .routes(routes!(students::deactivate))
        .routes(routes!(students::reactivate))
        .routes(routes!(students::lookup))
        .routes(routes!(records::read))
        .routes(routes!(records::hold, records::release))
        .routes(routes!(records::scrub))
        .routes(routes!(guardians::create, guardians::list))
        .routes(routes!(guardians::read, guardians::update, guardians::remove))
        .routes(routes!(guardians::reactivate))
        .routes(routes!(staff::create, staff::list))
        .routes(routes!(staff::read, staff::update, staff::archive))
        .routes(routes!(staff::deactivate))
        .routes(routes!(teachers::create, teachers::list))
        .routes(routes!(teachers::read, teachers::update, teachers::archive))
        .routes(routes!(teachers::deactivate))
        .routes(routes!(enrollments::create, enrollments::list))
        .routes(routes!(enrollments::read))
        .routes(routes!(enrollments::withdraw))
        .routes(routes!(exports::export))
        .routes(routes!(bulk::list))
        .routes(routes!(bulk::read))
        .routes(routes!(bulk::results::read))
        .routes(routes!(export_package::export))
}

/// Every operation of the roster that streams its body.
pub fn uploads() -> OpenApiRouter<Kernel> {
    OpenApiRouter::new()
        .routes(routes!(bulk::students))
        .routes(routes!(bulk::enrollments))
        .routes(routes!(bulk::teachers))
        .routes(routes!(imports::oneroster))
}
