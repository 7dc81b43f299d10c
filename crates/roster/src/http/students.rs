//! `…/students`

use kernel::{
    answer::{Fresh, Ok200, Reply},
    cursor::Page,
    cx::Cx,
    http::{Body, Path, Query, params::left_out},
    permission::{StudentCreate, StudentRead, StudentWrite},
    problem::Problem,
    rows::{self, After, Asked, Order},
};
use serde::{Deserialize, Serialize};

use crate::{
    Presence,
    person::Why,
    school::SchoolId,
    student::{self, Student, StudentId, Which},
};

/// The path of a student.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
pub(super) struct StudentPath {
    /// The student.
    pub(super) student_id: StudentId,
}

/// Which students are wanted.
#[derive(Clone, Debug, Deserialize, Serialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// Only students of this status.
    status: Option<Presence>,
    /// Only students of this school.
    school_id: Option<SchoolId>,
    /// Only students of this grade.
    grade: Option<String>,
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

/// Create a student
///
/// Two students may have the same name; an external id names one.
#[utoipa::path(post, path = "/api/v1/tenants/{tenantId}/students", tag = "students", operation_id = "createStudent",
    security(("bearer" = ["roster.student.create"])), request_body = student::CreateStudent,
    responses((status = 201, description = "Created", body = Student, headers(("ETag" = String)))))]
pub(super) async fn create(
    cx: Cx<StudentCreate>,
    body: Body<student::CreateStudent>,
) -> Result<Reply, Problem> {
    cx.write("roster.student.create", async move |tx| student::create(tx, body.parse()?).await)
        .await
}

/// List students
///
/// By family name: teachers see the students of their classes, roles of a school those of their schools.
#[utoipa::path(get, path = "/api/v1/tenants/{tenantId}/students", tag = "students", operation_id = "listStudents",
    security(("bearer" = ["roster.student.read"])), params(Filter),
    responses((status = 200, description = "A page of students", body = inline(Page<Student>))))]
pub(super) async fn list(
    cx: Cx<StudentRead>,
    Query(filter): Query<Filter>,
) -> Result<Ok200<Page<Student>>, Problem> {
    let asked = Asked {
        route: "roster.students",
        q: filter.q.as_deref(),
        sort: filter.sort,
        page_size: filter.page_size,
        next_token: filter.next_token.as_deref(),
    };
    let which =
        Which { status: filter.status, school: filter.school_id, grade: filter.grade.clone() };
    let key = |last: &Student| After(last.name_key.clone(), last.student_id.0);
    rows::page(&cx, &filter, asked, key, async |tx, wanted| student::list(tx, which, wanted).await)
        .await
}

/// Read a student
#[utoipa::path(get, path = "/api/v1/tenants/{tenantId}/students/{studentId}", tag = "students",
    operation_id = "readStudent", security(("bearer" = ["roster.student.read"])), params(StudentPath),
    responses((status = 200, description = "The student", body = Student, headers(("ETag" = String)))))]
pub(super) async fn read(
    cx: Cx<StudentRead>,
    Path(path): Path<StudentPath>,
) -> Result<Fresh<Student>, Problem> {
    cx.read(async |tx| student::read(tx, path.student_id).await).await
}

/// Change a student
///
/// A JSON Merge Patch against the version in If-Match. A patch that changes nothing answers the same version.
#[utoipa::path(patch, path = "/api/v1/tenants/{tenantId}/students/{studentId}", tag = "students",
    operation_id = "updateStudent", security(("bearer" = ["roster.student.write"])), params(StudentPath),
    request_body(content((student::PatchStudent = "application/merge-patch+json"), (student::PatchStudent = "application/json"))),
    responses((status = 200, description = "As it now is", body = Student, headers(("ETag" = String)))))]
pub(super) async fn update(
    cx: Cx<StudentWrite>,
    Path(path): Path<StudentPath>,
    body: Body<student::PatchStudent>,
) -> Result<Reply, Problem> {
    cx.write("roster.student.update", async move |tx| {
        student::update(tx, path.student_id, &body).await
    })
    .await
}

/// Remove a student
///
/// As the deactivation, without a reason.
#[utoipa::path(delete, path = "/api/v1/tenants/{tenantId}/students/{studentId}", tag = "students",
    operation_id = "removeStudent", security(("bearer" = ["roster.student.write"])), params(StudentPath),
    responses((status = 204, description = "Deactivated")))]
pub(super) async fn archive(
    cx: Cx<StudentWrite>,
    Path(path): Path<StudentPath>,
) -> Result<Reply, Problem> {
    cx.write("roster.student.deactivate", async move |tx| {
        student::remove(tx, path.student_id).await
    })
    .await
}

/// Deactivate a student
///
/// Every active enrolment ends with it. Deactivating them twice changes nothing.
#[utoipa::path(post, path = "/api/v1/tenants/{tenantId}/students/{studentId}/deactivate", tag = "students",
    operation_id = "deactivateStudent", security(("bearer" = ["roster.student.write"])), params(StudentPath), request_body = Why,
    responses((status = 200, description = "As they now are", body = Student, headers(("ETag" = String)))))]
pub(super) async fn deactivate(
    cx: Cx<StudentWrite>,
    Path(path): Path<StudentPath>,
    body: Body<Why>,
) -> Result<Reply, Problem> {
    cx.write("roster.student.deactivate", async move |tx| {
        student::deactivate(tx, path.student_id, Some(&body)).await
    })
    .await
}

/// Reactivate a student
///
/// No enrolment comes back by itself. Reactivating them twice changes nothing.
#[utoipa::path(post, path = "/api/v1/tenants/{tenantId}/students/{studentId}/reactivate", tag = "students",
    operation_id = "reactivateStudent", security(("bearer" = ["roster.student.write"])), params(StudentPath),
    responses((status = 200, description = "As they now are", body = Student, headers(("ETag" = String)))))]
pub(super) async fn reactivate(
    cx: Cx<StudentWrite>,
    Path(path): Path<StudentPath>,
) -> Result<Reply, Problem> {
    cx.write("roster.student.reactivate", async move |tx| {
        student::reactivate(tx, path.student_id).await
    })
    .await
}

/// Look up students
///
/// Up to 1,000 ids, answered in their order; those that name nobody here are listed. A read: it needs no Idempotency-Key.
#[utoipa::path(post, path = "/api/v1/tenants/{tenantId}/lookup/students", tag = "students", operation_id = "lookupStudents",
    security(("bearer" = ["roster.student.read"])), request_body = student::Lookup,
    responses((status = 200, description = "Who was found", body = student::Found)))]
pub(super) async fn lookup(
    cx: Cx<StudentRead>,
    body: Body<student::Lookup>,
) -> Result<Ok200<student::Found>, Problem> {
    let found = cx.read(async |tx| student::lookup(tx, &body.parse()?).await);
    found.await.map(Ok200)
}
