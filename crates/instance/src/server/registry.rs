//! Registered instances: commands and queries.

mod entity;
pub(crate) mod store;

use kernel::{
    TenantId,
    answer::{Created, Fresh, Outcome},
    http::Body,
    rows::{self, Only, Wanted},
    tx::Tx,
};
use uuid::Uuid;

pub use entity::{Account, InstanceId, PatchInstance, RegisterInstance, Registered};
pub use store::TABLE;

use super::Error;

/// Writers of one name wait for each other.
const NAMES: &str = "instance.name";

/// Registers an instance under a name of its own.
///
/// # Errors
/// A name that is taken, values that break a rule.
pub async fn register(
    tx: &mut Tx,
    asked: RegisterInstance,
) -> Result<Outcome<Created<Registered>>, Error> {
    let new = asked.parse(tx.new_id(), tx.now()).map_err(Error::Invalid)?;
    tx.serialise(NAMES, &new.name_key).await?;
    let same = Only::Text("name_key", new.name_key.clone());
    if let Some(other) = all(tx, &[same]).await?.first() {
        return Err(Error::instance(tx, "Another instance has this name.", other.instance_id));
    }
    store::insert(tx, &new).await?;
    tx.audited(None, Some(&new));
    let location = path(tx.tenant(), new.instance_id);
    Ok(Outcome::Executed(Created { location, version: new.version, body: new }))
}

/// Changes which account executes an instance's commands.
///
/// # Errors
/// A stale version, values that break a rule.
pub async fn update(
    tx: &mut Tx,
    id: InstanceId,
    patch: &Body<PatchInstance>,
) -> Result<Outcome<Fresh<Registered>>, Error> {
    let before: Registered = rows::lock(tx, &TABLE, id.0, &[]).await?.ok_or(Error::Missing)?;
    let patch = patch.parse()?;
    tx.precondition(before.version)?;
    let Some(after) = before.patched(patch, tx.now()).map_err(Error::Invalid)? else {
        return Ok(Outcome::AlreadyApplied(fresh(before)));
    };
    store::update(tx, &after).await?;
    tx.audited(Some(&before), Some(&after));
    Ok(Outcome::Executed(fresh(after)))
}

/// One instance.
///
/// # Errors
/// When there is none.
pub async fn read(tx: &mut Tx, id: InstanceId) -> Result<Fresh<Registered>, Error> {
    find(tx, id).await.map(fresh)
}

/// A page of instances, and one more.
///
/// # Errors
/// The database's.
pub async fn list(tx: &mut Tx, wanted: &Wanted) -> Result<Vec<Registered>, Error> {
    Ok(rows::list(tx, &TABLE, &[], wanted).await?)
}

/// The instance of this id.
pub(crate) async fn find(tx: &mut Tx, id: InstanceId) -> Result<Registered, Error> {
    rows::find(tx, &TABLE, id.0, &[]).await?.ok_or(Error::Missing)
}

/// The instance of this id, when the caller is the account that executes its commands: for everybody else there is none.
pub(crate) async fn of_executor(tx: &mut Tx, id: InstanceId) -> Result<Registered, Error> {
    let caller = tx.caller();
    let account = Account { issuer: caller.issuer.clone(), subject: caller.subject.clone() };
    let found = find(tx, id).await?;
    if found.executor == account { Ok(found) } else { Err(Error::Missing) }
}

/// The instance that a command names, by its name or its id. A command that names none means the only one.
///
/// # Errors
/// When there is no such instance, or the command must say which it means.
pub(crate) async fn named(tx: &mut Tx, name: Option<&str>) -> Result<Registered, Error> {
    let found = match name {
        None => all(tx, &[]).await?,
        Some(name) => match Uuid::try_parse(name) {
            Ok(id) => return find(tx, InstanceId(id)).await,
            Err(_) => all(tx, &[Only::Text("name_key", kernel::text::key(name))]).await?,
        },
    };
    let mut found = found.into_iter();
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        (None, _) => Err(Error::Missing),
        (Some(_), Some(_)) => {
            let said = "Several instances are registered: name the one that is meant.";
            Err(Error::field("/instance", "required", said))
        }
    }
}

/// Two are enough to tell one from several.
async fn all(tx: &mut Tx, only: &[Only]) -> Result<Vec<Registered>, Error> {
    Ok(rows::after(tx, &TABLE, only, None, 2).await?)
}

/// The path of an instance.
pub(crate) fn path(tenant: TenantId, id: InstanceId) -> String {
    format!("/api/v1/tenants/{tenant}/instance/instances/{id}")
}

const fn fresh(instance: Registered) -> Fresh<Registered> {
    Fresh { version: instance.version, body: instance }
}
