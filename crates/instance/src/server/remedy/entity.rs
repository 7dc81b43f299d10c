//! What a remediation command in the server is: its rules, without database or transport.

use jiff::Timestamp;
use kernel::{answer::Version, audit::Audited};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use uuid::Uuid;

use super::Sent;
use crate::{
    command::{Command, Parameters},
    server::registry::{InstanceId, Registered},
    tool::may_take_away,
};

kernel::id! {
    /// A remediation command: its `command_id`.
    CommandId
}

kernel::word! {
    /// Where a command stands.
    CommandStatus {
        /// A person must confirm it first.
        Held "Held",
        /// Its executor has it to do.
        Pending "Pending",
        /// It was carried out, or tried: `overallStatus` says how it ended.
        Completed "Completed",
        /// A person refused it: it is never carried out.
        Rejected "Rejected",
        /// Nobody confirmed it in time: it is never carried out.
        Expired "Expired",
        /// It was carried out and taken back.
        RolledBack "RolledBack",
    }
}

/// A remediation command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = InstanceCommand)]
pub struct Remedy {
    /// Its `command_id`.
    pub command_id: CommandId,
    /// The instance that it is for.
    pub instance_id: InstanceId,
    /// Its trace: 32 hexadecimal digits.
    #[serde(serialize_with = "simple")]
    #[schema(value_type = String, pattern = "^[0-9a-f]{32}$")]
    pub trace_id: Uuid,
    /// Where it stands.
    pub status: CommandStatus,
    /// How it ended: `success`, `failure`, `partial`; `held` while its executor waits for somebody on the host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overall_status: Option<String>,
    /// The command as it came, values of secret parameters hidden.
    #[schema(value_type = Object)]
    pub command: Value,
    /// Why a person must confirm it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_because: Option<String>,
    /// The question that was asked for it last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval_id: Option<Uuid>,
    /// Whether a person confirmed it.
    #[serde(skip)]
    pub approved: bool,
    /// The command that it takes back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rolls_back: Option<CommandId>,
    /// The command that takes it back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rolled_back_by: Option<CommandId>,
    /// What the executor reported, under the server's trace id.
    #[serde(skip)]
    pub trace: Option<Value>,
    /// The executor's own trace id.
    #[serde(skip)]
    pub executor_trace_id: Option<Uuid>,
    /// Counted up by every change; the entity tag.
    pub version: Version,
    /// When it came.
    #[sqlx(try_from = "jiff_sqlx::Timestamp")]
    #[schema(value_type = String, format = DateTime)]
    pub received_at: Timestamp,
    /// When it last changed.
    #[sqlx(try_from = "jiff_sqlx::Timestamp")]
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    /// When it was over.
    #[sqlx(try_from = "super::store::OptionalTimestamp")]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub completed_at: Option<Timestamp>,
}

/// A trace as it is read: what is known of the command, and what its executor reported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = CommandTrace)]
pub struct RemedyTrace {
    /// 32 hexadecimal digits.
    #[serde(serialize_with = "simple")]
    #[schema(value_type = String, pattern = "^[0-9a-f]{32}$")]
    pub trace_id: Uuid,
    /// Whose.
    pub command_id: CommandId,
    /// The instance.
    pub instance_id: InstanceId,
    /// Where the command stands.
    pub status: CommandStatus,
    /// When it came.
    #[schema(value_type = String, format = DateTime)]
    pub initiated_at: Timestamp,
    /// When it was over.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub completed_at: Option<Timestamp>,
    /// The command, values of secret parameters hidden.
    #[schema(value_type = Object)]
    pub command_received: Value,
    /// Why a person had to confirm it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_because: Option<String>,
    /// The question that was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval_id: Option<Uuid>,
    /// The command that it takes back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rolls_back: Option<CommandId>,
    /// The command that takes it back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rolled_back_by: Option<CommandId>,
    /// The workflow trace of the executor (`contracts/instance/trace.schema.json`); null until it reported.
    #[schema(value_type = Option<crate::command::result::Trace>)]
    pub trace: Option<Value>,
}

impl CommandId {
    /// The id of a command that keeps its rules, and so has one.
    pub fn of(command: &Command) -> Self {
        Self(Uuid::try_parse(&command.id).unwrap_or_default())
    }
}

