//! Bulk jobs: a file is taken whole or not at all, then done row by row by a durable job.
//!
//! The job, its file and its place in the queue commit together, and so do the effects of each step with the place in the
//! file up to which it is done. So every row is done exactly once, whichever node lives, and a killed server goes on where
//! it stopped. The file is deleted when the job is over, the results after [`KEPT_DAYS`] days.

mod accept;
mod cells;
mod enrollments;
mod entity;
pub mod file;
mod keys;
mod people;
mod records;
mod slice;
pub(crate) mod store;
mod students;
mod table;
mod tally;
mod teachers;

use jiff::{SignedDuration, Timestamp};
use kernel::{
    Problem,
    answer::{Done, Outcome},
    job::{Job, JobKind, Next},
    permission::{BulkRead, Permission},
    rows::{self, Only, Wanted},
    tx::Tx,
};
use uuid::Uuid;

pub use accept::{UPLOAD_MAX, accept, survey};
pub use enrollments::EnrollmentRow;
pub use entity::{Asked, BulkJob, Format, JobId, JobStatus, JobType, RowResult, RowStatus};
pub use store::TABLE;
pub use students::StudentRow;
pub use teachers::TeacherRow;

use crate::{Error, events, import, own};

/// Days for which the results of a job are kept.
pub const KEPT_DAYS: i64 = 30;
/// Results that are deleted by one statement.
const FORGET: i64 = 10_000;

/// Does bulk jobs, and forgets them when their time is over.
pub const JOB: JobKind = JobKind { name: "roster.bulk", run: |job| Box::pin(run(job)) };

/// A bulk job that the caller reaches.
pub async fn read(tx: &mut Tx, id: JobId) -> Result<BulkJob, Error> {
    let own = own::bulk_jobs(tx).await?;
    rows::find(tx, &TABLE, id.0, &own).await?.ok_or(Error::Missing)
}

/// A page of the bulk jobs that the caller reaches, and one more.
pub async fn list(
    tx: &mut Tx,
    job_type: Option<JobType>,
    status: Option<JobStatus>,
    wanted: &Wanted,
) -> Result<Vec<BulkJob>, Error> {
    let mut only = own::bulk_jobs(tx).await?;
    only.extend(job_type.map(|word| Only::Word("job_type", word.name())));
    only.extend(status.map(|word| Only::Word("status", word.name())));
    Ok(rows::list(tx, &TABLE, &only, wanted).await?)
}

/// Up to `limit` results of a job that the caller reaches, after a row, of one status if it is asked for.
pub async fn results(
    tx: &mut Tx,
    id: JobId,
    status: Option<RowStatus>,
    part: (i32, i64),
) -> Result<Vec<RowResult>, Error> {
    read(tx, id).await?;
    Ok(store::results(tx, id, status, part).await?)
}

/// The path of a bulk job.
pub(crate) fn path(tx: &Tx, id: JobId) -> String {
    format!("/api/v1/tenants/{}/bulk/jobs/{id}", tx.tenant())
}

/// The bulk job that a durable job does.
///
/// # Errors
/// The database's.
pub async fn of(job: &Job) -> Result<Option<BulkJob>, Problem> {
    let cx = job.cx::<BulkRead>("read");
    let id = job.id;
    cx.read(async move |tx| Ok::<_, Problem>(rows::find(tx, &TABLE, id, &[]).await?)).await
}

/// One step of a job: what `f` does and the job's next version, which it returns, commit together, once. `name` tells the
/// step from the job's others, the same in every run.
///
/// # Errors
/// What `f` refuses; a job that is gone.
pub async fn step<P: Permission>(
    job: &Job,
    action: &'static str,
    name: &str,
    f: impl AsyncFn(&mut Tx, BulkJob) -> Result<BulkJob, Error>,
) -> Result<BulkJob, Problem> {
    let (cx, id) = (job.cx::<P>(name), job.id);
    cx.write(action, async move |tx| {
        let before: BulkJob = rows::lock(tx, &TABLE, id, &[]).await?.ok_or(Error::Missing)?;
        let after = f(tx, before.clone()).await?;
        store::update(tx, &after).await?;
        tx.audited(Some(&before), Some(&after));
        Ok::<_, Error>(Outcome::Executed(Done(())))
    })
    .await?;
    of(job).await?.ok_or_else(Problem::missing)
}

