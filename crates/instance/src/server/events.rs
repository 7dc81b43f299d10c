//! What is announced of instances. Public contract: `contracts/events/steward.instance.v1.*.schema.json`.
//!
//! No event carries personal data: who was on an instance, and what people wrote, stands in commands and traces.

use std::collections::BTreeMap;

use kernel::event::{Event, type_of};
use serde::Serialize;
use serde_json::Value;
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use super::{
    registry::InstanceId,
    remedy::{CommandId, CommandStatus, Remedy},
};
use crate::command::{
    ToolName,
    result::{Change, Status, Trace},
};

macro_rules! events {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Serialize)]
            #[serde(transparent)]
            pub struct $name(pub CommandPayload);

            impl Event for $name {
                const CONTEXT: &'static str = "instance";
                const PREFIX: &'static str = "steward.instance";
                const NAME: &'static str = stringify!($name);
                const VERSION: u16 = 1;

                fn subject(&self) -> Uuid {
                    self.0.command_id.0
                }
            }

            impl From<&Remedy> for $name {
                fn from(remedy: &Remedy) -> Self {
                    Self(remedy.into())
                }
            }
        )*

        /// Name and JSON Schema of the payload of every event.
        pub fn schemas() -> Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::Schema>)> {
            vec![$((type_of::<$name>(), CommandPayload::schema()),)* (type_of::<Result>(), Result::schema())]
        }
    };
}

events! {
    /// A command came.
    CommandReceived;
    /// A person must confirm a command.
    CommandHeld;
    /// A command is over: carried out, tried, or never carried out.
    CommandCompleted;
    /// A command was taken back.
    CommandRolledBack;
}

/// The types that payloads share, by name.
pub fn shared_schemas() -> Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::Schema>)> {
    let mut shared = Vec::new();
    CommandPayload::schemas(&mut shared);
    Result::schemas(&mut shared);
    shared
}

/// A command as events show it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CommandPayload {
    /// The command.
    pub command_id: CommandId,
    /// Its instance.
    pub instance_id: InstanceId,
    /// Its trace: 32 hexadecimal digits.
    pub trace_id: String,
    /// Where it stands.
    pub status: CommandStatus,
    /// How it ended: `success`, `failure`, `partial`.
    pub overall_status: Option<String>,
    /// The kind of trouble that it is against.
    pub error_type: String,
    /// 0 to 3, as in the log.
    pub severity: u64,
    /// Whether it may restart the instance.
    pub requires_restart: bool,
    /// Whether it only tells what would happen.
    pub dry_run: bool,
    /// The question that was asked for it.
    pub approval_id: Option<Uuid>,
    /// The command that it takes back.
    pub rolls_back: Option<CommandId>,
    /// The command that takes it back.
    pub rolled_back_by: Option<CommandId>,
    /// The version of the command.
    pub version: i64,
}

impl From<&Remedy> for CommandPayload {
    fn from(remedy: &Remedy) -> Self {
        let command = |field: &str| remedy.command.get(field);
        Self {
            command_id: remedy.command_id,
            instance_id: remedy.instance_id,
            trace_id: remedy.trace_id.simple().to_string(),
            status: remedy.status,
            overall_status: remedy.overall_status.clone(),
            error_type: command("error_type")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned(),
            severity: command("severity").and_then(Value::as_u64).unwrap_or_default(),
            requires_restart: remedy.is("/requires_restart"),
            dry_run: remedy.is("/dry_run"),
            approval_id: remedy.approval_id,
            rolls_back: remedy.rolls_back,
            rolled_back_by: remedy.rolled_back_by,
            version: remedy.version,
        }
    }
}

/// The result of a command, on `steward/{tenant}/instance/v1/result`: for those who sent it by MQTT.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = InstanceResult)]
pub struct Result {
    /// The command; the message, when it held none.
    pub command_id: Uuid,
    /// Its trace: 32 hexadecimal digits; null for a refused command.
    pub trace_id: Option<String>,
    /// `Completed`, `Rejected`, `Expired`; `Refused` when it was not taken.
    pub status: String,
    /// How it ended: `success`, `failure`, `partial`.
    pub overall_status: Option<String>,
    /// What its tools did.
    pub steps: Vec<StepPayload>,
    /// Why it was not taken.
    pub violations: Vec<ViolationPayload>,
}

/// What a tool did.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct StepPayload {
    /// Which tool.
    pub tool: ToolName,
    /// How it ended.
    pub status: Status,
    /// Milliseconds.
    pub execution_time_ms: u64,
    /// What is different now.
    pub changes_applied: BTreeMap<String, Change>,
    /// Whether it can be taken back.
    pub rollback_available: bool,
}

/// Why a command was not taken.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ViolationPayload {
    /// JSON Pointer into the command; empty for the whole.
    pub pointer: String,
    /// A stable word.
    pub code: String,
    /// For people.
    pub message: String,
}

impl Result {
    /// The result of a command that is over.
    pub(super) fn of(remedy: &Remedy) -> Self {
        let trace =
            remedy.trace.clone().and_then(|trace| serde_json::from_value::<Trace>(trace).ok());
        let step = |step: crate::command::result::ToolResult| StepPayload {
            tool: step.tool_name,
            status: step.status,
            execution_time_ms: step.execution_time_ms,
            changes_applied: step.changes_applied,
            rollback_available: step.rollback_available,
        };
        Self {
            command_id: remedy.command_id.0,
            trace_id: Some(remedy.trace_id.simple().to_string()),
            status: remedy.status.name().to_owned(),
            overall_status: remedy.overall_status.clone(),
            steps: trace.into_iter().flat_map(|trace| trace.steps_executed).map(step).collect(),
            violations: Vec::new(),
        }
    }
}

impl Event for Result {
    const CONTEXT: &'static str = "instance";
    const PREFIX: &'static str = "steward.instance";
    const NAME: &'static str = "result";
    const VERSION: u16 = 1;

    fn subject(&self) -> Uuid {
        self.command_id
    }
}
