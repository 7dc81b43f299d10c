//! `…/enrollments`

use kernel::{
    answer::{Fresh, Ok200, Reply},
    cursor::Page,
    cx::Cx,
    http::{Body, Path, Query, params::left_out},
    permission::{EnrollmentCreate, EnrollmentRead, EnrollmentWrite},
    problem::Problem,
    rows::{self, After, Asked, Order},
};
use serde::{Deserialize, Serialize};

use crate::{
    class::ClassId,
    enrollment::{self, Enrollment, EnrollmentId, EnrollmentStatus, Which},
    student::StudentId,
};

/// The path of an enrolment.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
pub(super) struct EnrollmentPath {
    /// The enrolment.
    enrollment_id: EnrollmentId,
}

/// Which enrolments are wanted.
#[derive(Clone, Debug, Deserialize, Serialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// Only enrolments of this status.
    status: Option<EnrollmentStatus>,
    /// Only enrolments of this student.
    student_id: Option<StudentId>,
    /// Only enrolments in this class.
    class_id: Option<ClassId>,
    /// Items of a page, 1 to 500; 50 when left out.
    #[serde(serialize_with = "left_out")]
    #[param(minimum = 1, maximum = 500)]
    page_size: Option<u32>,
    /// The `nextToken` of the page before.
    #[serde(serialize_with = "left_out")]
    next_token: Option<String>,
}

/// Create an enrolment
///
/// Of an active student in an active class. Enrolling them twice answers the first enrolment and changes nothing.
#[utoipa::path(post, path = "/api/v1/tenants/{tenantId}/enrollments", tag = "enrollments", operation_id = "createEnrollment",
    security(("bearer" = ["roster.enrollment.create"])), request_body = enrollment::CreateEnrollment,
    responses((status = 201, description = "Created", body = Enrollment, headers(("ETag" = String)))))]
pub(super) async fn create(
    cx: Cx<EnrollmentCreate>,
    body: Body<enrollment::CreateEnrollment>,
) -> Result<Reply, Problem> {
    cx.write("roster.enrollment.create", async move |tx| {
        enrollment::create(tx, body.parse()?).await
    })
    .await
}

/// List enrolments
///
/// By their first days. Of a student, or in a class: say which.
#[utoipa::path(get, path = "/api/v1/tenants/{tenantId}/enrollments", tag = "enrollments", operation_id = "listEnrollments",
    security(("bearer" = ["roster.enrollment.read"])), params(Filter),
    responses((status = 200, description = "A page of enrolments", body = inline(Page<Enrollment>))))]
pub(super) async fn list(
    cx: Cx<EnrollmentRead>,
    Query(filter): Query<Filter>,
) -> Result<Ok200<Page<Enrollment>>, Problem> {
    let asked = Asked {
        route: "roster.enrollments",
        q: None,
        sort: Order::Name,
        page_size: filter.page_size,
        next_token: filter.next_token.as_deref(),
    };
    let which = Which { status: filter.status, student: filter.student_id, class: filter.class_id };
    let key = |last: &Enrollment| After(last.effective_start.to_string(), last.enrollment_id.0);
    rows::page(&cx, &filter, asked, key, async |tx, wanted| {
        enrollment::list(tx, which, wanted).await
    })
    .await
}

/// Read an enrolment
#[utoipa::path(get, path = "/api/v1/tenants/{tenantId}/enrollments/{enrollmentId}", tag = "enrollments",
    operation_id = "readEnrollment", security(("bearer" = ["roster.enrollment.read"])), params(EnrollmentPath),
    responses((status = 200, description = "The enrolment", body = Enrollment, headers(("ETag" = String)))))]
pub(super) async fn read(
    cx: Cx<EnrollmentRead>,
    Path(path): Path<EnrollmentPath>,
) -> Result<Fresh<Enrollment>, Problem> {
    cx.read(async |tx| enrollment::read(tx, path.enrollment_id).await).await
}

/// Withdraw a student from a class
///
/// Withdrawing them twice changes nothing.
#[utoipa::path(post, path = "/api/v1/tenants/{tenantId}/enrollments/{enrollmentId}/withdraw", tag = "enrollments",
    operation_id = "withdrawEnrollment", security(("bearer" = ["roster.enrollment.write"])), params(EnrollmentPath),
    request_body = enrollment::Withdraw,
    responses((status = 200, description = "As it now is", body = Enrollment, headers(("ETag" = String)))))]
pub(super) async fn withdraw(
    cx: Cx<EnrollmentWrite>,
    Path(path): Path<EnrollmentPath>,
    body: Body<enrollment::Withdraw>,
) -> Result<Reply, Problem> {
    cx.write("roster.enrollment.withdraw", async move |tx| {
        enrollment::withdraw(tx, path.enrollment_id, &body).await
    })
    .await
}
