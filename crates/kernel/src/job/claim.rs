//! The rows of jobs: claimed, renewed, finished, each only by the holder and attempt that claimed them.

use std::time::Duration;

use serde_json::Value;
use sqlx::postgres::types::PgInterval;
use uuid::Uuid;

use super::{Job, Next};
use crate::{Kernel, Problem, TenantId, cx::Trace, problem::kinds};

/// How long a claim lives without renewal: this long after a node's death another one goes on.
pub(super) const LEASE: Duration = Duration::from_secs(30);

/// Claims up to `limit` due jobs of the given kinds. Those of tenants that are not active wait.
pub(super) async fn claim(
    kernel: &Kernel,
    holder: Uuid,
    kinds: &[&str],
    limit: usize,
) -> sqlx::Result<Vec<Job>> {
    let rows = sqlx::query!(
        r#"with due as (
             select j.tenant_id, j.job_id from kernel.job j
              where j.parked_error is null and j.run_at <= $1 and (j.until is null or j.until <= now())
                and j.kind = any($3)
                and (j.tenant_id = $4
                     or exists (select from kernel.tenant t where t.tenant_id = j.tenant_id and t.status = 'Active'))
              order by j.run_at limit $5 for update skip locked)
           update kernel.job j set holder = $2, until = now() + $6::interval, attempts = j.attempts + 1
             from due where j.tenant_id = due.tenant_id and j.job_id = due.job_id
           returning j.tenant_id as "tenant_id: TenantId", j.job_id, j.kind, j.args, j.attempts, j.progress"#,
        jiff_sqlx::Timestamp::from(kernel.clock.now()) as _,
        holder,
        kinds as &[&str],
        TenantId::NIL.0,
        i64::try_from(limit).unwrap_or(i64::MAX),
        lease()
    )
    .fetch_all(&kernel.system)
    .await?;
    let jobs = rows.into_iter().map(|row| Job {
        kernel: kernel.clone(),
        holder,
        trace: Trace::start(),
        tenant: row.tenant_id,
        id: row.job_id,
        kind: row.kind,
        args: row.args,
        attempt: row.attempts,
        progress: row.progress,
    });
    Ok(jobs.collect())
}

/// Ends the claims of a node that has died: the caller is that node, started again. Returns how many there were.
pub(super) async fn take_back(kernel: &Kernel, node: Uuid) -> sqlx::Result<u64> {
    let done =
        sqlx::query!("update kernel.job set holder = null, until = null where holder = $1", node)
            .execute(&kernel.system)
            .await?;
    Ok(done.rows_affected())
}

/// Does this run still hold the job?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hold {
    Kept,
    Lost,
}

impl Hold {
    fn of(done: &sqlx::postgres::PgQueryResult) -> Self {
        if done.rows_affected() == 1 { Self::Kept } else { Self::Lost }
    }
}

/// Renews the claim.
pub(super) async fn renew(job: &Job) -> sqlx::Result<Hold> {
    let done = sqlx::query!(
        "update kernel.job set until = now() + $5::interval
          where tenant_id = $1 and job_id = $2 and holder = $3 and attempts = $4",
        job.tenant.0,
        job.id,
        job.holder,
        job.attempt,
        lease()
    )
    .execute(&job.kernel.system)
    .await?;
    Ok(Hold::of(&done))
}

/// Reports a success.
pub(super) async fn finish(job: &Job, next: Next) -> sqlx::Result<Hold> {
    let done = match next {
        Next::Done => {
            sqlx::query!(
                "delete from kernel.job where tenant_id = $1 and job_id = $2 and holder = $3 and attempts = $4",
                job.tenant.0,
                job.id,
                job.holder,
                job.attempt
            )
            .execute(&job.kernel.system)
            .await?
        }
        Next::Again(at) => {
            sqlx::query!(
                "update kernel.job set run_at = $5, attempts = 0, holder = null, until = null
                  where tenant_id = $1 and job_id = $2 and holder = $3 and attempts = $4",
                job.tenant.0,
                job.id,
                job.holder,
                job.attempt,
                jiff_sqlx::Timestamp::from(at) as _
            )
            .execute(&job.kernel.system)
            .await?
        }
    };
    Ok(Hold::of(&done))
}

/// Reports a failure: it is tried again at `retry_at`, or parked when there is none.
pub(super) async fn fail(
    job: &Job,
    error: &str,
    retry_at: Option<jiff::Timestamp>,
) -> sqlx::Result<Hold> {
    let at = retry_at.unwrap_or_else(|| job.kernel.clock.now());
    let done = sqlx::query!(
        "update kernel.job set run_at = $5, parked_error = $6, holder = null, until = null
          where tenant_id = $1 and job_id = $2 and holder = $3 and attempts = $4",
        job.tenant.0,
        job.id,
        job.holder,
        job.attempt,
        jiff_sqlx::Timestamp::from(at) as _,
        retry_at.is_none().then_some(error)
    )
    .execute(&job.kernel.system)
    .await?;
    Ok(Hold::of(&done))
}

/// Gives an unfinished job back at once, as if this attempt had not been: at shutdown.
pub(super) async fn give_back(job: &Job) -> sqlx::Result<Hold> {
    let done = sqlx::query!(
        "update kernel.job set attempts = attempts - 1, holder = null, until = null
          where tenant_id = $1 and job_id = $2 and holder = $3 and attempts = $4",
        job.tenant.0,
        job.id,
        job.holder,
        job.attempt
    )
    .execute(&job.kernel.system)
    .await?;
    Ok(Hold::of(&done))
}

/// Saves the progress of the run that holds the job.
pub(super) async fn save_progress(job: &Job, progress: &Value) -> Result<(), Problem> {
    let done = sqlx::query!(
        "update kernel.job set progress = $5, until = now() + $6::interval
          where tenant_id = $1 and job_id = $2 and holder = $3 and attempts = $4",
        job.tenant.0,
        job.id,
        job.holder,
        job.attempt,
        progress,
        lease()
    )
    .execute(&job.kernel.system)
    .await?;
    match Hold::of(&done) {
        Hold::Kept => Ok(()),
        Hold::Lost => Err(Problem::new(&kinds::CONFLICT, "Another run took this job over.")),
    }
}

fn lease() -> PgInterval {
    PgInterval {
        months: 0,
        days: 0,
        microseconds: i64::try_from(LEASE.as_micros()).unwrap_or(i64::MAX),
    }
}
