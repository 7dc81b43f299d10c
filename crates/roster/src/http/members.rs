//! `…/classes/{classId}/teachers` and `…/classes/{classId}/members`

use jiff::civil::Date;
use kernel::{
    answer::{Ok200, Reply},
    cx::Cx,
    http::{Body, Path, Query, params},
    permission::{ClassRead, ClassWrite},
    problem::Problem,
    text,
};
use serde::Deserialize;

use crate::{
    class::ClassId,
    staff::StaffId,
    teaching::{self, Assign, ClassTeacher, Members},
};

/// The path of a class.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
pub(super) struct OfClass {
    /// The class.
    class_id: ClassId,
}

/// The path of a teacher of a class.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
pub(super) struct OfTeacher {
    /// The class.
    class_id: ClassId,
    /// The teacher.
    teacher_id: StaffId,
}

/// When.
#[derive(Clone, Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct When {
    /// Who was in the class on this day, YYYY-MM-DD; who is in it now when left out.
    #[param(format = Date)]
    on: Option<String>,
}

/// Assign a teacher to a class
///
/// Again, with another role, changes the role; with the same, nothing.
#[utoipa::path(post, path = "/api/v1/tenants/{tenantId}/classes/{classId}/teachers", tag = "classes",
    operation_id = "assignTeacher", security(("bearer" = ["roster.class.write"])), params(OfClass), request_body = Assign,
    responses((status = 200, description = "Assigned", body = ClassTeacher)))]
pub(super) async fn assign(
    cx: Cx<ClassWrite>,
    Path(path): Path<OfClass>,
    body: Body<Assign>,
) -> Result<Reply, Problem> {
    cx.write("roster.class.assign", async move |tx| {
        teaching::assign(tx, path.class_id, &body).await
    })
    .await
}

/// Unassign a teacher from a class
#[utoipa::path(delete, path = "/api/v1/tenants/{tenantId}/classes/{classId}/teachers/{teacherId}", tag = "classes",
    operation_id = "unassignTeacher", security(("bearer" = ["roster.class.write"])), params(OfTeacher),
    responses((status = 204, description = "Unassigned")))]
pub(super) async fn unassign(
    cx: Cx<ClassWrite>,
    Path(path): Path<OfTeacher>,
) -> Result<Reply, Problem> {
    cx.write("roster.class.unassign", async move |tx| {
        teaching::unassign(tx, path.class_id, path.teacher_id).await
    })
    .await
}

/// List who is in a class
///
/// Students and teachers in one answer.
#[utoipa::path(get, path = "/api/v1/tenants/{tenantId}/classes/{classId}/members", tag = "classes",
    operation_id = "listMembers", security(("bearer" = ["roster.class.read"])), params(OfClass, When),
    responses((status = 200, description = "Who is in it", body = Members)))]
pub(super) async fn list(
    cx: Cx<ClassRead>,
    Path(path): Path<OfClass>,
    Query(when): Query<When>,
) -> Result<Ok200<Members>, Problem> {
    let on = when.on.as_deref().map(day).transpose()?;
    cx.read(async |tx| teaching::members(tx, path.class_id, on).await).await.map(Ok200)
}

fn day(text: &str) -> Result<Date, Problem> {
    let refused = || params::unreadable("on", "no_date", "A day of the calendar as YYYY-MM-DD.");
    text::date(text, "?on", &mut Vec::new()).ok_or_else(refused)
}
