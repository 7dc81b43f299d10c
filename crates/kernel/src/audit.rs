//! The audit trail: append-only, written in the transaction of the change, sealed into a hash chain afterwards.

pub mod seal;
pub mod verify;

use serde::Serialize;
use serde_json::{Value, value::RawValue};
use uuid::Uuid;

use crate::{ActorKind, TenantId, problem::Problem, tx::Tx};

/// An entity whose changes are recorded.
pub trait Audited {
    /// Its kind, for instance `roster.school`.
    const ENTITY: &'static str;

    /// Its id.
    fn id(&self) -> Uuid;

    /// Its state with personal data left out.
    fn redacted(&self) -> Value;
}

/// How a recorded action ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Ending {
    /// Done.
    Succeeded,
    /// Refused: permission or tenant.
    Denied,
}

impl Ending {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Denied => "denied",
        }
    }
}

/// One record. Its JSON text, in this order of fields, is what is stored and sealed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Record<'a> {
    /// The record's own id.
    pub audit_id: Uuid,
    /// Whose record it is.
    pub tenant_id: TenantId,
    /// When, by the server's clock.
    pub at: jiff::Timestamp,
    /// What was done, for instance `roster.school.create`.
    pub action: &'a str,
    /// The kind of entity.
    pub entity: &'a str,
    /// The entity.
    pub entity_id: Option<Uuid>,
    /// How it ended.
    pub outcome: Ending,
    /// Who: issuer and subject.
    pub actor: &'a str,
    /// Person, service or system.
    pub actor_kind: ActorKind,
    /// Redacted state before; null when there was none.
    pub before: Option<Value>,
    /// Redacted state after; null when there is none.
    pub after: Option<Value>,
    /// Keyed fingerprint of the request: proves which request it was without telling its content.
    pub request: Option<&'a str>,
    /// The request's correlation id.
    pub correlation_id: Uuid,
    /// The trace (W3C).
    pub trace_id: &'a str,
}

/// The newest records about any of these entities, at most `limit`: each as it was sealed. `kinds` are their kinds, such as
/// `roster.student`.
///
/// # Errors
/// The database's.
pub async fn about(
    tx: &mut Tx,
    kinds: &[&str],
    entities: &[Uuid],
    limit: i64,
) -> Result<Vec<Box<RawValue>>, Problem> {
    let tenant = tx.tenant().0;
    let records = sqlx::query_scalar!(
        "select record from kernel.audit where tenant_id = $1 and entity = any($2) and entity_id = any($3)
         order by audit_id desc limit $4",
        tenant,
        kinds as &[&str],
        entities,
        limit,
    )
    .fetch_all(tx.conn())
    .await?;
    let raw = records.into_iter().map(RawValue::from_string).collect::<Result<_, _>>();
    raw.map_err(|e| Problem::internal(&e))
}
