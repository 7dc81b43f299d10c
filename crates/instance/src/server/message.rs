//! Messages of instances' logs: the newest of each instance, as its executor sends them.

mod entity;
mod store;

use jiff::Timestamp;
use kernel::{
    Problem,
    answer::{Done, Outcome},
    audit::Audited,
    tx::Tx,
};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

pub use entity::{LogMessage, Messages};
pub use store::Only;

use super::{
    Error,
    registry::{self, InstanceId},
};

/// Most messages that one request brings.
pub const BATCH_MAX: usize = 500;
/// Messages that are kept of one instance: the log itself is on its host.
const KEPT: i64 = 10_000;
/// Who sends messages of a tenant waits for the others: numbers become visible in their order.
const NUMBERS: &str = "instance.message";

/// A message of an instance's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = InstanceMessage)]
pub struct Kept {
    /// Grows within the tenant; what to ask after.
    pub number: i64,
    /// The instance.
    pub instance_id: InstanceId,
    /// When it came.
    #[schema(value_type = String, format = DateTime)]
    pub received_at: Timestamp,
    /// The message as it came (`contracts/instance/message.schema.json`).
    #[schema(value_type = Object)]
    pub message: Value,
}

/// How many messages were taken.
#[derive(Clone, Copy, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MessagesTaken)]
pub struct Taken {
    /// New ones.
    pub taken: usize,
    /// Those that were there already.
    pub known: usize,
}

/// What the audit trail has of messages: that they came, and how many.
struct Came {
    instance: InstanceId,
    count: usize,
}

impl Audited for Came {
    const ENTITY: &'static str = "instance.message";

    fn id(&self) -> Uuid {
        self.instance.0
    }

    fn redacted(&self) -> Value {
        json!({"messages": self.count})
    }
}

/// Takes messages of an instance, read once it is clear that the instance is the caller's. Those that came before are not taken again.
///
/// # Errors
/// When the caller is not the instance's executor, or there are too many at once.
pub async fn take(
    tx: &mut Tx,
    id: InstanceId,
    read: impl Fn() -> Result<Vec<LogMessage>, Problem>,
) -> Result<Outcome<Done<Taken>>, Error> {
    let instance = registry::of_executor(tx, id).await?.instance_id;
    let messages = read()?;
    tx.serialise(NUMBERS, "").await?;
    let taken = store::insert(tx, instance, &messages).await?;
    let answer = Done(Taken { taken, known: messages.len() - taken });
    if taken == 0 {
        return Ok(Outcome::AlreadyApplied(answer));
    }
    store::forget(tx, instance, KEPT).await?;
    tx.audited(None, Some(&Came { instance, count: taken }));
    Ok(Outcome::Executed(answer))
}

/// The messages after a number, the oldest first.
///
/// # Errors
/// The database's.
pub async fn after(
    tx: &mut Tx,
    only: &Only,
    after: i64,
    limit: i64,
) -> Result<Vec<Kept>, sqlx::Error> {
    store::after(tx, only, after, limit).await
}

/// The number of the newest message; 0 when there is none.
///
/// # Errors
/// The database's.
pub async fn newest(tx: &mut Tx) -> Result<i64, sqlx::Error> {
    store::newest(tx).await
}
