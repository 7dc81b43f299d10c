//! `…/exports/oneroster`

use std::io::Read as _;

use axum::{
    body::Bytes,
    http::header,
    response::{IntoResponse, Response},
};
use futures::stream;
use kernel::{
    cx::Cx,
    http::Query,
    permission::ExportRead,
    problem::{Problem, kinds},
    snapshot, text,
};
use serde::Deserialize;

use crate::{export::oneroster, external::SOURCE_MAX, oneroster::Version};

/// Bytes that are read and sent at once.
const PIECE: usize = 256 << 10;

/// Which package is wanted.
#[derive(Clone, Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// Whose ids the rows carry, for instance `sis`. What has none there goes by our own id.
    #[param(min_length = 1, max_length = 64)]
    source: String,
    /// The version of the standard; 1.2 when left out.
    #[serde(default)]
    #[param(inline)]
    version: Asked,
}

/// A version of OneRoster.
#[derive(Clone, Copy, Debug, Default, Deserialize, utoipa::ToSchema)]
enum Asked {
    /// One role a user.
    #[serde(rename = "1.1")]
    V1p1,
    /// Roles in a file of their own.
    #[default]
    #[serde(rename = "1.2")]
    V1p2,
}

/// Export the roster as a OneRoster package
///
/// A zip of all that is active, as bulk files, rows in the order of their ids, the same bytes for the same roster. Importing
/// it again under the same source changes nothing. A disclosure in the audit trail.
#[utoipa::path(get, path = "/api/v1/tenants/{tenantId}/exports/oneroster", tag = "exports", operation_id = "exportOneRoster",
    security(("bearer" = ["roster.export.read"])), params(Wanted),
    responses((status = 200, description = "The package", content((String = "application/zip")))))]
pub(super) async fn export(
    cx: Cx<ExportRead>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let mut errors = Vec::new();
    let Some(source) = text::field(&wanted.source, SOURCE_MAX, "?source", &mut errors) else {
        let said = "A query parameter cannot be read.";
        return Err(Problem::new(&kinds::MALFORMED, said).with_errors(errors));
    };
    let version = match wanted.version {
        Asked::V1p1 => Version::V1p1,
        Asked::V1p2 => Version::V1p2,
    };
    let file = tempfile::tempfile_in(&cx.kernel().spool).map_err(|e| Problem::internal(&e))?;
    let mut snapshot = cx.snapshot("roster.export", &["oneroster"]).await?;
    let mut file = oneroster::package(&mut snapshot, &source, version, file).await?;
    drop(snapshot);
    std::io::Seek::rewind(&mut file).map_err(|e| Problem::internal(&e))?;
    let headers = [
        (header::CONTENT_TYPE, "application/zip"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"oneroster.zip\""),
    ];
    Ok((headers, snapshot::body(pieces(file))).into_response())
}

fn pieces(file: std::fs::File) -> impl futures::Stream<Item = Result<Bytes, Problem>> + Send {
    stream::try_unfold(file, async |mut file| {
        let read = tokio::task::spawn_blocking(move || {
            let mut piece = vec![0; PIECE];
            let read = file.read(&mut piece)?;
            piece.truncate(read);
            Ok::<_, std::io::Error>((piece, file))
        });
        let (piece, file) =
            read.await.map_err(|e| Problem::internal(&e))?.map_err(|e| Problem::internal(&e))?;
        Ok((!piece.is_empty()).then_some((Bytes::from(piece), file)))
    })
}
