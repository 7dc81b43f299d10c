//! What was changed, what was decided, who did what. Append-only.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Kind;
use crate::brief::Level;

/// What was changed, append-only.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeLog {
    /// Oldest first.
    pub changes: Vec<Change>,
}

/// A change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// Its id.
    pub id: String,
    /// Such as `budget_adjustment` or `venue_replacement`.
    pub change_type: String,
    /// What was changed.
    pub description: String,
    /// When.
    pub date: Timestamp,
    /// What that means, with figures.
    pub impact: String,
    /// What has a new revision.
    pub impacted_artifacts: Vec<Impacted>,
    /// Approvals it needs, by id.
    pub approvals: Vec<String>,
    /// Who began it.
    pub initiated_by: String,
}

/// An artifact in one revision.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Impacted {
    /// What it is.
    pub artifact_type: Kind,
    /// Which.
    pub artifact_id: String,
    /// In which revision.
    pub revision: u32,
}

/// What was decided and why, append-only.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DecisionLog {
    /// Oldest first.
    pub decisions: Vec<Decision>,
}

/// A decision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// Its id.
    pub id: String,
    /// When.
    pub timestamp: Timestamp,
    /// Who: an agent or a person.
    pub owner: String,
    /// Such as `venue_selection`.
    pub decision_type: String,
    /// What was decided.
    pub description: String,
    /// Why, with figures.
    pub rationale: String,
    /// What else could have been done, best first.
    pub alternatives_considered: Vec<Alternative>,
    /// What it touches.
    pub impacted_artifacts: Vec<Kind>,
    /// Approvals it needs, by id.
    pub approvals: Vec<String>,
    /// The instruction set that the agent followed.
    pub instructions: InstructionRef,
    /// What a language model was asked and answered; absent when none was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelExchange>,
}

/// What else could have been done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Alternative {
    /// What.
    pub option: String,
    /// How good it is, 0..=1; absent when it has no score.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// What speaks for it.
    pub pros: Vec<String>,
    /// What speaks against it.
    pub cons: Vec<String>,
}

/// An instruction set, exactly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InstructionRef {
    /// The agent.
    pub agent: String,
    /// The level.
    pub level: Level,
    /// Its version.
    pub version: String,
    /// SHA-256 of the file.
    pub digest: String,
}

/// What a language model was asked and answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelExchange {
    /// The model.
    pub model: String,
    /// What it was asked.
    pub prompt: String,
    /// Each answer, or the error instead.
    pub answers: Vec<String>,
    /// Whether the last answer was used.
    pub is_used: bool,
}

/// Which agent ran when, on what.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AgentTrace {
    /// In order.
    pub steps: Vec<TraceStep>,
}

/// One step of an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TraceStep {
    /// Its id.
    pub id: String,
    /// The run.
    pub session_id: String,
    /// Counted from 1 in the run.
    pub step: u32,
    /// The agent.
    pub agent_name: String,
    /// Its level.
    pub instruction_level: Level,
    /// Such as `invoke_agent`.
    pub action: String,
    /// What it read.
    pub input_artifacts: Vec<Kind>,
    /// What it made.
    pub output_artifacts: Vec<Impacted>,
    /// How it ended.
    pub status: StepStatus,
    /// The run's correlation id.
    pub correlation_id: uuid::Uuid,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepStatus {
    /// As it should.
    Completed,
    /// It waits for a person.
    WaitingApproval,
    /// With an error.
    Failed,
}
