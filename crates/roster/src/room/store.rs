//! The SQL of rooms.

use jiff_sqlx::ToSqlx;
use kernel::{
    rows::{Search, Table},
    tx::Tx,
};
use uuid::Uuid;

use crate::room::Room;

/// Rooms as they are read.
pub static TABLE: Table = Table {
    name: "roster.room",
    columns: "room_id, school_id, name, name_key, capacity, status, version, created_at, updated_at",
    id: "room_id",
    key: "name_key",
    search: &[Search::Start("name_key")],
};

/// Inserts a room whose name is free.
pub(super) async fn insert(tx: &mut Tx, room: &Room) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().0;
    sqlx::query!(
        "insert into roster.room (tenant_id, room_id, school_id, name, name_key, capacity, status, version, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)",
        tenant,
        room.room_id.0,
        room.school_id.0,
        room.name,
        room.name_key,
        room.capacity,
        room.status.name(),
        room.version,
        room.created_at.to_sqlx() as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Stores a room's next version, whose name is free.
pub(super) async fn update(tx: &mut Tx, room: &Room) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().0;
    sqlx::query!(
        "update roster.room set name = $3, name_key = $4, capacity = $5, status = $6, version = $7, updated_at = $8
         where tenant_id = $1 and room_id = $2",
        tenant,
        room.room_id.0,
        room.name,
        room.name_key,
        room.capacity,
        room.status.name(),
        room.version,
        room.updated_at.to_sqlx() as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The active room of the same school that has this one's name.
pub(super) async fn twin(tx: &mut Tx, room: &Room) -> Result<Option<Uuid>, sqlx::Error> {
    let tenant = tx.tenant().0;
    sqlx::query_scalar!(
        "select room_id from roster.room where tenant_id = $1 and school_id = $2 and name_key = $3 and status = 'Active'
         and room_id <> $4",
        tenant,
        room.school_id.0,
        room.name_key,
        room.room_id.0,
    )
    .fetch_optional(tx.conn())
    .await
}
