//! What a room is: its rules, without database or transport.

use jiff::Timestamp;
use kernel::{
    answer::Version,
    audit::Audited,
    http::body::{Change, given},
    problem::{FieldError, checked},
    text,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{Status, school::SchoolId};

/// Most characters of a room's name.
const NAME_MAX: usize = 100;
/// Most people in one room: a stadium of a district.
const CAPACITY_MAX: i32 = 50_000;

kernel::id! {
    /// A room.
    RoomId
}

/// A room of a school.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Room {
    /// Its id.
    pub room_id: RoomId,
    /// The school that it belongs to.
    pub school_id: SchoolId,
    /// Its name, unique among the active rooms of its school.
    pub name: String,
    /// What names are compared by.
    #[serde(skip)]
    pub name_key: String,
    /// How many people fit in.
    pub capacity: Option<i32>,
    /// Whether it is in use.
    pub status: Status,
    /// Counted up by every change; the entity tag.
    pub version: Version,
    /// When it was created.
    #[sqlx(try_from = "jiff_sqlx::Timestamp")]
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it last changed.
    #[sqlx(try_from = "jiff_sqlx::Timestamp")]
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

/// A new room, as asked for.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateRoom {
    /// The school that it belongs to.
    pub school_id: SchoolId,
    /// Its name, unique among the active rooms of its school.
    #[schema(min_length = 1, max_length = 100, examples("Room 12"))]
    pub name: String,
    /// How many people fit in.
    #[schema(minimum = 1, maximum = 50000)]
    pub capacity: Option<i32>,
}

/// What is to change of a room (JSON Merge Patch): what is left out stays.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PatchRoom {
    /// Its new name.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, min_length = 1, max_length = 100, required = false)]
    pub name: Option<String>,
    /// How many people fit in; null when nobody knows.
    #[serde(default)]
    #[schema(value_type = Option<i32>, minimum = 1, maximum = 50000, required = false)]
    pub capacity: Change<i32>,
}

impl CreateRoom {
    /// The room in its first version.
    ///
    /// # Errors
    /// One entry for each value that is not acceptable.
    pub fn parse(self, room_id: RoomId, now: Timestamp) -> Result<Room, Vec<FieldError>> {
        let mut errors = Vec::new();
        let name = text::field(&self.name, NAME_MAX, "/name", &mut errors).unwrap_or_default();
        let room = Room {
            room_id,
            school_id: self.school_id,
            name_key: text::key(&name),
            name,
            capacity: self.capacity,
            status: Status::Active,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        room.rules(&mut errors);
        checked(room, errors)
    }
}

impl Room {
    /// The next version with the patch applied; `None` when it changes nothing.
    ///
    /// # Errors
    /// One entry for each value that is not acceptable.
    pub fn patched(
        &self,
        patch: PatchRoom,
        now: Timestamp,
    ) -> Result<Option<Self>, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut after = self.clone();
        if let Some(name) = patch.name {
            after.name = text::field(&name, NAME_MAX, "/name", &mut errors).unwrap_or_default();
            after.name_key = text::key(&after.name);
        }
        after.capacity = patch.capacity.of(after.capacity, Some);
        after.rules(&mut errors);
        let after = checked(after, errors)?;
        Ok((after != *self).then(|| after.next(now)))
    }

    /// The next version, archived; `None` when it already is.
    pub fn archived(&self, now: Timestamp) -> Option<Self> {
        let active = self.status == Status::Active;
        active.then(|| Self { status: Status::Archived, ..self.clone() }.next(now))
    }

    fn rules(&self, errors: &mut Vec<FieldError>) {
        if self.capacity.is_some_and(|people| !(1..=CAPACITY_MAX).contains(&people)) {
            let message = format!("1 to {CAPACITY_MAX}.");
            errors.push(FieldError::new("/capacity", "out_of_range", message));
        }
    }

    fn next(self, now: Timestamp) -> Self {
        Self { version: self.version + 1, updated_at: now, ..self }
    }
}

impl Audited for Room {
    const ENTITY: &'static str = "roster.room";

    fn id(&self) -> Uuid {
        self.room_id.0
    }

    fn redacted(&self) -> Value {
        json!({
            "schoolId": self.school_id,
            "name": self.name,
            "capacity": self.capacity,
            "status": self.status,
            "version": self.version,
        })
    }
}
