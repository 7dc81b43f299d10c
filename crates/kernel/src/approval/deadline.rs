//! The clock of an approval: a durable job that reminds at half of a level's time and asks the next level at its end.

use futures::future::BoxFuture;
use jiff::Timestamp;
use serde::Deserialize;

use super::{Approval, ApprovalId, Status, events, store};
use crate::{
    Problem, Tx,
    answer::{NoContent, Outcome},
    job::{Job, JobKind, Next},
    permission::ApprovalDecide,
};

/// The kind of the job.
pub const KIND: &str = "platform.approval";

/// Reminds and escalates. Of several nodes one runs it, and what it did is not done again.
pub const JOB: JobKind = JobKind { name: KIND, run: wake };

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Args {
    approval_id: ApprovalId,
}

fn wake(job: &Job) -> BoxFuture<'_, Result<Next, Problem>> {
    Box::pin(async {
        let args: Args =
            serde_json::from_value(job.args.clone()).map_err(|e| Problem::internal(&e))?;
        let id = args.approval_id;
        // Named after the moment: a step that is run again finds that it was done.
        let moment = job.kernel().clock.now();
        let cx = job.cx::<ApprovalDecide>(&format!("at {moment}"));
        cx.write("platform.approval.wait", async move |tx| pass(tx, id).await).await?;
        let next = job.cx::<ApprovalDecide>("look");
        let open = next.read(async move |tx| store::find(tx, id).await).await?;
        Ok(open.and_then(|open| next_moment(&open)).map_or(Next::Done, Next::Again))
    })
}

/// When something is due next.
fn next_moment(approval: &Approval) -> Option<Timestamp> {
    let open = approval.status == Status::Pending;
    let moments = [approval.remind_at, approval.due_at];
    moments.into_iter().flatten().min().filter(|_| open)
}

/// Does what is due: asks the next level, or reminds this one.
async fn pass(tx: &mut Tx, id: ApprovalId) -> Result<Outcome<NoContent>, Problem> {
    let Some(open) = store::lock(tx, id).await?.filter(|a| a.status == Status::Pending) else {
        return Ok(Outcome::AlreadyApplied(NoContent));
    };
    let now = tx.now();
    if open.due_at.is_some_and(|due| due <= now) {
        let level = open.level + 1;
        let after = open.clone().ask(level, now);
        store::update(tx, &after).await?;
        tx.changed(Some(&open), Some(&after), &events::ApprovalEscalated((&after).into()))?;
    } else if open.remind_at.is_some_and(|remind| remind <= now) {
        let after = Approval { remind_at: None, ..open.clone() };
        store::update(tx, &after).await?;
        tx.changed(Some(&open), Some(&after), &events::ApprovalReminded((&after).into()))?;
    } else {
        return Ok(Outcome::AlreadyApplied(NoContent));
    }
    Ok(Outcome::Executed(NoContent))
}
