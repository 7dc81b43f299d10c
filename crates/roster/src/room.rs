//! Rooms: commands and queries.

mod entity;
mod store;

use kernel::{
    answer::{Created, Fresh, NoContent, Outcome},
    http::Body,
    rows::{self, Only, Wanted},
    tx::Tx,
};

pub use entity::{CreateRoom, PatchRoom, Room, RoomId};
pub use store::TABLE;

use crate::{
    Error, Status, events, own,
    school::{self, SchoolId},
};

/// Which rooms are wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Which {
    /// Only rooms of this status.
    pub status: Option<Status>,
    /// Only rooms of this school.
    pub school: Option<SchoolId>,
}

/// Creates a room in an active school.
pub async fn create(tx: &mut Tx, asked: CreateRoom) -> Result<Outcome<Created<Room>>, Error> {
    let room = asked.parse(tx.new_id(), tx.now()).map_err(Error::Invalid)?;
    school::active(tx, room.school_id, "/schoolId").await?;
    name_is_free(tx, &room).await?;
    store::insert(tx, &room).await?;
    tx.changed(None, Some(&room), &events::RoomCreated((&room).into()))?;
    let location = path(tx, room.room_id);
    Ok(Outcome::Executed(Created { location, version: room.version, body: room }))
}

/// Changes what the patch names. A patch that changes nothing is not announced.
pub async fn update(
    tx: &mut Tx,
    id: RoomId,
    patch: &Body<PatchRoom>,
) -> Result<Outcome<Fresh<Room>>, Error> {
    let before = reach(tx, id).await?;
    let patch = patch.parse()?;
    tx.precondition(before.version)?;
    if before.status == Status::Archived {
        return Err(Error::Archived("room"));
    }
    let Some(after) = before.patched(patch, tx.now()).map_err(Error::Invalid)? else {
        return Ok(Outcome::AlreadyApplied(fresh(before)));
    };
    name_is_free(tx, &after).await?;
    store::update(tx, &after).await?;
    tx.changed(Some(&before), Some(&after), &events::RoomUpdated((&after).into()))?;
    Ok(Outcome::Executed(fresh(after)))
}

/// Archives a room: its name is free again. Archiving it again changes nothing.
pub async fn archive(tx: &mut Tx, id: RoomId) -> Result<Outcome<NoContent>, Error> {
    let before = reach(tx, id).await?;
    let Some(after) = before.archived(tx.now()) else {
        return Ok(Outcome::AlreadyApplied(NoContent));
    };
    store::update(tx, &after).await?;
    tx.changed(Some(&before), Some(&after), &events::RoomArchived((&after).into()))?;
    Ok(Outcome::Executed(NoContent))
}

/// One room of a school that the caller reaches.
pub async fn read(tx: &mut Tx, id: RoomId) -> Result<Fresh<Room>, Error> {
    let own = own::schools(tx).await?;
    rows::find(tx, &TABLE, id.0, &own).await?.map(fresh).ok_or(Error::Missing)
}

/// A page of the rooms that the caller reaches, and one more.
pub async fn list(tx: &mut Tx, which: Which, wanted: &Wanted) -> Result<Vec<Room>, Error> {
    let mut only = own::schools(tx).await?;
    only.extend(which.status.map(|status| Only::Word("status", status.name())));
    only.extend(which.school.map(|school| Only::Id("school_id", school.0)));
    Ok(rows::list(tx, &TABLE, &only, wanted).await?)
}

async fn reach(tx: &mut Tx, id: RoomId) -> Result<Room, Error> {
    let own = own::schools(tx).await?;
    rows::lock(tx, &TABLE, id.0, &own).await?.ok_or(Error::Missing)
}

async fn name_is_free(tx: &mut Tx, room: &Room) -> Result<(), Error> {
    tx.serialise("roster.room", &room.school_id.to_string()).await?;
    match store::twin(tx, room).await? {
        Some(twin) => {
            let said = "Another active room of this school has this name.";
            Err(Error::Taken(said.to_owned(), twin, path(tx, RoomId(twin))))
        }
        None => Ok(()),
    }
}

fn path(tx: &Tx, id: RoomId) -> String {
    format!("/api/v1/tenants/{}/rooms/{id}", tx.tenant())
}

const fn fresh(room: Room) -> Fresh<Room> {
    Fresh { version: room.version, body: room }
}
