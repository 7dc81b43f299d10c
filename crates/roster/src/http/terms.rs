//! `…/terms`

use kernel::{
    answer::{Fresh, Ok200, Reply},
    cursor::Page,
    cx::Cx,
    http::{Body, Path, Query, params::left_out},
    permission::{TermRead, TermWrite},
    problem::Problem,
    rows::{self, After, Asked, Order},
};
use serde::{Deserialize, Serialize};

use crate::term::{self, Term, TermId, TermType, Which};

/// The path of a term.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
pub(super) struct TermPath {
    /// The term.
    term_id: TermId,
}

/// Which terms are wanted.
#[derive(Clone, Debug, Deserialize, Serialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// Only terms of this type.
    r#type: Option<TermType>,
    /// Only parts of this term.
    parent_id: Option<TermId>,
    /// What the title starts with (case does not count), or a whole external id.
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

/// Create a term
///
/// Terms may be parts of others: a semester of a school year, a grading period of a semester.
#[utoipa::path(post, path = "/api/v1/tenants/{tenantId}/terms", tag = "terms", operation_id = "createTerm",
    security(("bearer" = ["roster.term.write"])), request_body = term::CreateTerm,
    responses((status = 201, description = "Created", body = Term, headers(("ETag" = String)))))]
pub(super) async fn create(
    cx: Cx<TermWrite>,
    body: Body<term::CreateTerm>,
) -> Result<Reply, Problem> {
    cx.write("roster.term.create", async move |tx| term::create(tx, body.parse()?).await).await
}

/// List terms
///
/// By title.
#[utoipa::path(get, path = "/api/v1/tenants/{tenantId}/terms", tag = "terms", operation_id = "listTerms",
    security(("bearer" = ["roster.term.read"])), params(Filter),
    responses((status = 200, description = "A page of terms", body = inline(Page<Term>))))]
pub(super) async fn list(
    cx: Cx<TermRead>,
    Query(filter): Query<Filter>,
) -> Result<Ok200<Page<Term>>, Problem> {
    let asked = Asked {
        route: "roster.terms",
        q: filter.q.as_deref(),
        sort: filter.sort,
        page_size: filter.page_size,
        next_token: filter.next_token.as_deref(),
    };
    let which = Which { r#type: filter.r#type, parent: filter.parent_id };
    let key = |last: &Term| After(last.title_key.clone(), last.term_id.0);
    rows::page(&cx, &filter, asked, key, async |tx, wanted| term::list(tx, which, wanted).await)
        .await
}

/// Read a term
#[utoipa::path(get, path = "/api/v1/tenants/{tenantId}/terms/{termId}", tag = "terms",
    operation_id = "readTerm", security(("bearer" = ["roster.term.read"])), params(TermPath),
    responses((status = 200, description = "The term", body = Term, headers(("ETag" = String)))))]
pub(super) async fn read(
    cx: Cx<TermRead>,
    Path(path): Path<TermPath>,
) -> Result<Fresh<Term>, Problem> {
    cx.read(async |tx| term::read(tx, path.term_id).await).await
}

/// Change a term
///
/// A JSON Merge Patch against the version in If-Match. A patch that changes nothing answers the same version.
#[utoipa::path(patch, path = "/api/v1/tenants/{tenantId}/terms/{termId}", tag = "terms",
    operation_id = "updateTerm", security(("bearer" = ["roster.term.write"])), params(TermPath),
    request_body(content((term::PatchTerm = "application/merge-patch+json"), (term::PatchTerm = "application/json"))),
    responses((status = 200, description = "As it now is", body = Term, headers(("ETag" = String)))))]
pub(super) async fn update(
    cx: Cx<TermWrite>,
    Path(path): Path<TermPath>,
    body: Body<term::PatchTerm>,
) -> Result<Reply, Problem> {
    cx.write("roster.term.update", async move |tx| term::update(tx, path.term_id, &body).await)
        .await
}
