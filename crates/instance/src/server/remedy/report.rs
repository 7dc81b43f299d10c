//! What became of a command: reported by its executor, or never carried out.

use kernel::{
    Problem,
    answer::{NoContent, Outcome},
    http::Body,
    problem::{FieldError, kinds},
    tx::Tx,
};
use uuid::Uuid;

use super::{CommandId, CommandStatus, Remedy, hold, lock, store};
use crate::{
    command::result::{Overall, Trace},
    server::{Error, events, registry},
};

/// Takes an executor's report. A second one of the same command changes nothing.
///
/// # Errors
/// When the caller does not execute the command's instance, or the trace is another command's.
pub async fn report(
    tx: &mut Tx,
    id: CommandId,
    body: &Body<Trace>,
) -> Result<Outcome<NoContent>, Error> {
    let before = lock(tx, id).await?;
    registry::of_executor(tx, before.instance_id).await?;
    let trace = kept(body.parse()?)?;
    if Uuid::try_parse(&trace.command_id) != Ok(id.0) {
        let said = "The trace is of another command than the path.";
        return Err(Error::field("/command_id", "mismatch", said));
    }
    complete(tx, before, trace).await
}

/// A trace that can be kept: JSON of PostgreSQL has no U+0000.
fn kept(trace: Trace) -> Result<Trace, Error> {
    if !trace.command_received.is_object() {
        let field = FieldError::new("/command_received", "wrong_shape", "expected an object");
        let said = "The body is not the JSON that this operation describes.";
        return Err(Problem::new(&kinds::MALFORMED, said).with_errors(vec![field]).into());
    }
    let text = serde_json::to_string(&trace).map_err(|e| Problem::internal(&e))?;
    if text.contains(r"\u0000") {
        let said = "Must not contain the character U+0000.";
        return Err(Error::field("", "control_character", said));
    }
    Ok(trace)
}

/// Completes a pending command with its trace, or holds it when its executor found that a person must confirm it.
///
/// # Errors
/// The database's.
pub async fn complete(
    tx: &mut Tx,
    before: Remedy,
    trace: Trace,
) -> Result<Outcome<NoContent>, Error> {
    let overall = word(trace.overall_status);
    let waits = trace.overall_status == Overall::Held;
    let again = waits && before.overall_status.as_deref() == Some(overall);
    if before.status != CommandStatus::Pending || again {
        return Ok(Outcome::AlreadyApplied(NoContent));
    }
    let question = trace.requires_user_action.clone();
    let reported = before.reported(trace)?;
    if waits && !before.approved {
        let instance = registry::find(tx, before.instance_id).await?;
        let why = question.unwrap_or_else(|| "Its executor asks for a confirmation.".to_owned());
        let held = hold(tx, before, &instance, why, reported.trace.clone()).await?;
        debug_assert_eq!(held.status, CommandStatus::Held);
        return Ok(Outcome::Executed(NoContent));
    }
    let status = if waits { CommandStatus::Pending } else { CommandStatus::Completed };
    let after =
        Remedy { overall_status: Some(overall.to_owned()), ..reported.next(status, tx.now()) };
    store::update(tx, &after).await?;
    if waits {
        // Confirmed here, but its executor waits for somebody on the host.
        tx.audited(Some(&before), Some(&after));
        return Ok(Outcome::Executed(NoContent));
    }
    announce(tx, &before, &after)?;
    if let Some(first) = after.rolls_back.filter(|_| overall == word(Overall::Success)) {
        rolled_back(tx, first, after.command_id).await?;
    }
    Ok(Outcome::Executed(NoContent))
}

/// Closes a command that is never carried out.
pub(super) async fn close(
    tx: &mut Tx,
    before: &Remedy,
    status: CommandStatus,
) -> Result<(), Error> {
    let after = before.next(status, tx.now());
    store::update(tx, &after).await?;
    announce(tx, before, &after)
}

/// Announces the end, and beside it the result for those who sent the command by MQTT.
fn announce(tx: &mut Tx, before: &Remedy, after: &Remedy) -> Result<(), Error> {
    tx.changed(Some(before), Some(after), &events::CommandCompleted(after.into()))?;
    tx.changed(Some(before), Some(after), &events::Result::of(after))?;
    Ok(())
}

async fn rolled_back(tx: &mut Tx, id: CommandId, by: CommandId) -> Result<(), Error> {
    let before = lock(tx, id).await?;
    let after =
        Remedy { rolled_back_by: Some(by), ..before.next(CommandStatus::RolledBack, tx.now()) };
    store::update(tx, &after).await?;
    tx.changed(Some(&before), Some(&after), &events::CommandRolledBack((&after).into()))?;
    Ok(())
}

pub(super) const fn word(overall: Overall) -> &'static str {
    match overall {
        Overall::Success => "success",
        Overall::Failure => "failure",
        Overall::Partial => "partial",
        Overall::Held => "held",
    }
}

impl Remedy {
    /// The same with the executor's trace, under the server's trace id and with the command as the server shows it.
    fn reported(&self, mut trace: Trace) -> Result<Self, Error> {
        let executor_trace_id = Uuid::try_parse(&trace.trace_id).ok();
        let id = self.trace_id.simple().to_string();
        trace.steps_executed.iter_mut().for_each(|step| id.clone_into(&mut step.trace_id));
        trace.trace_id = id;
        trace.command_received = self.command.clone();
        let trace = serde_json::to_value(trace).map_err(|e| Problem::internal(&e))?;
        Ok(Self { trace: Some(trace), executor_trace_id, ..self.clone() })
    }
}
