//! `POST /api/v1/tenants`

use kernel::{answer::Reply, cx::Cx, http::Body, permission::TenantProvision, problem::Problem};

use crate::{Error, tenant};

/// Provision a tenant
///
/// A full region is a 409 with Retry-After, an unknown one a 422; a second tenant of the same name is refused.
#[utoipa::path(post, path = "/api/v1/tenants", tag = "tenants", operation_id = "provisionTenant",
    security(("bearer" = ["roster.tenant.provision"])), request_body = tenant::ProvisionTenant,
    responses((status = 201, description = "Provisioned", body = tenant::Tenant, headers(("ETag" = String)))))]
pub(super) async fn post(
    cx: Cx<TenantProvision>,
    body: Body<tenant::ProvisionTenant>,
) -> Result<Reply, Problem> {
    let new = body.parse()?.parse().map_err(Error::Invalid)?;
    cx.write("roster.tenant.provision", async move |tx| tenant::provision(tx, &new).await).await
}
