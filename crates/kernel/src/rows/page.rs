//! The answer of a list: from the query's parameters to a page with its token.

use serde::Serialize;

use super::{After, Order, Wanted};
use crate::{
    answer::Ok200, cursor::Page, cx::Cx, http::params, permission::Permission, problem::Problem,
    text, tx::Tx,
};

/// Most characters of a search: as many as an external id has.
const SEARCH_MAX: usize = 255;

/// What every list is asked.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Which list it is: its tokens are of no use for another.
    pub route: &'static str,
    /// What is searched.
    pub q: Option<&'a str>,
    /// The order.
    pub sort: Order,
    /// Items of a page.
    pub page_size: Option<u32>,
    /// The token of the page before.
    pub next_token: Option<&'a str>,
}

/// Answers a list. `filter` is what the token is bound to (search and order with it), `key` the sort key of a row.
///
/// # Errors
/// 400 for a search, size or token that cannot be; what `read` refuses.
pub async fn page<P: Permission, T: Serialize, E: Into<Problem>>(
    cx: &Cx<P>,
    filter: &impl Serialize,
    asked: Asked<'_>,
    key: impl Fn(&T) -> After,
    read: impl AsyncFnOnce(&mut Tx, &Wanted) -> Result<Vec<T>, E>,
) -> Result<Ok200<Page<T>>, Problem> {
    let limit = params::page_size(asked.page_size)?;
    if asked.q.is_some_and(|q| q.chars().nth(SEARCH_MAX).is_some()) {
        let message = format!("At most {SEARCH_MAX} characters.");
        return Err(params::unreadable("q", "too_long", message));
    }
    let (cursors, route) = (&cx.kernel().cursors, asked.route);
    let after = match asked.next_token {
        Some(token) => Some(cursors.open::<After>(cx.tenant(), route, filter, token)?),
        None => None,
    };
    let search = asked.q.map(|q| (text::key(q), q.trim().to_owned()));
    let wanted = Wanted { search, order: asked.sort, after, limit };
    let rows = cx.read(async |tx| read(tx, &wanted).await).await?;
    let size = usize::try_from(limit).unwrap_or(usize::MAX);
    let seal = |last: &T| cursors.seal(cx.tenant(), route, filter, &key(last));
    Ok(Ok200(Page::cut(rows, size, seal)))
}
