//! What the roster announces. Public contract: `contracts/events/lms.roster.v1.*.schema.json`.

use jiff::civil::Date;
use kernel::{TenantId, event::Event, tenant::Status as TenantStatus};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    Status,
    class::{Class, ClassId},
    room::{Room, RoomId},
    school::{School, SchoolId},
    term::{Term, TermId, TermType},
};

macro_rules! events {
    ($($(#[$doc:meta])* $name:ident($payload:ident);)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Serialize)]
            #[serde(transparent)]
            pub struct $name(pub $payload);

            impl Event for $name {
                const CONTEXT: &'static str = "roster";
                const PREFIX: &'static str = "lms.roster";
                const NAME: &'static str = stringify!($name);
                const VERSION: u16 = 1;

                fn subject(&self) -> Uuid {
                    self.0.subject()
                }
            }
        )*

        /// Name and JSON Schema of the payload of every event.
        pub fn schemas() -> Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::Schema>)> {
            use utoipa::PartialSchema as _;
            vec![$((kernel::event::type_of::<$name>(), $payload::schema()),)*]
        }

        /// The types that payloads share, by name.
        pub fn shared_schemas() -> Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::Schema>)> {
            use utoipa::ToSchema as _;
            let mut shared = Vec::new();
            $($payload::schemas(&mut shared);)*
            shared
        }
    };
}

events! {
    /// A tenant exists from now on; number 1 of its feed.
    TenantProvisioned(TenantPayload);
    /// A tenant is not served until it is reactivated.
    TenantSuspended(TenantPayload);
    /// A tenant is served again.
    TenantReactivated(TenantPayload);
    /// A tenant is never served again.
    TenantDeactivated(TenantPayload);
    /// A school exists from now on.
    SchoolCreated(SchoolPayload);
    /// A school's name, time zone or external ids changed.
    SchoolUpdated(SchoolPayload);
    /// A school takes no new classes.
    SchoolArchived(SchoolPayload);
    /// A term exists from now on.
    TermCreated(TermPayload);
    /// A term changed.
    TermUpdated(TermPayload);
    /// A room exists from now on.
    RoomCreated(RoomPayload);
    /// A room's name or capacity changed.
    RoomUpdated(RoomPayload);
    /// A room is not used any more.
    RoomArchived(RoomPayload);
    /// A class exists from now on.
    ClassCreated(ClassPayload);
    /// A class's name, terms, course, subject or external ids changed.
    ClassUpdated(ClassPayload);
    /// A class takes nobody any more; whoever was in it leaves it by events that follow.
    ClassArchived(ClassPayload);
}

/// A tenant as events show it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TenantPayload {
    /// The tenant.
    pub tenant_id: TenantId,
    /// Whether it is served.
    pub status: TenantStatus,
    /// Where it is kept.
    pub region: String,
    /// Its version after the change.
    pub version: i64,
}

impl TenantPayload {
    const fn subject(&self) -> Uuid {
        self.tenant_id.0
    }
}

impl From<&kernel::tenant::Row> for TenantPayload {
    fn from(row: &kernel::tenant::Row) -> Self {
        Self {
            tenant_id: row.tenant_id,
            status: row.status,
            region: row.region.clone(),
            version: row.version,
        }
    }
}

/// A school as events show it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SchoolPayload {
    /// The school.
    pub school_id: SchoolId,
    /// Whether it takes classes.
    pub status: Status,
    /// IANA name of its time zone.
    pub timezone: String,
    /// Its version after the change.
    pub version: i64,
}

impl SchoolPayload {
    const fn subject(&self) -> Uuid {
        self.school_id.0
    }
}

impl From<&School> for SchoolPayload {
    fn from(school: &School) -> Self {
        Self {
            school_id: school.school_id,
            status: school.status,
            timezone: school.timezone.clone(),
            version: school.version,
        }
    }
}

/// A term as events show it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TermPayload {
    /// The term.
    pub term_id: TermId,
    /// What part of a school year it is.
    pub r#type: TermType,
    /// Its first day.
    #[schema(value_type = String, format = Date)]
    pub start_date: Date,
    /// Its last day.
    #[schema(value_type = String, format = Date)]
    pub end_date: Date,
    /// The term that it is a part of.
    pub parent_id: Option<TermId>,
    /// The year in which its school year ends.
    pub school_year: i32,
    /// Its version after the change.
    pub version: i64,
}

impl TermPayload {
    const fn subject(&self) -> Uuid {
        self.term_id.0
    }
}

impl From<&Term> for TermPayload {
    fn from(term: &Term) -> Self {
        Self {
            term_id: term.term_id,
            r#type: term.r#type,
            start_date: term.start_date,
            end_date: term.end_date,
            parent_id: term.parent_id,
            school_year: term.school_year,
            version: term.version,
        }
    }
}

/// A room as events show it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RoomPayload {
    /// The room.
    pub room_id: RoomId,
    /// The school that it belongs to.
    pub school_id: SchoolId,
    /// How many people fit in.
    pub capacity: Option<i32>,
    /// Whether it is in use.
    pub status: Status,
    /// Its version after the change.
    pub version: i64,
}

impl RoomPayload {
    const fn subject(&self) -> Uuid {
        self.room_id.0
    }
}

impl From<&Room> for RoomPayload {
    fn from(room: &Room) -> Self {
        Self {
            room_id: room.room_id,
            school_id: room.school_id,
            capacity: room.capacity,
            status: room.status,
            version: room.version,
        }
    }
}

/// A class as events show it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClassPayload {
    /// The class.
    pub class_id: ClassId,
    /// The school that it belongs to.
    pub school_id: SchoolId,
    /// The terms in which it is taught.
    pub term_ids: Vec<TermId>,
    /// Its subject.
    pub subject: Option<String>,
    /// Whether it is in use.
    pub status: Status,
    /// Its version after the change.
    pub version: i64,
}

impl ClassPayload {
    const fn subject(&self) -> Uuid {
        self.class_id.0
    }
}

impl From<&Class> for ClassPayload {
    fn from(class: &Class) -> Self {
        Self {
            class_id: class.class_id,
            school_id: class.school_id,
            term_ids: class.term_ids.clone(),
            subject: class.subject.clone(),
            status: class.status,
            version: class.version,
        }
    }
}
