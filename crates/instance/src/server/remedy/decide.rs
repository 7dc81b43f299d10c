//! What follows when a person confirmed or refused a held command.

use kernel::{
    Problem,
    answer::{NoContent, Outcome},
    approval::Decided,
    job::{Job, JobKind, Next},
    permission::RemedySend,
    tx::Tx,
};

use super::{CommandId, CommandStatus, KIND, Remedy, lock, report, store};
use crate::server::Error;

/// Carries a decision to the command that waits for it.
pub const DECISION: JobKind = JobKind { name: KIND, run: |job| Box::pin(decided(job)) };

async fn decided(job: &Job) -> Result<Next, Problem> {
    let decided: Decided =
        serde_json::from_value(job.args.clone()).map_err(|e| Problem::internal(&e))?;
    let cx = job.cx::<RemedySend>("decided");
    cx.write("instance.command.decide", async move |tx| tell(tx, decided).await).await?;
    Ok(Next::Done)
}

async fn tell(tx: &mut Tx, decided: Decided) -> Result<Outcome<NoContent>, Error> {
    let before = lock(tx, CommandId(decided.subject_id)).await?;
    let asked = before.approval_id == Some(decided.approval_id.0);
    if before.status != CommandStatus::Held || !asked {
        return Ok(Outcome::AlreadyApplied(NoContent));
    }
    if !decided.approved {
        report::close(tx, &before, CommandStatus::Rejected).await?;
        return Ok(Outcome::Executed(NoContent));
    }
    let after = Remedy { approved: true, ..before.next(CommandStatus::Pending, tx.now()) };
    store::update(tx, &after).await?;
    tx.audited(Some(&before), Some(&after));
    Ok(Outcome::Executed(NoContent))
}
