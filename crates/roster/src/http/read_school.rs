//! `GET …/schools/{schoolId}`

use kernel::{answer::Fresh, cx::Cx, http::Path, permission::SchoolRead, problem::Problem};
use serde::Deserialize;

use crate::school::{self, School, SchoolId};

/// The path of one school.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
pub(super) struct SchoolPath {
    /// The school.
    pub(super) school_id: SchoolId,
}

/// Read a school
#[utoipa::path(get, path = "/api/v1/tenants/{tenantId}/schools/{schoolId}", tag = "schools",
    operation_id = "readSchool", security(("bearer" = ["roster.school.read"])), params(SchoolPath),
    responses((status = 200, description = "The school", body = School, headers(("ETag" = String)))))]
pub(super) async fn get(
    cx: Cx<SchoolRead>,
    Path(path): Path<SchoolPath>,
) -> Result<Fresh<School>, Problem> {
    cx.read(async |tx| school::read(tx, path.school_id).await).await
}
