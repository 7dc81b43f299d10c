//! The unit of work: authorised, validated, audited, announced and answered in one transaction, or not at all.
//!
//! Round trips of a write: BEGIN with the tenant · key, lock and tenant's status · the command's SQL · audit, outbox and
//! key in one statement · COMMIT. A failed command leaves nothing behind, its key neither: a repeat simply runs again.

mod flush;
mod key;
mod stored;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use metrics::histogram;

pub use key::{KEPT_HOURS, Once, UPLOAD_KEPT_HOURS};

use crate::{
    Role,
    answer::{Answer, Outcome, Reply},
    cx::Context,
    db::Mode,
    failpoint,
    permission::Scope,
    problem::{Problem, kinds},
    span,
    tenant::{self, Status},
    tx::{Change, Tx},
};

/// Tries of one unit of work before it answers 503. A deadlock or lost race is gone at the second try.
const MAX_ATTEMPTS: u32 = 5;
/// Pause before the second try; it doubles, with jitter.
const FIRST_PAUSE: Duration = Duration::from_millis(5);

/// Runs `f` as one unit of work named `action`.
pub(crate) async fn write<A: Answer, E: Into<Problem>>(
    context: &Arc<Context>,
    action: &'static str,
    f: impl AsyncFn(&mut Tx) -> Result<Outcome<A>, E>,
) -> Result<Reply, Problem> {
    let started = Instant::now();
    let span = span::unit(&context.origin.trace, action);
    let mut attempt = 1;
    let result = loop {
        match once(context, action, &f).await {
            Err(problem) if problem.again && attempt < MAX_ATTEMPTS => pause(attempt).await,
            result => break result,
        }
        attempt += 1;
    };
    let outcome = if result.is_ok() { "ok" } else { "refused" };
    histogram!("unit_of_work_duration_seconds", "action" => action, "outcome" => outcome)
        .record(started.elapsed().as_secs_f64());
    span.record("steward.attempts", attempt);
    if let Err(problem) = &result {
        span.record(span::ERROR, problem.kind.slug);
    }
    result
}

async fn pause(attempt: u32) {
    let longest = FIRST_PAUSE * 2_u32.saturating_pow(attempt);
    tokio::time::sleep(longest.mul_f64(rand::random_range(0.5..1.0))).await;
}

async fn once<A: Answer, E: Into<Problem>>(
    context: &Arc<Context>,
    action: &'static str,
    f: &impl AsyncFn(&mut Tx) -> Result<Outcome<A>, E>,
) -> Result<Reply, Problem> {
    let mut tx = Tx::begin(context, Mode::Write).await?;
    let done = run(&mut tx, action, f).await;
    match done {
        Ok(Done::Fresh(reply)) => {
            failpoint::hit("before_commit");
            tx.commit().await?;
            failpoint::hit("after_commit");
            context.kernel.wake.wake();
            Ok(reply)
        }
        Ok(Done::Replayed(reply)) => {
            tx.rollback().await;
            Ok(reply.replayed())
        }
        Err(problem) => {
            tx.rollback().await;
            Err(problem)
        }
    }
}

enum Done {
    Fresh(Reply),
    Replayed(Reply),
}

async fn run<A: Answer, E: Into<Problem>>(
    tx: &mut Tx,
    action: &'static str,
    f: &impl AsyncFn(&mut Tx) -> Result<Outcome<A>, E>,
) -> Result<Done, Problem> {
    if let Some(reply) = key::claim(tx).await? {
        return Ok(Done::Replayed(reply));
    }
    let outcome = f(tx).await.map_err(Into::into)?;
    let changes = tx.take_changes();
    let answer = match outcome {
        Outcome::Executed(answer) if !changes.is_empty() => answer,
        Outcome::AlreadyApplied(answer) if changes.is_empty() => answer,
        Outcome::Executed(_) => {
            return Err(defect(action, "says that it did something, but recorded no change"));
        }
        Outcome::AlreadyApplied(_) => {
            return Err(defect(action, "says that it did nothing, but recorded a change"));
        }
    };
    let reply = answer.reply().map_err(|e| Problem::internal(&e))?;
    flush::flush(tx, action, changes, Some(&reply)).await?;
    Ok(Done::Fresh(reply))
}

fn defect(action: &str, what: &str) -> Problem {
    Problem::internal(&std::io::Error::other(format!("{action} {what}")))
}

/// Runs `f` in a read-only transaction of the same tenant. What it says to be disclosed is on record, under the name of the
/// permission, before anybody sees it.
pub(crate) async fn read<T, E: Into<Problem>>(
    context: &Arc<Context>,
    f: impl AsyncFnOnce(&mut Tx) -> Result<T, E>,
) -> Result<T, Problem> {
    let mut tx = Tx::begin(context, Mode::Read).await?;
    if let Some(tenant) = context.tenant {
        let status = tenant::status(tx.conn(), tenant).await?;
        if status.is_none() || !reads_as_platform(context) {
            admit(context, status)?;
        }
    }
    let result = f(&mut tx).await.map_err(Into::into);
    let shown = tx.take_changes();
    tx.rollback().await;
    let value = result?;
    disclose(context, shown).await?;
    Ok(value)
}

/// Records what a read shows, in a transaction of its own: a read cannot write.
async fn disclose(context: &Arc<Context>, shown: Vec<Change>) -> Result<(), Problem> {
    if shown.is_empty() {
        return Ok(());
    }
    let action = context.row.name;
    if shown.iter().any(|change| change.before.is_some() || change.event.is_some()) {
        return Err(defect(action, "records a change, but only reads"));
    }
    let mut tx = Tx::begin(context, Mode::Write).await?;
    flush::flush(&mut tx, action, shown, None).await?;
    tx.commit().await?;
    Ok(())
}

/// Platform administrators read on, whatever the tenant's status, what the table lets them read.
fn reads_as_platform(context: &Context) -> bool {
    let platform = Role::PlatformAdmin;
    context.caller.has(platform) && context.row.roles.contains(&platform)
}

/// Refuses what belongs to a tenant that is not served. Platform operations are about tenants and always run.
fn admit(context: &Context, status: Option<Status>) -> Result<(), Problem> {
    match status {
        _ if context.row.scope == Scope::Platform => Ok(()),
        Some(Status::Active) => Ok(()),
        Some(Status::Suspended | Status::Deactivated) => Err(Problem::new(
            &kinds::TENANT_INACTIVE,
            "The tenant is not active; nothing was read or changed.",
        )),
        None => {
            Err(Problem::new(&kinds::TENANT_FORBIDDEN, "There is no such tenant on this platform."))
        }
    }
}
