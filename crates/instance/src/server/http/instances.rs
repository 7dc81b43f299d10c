//! `…/instance/instances`

use kernel::{
    answer::{Fresh, Ok200, Reply},
    cursor::Page,
    cx::Cx,
    http::{Body, Path, Query, params::left_out},
    permission::{InstanceRead, InstanceWrite},
    problem::Problem,
    rows::{self, After, Asked, Order},
};
use serde::{Deserialize, Serialize};

use crate::server::registry::{self, InstanceId, PatchInstance, RegisterInstance, Registered};

/// The path of one instance.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
pub(super) struct InstancePath {
    /// The instance.
    pub(super) instance_id: InstanceId,
}

/// Which instances are wanted.
#[derive(Clone, Debug, Deserialize, Serialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// What the name starts with (case does not count).
    #[param(max_length = 255)]
    q: Option<String>,
    /// `name` (default) or `-name`.
    #[serde(default)]
    #[param(inline)]
    sort: Order,
    /// Items of a page, 1 to 500; 50 when left out.
    #[serde(serialize_with = "left_out")]
    #[param(minimum = 1, maximum = 500)]
    page_size: Option<u32>,
    /// The `nextToken` of the page before.
    #[serde(serialize_with = "left_out")]
    next_token: Option<String>,
}

/// Register an instance
///
/// Its commands are executed by an account on its host (`executor`).
#[utoipa::path(post, path = "/api/v1/tenants/{tenantId}/instance/instances", tag = "instances",
    operation_id = "registerInstance", security(("bearer" = ["instance.instance.write"])), request_body = RegisterInstance,
    responses((status = 201, description = "Registered", body = Registered, headers(("ETag" = String)))))]
pub(super) async fn register(
    cx: Cx<InstanceWrite>,
    body: Body<RegisterInstance>,
) -> Result<Reply, Problem> {
    cx.write("instance.instance.register", async move |tx| {
        registry::register(tx, body.parse()?).await
    })
    .await
}

/// List instances
///
/// By name.
#[utoipa::path(get, path = "/api/v1/tenants/{tenantId}/instance/instances", tag = "instances",
    operation_id = "listInstances", security(("bearer" = ["instance.instance.read"])), params(Filter),
    responses((status = 200, description = "A page of instances", body = inline(Page<Registered>))))]
pub(super) async fn list(
    cx: Cx<InstanceRead>,
    Query(filter): Query<Filter>,
) -> Result<Ok200<Page<Registered>>, Problem> {
    let asked = Asked {
        route: "instance.instances",
        q: filter.q.as_deref(),
        sort: filter.sort,
        page_size: filter.page_size,
        next_token: filter.next_token.as_deref(),
    };
    let key = |last: &Registered| After(last.name_key.clone(), last.instance_id.0);
    rows::page(&cx, &filter, asked, key, async |tx, wanted| registry::list(tx, wanted).await).await
}

/// Read an instance
#[utoipa::path(get, path = "/api/v1/tenants/{tenantId}/instance/instances/{instanceId}", tag = "instances",
    operation_id = "readInstance", security(("bearer" = ["instance.instance.read"])), params(InstancePath),
    responses((status = 200, description = "The instance", body = Registered, headers(("ETag" = String)))))]
pub(super) async fn read(
    cx: Cx<InstanceRead>,
    Path(path): Path<InstancePath>,
) -> Result<Fresh<Registered>, Problem> {
    cx.read(async |tx| registry::read(tx, path.instance_id).await).await
}

/// Change an instance's executor
///
/// A JSON Merge Patch against the version in If-Match. The account before takes and reports nothing any more.
#[utoipa::path(patch, path = "/api/v1/tenants/{tenantId}/instance/instances/{instanceId}", tag = "instances",
    operation_id = "updateInstance", security(("bearer" = ["instance.instance.write"])), params(InstancePath),
    request_body(content((PatchInstance = "application/merge-patch+json"), (PatchInstance = "application/json"))),
    responses((status = 200, description = "As it now is", body = Registered, headers(("ETag" = String)))))]
pub(super) async fn update(
    cx: Cx<InstanceWrite>,
    Path(path): Path<InstancePath>,
    body: Body<PatchInstance>,
) -> Result<Reply, Problem> {
    cx.write("instance.instance.update", async move |tx| {
        registry::update(tx, path.instance_id, &body).await
    })
    .await
}
