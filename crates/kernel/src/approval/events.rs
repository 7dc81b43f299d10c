//! What is announced of approvals. Public contract: `contracts/events/steward.platform.v1.Approval*.schema.json`.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::PartialSchema;
use uuid::Uuid;

use super::{Approval, ApprovalId, Status};
use crate::{
    Role,
    event::{Event, type_of},
};

macro_rules! events {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Serialize)]
            #[serde(transparent)]
            pub(super) struct $name(pub(super) ApprovalPayload);

            impl Event for $name {
                const CONTEXT: &'static str = "platform";
                const PREFIX: &'static str = "steward.platform";
                const NAME: &'static str = stringify!($name);
                const VERSION: u16 = 1;

                fn subject(&self) -> Uuid {
                    self.0.approval_id.0
                }
            }
        )*

        /// Name and JSON Schema of the payload of every event.
        pub fn schemas() -> Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::Schema>)> {
            vec![$((type_of::<$name>(), ApprovalPayload::schema()),)*]
        }

        /// The types that payloads share, by name.
        pub fn shared_schemas() -> Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::Schema>)> {
            let mut shared = Vec::new();
            <ApprovalPayload as utoipa::ToSchema>::schemas(&mut shared);
            shared
        }
    };
}

events! {
    /// Somebody is asked.
    ApprovalRequested;
    /// Half of a level's time is over.
    ApprovalReminded;
    /// Nobody answered in time: the next level is asked.
    ApprovalEscalated;
    /// Somebody decided.
    ApprovalDecided;
    /// The question is no longer asked.
    ApprovalSuperseded;
}

/// An approval as events show it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ApprovalPayload {
    /// The approval.
    pub(super) approval_id: ApprovalId,
    /// What kind of question.
    pub(super) kind: String,
    /// What it is about.
    pub(super) subject_id: Uuid,
    /// Which state of it.
    pub(super) revision: String,
    /// Who is asked now.
    #[schema(value_type = Option<String>)]
    pub(super) role: Option<Role>,
    /// Which level that is, from 0.
    pub(super) level: usize,
    /// When the next level is asked.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) due_at: Option<Timestamp>,
    /// Where it stands.
    pub(super) status: Status,
}

impl From<&Approval> for ApprovalPayload {
    fn from(approval: &Approval) -> Self {
        Self {
            approval_id: approval.approval_id,
            kind: approval.kind.clone(),
            subject_id: approval.subject_id,
            revision: approval.revision.clone(),
            role: approval.levels.get(approval.level).map(|level| level.role),
            level: approval.level,
            due_at: approval.due_at,
            status: approval.status,
        }
    }
}
