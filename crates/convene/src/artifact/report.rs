//! The run book for the days of the event, and what was learnt after them.

use jiff::civil::DateTime;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Amount;

/// The event's days, minute by minute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunBook {
    /// By time.
    #[schemars(length(min = 1))]
    pub entries: Vec<RunEntry>,
    /// Whom to call, in this order.
    pub contacts: Vec<String>,
    /// Scenarios at hand, by id.
    pub contingencies: Vec<String>,
    /// What must be true before the doors open.
    pub checklist: Vec<String>,
    /// What the plan is expected to reach.
    pub metrics: Vec<Metric>,
}

/// A line of the run sheet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunEntry {
    /// When, on local clocks.
    pub at: DateTime,
    /// For how many minutes.
    pub minutes: u32,
    /// What.
    pub what: String,
    /// Where.
    pub place: String,
    /// Who answers for it.
    pub owner: String,
}

/// A figure with its limit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Metric {
    /// Its name.
    pub name: String,
    /// Its value; absent when it cannot be told yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// What it must reach.
    pub threshold: f64,
    /// Whether it does.
    pub verdict: MetricVerdict,
    /// Expected before the event, measured after it.
    pub kind: MetricKind,
}

/// Whether a metric reaches its threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MetricVerdict {
    /// It does.
    Pass,
    /// It does not.
    Fail,
    /// It does not apply, or cannot be told yet.
    NotApplicable,
}

/// Where a metric comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MetricKind {
    /// From the plan.
    Projected,
    /// From what happened.
    Actual,
}

/// How it went and what to learn from it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Postmortem {
    /// What happened, in figures.
    pub metrics: Vec<Metric>,
    /// What was spent.
    pub actual_cost: Amount,
    /// Who came.
    pub attendance: u32,
    /// Incidents and how they ended.
    pub incidents: Vec<String>,
    /// What to do differently.
    #[schemars(length(min = 1))]
    pub lessons_learned: Vec<String>,
}
