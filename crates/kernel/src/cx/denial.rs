//! Refusals on record: a denied permission or tenant is audited in a transaction of its own.

use crate::{
    Caller, TenantId,
    audit::{Ending, Record},
    cx::Origin,
    db::{Kernel, Mode},
    permission::Row,
};

/// Writes the denial into `home`, a tenant of the caller's own (or the platform's). One that cannot be written is logged:
/// the caller is refused all the same.
pub(super) async fn record(
    kernel: &Kernel,
    home: TenantId,
    caller: &Caller,
    origin: &Origin,
    row: &Row,
) {
    if let Err(e) = write(kernel, home, caller, origin, row).await {
        tracing::warn!(error = crate::db::describe(&e), "a denial could not be recorded");
    }
}

async fn write(
    kernel: &Kernel,
    home: TenantId,
    caller: &Caller,
    origin: &Origin,
    row: &Row,
) -> Result<(), sqlx::Error> {
    metrics::counter!("denials_total").increment(1);
    let (audit_id, actor) = (kernel.ids.next(), caller.actor());
    let record = Record {
        audit_id,
        tenant_id: home,
        at: kernel.clock.now(),
        action: row.name,
        entity: "platform.permission",
        entity_id: None,
        outcome: Ending::Denied,
        actor: &actor,
        actor_kind: caller.kind,
        before: None,
        after: None,
        request: None,
        correlation_id: origin.correlation,
        trace_id: origin.trace.id(),
    };
    let text = serde_json::to_string(&record).map_err(|e| sqlx::Error::Encode(e.into()))?;
    let mut tx = kernel.begin(home, Mode::Write, None).await?;
    sqlx::query!(
        "insert into kernel.audit (tenant_id, audit_id, action, entity, outcome, actor, correlation_id, record)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        home.0,
        audit_id,
        row.name,
        record.entity,
        Ending::Denied.name(),
        actor,
        origin.correlation,
        text,
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await
}
