//! The catch-up feed: the numbered events of a tenant and context, read page by page.
//!
//! It reads the log, so it is complete while the broker is down, and never shows a number before the one below it. Its
//! envelopes are the published bytes.

use serde::Serialize;
use serde_json::value::RawValue;
use sqlx::{PgConnection, PgExecutor};

use crate::{TenantId, relay::envelope::Logged};

/// Events in one page at most: with the largest payloads still a few megabytes.
pub const PAGE_MAX: u16 = 500;

/// A page of a feed.
#[derive(Debug, Serialize)]
pub struct FeedPage {
    /// The envelopes, in the order of their numbers.
    pub events: Vec<Box<RawValue>>,
    /// The number to ask after for the next page.
    pub next: i64,
    /// The oldest number that is still kept.
    pub oldest: i64,
}

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Events after the asked number are no longer kept.
    #[error("events up to {} are no longer kept: start again from a snapshot, then after that number", .oldest - 1)]
    Gone {
        /// The oldest number that is still kept.
        oldest: i64,
    },
    /// An event in the log cannot be rendered; it is also parked.
    #[error("the event with number {number} cannot be rendered: {source}")]
    Unreadable {
        /// Its number.
        number: i64,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Reads up to `limit` events (at most [`PAGE_MAX`]) after the number `after`, in a transaction of the tenant.
///
/// An empty page means that there is nothing newer yet: [`crate::relay::Wake::news`] tells when to ask again.
pub async fn page(
    conn: &mut PgConnection,
    tenant: TenantId,
    context: &str,
    after: i64,
    limit: u16,
) -> Result<FeedPage, Error> {
    let rows = read(&mut *conn, tenant, context, after, limit.min(PAGE_MAX)).await?;
    // Read last: were events removed meanwhile, it says so.
    let oldest = oldest(conn, tenant, context).await?;
    if after < oldest - 1 {
        return Err(Error::Gone { oldest });
    }
    let next = rows.last().map_or(after, |last| last.number);
    let events = rows.iter().map(envelope).collect::<Result<_, _>>()?;
    Ok(FeedPage { events, next, oldest })
}

/// Reads the rows of a page.
pub(crate) async fn read(
    conn: impl PgExecutor<'_>,
    tenant: TenantId,
    context: &str,
    after: i64,
    limit: u16,
) -> sqlx::Result<Vec<Logged>> {
    sqlx::query_as!(
        Logged,
        r#"select tenant_id, context, number, event_id, type as event_type, subject, data, meta::text as "meta!", occurred_at
             from kernel.event where tenant_id = $1 and context = $2 and number > $3 order by number limit $4"#,
        tenant.0,
        context,
        after,
        i64::from(limit)
    )
    .fetch_all(conn)
    .await
}

async fn oldest(conn: &mut PgConnection, tenant: TenantId, context: &str) -> sqlx::Result<i64> {
    let oldest = sqlx::query_scalar!(
        "select oldest from kernel.feed where tenant_id = $1 and context = $2",
        tenant.0,
        context
    )
    .fetch_optional(conn)
    .await?;
    Ok(oldest.unwrap_or(1))
}

fn envelope(event: &Logged) -> Result<Box<RawValue>, Error> {
    event.envelope().map_err(|source| Error::Unreadable { number: event.number, source })
}
