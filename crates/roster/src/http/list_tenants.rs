//! `GET /api/v1/tenants`

use kernel::{
    TenantId,
    answer::Ok200,
    cursor::Page,
    cx::Cx,
    http::{Query, params},
    permission::TenantRead,
    problem::Problem,
    tenant::Status,
};
use serde::Deserialize;

use crate::tenant::{self, Tenant};

const ROUTE: &str = "roster.tenants";

/// Which tenants are wanted.
#[derive(Clone, Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// Only tenants of this status.
    #[param(inline)]
    status: Option<Status>,
    /// Items of a page, 1 to 500; 50 when left out.
    #[param(minimum = 1, maximum = 500)]
    page_size: Option<u32>,
    /// The `nextToken` of the page before.
    next_token: Option<String>,
}

/// List tenants
///
/// By name.
#[utoipa::path(get, path = "/api/v1/tenants", tag = "tenants", operation_id = "listTenants",
    security(("bearer" = ["roster.tenant.read"])), params(Filter),
    responses((status = 200, description = "A page of tenants", body = inline(Page<Tenant>))))]
pub(super) async fn get(
    cx: Cx<TenantRead>,
    Query(filter): Query<Filter>,
) -> Result<Ok200<Page<Tenant>>, Problem> {
    let limit = params::page_size(filter.page_size)?;
    let cursors = &cx.kernel().cursors;
    let after = match &filter.next_token {
        Some(token) => {
            Some(cursors.open::<(String, TenantId)>(TenantId::NIL, ROUTE, &filter.status, token)?)
        }
        None => None,
    };
    let seal = |last: &Tenant| {
        cursors.seal(
            TenantId::NIL,
            ROUTE,
            &filter.status,
            &(last.row.name_key.clone(), last.tenant_id),
        )
    };
    cx.read(async |tx| tenant::list(tx, filter.status, after, limit, seal).await).await.map(Ok200)
}
