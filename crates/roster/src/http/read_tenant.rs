//! `GET /api/v1/tenants/{tenantId}`

use kernel::{
    TenantId, answer::Fresh, cx::Cx, http::Path, permission::TenantRead, problem::Problem,
};

use crate::tenant::{self, Tenant};

/// Read a tenant
///
/// Whatever its status.
#[utoipa::path(get, path = "/api/v1/tenants/{tenantId}", tag = "tenants", operation_id = "readTenant",
    security(("bearer" = ["roster.tenant.read"])),
    responses((status = 200, description = "The tenant", body = Tenant, headers(("ETag" = String)))))]
pub(super) async fn get(
    cx: Cx<TenantRead>,
    Path(id): Path<TenantId>,
) -> Result<Fresh<Tenant>, Problem> {
    cx.read(async |tx| tenant::read(tx, id).await).await
}
