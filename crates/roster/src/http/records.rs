//! `…/students/{studentId}/record`, `…/legal-hold` and `…/scrub`

use kernel::{
    answer::{Ok200, Reply},
    cx::Cx,
    http::{Body, Path},
    permission::{RecordRead, RetentionWrite},
    problem::Problem,
};

use super::students::StudentPath;
use crate::{
    person::Why,
    record::{self, StudentRecord},
    retention,
    student::Student,
};

/// Read a student's whole record
///
/// For the right of access: the student, guardians, enrolments with their classes, and the audit trail of all of these. A
/// disclosure in the audit trail.
#[utoipa::path(get, path = "/api/v1/tenants/{tenantId}/students/{studentId}/record", tag = "students",
    operation_id = "readRecord", security(("bearer" = ["roster.record.read"])), params(StudentPath),
    responses((status = 200, description = "All that the roster holds about them", body = StudentRecord)))]
pub(super) async fn read(
    cx: Cx<RecordRead>,
    Path(path): Path<StudentPath>,
) -> Result<Ok200<StudentRecord>, Problem> {
    cx.read(async |tx| record::read(tx, path.student_id).await).await.map(Ok200)
}

/// Set a legal hold
///
/// A student on hold cannot be scrubbed. Again, with another reason, it changes the reason.
#[utoipa::path(post, path = "/api/v1/tenants/{tenantId}/students/{studentId}/legal-hold", tag = "students",
    operation_id = "holdStudent", security(("bearer" = ["roster.retention.write"])), params(StudentPath), request_body = Why,
    responses((status = 200, description = "As they now are", body = Student, headers(("ETag" = String)))))]
pub(super) async fn hold(
    cx: Cx<RetentionWrite>,
    Path(path): Path<StudentPath>,
    body: Body<Why>,
) -> Result<Reply, Problem> {
    cx.write("roster.student.hold", async move |tx| {
        retention::hold(tx, path.student_id, &body).await
    })
    .await
}

/// Release a legal hold
///
/// Releasing it twice changes nothing.
#[utoipa::path(delete, path = "/api/v1/tenants/{tenantId}/students/{studentId}/legal-hold", tag = "students",
    operation_id = "releaseStudent", security(("bearer" = ["roster.retention.write"])), params(StudentPath),
    responses((status = 204, description = "Released")))]
pub(super) async fn release(
    cx: Cx<RetentionWrite>,
    Path(path): Path<StudentPath>,
) -> Result<Reply, Problem> {
    cx.write("roster.student.release", async move |tx| {
        retention::release(tx, path.student_id).await
    })
    .await
}

/// Scrub a student
///
/// Replaces what is personal of them and their guardians, external ids included, for good; ids, dates and statuses stay, so
/// that history can be counted. Only of a deactivated student without a legal hold. Scrubbing them twice changes nothing.
#[utoipa::path(post, path = "/api/v1/tenants/{tenantId}/students/{studentId}/scrub", tag = "students",
    operation_id = "scrubStudent", security(("bearer" = ["roster.retention.write"])), params(StudentPath),
    responses((status = 200, description = "What is left", body = Student, headers(("ETag" = String)))))]
pub(super) async fn scrub(
    cx: Cx<RetentionWrite>,
    Path(path): Path<StudentPath>,
) -> Result<Reply, Problem> {
    cx.write("roster.student.scrub", async move |tx| retention::scrub(tx, path.student_id).await)
        .await
}
