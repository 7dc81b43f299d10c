//! `…/classes`

use kernel::{
    answer::{Fresh, Ok200, Reply},
    cursor::Page,
    cx::Cx,
    http::{Body, Path, Query, params::left_out},
    permission::{ClassCreate, ClassRead, ClassWrite},
    problem::Problem,
    rows::{self, After, Asked, Order},
};
use serde::{Deserialize, Serialize};

use crate::{
    Status,
    class::{self, Class, ClassId, Which},
    school::SchoolId,
    term::TermId,
};

/// The path of a class.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
pub(super) struct ClassPath {
    /// The class.
    class_id: ClassId,
}

/// Which classes are wanted.
#[derive(Clone, Debug, Deserialize, Serialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// Only classes of this status.
    status: Option<Status>,
    /// Only classes of this school.
    school_id: Option<SchoolId>,
    /// Only classes of this term.
    term_id: Option<TermId>,
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

/// Create a class
///
/// In an active school and at least one term. Several classes may have the same name.
#[utoipa::path(post, path = "/api/v1/tenants/{tenantId}/classes", tag = "classes", operation_id = "createClass",
    security(("bearer" = ["roster.class.create"])), request_body = class::CreateClass,
    responses((status = 201, description = "Created", body = Class, headers(("ETag" = String)))))]
pub(super) async fn create(
    cx: Cx<ClassCreate>,
    body: Body<class::CreateClass>,
) -> Result<Reply, Problem> {
    cx.write("roster.class.create", async move |tx| class::create(tx, body.parse()?).await).await
}

/// List classes
///
/// By name: teachers see the classes that they teach, roles of a school those of their schools.
#[utoipa::path(get, path = "/api/v1/tenants/{tenantId}/classes", tag = "classes", operation_id = "listClasses",
    security(("bearer" = ["roster.class.read"])), params(Filter),
    responses((status = 200, description = "A page of classes", body = inline(Page<Class>))))]
pub(super) async fn list(
    cx: Cx<ClassRead>,
    Query(filter): Query<Filter>,
) -> Result<Ok200<Page<Class>>, Problem> {
    let asked = Asked {
        route: "roster.classes",
        q: filter.q.as_deref(),
        sort: filter.sort,
        page_size: filter.page_size,
        next_token: filter.next_token.as_deref(),
    };
    let which = Which { status: filter.status, school: filter.school_id, term: filter.term_id };
    let key = |last: &Class| After(last.name_key.clone(), last.class_id.0);
    rows::page(&cx, &filter, asked, key, async |tx, wanted| class::list(tx, which, wanted).await)
        .await
}

/// Read a class
#[utoipa::path(get, path = "/api/v1/tenants/{tenantId}/classes/{classId}", tag = "classes",
    operation_id = "readClass", security(("bearer" = ["roster.class.read"])), params(ClassPath),
    responses((status = 200, description = "The class", body = Class, headers(("ETag" = String)))))]
pub(super) async fn read(
    cx: Cx<ClassRead>,
    Path(path): Path<ClassPath>,
) -> Result<Fresh<Class>, Problem> {
    cx.read(async |tx| class::read(tx, path.class_id).await).await
}

/// Change a class
///
/// A JSON Merge Patch against the version in If-Match. A patch that changes nothing answers the same version.
#[utoipa::path(patch, path = "/api/v1/tenants/{tenantId}/classes/{classId}", tag = "classes",
    operation_id = "updateClass", security(("bearer" = ["roster.class.write"])), params(ClassPath),
    request_body(content((class::PatchClass = "application/merge-patch+json"), (class::PatchClass = "application/json"))),
    responses((status = 200, description = "As it now is", body = Class, headers(("ETag" = String)))))]
pub(super) async fn update(
    cx: Cx<ClassWrite>,
    Path(path): Path<ClassPath>,
    body: Body<class::PatchClass>,
) -> Result<Reply, Problem> {
    cx.write("roster.class.update", async move |tx| class::update(tx, path.class_id, &body).await)
        .await
}

/// Archive a class
///
/// It stays readable; its enrolments and assignments end with it. Archiving it twice changes nothing.
#[utoipa::path(delete, path = "/api/v1/tenants/{tenantId}/classes/{classId}", tag = "classes",
    operation_id = "archiveClass", security(("bearer" = ["roster.class.write"])), params(ClassPath),
    responses((status = 204, description = "Archived")))]
pub(super) async fn archive(
    cx: Cx<ClassWrite>,
    Path(path): Path<ClassPath>,
) -> Result<Reply, Problem> {
    cx.write("roster.class.archive", async move |tx| class::archive(tx, path.class_id).await).await
}
