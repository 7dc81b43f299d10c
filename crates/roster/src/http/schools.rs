//! `…/schools`

use kernel::{
    answer::{Fresh, Ok200, Reply},
    cursor::Page,
    cx::Cx,
    http::{Body, Path, Query, params::left_out},
    permission::{SchoolArchive, SchoolCreate, SchoolRead, SchoolUpdate},
    problem::Problem,
    rows::{self, After, Asked, Order},
};
use serde::{Deserialize, Serialize};

use crate::{
    Status,
    school::{self, School, SchoolId},
};

/// The path of one school.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
pub(super) struct SchoolPath {
    /// The school.
    school_id: SchoolId,
}

/// Which schools are wanted.
#[derive(Clone, Debug, Deserialize, Serialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// Only schools of this status.
    status: Option<Status>,
    /// What the name starts with (case does not count), or a whole external id.
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

/// Create a school
///
/// A second active school of the same name is refused with the id of the first, unless both carry external ids and have
/// none in common.
#[utoipa::path(post, path = "/api/v1/tenants/{tenantId}/schools", tag = "schools", operation_id = "createSchool",
    security(("bearer" = ["roster.school.create"])), request_body = school::CreateSchool,
    responses((status = 201, description = "Created", body = School, headers(("ETag" = String)))))]
pub(super) async fn create(
    cx: Cx<SchoolCreate>,
    body: Body<school::CreateSchool>,
) -> Result<Reply, Problem> {
    cx.write("roster.school.create", async move |tx| school::create(tx, body.parse()?).await).await
}

/// List schools
///
/// By name; schools that are created meanwhile neither repeat nor hide one.
#[utoipa::path(get, path = "/api/v1/tenants/{tenantId}/schools", tag = "schools", operation_id = "listSchools",
    security(("bearer" = ["roster.school.read"])), params(Filter),
    responses((status = 200, description = "A page of schools", body = inline(Page<School>))))]
pub(super) async fn list(
    cx: Cx<SchoolRead>,
    Query(filter): Query<Filter>,
) -> Result<Ok200<Page<School>>, Problem> {
    let asked = Asked {
        route: "roster.schools",
        q: filter.q.as_deref(),
        sort: filter.sort,
        page_size: filter.page_size,
        next_token: filter.next_token.as_deref(),
    };
    let key = |last: &School| After(last.name_key.clone(), last.school_id.0);
    rows::page(&cx, &filter, asked, key, async |tx, wanted| {
        school::list(tx, filter.status, wanted).await
    })
    .await
}

/// Read a school
#[utoipa::path(get, path = "/api/v1/tenants/{tenantId}/schools/{schoolId}", tag = "schools",
    operation_id = "readSchool", security(("bearer" = ["roster.school.read"])), params(SchoolPath),
    responses((status = 200, description = "The school", body = School, headers(("ETag" = String)))))]
pub(super) async fn read(
    cx: Cx<SchoolRead>,
    Path(path): Path<SchoolPath>,
) -> Result<Fresh<School>, Problem> {
    cx.read(async |tx| school::read(tx, path.school_id).await).await
}

/// Change a school
///
/// A JSON Merge Patch against the version in If-Match. A patch that changes nothing answers the same version.
#[utoipa::path(patch, path = "/api/v1/tenants/{tenantId}/schools/{schoolId}", tag = "schools",
    operation_id = "updateSchool", security(("bearer" = ["roster.school.update"])), params(SchoolPath),
    request_body(content((school::PatchSchool = "application/merge-patch+json"), (school::PatchSchool = "application/json"))),
    responses((status = 200, description = "As it now is", body = School, headers(("ETag" = String)))))]
pub(super) async fn update(
    cx: Cx<SchoolUpdate>,
    Path(path): Path<SchoolPath>,
    body: Body<school::PatchSchool>,
) -> Result<Reply, Problem> {
    cx.write("roster.school.update", async move |tx| {
        school::update(tx, path.school_id, &body).await
    })
    .await
}

/// What is archived with a school.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct With {
    /// Archive its active classes with it; without, they stand in the way.
    #[serde(default)]
    #[param(required = false)]
    cascade: bool,
}

/// Archive a school
///
/// It stays readable and takes no new classes; its name is free again. Archiving it twice changes nothing.
#[utoipa::path(delete, path = "/api/v1/tenants/{tenantId}/schools/{schoolId}", tag = "schools",
    operation_id = "archiveSchool", security(("bearer" = ["roster.school.archive"])), params(SchoolPath, With),
    responses((status = 204, description = "Archived")))]
pub(super) async fn archive(
    cx: Cx<SchoolArchive>,
    Path(path): Path<SchoolPath>,
    Query(with): Query<With>,
) -> Result<Reply, Problem> {
    cx.write("roster.school.archive", async move |tx| {
        school::archive(tx, path.school_id, with.cascade).await
    })
    .await
}
