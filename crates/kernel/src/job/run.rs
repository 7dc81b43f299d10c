//! Runs jobs: a few at a time, each in a task of its own, renewed while it runs.

use std::{sync::Arc, time::Duration};

use tokio::task::JoinSet;
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use uuid::Uuid;

use super::{
    Job, JobKind, Next,
    claim::{self, Hold, LEASE},
};
use crate::{Kernel, Problem, background, db, failpoint, relay::wake::hint_or, span};

/// Failures in a row after which a job is parked: with the growing pauses about a quarter of an hour.
pub const ATTEMPTS_MAX: i32 = 10;
/// Jobs at once on one node: they share the database with the requests.
const PARALLEL: usize = 4;
/// The truth: due jobs are looked for this often, whatever was hinted.
const POLL: Duration = Duration::from_secs(1);
/// The shortest time between two looks: hints come with every commit.
const PACE: Duration = Duration::from_millis(100);
/// Two renewals may fail before a claim is lost.
const RENEW: Duration = Duration::from_secs(LEASE.as_secs() / 3);
/// How long running jobs may go on once the server stops.
const LAST_WORK: Duration = Duration::from_secs(5);
/// The pause after a first failure; it doubles with each further one.
const RETRY_MIN: Duration = Duration::from_secs(2);
/// The longest pause between two attempts.
const RETRY_MAX: Duration = Duration::from_mins(30);

/// What the runner works with.
#[derive(Clone, Debug)]
pub struct Runner {
    /// The kernel.
    pub kernel: Kernel,
    /// This node: the same id after a restart, and no other process has it.
    pub node: Uuid,
    /// The kinds that this server knows. Jobs of other kinds wait for a server that knows them.
    pub kinds: Vec<JobKind>,
}

/// Runs due jobs until `stop`; what is then still running is given back after a moment.
pub async fn run(runner: Runner, stop: CancellationToken) {
    let names: Vec<_> = runner.kinds.iter().map(|kind| kind.name).collect();
    let mut woken = runner.kernel.wake.commits();
    let mut running = JoinSet::new();
    let mut failures = 0;
    stop.run_until_cancelled(take_back(&runner)).await;
    while !stop.is_cancelled() {
        while running.try_join_next().is_some() {}
        let free = PARALLEL.saturating_sub(running.len());
        match claim::claim(&runner.kernel, runner.node, &names, free).await {
            Ok(jobs) => {
                failures = 0;
                for job in jobs {
                    running.spawn(attempt(runner.kinds.clone(), job, stop.clone()));
                }
            }
            Err(error) => {
                failures += 1;
                tracing::warn!(
                    error = db::describe(&error),
                    "could not look for due jobs: trying again"
                );
                background::pause(&stop, background::backoff(failures)).await;
            }
        }
        background::pause(&stop, PACE).await;
        stop.run_until_cancelled(next_look(&mut woken, &mut running)).await;
    }
    while running.join_next().await.is_some() {}
}

/// Frees what this node held when it died: it goes on at once instead of after a lease.
async fn take_back(runner: &Runner) {
    match claim::take_back(&runner.kernel, runner.node).await {
        Ok(0) => {}
        Ok(jobs) => tracing::info!(jobs, "going on with the jobs of before"),
        Err(error) => {
            let error = db::describe(&error);
            tracing::warn!(
                error,
                "could not take back the jobs of before: they wait for their leases"
            );
        }
    }
}

/// Waits for a commit, the end of a job, which may have another turn, or the next poll.
async fn next_look(woken: &mut tokio::sync::watch::Receiver<()>, running: &mut JoinSet<()>) {
    if running.len() < PARALLEL {
        tokio::select! {
            () = hint_or(woken, POLL) => {}
            Some(_) = running.join_next() => {}
        }
    } else {
        // Ended or timed out: the caller looks.
        tokio::time::timeout(POLL, running.join_next()).await.ok();
    }
}

