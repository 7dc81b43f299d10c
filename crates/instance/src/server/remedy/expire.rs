//! A command that nobody confirmed in time is closed: what it was to repair has changed since.

use jiff::SignedDuration;
use kernel::{
    Problem,
    answer::{NoContent, Outcome},
    approval,
    job::{self, Job, JobKind, NewJob, Next},
    permission::RemedySend,
    tx::Tx,
};
use serde_json::json;

use super::{CommandId, CommandStatus, KIND, lock, report};
use crate::server::Error;

/// How long a command may be held.
const HELD_MAX: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Closes a command that is still held.
pub const EXPIRY: JobKind =
    JobKind { name: "instance.command.expire", run: |job| Box::pin(due(job)) };

/// Closes a command later if it is still held then, seven days from now.
pub(super) async fn when_due(tx: &mut Tx, id: CommandId) -> Result<(), Error> {
    let run_at = tx.now().saturating_add(HELD_MAX).map_err(|e| Problem::internal(&e))?;
    let (args, key) = (json!({"commandId": id}), id.to_string());
    let close = NewJob { kind: EXPIRY.name, args, run_at, unique_key: Some(&key) };
    job::enqueue(tx, &close).await?;
    Ok(())
}

async fn due(job: &Job) -> Result<Next, Problem> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Args {
        command_id: CommandId,
    }
    let args: Args = serde_json::from_value(job.args.clone()).map_err(|e| Problem::internal(&e))?;
    let cx = job.cx::<RemedySend>("expire");
    cx.write("instance.command.expire", async move |tx| expire(tx, args.command_id).await).await?;
    Ok(Next::Done)
}

async fn expire(tx: &mut Tx, id: CommandId) -> Result<Outcome<NoContent>, Error> {
    let before = lock(tx, id).await?;
    if before.status != CommandStatus::Held {
        return Ok(Outcome::AlreadyApplied(NoContent));
    }
    approval::supersede(tx, KIND, id.0).await?;
    report::close(tx, &before, CommandStatus::Expired).await?;
    Ok(Outcome::Executed(NoContent))
}
