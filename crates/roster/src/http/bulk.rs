//! `…/bulk`: files of rows, the jobs that do them, and what became of the rows.

pub(super) mod results;

use kernel::{
    answer::{Ok200, Reply},
    cursor::Page,
    cx::Cx,
    http::{Path, Query, Upload, params::left_out},
    permission::{BulkRead, EnrollmentBulk, Permission, StaffBulk, StudentBulk},
    problem::{FieldError, Problem, kinds},
    rows::{self, After, Asked as Listed, Order},
    text,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    bulk::{self, Asked, BulkJob, Format, JobId, JobStatus, JobType},
    external::SOURCE_MAX,
};

/// Where the rows of a file come from.
#[derive(Clone, Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct From {
    /// The system that the external ids are from, for instance `sis`. Required unless every row names what it is about by
    /// our ids.
    #[param(min_length = 1, max_length = 64)]
    source: Option<String>,
}

/// Bring in students
///
/// A file of up to 50,000 rows, as CSV with a header or as one JSON object a line. A row is about the student of its
/// `studentId`, else about the one whom the source knows by its `externalId`; when there is none, it creates one. Rows are
/// independent: one that breaks a rule fails alone. An empty cell of `birthDate` or `grade` clears it. The same file again
/// answers the same job.
#[utoipa::path(post, path = "/api/v1/tenants/{tenantId}/bulk/students", tag = "bulk", operation_id = "bulkStudents",
    security(("bearer" = ["roster.student.bulk"])), params(From),
    request_body(content((String = "text/csv"), (bulk::StudentRow = "application/jsonl"), (bulk::StudentRow = "application/x-ndjson"))),
    responses((status = 202, description = "The job that does it", body = BulkJob)))]
pub(super) async fn students(
    cx: Cx<StudentBulk>,
    Query(from): Query<From>,
    upload: Upload,
) -> Result<Reply, Problem> {
    take(cx, JobType::Students, from, upload).await
}

/// Bring in enrolments
///
/// As students are brought in. A row names a student and a class, each by our id or by the source's; who is in the class
/// already stays so.
#[utoipa::path(post, path = "/api/v1/tenants/{tenantId}/bulk/enrollments", tag = "bulk", operation_id = "bulkEnrollments",
    security(("bearer" = ["roster.enrollment.bulk"])), params(From),
    request_body(content((String = "text/csv"), (bulk::EnrollmentRow = "application/jsonl"), (bulk::EnrollmentRow = "application/x-ndjson"))),
    responses((status = 202, description = "The job that does it", body = BulkJob)))]
pub(super) async fn enrollments(
    cx: Cx<EnrollmentBulk>,
    Query(from): Query<From>,
    upload: Upload,
) -> Result<Reply, Problem> {
    take(cx, JobType::Enrollments, from, upload).await
}

/// Bring in teachers
///
/// As students are brought in, by `teacherId` or `externalId`.
#[utoipa::path(post, path = "/api/v1/tenants/{tenantId}/bulk/teachers", tag = "bulk", operation_id = "bulkTeachers",
    security(("bearer" = ["roster.staff.bulk"])), params(From),
    request_body(content((String = "text/csv"), (bulk::TeacherRow = "application/jsonl"), (bulk::TeacherRow = "application/x-ndjson"))),
    responses((status = 202, description = "The job that does it", body = BulkJob)))]
pub(super) async fn teachers(
    cx: Cx<StaffBulk>,
    Query(from): Query<From>,
    upload: Upload,
) -> Result<Reply, Problem> {
    take(cx, JobType::Teachers, from, upload).await
}