/// Runs a job once and reports what came of it.
async fn attempt(kinds: Vec<JobKind>, job: Job, stop: CancellationToken) {
    let Some(kind) = kinds.into_iter().find(|kind| kind.name == job.kind) else { return };
    let job = Arc::new(job);
    if job.attempt > ATTEMPTS_MAX {
        let died = "the server died in every attempt";
        return reported(&job, "parked", claim::fail(&job, died, None).await);
    }
    let span = span::job(&job.trace, &job.kind, job.id);
    let ended = held(kind, &job, &stop).await;
    if let Some(error) = ended.error() {
        span.record(span::ERROR, error);
    }
    drop(span);
    match ended {
        Ended::Finished(Ok(next)) => {
            failpoint::hit("job_before_done");
            reported(&job, "ok", claim::finish(&job, next).await);
        }
        Ended::Finished(Err(problem)) => failed(&job, &problem).await,
        Ended::Panicked => {
            failed(&job, &Problem::internal(&std::io::Error::other("the job panicked"))).await;
        }
        Ended::Lost => {
            tracing::warn!(job = %job.id, kind = job.kind, "the claim on a job was lost: another node has it");
        }
        Ended::Stopped => reported(&job, "given_back", claim::give_back(&job).await),
    }
}

/// How a run ended.
#[derive(Debug)]
enum Ended {
    Finished(Result<Next, Problem>),
    Panicked,
    Lost,
    Stopped,
}

impl Ended {
    fn error(&self) -> Option<&'static str> {
        match self {
            Self::Finished(Ok(_)) | Self::Stopped => None,
            Self::Finished(Err(problem)) => Some(problem.kind.slug),
            Self::Panicked => Some("panicked"),
            Self::Lost => Some("lost"),
        }
    }
}

/// Runs a job in a task of its own while renewing the claim; the task ends with the claim.
async fn held(kind: JobKind, job: &Arc<Job>, stop: &CancellationToken) -> Ended {
    let task = Arc::clone(job);
    let mut work = AbortOnDropHandle::new(tokio::spawn(async move { (kind.run)(&task).await }));
    let stopping = async {
        stop.cancelled().await;
        tokio::time::sleep(LAST_WORK).await;
    };
    tokio::select! {
        done = &mut work => done.map_or(Ended::Panicked, Ended::Finished),
        () = lost(job) => Ended::Lost,
        () = stopping => Ended::Stopped,
    }
}

/// Renews the claim until it is lost.
async fn lost(job: &Job) {
    loop {
        tokio::time::sleep(RENEW).await;
        match claim::renew(job).await {
            Ok(Hold::Kept) => {}
            Ok(Hold::Lost) => return,
            Err(error) => {
                tracing::warn!(error = db::describe(&error), job = %job.id, "could not renew the claim on a job");
            }
        }
    }
}

async fn failed(job: &Job, problem: &Problem) {
    let error = problem.internal.as_deref().unwrap_or(&problem.detail);
    let retry_at = (job.attempt < ATTEMPTS_MAX)
        .then(|| job.kernel.clock.now().saturating_add(pause(job.attempt)).ok())
        .flatten();
    tracing::warn!(job = %job.id, kind = job.kind, attempt = job.attempt, error, again = retry_at.is_some(), "a job failed");
    let outcome = if retry_at.is_some() { "failed" } else { "parked" };
    reported(job, outcome, claim::fail(job, error, retry_at).await);
}

/// The pause after the given attempt.
fn pause(attempt: i32) -> Duration {
    let doublings = u32::try_from(attempt - 1).unwrap_or(0).min(16);
    RETRY_MIN.saturating_mul(1 << doublings).min(RETRY_MAX)
}

fn reported(job: &Job, outcome: &'static str, hold: sqlx::Result<Hold>) {
    metrics::counter!("jobs_run_total", "outcome" => outcome).increment(1);
    match hold {
        Ok(Hold::Kept) => {}
        Ok(Hold::Lost) => {
            tracing::warn!(job = %job.id, kind = job.kind, "a job ended after its claim was lost: it runs again");
        }
        Err(error) => {
            tracing::warn!(error = db::describe(&error), job = %job.id, "could not report a job: it runs again");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pauses_double_up_to_half_an_hour() {
        let pauses: Vec<_> = (1..ATTEMPTS_MAX).map(|attempt| pause(attempt).as_secs()).collect();
        assert_eq!(pauses, [2, 4, 8, 16, 32, 64, 128, 256, 512]);
        assert_eq!(pause(40), RETRY_MAX);
    }
}
