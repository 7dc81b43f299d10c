//! `GET …/instance/messages`: the newest messages, as pages or as server-sent events.

use std::{convert::Infallible, time::Duration};

use axum::response::{
    IntoResponse, Response,
    sse::{Event, KeepAlive, Sse},
};
use futures::{Stream, StreamExt};
use http::{HeaderMap, header};
use kernel::{
    answer::Ok200,
    cx::Cx,
    http::{Query, params::unreadable},
    permission::MessageRead,
    problem::Problem,
};
use serde::{Deserialize, Serialize};

use crate::server::{
    message::{self, Kept, Only},
    registry::InstanceId,
};

/// Messages of a page when nothing is asked.
const PAGE_DEFAULT: u16 = 100;
/// Most messages of a page.
const PAGE_MAX: u16 = 500;
/// How long a stream lasts before the client must connect, and prove its token, again.
const STREAM_MAX: Duration = Duration::from_mins(15);
/// How often an idle stream says that it lives.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How often a stream looks for what came.
const LOOK: Duration = Duration::from_millis(500);

/// Most characters of a category.
const CATEGORY_MAX: usize = 255;
/// Most characters of a kind of trouble.
const ERROR_TYPE_MAX: usize = 40;

/// Which messages are wanted.
#[derive(Clone, Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// The number of the last message that is known; without it a page begins with the oldest, a stream with what comes.
    #[param(minimum = 0)]
    after: Option<i64>,
    /// Messages of a page, 1 to 500; 100 when left out.
    #[param(minimum = 1, maximum = 500)]
    page_size: Option<u16>,
    /// Only messages of this instance.
    instance_id: Option<InstanceId>,
    /// Only messages at least this severe: 0 information, 1 warning, 2 severe, 3 fatal.
    #[param(maximum = 3)]
    severity: Option<u8>,
    /// Only messages of this category, or one below it: `Database` means `Database.MountedRW`, too.
    #[param(max_length = 255)]
    category: Option<String>,
    /// Only messages about this kind of trouble: `config`, `license` or `resource`.
    #[param(max_length = 40)]
    error_type: Option<String>,
}

/// A page of messages.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct MessagePage {
    /// In the order in which they came.
    items: Vec<Kept>,
    /// The number to ask after for the next page.
    next: i64,
}

/// Read log messages
///
/// The newest 10,000 of each instance. With `Accept: text/event-stream` it stays open and sends what comes, `id` being the
/// number (so Last-Event-ID resumes).
#[utoipa::path(get, path = "/api/v1/tenants/{tenantId}/instance/messages", tag = "instances", params(Filter),
    operation_id = "readMessages", security(("bearer" = ["instance.message.read"])),
    responses((status = 200, description = "Messages", content((MessagePage = "application/json"), (String = "text/event-stream")))))]
pub(super) async fn read(
    cx: Cx<MessageRead>,
    Query(filter): Query<Filter>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (size, only) = (size(&filter)?, only(&filter)?);
    let accept = headers.get(header::ACCEPT);
    if accept.is_none_or(|accept| accept.as_bytes() != b"text/event-stream") {
        let after = filter.after.unwrap_or_default();
        let items = cx.read(async |tx| message::after(tx, &only, after, size.into()).await).await?;
        let next = items.last().map_or(after, |last| last.number);
        return Ok(Ok200(MessagePage { items, next }).into_response());
    }
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    let after = match last.or(filter.after) {
        Some(after) => after,
        None => cx.read(async |tx| message::newest(tx).await).await?,
    };
    let ending = cx.kernel().ending.clone();
    let end = async move {
        ending.run_until_cancelled(tokio::time::sleep(STREAM_MAX)).await;
    };
    let stream = stream(cx, only, after).take_until(Box::pin(end));
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(HEARTBEAT)).into_response())
}

fn size(filter: &Filter) -> Result<u16, Problem> {
    if filter.after.is_some_and(|after| after < 0) {
        return Err(unreadable("after", "out_of_range", "0 or more"));
    }
    let size = filter.page_size.unwrap_or(PAGE_DEFAULT);
    if (1..=PAGE_MAX).contains(&size) {
        return Ok(size);
    }
    Err(unreadable("pageSize", "out_of_range", format!("1 to {PAGE_MAX}")))
}

fn only(filter: &Filter) -> Result<Only, Problem> {
    if filter.severity.is_some_and(|severity| severity > 3) {
        return Err(unreadable("severity", "out_of_range", "0 to 3"));
    }
    for (name, given, max) in [
        ("category", &filter.category, CATEGORY_MAX),
        ("errorType", &filter.error_type, ERROR_TYPE_MAX),
    ] {
        if given.as_ref().is_some_and(|given| given.chars().nth(max).is_some()) {
            return Err(unreadable(name, "too_long", format!("At most {max} characters.")));
        }
    }
    Ok(Only {
        instance: filter.instance_id,
        severity: filter.severity.map(i16::from),
        category: filter.category.clone(),
        error_type: filter.error_type.clone(),
    })
}

/// What comes after a number, for as long as the reader stays.
fn stream(
    cx: Cx<MessageRead>,
    only: Only,
    after: i64,
) -> impl Stream<Item = Result<Event, Infallible>> {
    let pages = futures::stream::unfold((cx, only, after), async |(cx, only, after)| {
        loop {
            let news = cx.read(async |tx| message::after(tx, &only, after, PAGE_MAX.into()).await);
            let news: Vec<Kept> = news.await.ok()?;
            if let Some(last) = news.last().map(|last| last.number) {
                let events: Vec<_> = news.iter().map(|kept| Ok(sent(kept))).collect();
                return Some((futures::stream::iter(events), (cx, only, last)));
            }
            tokio::time::sleep(LOOK).await;
        }
    });
    pages.flatten()
}

fn sent(kept: &Kept) -> Event {
    let text = serde_json::to_string(kept).unwrap_or_default();
    Event::default().id(kept.number.to_string()).data(text)
}
