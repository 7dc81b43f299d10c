//! `GET …/schools`

use kernel::{
    answer::Ok200,
    cursor::Page,
    cx::Cx,
    http::{Query, params},
    permission::SchoolRead,
    problem::Problem,
    text,
};
use serde::Deserialize;

use crate::school::{self, After, Order, School, Status, Wanted};

const ROUTE: &str = "roster.schools";
/// Most characters of a search: as many as an external id has.
const SEARCH_MAX: usize = 255;

/// Which schools are wanted.
#[derive(Clone, Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// Only schools of this status.
    status: Option<Status>,
    /// What the name starts with (case does not count), or a whole external id.
    #[param(max_length = 255)]
    q: Option<String>,
    /// `name` (default) or `-name`.
    #[serde(default)]
    #[param(inline)]
    sort: Order,
    /// Items of a page, 1 to 500; 50 when left out.
    #[param(minimum = 1, maximum = 500)]
    page_size: Option<u32>,
    /// The `nextToken` of the page before.
    next_token: Option<String>,
}

/// List schools
///
/// By name; schools that are created meanwhile neither repeat nor hide one.
#[utoipa::path(get, path = "/api/v1/tenants/{tenantId}/schools", tag = "schools", operation_id = "listSchools",
    security(("bearer" = ["roster.school.read"])), params(Filter),
    responses((status = 200, description = "A page of schools", body = inline(Page<School>))))]
pub(super) async fn get(
    cx: Cx<SchoolRead>,
    Query(filter): Query<Filter>,
) -> Result<Ok200<Page<School>>, Problem> {
    let limit = params::page_size(filter.page_size)?;
    if filter.q.as_ref().is_some_and(|q| q.chars().nth(SEARCH_MAX).is_some()) {
        let message = format!("At most {SEARCH_MAX} characters.");
        return Err(params::unreadable("q", "too_long", message));
    }
    let key = (filter.status, &filter.q, filter.sort);
    let cursors = &cx.kernel().cursors;
    let after = match &filter.next_token {
        Some(token) => Some(cursors.open::<After>(cx.tenant(), ROUTE, &key, token)?),
        None => None,
    };
    let search = filter.q.as_deref().map(|q| (text::key(q), q.trim().to_owned()));
    let wanted = Wanted { status: filter.status, search, order: filter.sort, after, limit };
    let seal = |last: &School| {
        cursors.seal(cx.tenant(), ROUTE, &key, &After(last.name_key.clone(), last.school_id.0))
    };
    cx.read(async |tx| school::list(tx, &wanted, seal).await).await.map(Ok200)
}
