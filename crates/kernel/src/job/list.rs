//! The jobs for those who look after them.

use serde_json::Value;
use sqlx::PgPool;
use uuid::Uuid;

use crate::TenantId;

/// A job as it stands.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Whose it is.
    pub tenant_id: TenantId,
    /// Its id.
    pub job_id: Uuid,
    /// Its kind's name.
    pub kind: String,
    /// When it runs next.
    pub run_at: jiff_sqlx::Timestamp,
    /// Runs since the last success.
    pub attempts: i32,
    /// Is a node just running it?
    pub running: bool,
    /// Why it is parked.
    pub parked_error: Option<String>,
    /// How far it is.
    pub progress: Value,
}

/// The first `limit` jobs, parked ones first, then by their time.
pub async fn list(system: &PgPool, limit: i64) -> sqlx::Result<Vec<Listed>> {
    sqlx::query_as!(
        Listed,
        r#"select tenant_id as "tenant_id: TenantId", job_id, kind, run_at, attempts,
                  coalesce(until > now(), false) as "running!", parked_error, progress
             from kernel.job order by parked_error is null, run_at limit $1"#,
        limit
    )
    .fetch_all(system)
    .await
}

/// Lets parked jobs run again: the one with this id, or all. Returns how many.
pub async fn retry(system: &PgPool, job: Option<Uuid>) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        "update kernel.job set parked_error = null, attempts = 0
          where parked_error is not null and ($1::uuid is null or job_id = $1)",
        job
    )
    .execute(system)
    .await?;
    Ok(done.rows_affected())
}
