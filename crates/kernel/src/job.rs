//! Durable jobs: work that is committed with its cause, and done at least once, whichever node lives.
//!
//! A job is claimed under a lease and fenced by its holder and attempt: whoever slept through the lease cannot report a
//! result. Its effects are units of work with a key made of job and step ([`Job::cx`]), so that a second run repeats
//! nothing that was committed.

use futures::future::BoxFuture;
use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    Cx, Kernel, Problem, TenantId, Tx,
    cx::{Origin, Trace},
    permission::Permission,
    unit::{KEPT_HOURS, Once},
};

mod claim;
mod list;
mod run;

pub use list::{Listed, list, retry};
pub use run::{ATTEMPTS_MAX, Runner, run};

/// A kind of job and what it does.
#[derive(Clone, Copy, Debug)]
pub struct JobKind {
    /// Its name, for instance `roster.import`.
    pub name: &'static str,
    /// Does it, or a part of it. Runs again after a failure or a death, with the progress saved so far.
    pub run: for<'t> fn(&'t Job) -> BoxFuture<'t, Result<Next, Problem>>,
}

/// What is to happen after a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing: the job is done and forgotten.
    Done,
    /// It runs again then: the next part of it, or the next time.
    Again(Timestamp),
}

/// A job to be enqueued.
#[derive(Clone, Debug)]
pub struct NewJob<'a> {
    /// Its kind's name.
    pub kind: &'a str,
    /// What the kind needs to know; no personal data.
    pub args: Value,
    /// When it is to run first.
    pub run_at: Timestamp,
    /// While a job of the tenant and kind with this key exists, another one is not made.
    pub unique_key: Option<&'a str>,
}

/// Enqueues a job in the transaction of its cause: it exists if and only if that commits. Returns its id; `None` when
/// one with the same unique key exists.
pub async fn enqueue(tx: &mut Tx, job: &NewJob<'_>) -> Result<Option<Uuid>, Problem> {
    let (tenant, id) = (tx.tenant(), tx.new_id::<Uuid>());
    let made = sqlx::query!(
        "insert into kernel.job (tenant_id, job_id, kind, args, run_at, unique_key) values ($1, $2, $3, $4, $5, $6)
         on conflict (tenant_id, kind, unique_key) do nothing",
        tenant.0,
        id,
        job.kind,
        job.args,
        jiff_sqlx::Timestamp::from(job.run_at) as _,
        job.unique_key
    )
    .execute(tx.conn())
    .await?;
    Ok((made.rows_affected() == 1).then_some(id))
}

/// Lets a job run now that was to run later, in the transaction of the reason. A run that just ends may still put it off:
/// ask again until it was seen.
///
/// # Errors
/// The database's.
pub async fn hasten(tx: &mut Tx, kind: &str, id: Uuid) -> Result<(), sqlx::Error> {
    let (tenant, now) = (tx.tenant(), tx.now());
    sqlx::query!(
        "update kernel.job set run_at = least(run_at, $4) where tenant_id = $1 and job_id = $2 and kind = $3",
        tenant.0,
        id,
        kind,
        jiff_sqlx::Timestamp::from(now) as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// A job as its run sees it.
#[derive(Debug)]
pub struct Job {
    pub(crate) kernel: Kernel,
    pub(crate) holder: Uuid,
    /// One for each run, which all its steps share.
    pub(crate) trace: Trace,
    /// Whose it is; the nil tenant for work of the platform.
    pub tenant: TenantId,
    /// Its id.
    pub id: Uuid,
    /// Its kind's name.
    pub kind: String,
    /// What it was enqueued with.
    pub args: Value,
    /// 1 for the first run since the last success.
    pub attempt: i32,
    /// What [`Job::save_progress`] saved last; an empty object at first.
    pub progress: Value,
}

impl Job {
    /// The context of one step of the job, for a unit of work that happens once however often the step is run.
    /// `step` names it within the job, the same in every run.
    pub fn cx<P: Permission>(&self, step: &str) -> Cx<P> {
        let key = format!("job {} {step}", self.id);
        let request = Sha256::digest(&key).into();
        let once = Once { scope: self.tenant, key, request, kept_hours: KEPT_HOURS };
        let origin = Origin { correlation: self.id, causation: None, trace: self.trace.clone() };
        Cx::system(self.kernel.clone(), self.tenant, &self.kind, origin, Some(once))
    }

    /// The kernel.
    pub fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    /// Saves how far it is, for the next run and for those who look. Fails when the lease was lost: stop then.
    pub async fn save_progress(&self, progress: &Value) -> Result<(), Problem> {
        claim::save_progress(self, progress).await
    }
}
