//! `POST …/schools`

use kernel::{answer::Reply, cx::Cx, http::Body, permission::SchoolCreate, problem::Problem};

use crate::{Error, school};

/// Create a school
///
/// A second active school of the same name is refused with the id of the first, unless both carry external ids and have
/// none in common.
#[utoipa::path(post, path = "/api/v1/tenants/{tenantId}/schools", tag = "schools", operation_id = "createSchool",
    security(("bearer" = ["roster.school.create"])), request_body = school::CreateSchool,
    responses((status = 201, description = "Created", body = school::School, headers(("ETag" = String)))))]
pub(super) async fn post(
    cx: Cx<SchoolCreate>,
    body: Body<school::CreateSchool>,
) -> Result<Reply, Problem> {
    cx.write("roster.school.create", async move |tx| {
        let new = body.parse()?.parse().map_err(Error::Invalid)?;
        school::create(tx, &new).await
    })
    .await
}
