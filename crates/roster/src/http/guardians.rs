//! `…/students/{studentId}/guardians`

use kernel::{
    answer::{Fresh, Ok200, Reply},
    cursor::Page,
    cx::Cx,
    http::{Body, Path, Query, params::left_out},
    permission::{GuardianRead, GuardianWrite},
    problem::Problem,
    rows::{self, After, Asked, Order},
};
use serde::{Deserialize, Serialize};

use crate::{
    Presence,
    guardian::{self, ChangedGuardian, CreateGuardian, Guardian, GuardianId, PatchGuardian},
    student::StudentId,
};

/// The path of a student's guardians.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
pub(super) struct OfStudent {
    /// The student.
    student_id: StudentId,
}

/// The path of a guardian.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
pub(super) struct GuardianPath {
    /// The student.
    student_id: StudentId,
    /// The guardian.
    guardian_id: GuardianId,
}

/// Which guardians are wanted.
#[derive(Clone, Debug, Deserialize, Serialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// Those of this status; those who still are guardians when left out.
    status: Option<Presence>,
    /// Items of a page, 1 to 500; 50 when left out.
    #[serde(serialize_with = "left_out")]
    #[param(minimum = 1, maximum = 500)]
    page_size: Option<u32>,
    /// The `nextToken` of the page before.
    #[serde(serialize_with = "left_out")]
    next_token: Option<String>,
}

/// Create a guardian of a student
///
/// Somebody who is a guardian of several students is created for each. Contact data is stored encrypted, and changes answer
/// without it: reading it is a permission and a record of its own.
#[utoipa::path(post, path = "/api/v1/tenants/{tenantId}/students/{studentId}/guardians", tag = "guardians",
    operation_id = "createGuardian", security(("bearer" = ["roster.guardian.write"])), params(OfStudent),
    request_body = CreateGuardian,
    responses((status = 201, description = "Created", body = ChangedGuardian, headers(("ETag" = String)))))]
pub(super) async fn create(
    cx: Cx<GuardianWrite>,
    Path(path): Path<OfStudent>,
    body: Body<CreateGuardian>,
) -> Result<Reply, Problem> {
    cx.write("roster.guardian.create", async move |tx| {
        guardian::create(tx, path.student_id, &body).await
    })
    .await
}

/// List the guardians of a student
///
/// In the order in which they were created. Each guardian shown is a disclosure in the audit trail.
#[utoipa::path(get, path = "/api/v1/tenants/{tenantId}/students/{studentId}/guardians", tag = "guardians",
    operation_id = "listGuardians", security(("bearer" = ["roster.guardian.read"])), params(OfStudent, Filter),
    responses((status = 200, description = "A page of guardians", body = inline(Page<Guardian>))))]
pub(super) async fn list(
    cx: Cx<GuardianRead>,
    Path(path): Path<OfStudent>,
    Query(filter): Query<Filter>,
) -> Result<Ok200<Page<Guardian>>, Problem> {
    let asked = Asked {
        route: "roster.guardians",
        q: None,
        sort: Order::Name,
        page_size: filter.page_size,
        next_token: filter.next_token.as_deref(),
    };
    let status = filter.status.unwrap_or(Presence::Active);
    let key = |last: &Guardian| After(last.guardian_id.to_string(), last.guardian_id.0);
    // A page's token is good for no other student.
    let which = (path.student_id, &filter);
    rows::page(&cx, &which, asked, key, async |tx, wanted| {
        guardian::list(tx, path.student_id, status, wanted).await
    })
    .await
}

/// Read a guardian
///
/// A disclosure in the audit trail.
#[utoipa::path(get, path = "/api/v1/tenants/{tenantId}/students/{studentId}/guardians/{guardianId}", tag = "guardians",
    operation_id = "readGuardian", security(("bearer" = ["roster.guardian.read"])), params(GuardianPath),
    responses((status = 200, description = "The guardian", body = Guardian, headers(("ETag" = String)))))]
pub(super) async fn read(
    cx: Cx<GuardianRead>,
    Path(path): Path<GuardianPath>,
) -> Result<Fresh<Guardian>, Problem> {
    cx.read(async |tx| guardian::read(tx, path.student_id, path.guardian_id).await).await
}

/// Change a guardian
///
/// A JSON Merge Patch against the version in If-Match. A patch that changes nothing answers the same version.
#[utoipa::path(patch, path = "/api/v1/tenants/{tenantId}/students/{studentId}/guardians/{guardianId}", tag = "guardians",
    operation_id = "updateGuardian", security(("bearer" = ["roster.guardian.write"])), params(GuardianPath),
    request_body(content((PatchGuardian = "application/merge-patch+json"), (PatchGuardian = "application/json"))),
    responses((status = 200, description = "As it now is", body = ChangedGuardian, headers(("ETag" = String)))))]
pub(super) async fn update(
    cx: Cx<GuardianWrite>,
    Path(path): Path<GuardianPath>,
    body: Body<PatchGuardian>,
) -> Result<Reply, Problem> {
    cx.write("roster.guardian.update", async move |tx| {
        guardian::update(tx, path.student_id, path.guardian_id, &body).await
    })
    .await
}

/// Remove a guardian
///
/// They are kept, with what they opted out of, in case they come back. Removing them twice changes nothing.
#[utoipa::path(delete, path = "/api/v1/tenants/{tenantId}/students/{studentId}/guardians/{guardianId}", tag = "guardians",
    operation_id = "removeGuardian", security(("bearer" = ["roster.guardian.write"])), params(GuardianPath),
    responses((status = 204, description = "Removed")))]
pub(super) async fn remove(
    cx: Cx<GuardianWrite>,
    Path(path): Path<GuardianPath>,
) -> Result<Reply, Problem> {
    cx.write("roster.guardian.remove", async move |tx| {
        guardian::remove(tx, path.student_id, path.guardian_id).await
    })
    .await
}

/// Reactivate a guardian
///
/// Reactivating them twice changes nothing.
#[utoipa::path(post, path = "/api/v1/tenants/{tenantId}/students/{studentId}/guardians/{guardianId}/reactivate",
    tag = "guardians", operation_id = "reactivateGuardian", security(("bearer" = ["roster.guardian.write"])),
    params(GuardianPath),
    responses((status = 200, description = "As it now is", body = ChangedGuardian, headers(("ETag" = String)))))]
pub(super) async fn reactivate(
    cx: Cx<GuardianWrite>,
    Path(path): Path<GuardianPath>,
) -> Result<Reply, Problem> {
    cx.write("roster.guardian.reactivate", async move |tx| {
        guardian::reactivate(tx, path.student_id, path.guardian_id).await
    })
    .await
}
