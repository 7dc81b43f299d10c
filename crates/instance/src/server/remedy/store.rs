//! The SQL of remediation commands.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use kernel::{Problem, approval::Asker, keys::Place, rows::Table, tx::Tx};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::{CommandId, Remedy};
use crate::server::{Error, registry::InstanceId};

/// Commands as they are read. Their trace ids are in the order in which they came.
pub static TABLE: Table = Table {
    name: "instance.command",
    columns: "command_id, instance_id, trace_id, status, command, held_because, approval_id, approved, rolls_back, \
              rolled_back_by, overall_status, trace, executor_trace_id, version, received_at, updated_at, completed_at",
    id: "command_id",
    key: "trace_id::text",
    search: &[],
};

/// A moment that may be missing.
#[derive(sqlx::Type)]
#[sqlx(transparent)]
pub(super) struct OptionalTimestamp(Option<jiff_sqlx::Timestamp>);

impl From<OptionalTimestamp> for Option<Timestamp> {
    fn from(moment: OptionalTimestamp) -> Self {
        moment.0.map(jiff_sqlx::Timestamp::to_jiff)
    }
}

/// What is kept encrypted: the command with its secrets, and who asks when it must be confirmed.
#[derive(Serialize, Deserialize)]
struct Sealed {
    document: Value,
    asker: Asker,
}

fn place(tx: &Tx, id: CommandId) -> Place {
    Place { tenant: tx.tenant(), table: "instance.command", column: "sealed", row: id.0 }
}

pub(super) async fn insert(tx: &mut Tx, new: &Remedy, document: &Value) -> Result<(), Error> {
    let (tenant, place) = (tx.tenant().0, place(tx, new.command_id));
    let sealed = Sealed { document: document.clone(), asker: Asker::of(tx) };
    let text = serde_json::to_vec(&sealed).map_err(|e| Problem::internal(&e))?;
    let sealed = tx.data_key().await?.seal(place, &text).map_err(Problem::from)?;
    sqlx::query!(
        "insert into instance.command (tenant_id, command_id, instance_id, trace_id, status, command, sealed, approved, rolls_back, version,
           received_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)",
        tenant,
        new.command_id.0,
        new.instance_id.0,
        new.trace_id,
        new.status.name(),
        new.command,
        sealed,
        new.approved,
        new.rolls_back.map(|id| id.0),
        new.version,
        new.received_at.to_sqlx() as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(super) async fn update(tx: &mut Tx, after: &Remedy) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().0;
    sqlx::query!(
        "update instance.command set status = $3, held_because = $4, approval_id = $5, approved = $6, rolled_back_by = $7,
           overall_status = $8, trace = $9, executor_trace_id = $10, version = $11, updated_at = $12, completed_at = $13
         where tenant_id = $1 and command_id = $2",
        tenant,
        after.command_id.0,
        after.status.name(),
        after.held_because,
        after.approval_id,
        after.approved,
        after.rolled_back_by.map(|id| id.0),
        after.overall_status,
        after.trace,
        after.executor_trace_id,
        after.version,
        after.updated_at.to_sqlx() as _,
        after.completed_at.map(ToSqlx::to_sqlx) as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// A command as it came.
pub(super) async fn document(tx: &mut Tx, id: CommandId) -> Result<Value, Error> {
    unsealed(tx, id).await.map(|sealed| sealed.document)
}

/// Who sent a command: they do not confirm it.
pub(super) async fn asker(tx: &mut Tx, id: CommandId) -> Result<Option<Asker>, Error> {
    unsealed(tx, id).await.map(|sealed| Some(sealed.asker))
}

async fn unsealed(tx: &mut Tx, id: CommandId) -> Result<Sealed, Error> {
    let tenant = tx.tenant().0;
    let sealed = sqlx::query_scalar!(
        "select sealed from instance.command where tenant_id = $1 and command_id = $2",
        tenant,
        id.0,
    )
    .fetch_optional(tx.conn())
    .await?
    .ok_or(Error::Missing)?;
    let text = tx.unseal(place(tx, id), &sealed).await?;
    Ok(serde_json::from_str(&text).map_err(|e| Problem::internal(&e))?)
}

/// The pending commands of an instance, the oldest first.
pub(super) async fn queue(
    tx: &mut Tx,
    instance: InstanceId,
    limit: i64,
) -> Result<Vec<CommandId>, sqlx::Error> {
    let tenant = tx.tenant().0;
    let ids = sqlx::query_scalar!(
        "select command_id from instance.command
         where tenant_id = $1 and instance_id = $2 and status = 'Pending' order by trace_id limit $3",
        tenant,
        instance.0,
        limit,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(ids.into_iter().map(CommandId).collect())
}

/// The command of a trace.
pub(super) async fn by_trace(tx: &mut Tx, trace: Uuid) -> Result<Option<CommandId>, sqlx::Error> {
    let tenant = tx.tenant().0;
    let found = sqlx::query_scalar!(
        "select command_id from instance.command where tenant_id = $1 and (trace_id = $2 or executor_trace_id = $2)
         order by trace_id limit 1",
        tenant,
        trace,
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(found.map(CommandId))
}

/// The command that takes this one back and is not over, if there is one.
pub(super) async fn open_undo(
    tx: &mut Tx,
    of: CommandId,
) -> Result<Option<CommandId>, sqlx::Error> {
    let tenant = tx.tenant().0;
    let found = sqlx::query_scalar!(
        "select command_id from instance.command where tenant_id = $1 and rolls_back = $2 and status in ('Held', 'Pending')
         order by trace_id limit 1",
        tenant,
        of.0,
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(found.map(CommandId))
}
