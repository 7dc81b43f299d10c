//! What is answered: the result of each tool, and the trace of the whole.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ToolName;

/// How a tool ended.
#[cfg_attr(feature = "server", derive(utoipa::ToSchema), schema(as = ToolStatus))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Everything that was asked is done, or was so already.
    Success,
    /// Nothing is changed; what was begun is undone.
    Failure,
    /// Something is done and something not.
    Partial,
}

/// A value before and after.
#[cfg_attr(feature = "server", derive(utoipa::ToSchema), schema(as = ValueChange))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Before; null when there was none.
    pub old: Option<String>,
    /// After.
    pub new: String,
    /// Whether it was read back and found right; in a dry run, whether it would be accepted.
    pub validated: bool,
}

/// The result of one tool.
#[cfg_attr(feature = "server", derive(utoipa::ToSchema), schema(as = ToolResult))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolResult {
    /// Which tool.
    pub tool_name: ToolName,
    /// For which command.
    pub command_id: String,
    /// How it ended.
    pub status: Status,
    /// Milliseconds.
    pub execution_time_ms: u64,
    /// What is different now; empty on failure.
    pub changes_applied: BTreeMap<String, Change>,
    /// What went wrong; null unless it failed.
    pub error_message: Option<String>,
    /// What a person has to do; null for nothing.
    pub requires_user_action: Option<String>,
    /// Whether `instance rollback` can undo it.
    pub rollback_available: bool,
    /// 32 hex digits.
    pub trace_id: String,
    /// What was done and is undone again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rolled_back: Vec<String>,
    /// What the tool found that whoever asked should know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<String>,
    /// The answer to a question (licence), or details (log tail of a failed start).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "server", schema(value_type = Option<Object>))]
    pub details: Option<Value>,
}

/// What became of what was already done when a later step failed.
#[cfg_attr(feature = "server", derive(utoipa::ToSchema), schema(as = Compensation))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Compensation {
    /// Nothing had to be undone.
    None,
    /// Everything is as it was.
    Complete,
    /// Something could not be undone: the results say what.
    Failed,
}

/// How the whole ended.
#[cfg_attr(feature = "server", derive(utoipa::ToSchema), schema(as = OverallStatus))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Overall {
    /// All tools succeeded.
    Success,
    /// The first tool failed, or the command was refused or rejected.
    Failure,
    /// Some tools succeeded.
    Partial,
    /// Waits for `instance approve`.
    Held,
}

/// The trace of a command.
#[cfg_attr(feature = "server", derive(utoipa::ToSchema), schema(as = WorkflowTrace))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trace {
    /// 32 hex digits.
    pub trace_id: String,
    /// Whose.
    pub command_id: String,
    /// RFC 3339.
    pub initiated_at: String,
    /// The command, secrets hidden.
    #[cfg_attr(feature = "server", schema(value_type = Object))]
    pub command_received: Value,
    /// Whether nothing was changed on purpose.
    pub dry_run: bool,
    /// In order.
    pub steps_executed: Vec<ToolResult>,
    /// How it ended.
    pub overall_status: Overall,
    /// Milliseconds from receipt to here, waiting for a decision included.
    pub completion_time_ms: u64,
    /// The tool at which it ended; null when all were run.
    pub failed_at_step: Option<ToolName>,
    /// What became of the steps before.
    pub compensation: Compensation,
    /// What a person has to do; null for nothing.
    pub requires_user_action: Option<String>,
}

impl Trace {
    /// The exit code of whoever ran the command.
    pub fn exit_code(&self) -> u8 {
        match self.overall_status {
            Overall::Success => 0,
            Overall::Failure => 3,
            Overall::Partial => 4,
            Overall::Held => 5,
        }
    }
}
