//! Remediation commands in the server: sent, held until a person confirms them, taken by the executor, completed.

mod decide;
mod entity;
mod expire;
mod report;
pub(crate) mod store;
mod undo;

use kernel::{
    Role, TenantId,
    answer::{Accepted, Fresh, Outcome},
    approval::{self, Level, NewApproval},
    rows::{self, Only, Wanted},
    text,
    tx::Tx,
};
use serde_json::Value;
use uuid::Uuid;

pub use decide::DECISION;
pub use entity::{CommandId, CommandStatus, Remedy, RemedyTrace};
pub use expire::EXPIRY;
pub use report::{complete, report};
pub use store::TABLE;
pub use undo::roll_back;

use super::{
    Error, Settings, events,
    registry::{self, InstanceId, Registered},
};
use crate::command::{ACTION_CHARS_MAX, Command};

/// The kind of the question, and of the job that carries its answer out.
const KIND: &str = "instance.command";
/// Writers of one command wait for each other.
const IDS: &str = "instance.command";
/// How long the tenant's operators alone are asked, before the platform's administrators may answer, too: a repair waits.
const OPERATORS_FIRST_SECONDS: i64 = 3600;
/// Most commands that an executor gets at once.
const PENDING_MAX: i64 = 50;

/// How a command came.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sent {
    /// Nobody proved who sent it: a person must confirm it, whatever it is.
    pub unproven: bool,
    /// It takes this one back.
    pub rolls_back: Option<CommandId>,
}

/// Takes a command. The same one again is answered as the first time.
///
/// # Errors
/// An unknown instance, an address of the answer that is not allowed, an id that stands for another command.
pub async fn send(
    tx: &mut Tx,
    command: &Command,
    sent: Sent,
) -> Result<Outcome<Accepted<Remedy>>, Error> {
    let id = CommandId::of(command);
    tx.serialise(IDS, &command.id).await?;
    if let Some(known) = find_any(tx, id).await? {
        if store::document(tx, id).await? != *command.document() {
            let said = "command_id stands for another command: a new command needs a new one.";
            return Err(Error::command(tx, said, id));
        }
        return Ok(Outcome::AlreadyApplied(accepted(tx.tenant(), known)));
    }
    let instance = registry::named(tx, command.instance.as_deref()).await?;
    readable(command)?;
    answerable(command)?;
    let new = Remedy::received(command, &instance, sent, tx.new_id(), tx.now());
    store::insert(tx, &new, command.document()).await?;
    tx.changed(None, Some(&new), &events::CommandReceived((&new).into()))?;
    let why = entity::to_confirm(command, &instance, sent);
    let remedy = match why {
        Some(why) => hold(tx, new, &instance, why, None).await?,
        None => new,
    };
    Ok(Outcome::Executed(accepted(tx.tenant(), remedy)))
}

/// Holds a command until a person confirms it.
async fn hold(
    tx: &mut Tx,
    before: Remedy,
    instance: &Registered,
    why: String,
    trace: Option<Value>,
) -> Result<Remedy, Error> {
    let id = before.command_id;
    let mut held = before.next(CommandStatus::Held, tx.now());
    let question = NewApproval {
        kind: KIND,
        subject: id.0,
        revision: held.version.to_string(),
        title: format!("Repair {}: {}?", instance.name, before.action()),
        reason: why.clone(),
        consequences: before.consequences(&instance.name),
        levels: vec![
            Level { role: Role::Operator, patience_seconds: OPERATORS_FIRST_SECONDS },
            Level::of(Role::PlatformAdmin),
        ],
        asker: store::asker(tx, id).await?,
    };
    held.approval_id = Some(approval::request(tx, &question).await?.0);
    held.held_because = Some(why);
    held.trace = trace.or(held.trace);
    store::update(tx, &held).await?;
    expire::when_due(tx, id).await?;
    tx.changed(Some(&before), Some(&held), &events::CommandHeld((&held).into()))?;
    Ok(held)
}

/// One command.
///
/// # Errors
/// When there is none.
pub async fn read(tx: &mut Tx, id: CommandId) -> Result<Fresh<Remedy>, Error> {
    let remedy = find_any(tx, id).await?.ok_or(Error::Missing)?;
    Ok(Fresh { version: remedy.version, body: remedy })
}

/// A page of commands, and one more.
///
/// # Errors
/// The database's.
pub async fn list(
    tx: &mut Tx,
    status: Option<CommandStatus>,
    instance: Option<InstanceId>,
    wanted: &Wanted,
) -> Result<Vec<Remedy>, Error> {
    let mut only = Vec::new();
    only.extend(status.map(|status| Only::Word("status", status.name())));
    only.extend(instance.map(|id| Only::Id("instance_id", id.0)));
    Ok(rows::list(tx, &TABLE, &only, wanted).await?)
}

/// The trace of a command, by the server's trace id or the executor's own.
///
/// # Errors
/// When no command has it.
pub async fn trace(tx: &mut Tx, id: Uuid) -> Result<RemedyTrace, Error> {
    let found = store::by_trace(tx, id).await?.ok_or(Error::Missing)?;
    Ok(find_any(tx, found).await?.ok_or(Error::Missing)?.into())
}

/// What the executor of an instance is to do, in the order in which it came; the same again until it is answered.
///
/// # Errors
/// When the caller is not the instance's executor.
pub async fn pending(tx: &mut Tx, id: InstanceId) -> Result<Vec<Value>, Error> {
    let instance = registry::of_executor(tx, id).await?;
    let (settings, tenant) = (Settings::of(tx.kernel()), tx.tenant());
    let mut documents = Vec::new();
    for command in store::queue(tx, instance.instance_id, PENDING_MAX).await? {
        let mut document = store::document(tx, command).await?;
        if let Some(fields) = document.as_object_mut() {
            // The executor works on one instance and answers here alone.
            fields.remove("instance");
            let answer = format!("{}{}/result", settings.public_url, path(tenant, command));
            fields.insert("reply_to".to_owned(), answer.into());
        }
        documents.push(document);
    }
    Ok(documents)
}

/// People decide by what a command says it is for: one line of text.
fn readable(command: &Command) -> Result<(), Error> {
    let (mut errors, action) = (Vec::new(), &command.recommended_action);
    text::field(action, ACTION_CHARS_MAX, "/recommended_action", &mut errors);
    if errors.is_empty() { Ok(()) } else { Err(Error::Invalid(errors)) }
}

/// The server answers by the command's trace and by MQTT: it writes to no address that a command brings.
fn answerable(command: &Command) -> Result<(), Error> {
    if command.reply_to.is_none() {
        return Ok(());
    }
    let said = "No address is allowed: the answer is in the command's trace and announced by MQTT. Leave reply_to out.";
    Err(Error::field("/reply_to", "not_allowed", said))
}

pub(crate) async fn find_any(tx: &mut Tx, id: CommandId) -> Result<Option<Remedy>, Error> {
    Ok(rows::find(tx, &TABLE, id.0, &[]).await?)
}

async fn lock(tx: &mut Tx, id: CommandId) -> Result<Remedy, Error> {
    rows::lock(tx, &TABLE, id.0, &[]).await?.ok_or(Error::Missing)
}

/// The path of a command.
pub(crate) fn path(tenant: TenantId, id: CommandId) -> String {
    format!("/api/v1/tenants/{tenant}/instance/commands/{id}")
}

fn accepted(tenant: TenantId, remedy: Remedy) -> Accepted<Remedy> {
    Accepted { location: path(tenant, remedy.command_id), body: remedy }
}
