//! `DELETE …/schools/{schoolId}`

use kernel::{answer::Reply, cx::Cx, http::Path, permission::SchoolArchive, problem::Problem};

use super::read_school::SchoolPath;
use crate::school;

/// Archive a school
///
/// It stays readable and takes no new classes; its name is free again. Archiving it twice changes nothing.
#[utoipa::path(delete, path = "/api/v1/tenants/{tenantId}/schools/{schoolId}", tag = "schools",
    operation_id = "archiveSchool", security(("bearer" = ["roster.school.archive"])), params(SchoolPath),
    responses((status = 204, description = "Archived")))]
pub(super) async fn delete(
    cx: Cx<SchoolArchive>,
    Path(path): Path<SchoolPath>,
) -> Result<Reply, Problem> {
    cx.write("roster.school.archive", async move |tx| school::archive(tx, path.school_id).await)
        .await
}
