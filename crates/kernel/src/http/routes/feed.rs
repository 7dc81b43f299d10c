//! `GET …/feed/{context}`: the catch-up feed, as pages or as server-sent events.

use std::{convert::Infallible, time::Duration};

use axum::response::{
    IntoResponse, Response,
    sse::{Event, KeepAlive, Sse},
};
use futures::{Stream, StreamExt};
use http::{HeaderMap, header};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    answer::Ok200,
    cx::Cx,
    feed::{self, FeedPage},
    http::{Path, Query},
    permission::FeedRead,
    problem::{FieldError, Problem, kinds},
};

/// Events of a page when nothing is asked.
const PAGE_DEFAULT: u16 = 100;
/// How long a stream lasts before the client must connect, and prove its token, again.
const STREAM_MAX: Duration = Duration::from_mins(15);
/// How often an idle stream says that it lives.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// The path of a feed.
#[derive(Clone, Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct FeedPath {
    /// The context whose events are wanted, for instance `roster`.
    context: String,
}

/// Which part of the feed is wanted.
#[derive(Clone, Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct After {
    /// The sequence number of the last event that is known; 0 for all.
    #[serde(default)]
    #[param(minimum = 0)]
    after: i64,
    /// Events of a page, 1 to 500; 100 when left out.
    #[param(minimum = 1, maximum = 500)]
    page_size: Option<u16>,
}

/// A page of a feed.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct FeedBody {
    /// CloudEvents in the order of their sequence, the bytes that were published.
    #[schema(value_type = Vec<Object>)]
    items: Vec<Box<RawValue>>,
    /// The number to ask after for the next page.
    next: i64,
    /// The oldest number that is still kept.
    oldest: i64,
}

/// Read the catch-up feed
///
/// Events after a sequence number, complete and in order, also while the broker is down. With
/// `Accept: text/event-stream` it stays open and sends what comes, `id` being the number (so Last-Event-ID resumes).
#[utoipa::path(get, path = "/api/v1/tenants/{tenantId}/feed/{context}", tag = "platform", params(FeedPath, After),
    operation_id = "readFeed", security(("bearer" = ["platform.feed.read"])),
    responses(
        (status = 200, description = "A page of events", content((FeedBody = "application/json"), (String = "text/event-stream"))),
        (status = 410, description = "Too old a position", body = crate::problem::ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn read(
    cx: Cx<FeedRead>,
    Path(path): Path<FeedPath>,
    Query(query): Query<After>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let size = size(&query)?;
    let streamed =
        headers.get(header::ACCEPT).is_some_and(|accept| accept.as_bytes() == b"text/event-stream");
    if streamed {
        let last = headers
            .get("last-event-id")
            .and_then(|id| id.to_str().ok())
            .and_then(|id| id.parse().ok());
        let after = last.unwrap_or(query.after);
        // Refused while there still is a status to say it with.
        page(&cx, &path.context, after, 1).await?;
        let ending = cx.kernel().ending.clone();
        let end = async move {
            ending.run_until_cancelled(tokio::time::sleep(STREAM_MAX)).await;
        };
        let stream = stream(cx, path.context, after).take_until(Box::pin(end));
        return Ok(Sse::new(stream)
            .keep_alive(KeepAlive::new().interval(HEARTBEAT))
            .into_response());
    }
    let page = page(&cx, &path.context, query.after, size).await?;
    Ok(Ok200(FeedBody { items: page.events, next: page.next, oldest: page.oldest }).into_response())
}

fn size(query: &After) -> Result<u16, Problem> {
    let size = query.page_size.unwrap_or(PAGE_DEFAULT);
    let mut errors = Vec::new();
    if !(1..=feed::PAGE_MAX).contains(&size) {
        errors.push(FieldError::new(
            "?pageSize",
            "out_of_range",
            format!("1 to {}", feed::PAGE_MAX),
        ));
    }
    if query.after < 0 {
        errors.push(FieldError::new("?after", "out_of_range", "0 or more"));
    }
    if errors.is_empty() {
        return Ok(size);
    }
    Err(Problem::new(&kinds::MALFORMED, "A query parameter cannot be read.").with_errors(errors))
}

async fn page(
    cx: &Cx<FeedRead>,
    context: &str,
    after: i64,
    size: u16,
) -> Result<FeedPage, Problem> {
    cx.read(async |tx| {
        let tenant = tx.tenant();
        feed::page(tx.conn(), tenant, context, after, size).await
    })
    .await
}

/// What comes after `after`, page by page, for as long as the reader stays.
fn stream(
    cx: Cx<FeedRead>,
    context: String,
    after: i64,
) -> impl Stream<Item = Result<Event, Infallible>> {
    let pages = futures::stream::unfold((cx, context, after), async |(cx, context, after)| {
        loop {
            let mut news = cx.kernel().wake.news();
            match page(&cx, &context, after, feed::PAGE_MAX).await {
                Ok(page) if page.events.is_empty() => {
                    news.beyond(cx.tenant(), &context, after).await;
                }
                Ok(page) => {
                    let first = page.next - i64::try_from(page.events.len()).unwrap_or(0) + 1;
                    let events: Vec<_> = (first..)
                        .zip(page.events)
                        .map(|(number, event)| Ok(sent(number, &event)))
                        .collect();
                    return Some((futures::stream::iter(events), (cx, context, page.next)));
                }
                Err(_) => return None,
            }
        }
    });
    pages.flatten()
}

fn sent(number: i64, event: &RawValue) -> Event {
    Event::default().id(number.to_string()).data(event.get())
}

impl From<feed::Error> for Problem {
    fn from(error: feed::Error) -> Self {
        match error {
            feed::Error::Gone { .. } => Self::new(&kinds::GONE, error.to_string()),
            feed::Error::Unreadable { .. } => Self::internal(&error),
            feed::Error::Database(error) => error.into(),
        }
    }
}
