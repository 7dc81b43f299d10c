//! How the event is run: sessions, resources, vendors, what if.

use jiff::civil::{Date, DateTime};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Amount;

/// How the event is run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogisticsPlan {
    /// What happens, step by step.
    #[schemars(length(min = 1))]
    pub workflows: Vec<Workflow>,
    /// Resources used, of the roster.
    pub resource_ids: Vec<String>,
    /// Vendors used, of the contracts.
    pub vendor_ids: Vec<String>,
    /// How rooms are arranged.
    pub layouts: Vec<Layout>,
    /// House rules.
    pub policies: Vec<String>,
}

/// A workflow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Workflow {
    /// Its name.
    pub workflow: String,
    /// Its steps.
    #[schemars(length(min = 1))]
    pub steps: Vec<String>,
    /// What it uses.
    pub resources: Vec<String>,
    /// The tasks that prepare it.
    pub task_ids: Vec<String>,
    /// Who answers for it.
    pub owner: String,
}

/// How a room is arranged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Layout {
    /// The room.
    pub area: String,
    /// Theatre, classroom, banquet, standing, expo.
    pub layout: String,
    /// People it holds that way.
    pub capacity: u32,
}

/// Which session is where and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// By start, then room.
    #[schemars(length(min = 1))]
    pub sessions: Vec<Session>,
    /// What it falls short of the best timetable by at most, 0..=1; 0 is proven best. Absent when nothing is proven.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1))]
    pub optimality_gap: Option<f64>,
}

/// A session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What it belongs to.
    pub track: String,
    /// When it begins, on local clocks.
    pub start: DateTime,
    /// When it ends.
    pub end: DateTime,
    /// The room.
    pub location: String,
    /// People expected.
    pub audience: u32,
    /// Who speaks.
    pub speakers: Vec<String>,
    /// What it uses, of the roster.
    pub resources: Vec<String>,
}

/// People, equipment and spaces, and what they are assigned to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResourceRoster {
    /// By id.
    #[schemars(length(min = 1))]
    pub resources: Vec<Resource>,
}

/// One resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Resource {
    /// Its id.
    pub id: String,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: ResourceKind,
    /// Its name.
    pub name: String,
    /// What it does.
    pub role: String,
    /// When it is there.
    pub availability: Vec<Interval>,
    /// When it is used, and for what.
    pub assignments: Vec<Assignment>,
}

/// What a resource is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum ResourceKind {
    /// Somebody.
    Person,
    /// Something.
    Equipment,
    /// Somewhere.
    Space,
}

/// From one moment to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Interval {
    /// The first moment.
    pub start: DateTime,
    /// The moment after the last.
    pub end: DateTime,
}

/// A use of a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Assignment {
    /// A session of the schedule, or what else.
    #[serde(rename = "for")]
    pub purpose: String,
    /// From.
    pub start: DateTime,
    /// To.
    pub end: DateTime,
}

/// What is done when something goes wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ContingencyPlan {
    /// One at least for each risk rated eight or more.
    #[schemars(length(min = 1))]
    pub scenarios: Vec<Scenario>,
}

/// A scenario.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Its id.
    pub id: String,
    /// The risk it answers.
    pub risk_id: String,
    /// What has happened.
    pub scenario: String,
    /// When it begins.
    pub trigger: Trigger,
    /// What is done, in this order.
    #[schemars(length(min = 1))]
    pub response: Vec<String>,
    /// The tasks it touches.
    pub task_ids: Vec<String>,
    /// Who acts.
    pub owner: String,
    /// What it costs.
    pub cost: Amount,
    /// Minutes within which it must be under way.
    pub minutes: u32,
    /// Whether it was set off.
    pub status: ScenarioStatus,
}

/// What sets a scenario off.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trigger {
    /// What is watched.
    pub signal: String,
    /// How it is compared.
    pub op: Comparison,
    /// With what.
    pub threshold: f64,
    /// The same in words.
    pub text: String,
}

/// How a signal is compared with its threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    /// Equal.
    Equals,
    /// At least.
    AtLeast,
    /// At most.
    AtMost,
}

/// Where a scenario stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScenarioStatus {
    /// It waits for its trigger.
    Armed,
    /// Its trigger has come.
    Fired,
    /// Somebody acts.
    Executing,
    /// Done.
    Resolved,
    /// It did not help.
    Failed,
}

/// What is agreed with vendors. Confidential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VendorContracts {
    /// By id.
    pub contracts: Vec<Contract>,
}

/// A contract, or the draft of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Contract {
    /// Its id.
    pub id: String,
    /// Who delivers.
    #[schemars(length(min = 1, max = 200))]
    pub vendor_name: String,
    /// What: catering, av, venue.
    pub service_type: String,
    /// On which terms.
    pub terms: Terms,
    /// What is measured.
    pub sla: Vec<ServiceLevel>,
    /// Notice and penalties.
    pub cancellation_policy: String,
    /// Who steps in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup_vendor: Option<String>,
    /// Where it stands.
    pub status: ContractStatus,
}

/// On which terms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// First day.
    pub start_date: Date,
    /// Last day.
    pub end_date: Date,
    /// All in.
    pub total_cost: Amount,
    /// When is paid.
    pub payment_terms: String,
}

/// What is measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceLevel {
    /// What.
    pub metric: String,
    /// How much of it.
    pub target: String,
    /// What follows when missed.
    pub penalty: String,
}

/// Where a contract stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ContractStatus {
    /// Proposed: nobody has signed.
    Draft,
    /// Approved by a person.
    Approved,
    /// The vendor cancelled.
    Cancelled,
}
