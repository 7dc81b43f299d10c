//! `…/bulk/jobs/{jobId}/results`: as pages of JSON, or all of them as CSV.

use std::io;

use axum::{
    body::{Body, Bytes},
    response::{IntoResponse, Response},
};
use futures::{Stream, StreamExt, stream};
use http::{HeaderMap, header};
use kernel::{
    answer::Ok200,
    cursor::Page,
    cx::Cx,
    http::{
        Path, Query,
        params::{left_out, page_size},
    },
    permission::BulkRead,
    problem::Problem,
};
use serde::{Deserialize, Serialize};

use super::JobPath;
use crate::bulk::{self, JobId, RowResult, RowStatus};

const ROUTE: &str = "roster.bulk.results";
/// Rows that are read at once for a stream.
const PART: i64 = 1_000;
const HEAD: &str = "rowNumber,status,id,errorCode,errorMessage\r\n";

/// Which results are wanted.
#[derive(Clone, Debug, Deserialize, Serialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct Filter {
    /// Only rows that ended so.
    status: Option<RowStatus>,
    /// Items of a page, 1 to 500; 50 when left out.
    #[serde(serialize_with = "left_out")]
    #[param(minimum = 1, maximum = 500)]
    page_size: Option<u32>,
    /// The `nextToken` of the page before.
    #[serde(serialize_with = "left_out")]
    next_token: Option<String>,
}

/// Read what became of the rows
///
/// In the order of the file, as far as the job is. With `Accept: text/csv` all of them, without pages.
#[utoipa::path(get, path = "/api/v1/tenants/{tenantId}/bulk/jobs/{jobId}/results", tag = "bulk",
    operation_id = "readBulkResults", security(("bearer" = ["roster.bulk.read"])), params(JobPath, Filter),
    responses((status = 200, description = "A page of results",
        content((inline(Page<RowResult>) = "application/json"), (String = "text/csv")))))]
pub(in crate::http) async fn read(
    cx: Cx<BulkRead>,
    Path(path): Path<JobPath>,
    Query(filter): Query<Filter>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (job, status) = (path.job_id, filter.status);
    if headers.get(header::ACCEPT).is_some_and(|accept| accept.as_bytes() == b"text/csv") {
        // Refused while there still is a status to say it with.
        let first = part(&cx, job, status, (0, PART)).await?;
        let content_type = [(header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present")];
        return Ok((content_type, Body::from_stream(lines(cx, job, status, first))).into_response());
    }
    let size = page_size(filter.page_size)?;
    let (cursors, bound) = (&cx.kernel().cursors, (job, &filter));
    let after = match &filter.next_token {
        Some(token) => cursors.open::<i32>(cx.tenant(), ROUTE, &bound, token)?,
        None => 0,
    };
    let rows = part(&cx, job, status, (after, size + 1)).await?;
    let seal = |last: &RowResult| cursors.seal(cx.tenant(), ROUTE, &bound, &last.row_number);
    let page = Page::cut(rows, usize::try_from(size).unwrap_or(usize::MAX), seal);
    Ok(Ok200(page).into_response())
}

async fn part(
    cx: &Cx<BulkRead>,
    job: JobId,
    status: Option<RowStatus>,
    part: (i32, i64),
) -> Result<Vec<RowResult>, Problem> {
    cx.read(async |tx| bulk::results(tx, job, status, part).await).await
}

/// The results as CSV, read part by part: a client that is slow holds no connection to the database.
fn lines(
    cx: Cx<BulkRead>,
    job: JobId,
    status: Option<RowStatus>,
    first: Vec<RowResult>,
) -> impl Stream<Item = Result<Bytes, io::Error>> {
    let parts = stream::unfold(Some((cx, first)), move |state| async move {
        let (cx, rows) = state?;
        let after = rows.last()?.row_number;
        let text = csv(&rows);
        match part(&cx, job, status, (after, PART)).await {
            Ok(next) => Some((Ok(text), Some((cx, next)))),
            // The status is sent: all that can still be said is that the body ends too early.
            Err(problem) => Some((Err(io::Error::other(problem.detail.clone())), None)),
        }
    });
    stream::iter([Ok(Bytes::from_static(HEAD.as_bytes()))]).chain(parts)
}

fn csv(rows: &[RowResult]) -> Bytes {
    let mut writer =
        csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    for row in rows {
        let id = row.id.map(|id| id.to_string()).unwrap_or_default();
        let code = row.error_code.as_deref().unwrap_or_default();
        let message = row.error_message.as_deref().unwrap_or_default();
        let number = row.row_number.to_string();
        // Into memory, which does not fail.
        writer.write_record([&*number, row.status.name(), &id, code, message]).unwrap_or_default();
    }
    writer.into_inner().unwrap_or_default().into()
}
