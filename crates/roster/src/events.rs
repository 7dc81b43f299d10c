//! What the roster announces. Public contract: `contracts/events/lms.roster.v1.*.schema.json`.

use kernel::{TenantId, event::Event, tenant::Status as TenantStatus};
use serde::Serialize;
use uuid::Uuid;

use crate::school::{School, SchoolId, Status as SchoolStatus};

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
    pub status: SchoolStatus,
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
