//! `…/exports/{kind}`

use axum::{
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use kernel::{
    cx::Cx,
    http::{Path, Query},
    permission::ExportRead,
    problem::Problem,
};
use serde::Deserialize;

use crate::export::{self, Format, Kind};

/// The path of an export.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct ExportPath {
    /// What is exported.
    #[param(inline)]
    kind: Kind,
}

/// How it is wanted.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// The format; when left out, the one that Accept names, and CSV when it names none.
    #[param(inline)]
    format: Option<Format>,
}

/// Export schools, classes, students, teachers or enrolments
///
/// All of them, in the order of their ids, as they were at one moment, streamed. In CSV, a cell that a spreadsheet would take
/// for a formula (`=`, `+`, `-` or `@` after any apostrophes) has one apostrophe before it: remove one to get the value back.
/// Lists of ids are separated by spaces, external ids are JSON. An answer that ends early is no whole export. A disclosure in
/// the audit trail.
#[utoipa::path(get, path = "/api/v1/tenants/{tenantId}/exports/{kind}", tag = "exports", operation_id = "export",
    security(("bearer" = ["roster.export.read"])), params(ExportPath, Wanted),
    responses((status = 200, description = "The rows",
        content((String = "text/csv"), (String = "application/x-ndjson")))))]
pub(super) async fn export(
    cx: Cx<ExportRead>,
    Path(path): Path<ExportPath>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let format = wanted.format.unwrap_or_else(|| accepted(&headers));
    let kind = path.kind;
    let snapshot = cx.snapshot("roster.export", &[kind.name()]).await?;
    let name = format!("attachment; filename=\"{}.{}\"", kind.name(), format.name());
    let headers = [
        (header::CONTENT_TYPE, format.media_type().to_owned()),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((headers, export::body(kind, format, snapshot)).into_response())
}

fn accepted(headers: &HeaderMap) -> Format {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let types = accept.unwrap_or_default().split(',');
    let mut types = types.map(|part| part.split(';').next().unwrap_or_default().trim());
    types
        .find_map(|named| Format::ALL.iter().copied().find(|f| f.media_type() == named))
        .unwrap_or(Format::Csv)
}