/// Forgets the results of a job that it tells anew.
///
/// # Errors
/// The database's.
pub(crate) async fn forget_results(tx: &mut Tx, job: JobId) -> Result<(), Error> {
    while store::forget(tx, job, FORGET).await? > 0 {}
    Ok(())
}

/// Ends a job: its file is deleted, and it is announced after everything that it did.
///
/// # Errors
/// The database's.
pub async fn finish<P: Permission>(
    job: &Job,
    status: JobStatus,
    error: Option<String>,
) -> Result<Next, Problem> {
    let (cx, id) = (job.cx::<P>("finish"), job.id);
    cx.write("roster.bulk.complete", async move |tx| {
        let (before, after) = end(tx, id, status, error.clone()).await?;
        tx.changed(Some(&before), Some(&after), &events::BulkJobCompleted((&after).into()))?;
        Ok::<_, Error>(Outcome::Executed(Done(())))
    })
    .await?;
    Ok(Next::Again(over(job.kernel().clock.now())))
}

/// As [`finish`], for a job that is done and changed nothing: nobody need hear of it.
///
/// # Errors
/// The database's.
pub async fn finish_quietly<P: Permission>(job: &Job) -> Result<Next, Problem> {
    let (cx, id) = (job.cx::<P>("finish"), job.id);
    cx.write("roster.bulk.complete", async move |tx| {
        let (before, after) = end(tx, id, JobStatus::Completed, None).await?;
        tx.audited(Some(&before), Some(&after));
        Ok::<_, Error>(Outcome::Executed(Done(())))
    })
    .await?;
    Ok(Next::Again(over(job.kernel().clock.now())))
}

async fn end(
    tx: &mut Tx,
    id: Uuid,
    status: JobStatus,
    error: Option<String>,
) -> Result<(BulkJob, BulkJob), Error> {
    let before: BulkJob = rows::lock(tx, &TABLE, id, &[]).await?.ok_or(Error::Missing)?;
    let mut after = before.ended(status, error, tx.now());
    if status == JobStatus::Completed {
        after.processed_rows = after.total_rows;
    }
    store::update(tx, &after).await?;
    file::delete(tx, after.job_id).await?;
    Ok((before, after))
}

/// When a job that ended then is forgotten.
fn over(completed: Timestamp) -> Timestamp {
    completed + SignedDuration::from_hours(24 * KEPT_DAYS)
}

async fn run(job: &Job) -> Result<Next, Problem> {
    let Some(bulk) = of(job).await? else { return Ok(Next::Done) };
    if let Some(completed) = bulk.completed_at {
        let over = over(completed);
        let kept = job.kernel().clock.now() < over;
        return if kept { Ok(Next::Again(over)) } else { forget(job).await };
    }
    match bulk.job_type {
        JobType::OneRoster => import::run(job, bulk).await,
        JobType::Students | JobType::Enrollments | JobType::Teachers => slice::run(job, bulk).await,
    }
}

async fn forget(job: &Job) -> Result<Next, Problem> {
    let (cx, id) = (job.cx::<BulkRead>("forget"), job.id);
    let done = cx.write("roster.bulk.forget", async move |tx| {
        let bulk: BulkJob = rows::lock(tx, &TABLE, id, &[]).await?.ok_or(Error::Missing)?;
        while store::forget(tx, bulk.job_id, FORGET).await? > 0 {}
        store::delete(tx, bulk.job_id).await?;
        tx.audited(Some(&bulk), None);
        Ok::<_, Error>(Outcome::Executed(Done(())))
    });
    done.await.map(|_| Next::Done)
}
