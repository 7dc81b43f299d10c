//! `PATCH …/schools/{schoolId}`

use kernel::{
    answer::Reply,
    cx::Cx,
    http::{Body, Path},
    permission::SchoolUpdate,
    problem::Problem,
};

use super::read_school::SchoolPath;
use crate::school;

/// Change a school
///
/// A JSON Merge Patch against the version in If-Match. A patch that changes nothing answers the same version.
#[utoipa::path(patch, path = "/api/v1/tenants/{tenantId}/schools/{schoolId}", tag = "schools",
    operation_id = "updateSchool", security(("bearer" = ["roster.school.update"])), params(SchoolPath),
    request_body(content((school::PatchSchool = "application/merge-patch+json"), (school::PatchSchool = "application/json"))),
    responses((status = 200, description = "As it now is", body = school::School, headers(("ETag" = String)))))]
pub(super) async fn patch(
    cx: Cx<SchoolUpdate>,
    Path(path): Path<SchoolPath>,
    body: Body<school::PatchSchool>,
) -> Result<Reply, Problem> {
    cx.write("roster.school.update", async move |tx| {
        school::update(tx, path.school_id, &body).await
    })
    .await
}
