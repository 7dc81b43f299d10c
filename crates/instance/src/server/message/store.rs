//! The SQL of messages.

use jiff_sqlx::ToSqlx;
use kernel::tx::Tx;
use sqlx::types::Json;

use super::{Kept, LogMessage};
use crate::server::registry::InstanceId;

/// Which messages are wanted.
#[derive(Clone, Debug, Default)]
pub struct Only {
    /// Of this instance.
    pub instance: Option<InstanceId>,
    /// At least this severe.
    pub severity: Option<i16>,
    /// Of this category, or one below it.
    pub category: Option<String>,
    /// Of this kind of trouble.
    pub error_type: Option<String>,
}

/// Inserts those that are not there, in their order; says how many that were.
pub(super) async fn insert(
    tx: &mut Tx,
    instance: InstanceId,
    messages: &[LogMessage],
) -> Result<usize, sqlx::Error> {
    let (tenant, now) = (tx.tenant().0, tx.now());
    let each = || messages.iter();
    let traces: Vec<_> = each().map(|m| m.trace_id.clone()).collect();
    let parts: Vec<_> = each().map(|m| m.part.and_then(|part| i32::try_from(part).ok())).collect();
    let severities: Vec<_> = each().map(|m| m.severity.map(i16::from)).collect();
    let categories: Vec<_> = each().map(|m| m.category.clone()).collect();
    let kinds: Vec<_> = each().map(|m| m.error_type.clone()).collect();
    let bodies: Vec<_> = each().map(Json).collect();
    let done = sqlx::query!(
        "insert into instance.message (tenant_id, instance_id, trace_id, part, severity, category, error_type, message, received_at)
         select $1, $2, m.trace_id, m.part, m.severity, m.category, m.error_type, m.message, $9
           from unnest($3::text[], $4::int[], $5::smallint[], $6::text[], $7::text[], $8::jsonb[]) with ordinality
             as m(trace_id, part, severity, category, error_type, message, n)
          order by m.n
         on conflict (tenant_id, instance_id, trace_id, part) do nothing",
        tenant,
        instance.0,
        &traces as _,
        &parts as _,
        &severities as _,
        &categories as _,
        &kinds as _,
        &bodies as _,
        now.to_sqlx() as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(usize::try_from(done.rows_affected()).unwrap_or(messages.len()))
}

/// Forgets all but the newest `kept` messages of an instance.
pub(super) async fn forget(
    tx: &mut Tx,
    instance: InstanceId,
    kept: i64,
) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().0;
    sqlx::query!(
        "delete from instance.message where tenant_id = $1 and instance_id = $2 and number <= (
           select number from instance.message where tenant_id = $1 and instance_id = $2
            order by number desc offset $3 limit 1)",
        tenant,
        instance.0,
        kept,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(super) async fn after(
    tx: &mut Tx,
    only: &Only,
    after: i64,
    limit: i64,
) -> Result<Vec<Kept>, sqlx::Error> {
    let tenant = tx.tenant().0;
    let rows = sqlx::query!(
        "select number, instance_id, received_at, message from instance.message
          where tenant_id = $1 and number > $2
            and ($3::uuid is null or instance_id = $3)
            and ($4::smallint is null or severity >= $4)
            and ($5::text is null or category = $5 or starts_with(category, $5 || '.'))
            and ($6::text is null or error_type = $6)
          order by number limit $7",
        tenant,
        after,
        only.instance.map(|id| id.0),
        only.severity,
        only.category,
        only.error_type,
        limit,
    )
    .fetch_all(tx.conn())
    .await?;
    let kept = rows.into_iter().map(|row| Kept {
        number: row.number,
        instance_id: InstanceId(row.instance_id),
        received_at: row.received_at.to_jiff(),
        message: row.message,
    });
    Ok(kept.collect())
}

pub(super) async fn newest(tx: &mut Tx) -> Result<i64, sqlx::Error> {
    let tenant = tx.tenant().0;
    let newest = sqlx::query_scalar!(
        "select max(number) from instance.message where tenant_id = $1",
        tenant,
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(newest.unwrap_or_default())
}
