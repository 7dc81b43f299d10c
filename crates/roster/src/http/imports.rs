//! `…/imports/oneroster`

use kernel::{
    answer::Reply,
    cx::Cx,
    http::{Query, Upload},
    permission::ImportWrite,
    problem::{Problem, kinds},
    text,
};
use serde::Deserialize;

use crate::{
    bulk::BulkJob,
    external::SOURCE_MAX,
    import::{self, NewImport},
};

/// How a package is imported.
#[derive(Clone, Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// The system that the package is from, for instance `sis`: its ids are matched with those of earlier imports.
    #[param(min_length = 1, max_length = 64)]
    source: String,
    /// Whether to tell only what would change. False when left out.
    #[serde(default)]
    dry_run: bool,
}

/// Import a `OneRoster` package
///
/// A zip of `OneRoster` 1.1 or 1.2 as CSV, bulk or delta file by file. What the source's ids name is compared with the rows:
/// new, changed, ended by being left out of a bulk file or by `tobedeleted`. Nothing is deleted; a row that breaks a rule
/// fails alone and counts as seen. The job's `summary` counts each kind in the district and in each school, its results name
/// file, line and column of every row that cannot be followed. When more than ten and more than a tenth of a kind would end,
/// in the district or in one school, or a bulk file is empty, the job is Held until a `DistrictAdmin` approves it: the summary
/// names the approval. One import of a source at a time.
#[utoipa::path(post, path = "/api/v1/tenants/{tenantId}/imports/oneroster", tag = "imports", operation_id = "importOneRoster",
    security(("bearer" = ["roster.import.write"])), params(Wanted),
    request_body(content((String = "application/zip"))),
    responses((status = 202, description = "The job that does it", body = BulkJob)))]
pub(super) async fn oneroster(
    cx: Cx<ImportWrite>,
    Query(wanted): Query<Wanted>,
    upload: Upload,
) -> Result<Reply, Problem> {
    let mut errors = Vec::new();
    let source = text::field(&wanted.source, SOURCE_MAX, "?source", &mut errors);
    let Some(source) = source else {
        let said = "A query parameter cannot be read.";
        return Err(Problem::new(&kinds::MALFORMED, said).with_errors(errors));
    };
    if !matches!(upload.media_type(), "application/zip" | "application/x-zip-compressed") {
        let said = "Send Content-Type: application/zip.";
        return Err(Problem::new(&kinds::MEDIA_TYPE, said));
    }
    let received = upload.receive(cx.kernel(), import::PACKAGE_MAX).await?;
    import::survey(&received).await?;
    let new = NewImport { source, dry_run: wanted.dry_run };
    let cx = cx.with_body(&received.checksum);
    cx.write("roster.import.accept", async move |tx| import::accept(tx, &new, &received).await)
        .await
}
