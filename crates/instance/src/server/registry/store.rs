//! The SQL of registered instances.

use jiff_sqlx::ToSqlx;
use kernel::{
    rows::{Search, Table},
    tx::Tx,
};
use sqlx::types::Json;

use super::Registered;

/// Instances as they are read.
pub static TABLE: Table = Table {
    name: "instance.instance",
    columns: "instance_id, name, name_key, executor, version, created_at, updated_at",
    id: "instance_id",
    key: "name_key",
    search: &[Search::Start("name_key")],
};

pub(super) async fn insert(tx: &mut Tx, new: &Registered) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().0;
    sqlx::query!(
        "insert into instance.instance (tenant_id, instance_id, name, name_key, executor, version, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $7)",
        tenant,
        new.instance_id.0,
        new.name,
        new.name_key,
        Json(&new.executor) as _,
        new.version,
        new.created_at.to_sqlx() as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(super) async fn update(tx: &mut Tx, after: &Registered) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().0;
    sqlx::query!(
        "update instance.instance set executor = $3, version = $4, updated_at = $5 where tenant_id = $1 and instance_id = $2",
        tenant,
        after.instance_id.0,
        Json(&after.executor) as _,
        after.version,
        after.updated_at.to_sqlx() as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}