async fn take<P: Permission>(
    cx: Cx<P>,
    job_type: JobType,
    from: From,
    upload: Upload,
) -> Result<Reply, Problem> {
    let format = format(&upload)?;
    let source = source(from.source.as_deref())?;
    let received = upload.receive(cx.kernel(), bulk::UPLOAD_MAX).await?;
    let (file, named) = (received.clone(), source.clone());
    let survey = move || bulk::survey(&file, job_type, format, named.as_deref());
    let rows = tokio::task::spawn_blocking(survey).await.map_err(|e| Problem::internal(&e))??;
    let asked = Asked { job_type, source, options: json!({}), format, rows };
    let cx = cx.with_body(&received.checksum);
    cx.write("roster.bulk.accept", async move |tx| bulk::accept(tx, &asked, &received).await).await
}

fn format(upload: &Upload) -> Result<Format, Problem> {
    let utf8 = upload.charset().is_none_or(|name| matches!(name, "utf-8" | "utf8" | "us-ascii"));
    match upload.media_type() {
        "text/csv" if utf8 => Ok(Format::Csv),
        "application/jsonl" | "application/x-ndjson" if utf8 => Ok(Format::JsonLines),
        _ => Err(Problem::new(
            &kinds::MEDIA_TYPE,
            "Send Content-Type: text/csv, application/jsonl or application/x-ndjson, in UTF-8.",
        )),
    }
}

fn source(asked: Option<&str>) -> Result<Option<String>, Problem> {
    let Some(asked) = asked else { return Ok(None) };
    let mut errors: Vec<FieldError> = Vec::new();
    let source = text::field(asked, SOURCE_MAX, "?source", &mut errors);
    if errors.is_empty() {
        return Ok(source);
    }
    let said = "A query parameter cannot be read.";
    Err(Problem::new(&kinds::MALFORMED, said).with_errors(errors))
}

/// The path of a bulk job.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
pub(super) struct JobPath {
    /// The job.
    job_id: JobId,
}

/// Which jobs are wanted.
#[derive(Clone, Debug, Deserialize, Serialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// Only jobs that bring in this.
    job_type: Option<JobType>,
    /// Only jobs of this status.
    status: Option<JobStatus>,
    /// Items of a page, 1 to 500; 50 when left out.
    #[serde(serialize_with = "left_out")]
    #[param(minimum = 1, maximum = 500)]
    page_size: Option<u32>,
    /// The `nextToken` of the page before.
    #[serde(serialize_with = "left_out")]
    next_token: Option<String>,
}

/// List bulk jobs
///
/// The newest first. They are kept for 30 days after they ended. Roles of a school see those that ended at their schools.
#[utoipa::path(get, path = "/api/v1/tenants/{tenantId}/bulk/jobs", tag = "bulk", operation_id = "listBulkJobs",
    security(("bearer" = ["roster.bulk.read"])), params(Filter),
    responses((status = 200, description = "A page of jobs", body = inline(Page<BulkJob>))))]
pub(super) async fn list(
    cx: Cx<BulkRead>,
    Query(filter): Query<Filter>,
) -> Result<Ok200<Page<BulkJob>>, Problem> {
    let asked = Listed {
        route: "roster.bulk",
        q: None,
        sort: Order::NameDescending,
        page_size: filter.page_size,
        next_token: filter.next_token.as_deref(),
    };
    let (job_type, status) = (filter.job_type, filter.status);
    let key = |last: &BulkJob| After(last.job_id.to_string(), last.job_id.0);
    rows::page(&cx, &filter, asked, key, async |tx, wanted| {
        bulk::list(tx, job_type, status, wanted).await
    })
    .await
}

/// Read a bulk job
///
/// How far it is, and in `summary` how its rows ended.
#[utoipa::path(get, path = "/api/v1/tenants/{tenantId}/bulk/jobs/{jobId}", tag = "bulk", operation_id = "readBulkJob",
    security(("bearer" = ["roster.bulk.read"])), params(JobPath),
    responses((status = 200, description = "The job", body = BulkJob)))]
pub(super) async fn read(
    cx: Cx<BulkRead>,
    Path(path): Path<JobPath>,
) -> Result<Ok200<BulkJob>, Problem> {
    cx.read(async |tx| bulk::read(tx, path.job_id).await).await.map(Ok200)
}
