//! `…/staff`

use kernel::{
    answer::{Fresh, Ok200, Reply},
    cursor::Page,
    cx::Cx,
    http::{Body, Path, Query, params::left_out},
    permission::{StaffRead, StaffWrite},
    problem::Problem,
    rows::{self, After, Asked, Order},
};
use serde::{Deserialize, Serialize};

use crate::{
    Presence,
    person::Why,
    school::SchoolId,
    staff::{self, Among, Staff, StaffId, Which},
};

/// The path of a member of the staff.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
pub(super) struct StaffPath {
    /// The member of the staff.
    staff_id: StaffId,
}

/// Which staff are wanted.
#[derive(Clone, Debug, Deserialize, Serialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// Only staff of this status.
    status: Option<Presence>,
    /// Only staff of this school.
    school_id: Option<SchoolId>,
    /// What the family or given name starts with (case does not count), or a whole external id.
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

/// Create a member of the staff
///
/// An identity (issuer and subject of a token) is one person's in a tenant.
#[utoipa::path(post, path = "/api/v1/tenants/{tenantId}/staff", tag = "staff", operation_id = "createStaff",
    security(("bearer" = ["roster.staff.write"])), request_body = staff::CreateStaff,
    responses((status = 201, description = "Created", body = Staff, headers(("ETag" = String)))))]
pub(super) async fn create(
    cx: Cx<StaffWrite>,
    body: Body<staff::CreateStaff>,
) -> Result<Reply, Problem> {
    cx.write("roster.staff.create", async move |tx| {
        staff::create(tx, Among::Staff, body.parse()?).await
    })
    .await
}

/// List staff
///
/// By family name, within the schools of whoever asks.
#[utoipa::path(get, path = "/api/v1/tenants/{tenantId}/staff", tag = "staff", operation_id = "listStaff",
    security(("bearer" = ["roster.staff.read"])), params(Filter),
    responses((status = 200, description = "A page of staff", body = inline(Page<Staff>))))]
pub(super) async fn list(
    cx: Cx<StaffRead>,
    Query(filter): Query<Filter>,
) -> Result<Ok200<Page<Staff>>, Problem> {
    let asked = Asked {
        route: "roster.staff",
        q: filter.q.as_deref(),
        sort: filter.sort,
        page_size: filter.page_size,
        next_token: filter.next_token.as_deref(),
    };
    let which = Which { status: filter.status, school: filter.school_id };
    let key = |last: &Staff| After(last.name_key.clone(), last.staff_id.0);
    rows::page(&cx, &filter, asked, key, async |tx, wanted| {
        staff::list(tx, Among::Staff, which, wanted).await
    })
    .await
}

/// Read a member of the staff
#[utoipa::path(get, path = "/api/v1/tenants/{tenantId}/staff/{staffId}", tag = "staff",
    operation_id = "readStaff", security(("bearer" = ["roster.staff.read"])), params(StaffPath),
    responses((status = 200, description = "The member of the staff", body = Staff, headers(("ETag" = String)))))]
pub(super) async fn read(
    cx: Cx<StaffRead>,
    Path(path): Path<StaffPath>,
) -> Result<Fresh<Staff>, Problem> {
    cx.read(async |tx| staff::read(tx, Among::Staff, path.staff_id).await).await
}

/// Change a member of the staff
///
/// A JSON Merge Patch against the version in If-Match. A patch that changes nothing answers the same version.
#[utoipa::path(patch, path = "/api/v1/tenants/{tenantId}/staff/{staffId}", tag = "staff",
    operation_id = "updateStaff", security(("bearer" = ["roster.staff.write"])), params(StaffPath),
    request_body(content((staff::PatchStaff = "application/merge-patch+json"), (staff::PatchStaff = "application/json"))),
    responses((status = 200, description = "As it now is", body = Staff, headers(("ETag" = String)))))]
pub(super) async fn update(
    cx: Cx<StaffWrite>,
    Path(path): Path<StaffPath>,
    body: Body<staff::PatchStaff>,
) -> Result<Reply, Problem> {
    cx.write("roster.staff.update", async move |tx| {
        staff::update(tx, Among::Staff, path.staff_id, &body).await
    })
    .await
}

/// Remove a member of the staff
///
/// As the deactivation, without a reason.
#[utoipa::path(delete, path = "/api/v1/tenants/{tenantId}/staff/{staffId}", tag = "staff",
    operation_id = "removeStaff", security(("bearer" = ["roster.staff.write"])), params(StaffPath),
    responses((status = 204, description = "Deactivated")))]
pub(super) async fn archive(
    cx: Cx<StaffWrite>,
    Path(path): Path<StaffPath>,
) -> Result<Reply, Problem> {
    cx.write("roster.staff.deactivate", async move |tx| {
        staff::remove(tx, Among::Staff, path.staff_id).await
    })
    .await
}

/// Deactivate a member of the staff
///
/// They teach no class any more, and their token reaches nothing of their own. Deactivating them twice changes nothing.
#[utoipa::path(post, path = "/api/v1/tenants/{tenantId}/staff/{staffId}/deactivate", tag = "staff",
    operation_id = "deactivateStaff", security(("bearer" = ["roster.staff.write"])), params(StaffPath), request_body = Why,
    responses((status = 200, description = "As they now are", body = Staff, headers(("ETag" = String)))))]
pub(super) async fn deactivate(
    cx: Cx<StaffWrite>,
    Path(path): Path<StaffPath>,
    body: Body<Why>,
) -> Result<Reply, Problem> {
    cx.write("roster.staff.deactivate", async move |tx| {
        staff::deactivate(tx, Among::Staff, path.staff_id, Some(&body)).await
    })
    .await
}
