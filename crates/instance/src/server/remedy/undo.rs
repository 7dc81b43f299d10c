//! Taking a command back: a new command that puts the former values there again, with all that a command goes through.

use kernel::{
    answer::{Accepted, Outcome},
    tx::Tx,
};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{CommandId, CommandStatus, Remedy, Sent, lock, send, store};
use crate::{
    command::{
        ACTION_CHARS_MAX, Command,
        result::{Status, Trace},
    },
    server::Error,
};

/// Takes a completed command back.
///
/// # Errors
/// When it is not completed, changed nothing that can be put back from here, or is being taken back.
pub async fn roll_back(tx: &mut Tx, id: CommandId) -> Result<Outcome<Accepted<Remedy>>, Error> {
    let before = lock(tx, id).await?;
    if let Some(by) = before.rolled_back_by {
        return Err(Error::command(tx, "It was taken back.", by));
    }
    if before.status != CommandStatus::Completed {
        let said =
            format!("It is {}: only a completed command can be taken back.", before.status.name());
        return Err(Error::Conflict(said));
    }
    if let Some(by) = store::open_undo(tx, id).await? {
        return Err(Error::command(tx, "It is being taken back.", by));
    }
    let document = store::document(tx, id).await?;
    let new = tx.new_id::<Uuid>();
    let inverse = inverse(&before, &document, new).ok_or_else(|| {
        let said = "It changed nothing that can be put back from here: `instance rollback` on its host can do more.";
        Error::Conflict(said.to_owned())
    })?;
    let command = Command::parse(inverse.to_string().as_bytes())?;
    let sent = Sent { rolls_back: Some(id), ..Sent::default() };
    send(tx, &command, sent).await
}

/// The command that puts the former value back, expecting the one that is there now; without a restart, which only a
/// command of its own brings about.
fn inverse(remedy: &Remedy, document: &Value, id: Uuid) -> Option<Value> {
    let trace: Trace = serde_json::from_value(remedy.trace.clone()?).ok()?;
    let step = trace
        .steps_executed
        .iter()
        .find(|step| step.rollback_available && step.status == Status::Success && !trace.dry_run)?;
    let mut parameters = document.get("parameters")?.as_object()?.clone();
    let name = changed(&parameters)?;
    let change = step.changes_applied.iter().find(|(key, _)| **key == name)?.1;
    let (old, new) = (change.old.clone()?, change.new.clone());
    if old == HIDDEN {
        return None;
    }
    parameters.insert("new_value".to_owned(), old.into());
    for bound in ["min_value", "max_value", "current_value"] {
        parameters.remove(bound);
    }
    if parameters.contains_key("cpf_section") {
        parameters.insert("current_value".to_owned(), new.into());
    }
    let action: String =
        format!("Take back: {}", remedy.action()).chars().take(ACTION_CHARS_MAX).collect();
    Some(json!({
        "command_id": id, "error_type": document.get("error_type")?, "severity": document.get("severity")?,
        "recommended_action": action, "parameters": parameters, "requires_restart": false,
        "execution_order": [step.tool_name.as_str()], "instance": remedy.instance_id,
    }))
}

/// What a trace writes in place of a secret.
const HIDDEN: &str = "***";

/// The name under which a trace has the parameter that a command changes.
fn changed(parameters: &Map<String, Value>) -> Option<String> {
    let text = |name: &str| parameters.get(name)?.as_str();
    if let Some(kernel) = text("kernel_param") {
        return Some(kernel.to_owned());
    }
    let section = crate::cpf::table::section_named(text("cpf_section")?);
    Some(format!("{section}.{}", text("parameter")?))
}
