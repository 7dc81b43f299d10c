//! `POST /api/v1/tenants/{tenantId}/suspend`, `…/reactivate`, `…/deactivate`

use kernel::{
    TenantId, answer::Reply, cx::Cx, http::Path, permission::TenantLifecycle, problem::Problem,
};

use crate::tenant::{self, Tenant};

/// Suspend a tenant
///
/// It answers 403 to everything but reads by platform administrators; its outbox drains, its deadlines pause.
#[utoipa::path(post, path = "/api/v1/tenants/{tenantId}/suspend", tag = "tenants", operation_id = "suspendTenant",
    security(("bearer" = ["roster.tenant.lifecycle"])),
    responses((status = 200, description = "As it now is", body = Tenant, headers(("ETag" = String)))))]
pub(super) async fn suspend(
    cx: Cx<TenantLifecycle>,
    Path(id): Path<TenantId>,
) -> Result<Reply, Problem> {
    cx.write("roster.tenant.suspend", async move |tx| tenant::suspend(tx, id).await).await
}

/// Reactivate a tenant
#[utoipa::path(post, path = "/api/v1/tenants/{tenantId}/reactivate", tag = "tenants",
    operation_id = "reactivateTenant", security(("bearer" = ["roster.tenant.lifecycle"])),
    responses((status = 200, description = "As it now is", body = Tenant, headers(("ETag" = String)))))]
pub(super) async fn reactivate(
    cx: Cx<TenantLifecycle>,
    Path(id): Path<TenantId>,
) -> Result<Reply, Problem> {
    cx.write("roster.tenant.reactivate", async move |tx| tenant::reactivate(tx, id).await).await
}

/// Deactivate a tenant
///
/// For good: a deactivated tenant is never served again.
#[utoipa::path(post, path = "/api/v1/tenants/{tenantId}/deactivate", tag = "tenants",
    operation_id = "deactivateTenant", security(("bearer" = ["roster.tenant.lifecycle"])),
    responses((status = 200, description = "As it now is", body = Tenant, headers(("ETag" = String)))))]
pub(super) async fn deactivate(
    cx: Cx<TenantLifecycle>,
    Path(id): Path<TenantId>,
) -> Result<Reply, Problem> {
    cx.write("roster.tenant.deactivate", async move |tx| tenant::deactivate(tx, id).await).await
}