impl Remedy {
    /// A command as it comes.
    pub(super) fn received(
        command: &Command,
        instance: &Registered,
        sent: Sent,
        trace_id: Uuid,
        now: Timestamp,
    ) -> Self {
        Self {
            command_id: CommandId::of(command),
            instance_id: instance.instance_id,
            trace_id,
            status: CommandStatus::Pending,
            overall_status: None,
            command: command.shown(),
            held_because: None,
            approval_id: None,
            approved: false,
            rolls_back: sent.rolls_back,
            rolled_back_by: None,
            trace: None,
            executor_trace_id: None,
            version: 1,
            received_at: now,
            updated_at: now,
            completed_at: None,
        }
    }

    /// The next version, in this status.
    #[must_use]
    pub(super) fn next(&self, status: CommandStatus, now: Timestamp) -> Self {
        let over = !matches!(status, CommandStatus::Held | CommandStatus::Pending);
        let completed_at = self.completed_at.or_else(|| over.then_some(now));
        Self { status, completed_at, version: self.version + 1, updated_at: now, ..self.clone() }
    }

    /// What the sender recommends, in one line.
    pub(super) fn action(&self) -> &str {
        self.command.get("recommended_action").and_then(Value::as_str).unwrap_or_default()
    }

    /// What a confirmation brings about.
    pub(super) fn consequences(&self, instance: &str) -> Vec<String> {
        let field = |pointer: &str| {
            let value = self.command.pointer(pointer)?;
            Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
        };
        let value = field("/parameters/new_value").unwrap_or_default();
        let change = match (field("/parameters/parameter"), field("/parameters/kernel_param")) {
            (Some(parameter), _) => {
                let section = field("/parameters/cpf_section").unwrap_or_default();
                Some(format!("[{section}] {parameter} of {instance} becomes {value}."))
            }
            (None, Some(name)) => Some(format!("{name} of the host's kernel becomes {value}.")),
            (None, None) => None,
        };
        let restarts = self.is("/requires_restart");
        let restart = restarts.then(|| format!("{instance} may be stopped and started."));
        change.into_iter().chain(restart).collect()
    }

    /// Whether a field of the command is true.
    pub(crate) fn is(&self, pointer: &str) -> bool {
        self.command.pointer(pointer).and_then(Value::as_bool).unwrap_or_default()
    }
}

impl From<Remedy> for RemedyTrace {
    fn from(remedy: Remedy) -> Self {
        Self {
            trace_id: remedy.trace_id,
            command_id: remedy.command_id,
            instance_id: remedy.instance_id,
            status: remedy.status,
            initiated_at: remedy.received_at,
            completed_at: remedy.completed_at,
            command_received: remedy.command,
            held_because: remedy.held_because,
            approval_id: remedy.approval_id,
            rolls_back: remedy.rolls_back,
            rolled_back_by: remedy.rolled_back_by,
            trace: remedy.trace,
        }
    }
}

impl Audited for Remedy {
    const ENTITY: &'static str = "instance.command";

    fn id(&self) -> Uuid {
        self.command_id.0
    }

    fn redacted(&self) -> Value {
        json!({
            "instanceId": self.instance_id, "traceId": self.trace_id.simple().to_string(), "status": self.status,
            "overallStatus": self.overall_status, "command": self.command,
            "heldBecause": self.held_because, "approvalId": self.approval_id, "approved": self.approved,
            "rollsBack": self.rolls_back, "rolledBackBy": self.rolled_back_by, "version": self.version,
        })
    }
}

/// Why a person must confirm a command that came; `None` when nobody must.
///
/// The server does not see the instance's kernel: whether a value is less than the one in force, only the host knows. So
/// every change of a parameter that can take something away waits.
pub(super) fn to_confirm(command: &Command, instance: &Registered, sent: Sent) -> Option<String> {
    if command.dry_run == Some(true) {
        return None;
    }
    let mut why = Vec::new();
    if sent.unproven {
        why.push("Nobody proved who sent it.".to_owned());
    }
    if command.requires_restart {
        why.push(format!("{} is restarted.", instance.name));
    }
    if let Parameters::Kernel { name, .. } = &command.parameters
        && may_take_away(name)
    {
        why.push(format!("{name} of the kernel may be reduced, for every program of the host."));
    }
    (!why.is_empty()).then(|| why.join(" "))
}

/// As trace ids are written.
fn simple<S: Serializer>(id: &Uuid, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(&id.simple())
}
