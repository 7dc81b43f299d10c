//! What the background loops share: transactions that survive cancellation, and pauses that end with the server.

use std::time::Duration;

use sqlx::{PgPool, Postgres, SqlSafeStr, Transaction};
use tokio_util::sync::CancellationToken;

/// The longest pause after repeated failures: a dependency that came back is noticed within this time.
const BACKOFF_MAX: Duration = Duration::from_secs(10);
/// The pause after a first failure; it doubles with each further one.
const BACKOFF_MIN: Duration = Duration::from_millis(100);

/// Opens a transaction of the system role.
///
/// In a task of its own: a caller that is dropped while BEGIN is on the wire would leave an open transaction in the pool.
pub(crate) async fn begin(pool: &PgPool) -> sqlx::Result<Transaction<'static, Postgres>> {
    begin_with(pool, "begin").await
}

/// Opens a transaction whose commit does not wait for the disk: for what may be lost, such as delivered marks.
pub(crate) async fn begin_unsynced(pool: &PgPool) -> sqlx::Result<Transaction<'static, Postgres>> {
    begin_with(pool, "begin; set local synchronous_commit = off").await
}

/// Opens a transaction that may run longer than a request: for passes over much data.
pub(crate) async fn begin_long(pool: &PgPool) -> sqlx::Result<Transaction<'static, Postgres>> {
    begin_with(pool, "begin; set local statement_timeout = '60s'").await
}

async fn begin_with(
    pool: &PgPool,
    statement: &'static str,
) -> sqlx::Result<Transaction<'static, Postgres>> {
    let pool = pool.clone();
    #[expect(clippy::disallowed_methods, reason = "in its own task, so nothing cancels it")]
    let begun = tokio::spawn(async move { pool.begin_with(statement.into_sql_str()).await });
    // The task ends early only with its runtime, and then nobody needs the transaction.
    begun.await.unwrap_or(Err(sqlx::Error::PoolClosed))
}

/// How long to wait after `failures` failures in a row: doubling, with jitter so that nodes do not knock together.
pub(crate) fn backoff(failures: u32) -> Duration {
    let full = BACKOFF_MIN.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(BACKOFF_MAX);
    full.mul_f64(rand::random_range(0.5..=1.0))
}

/// Waits, but not beyond the stop of the server.
pub(crate) async fn pause(stop: &CancellationToken, time: Duration) {
    // Stopped or not: the caller's loop looks at the token.
    stop.run_until_cancelled(tokio::time::sleep(time)).await;
}
