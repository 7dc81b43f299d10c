//! Money: the total, the lines, the decision.

use iso_currency::Currency;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Amount, initiate::CurrencyCode};

/// The total and how it is shared out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BudgetBaseline {
    /// All that may be spent.
    #[schemars(range(min = 0.01))]
    pub total_budget: Amount,
    /// Of every amount here (ISO 4217).
    #[schemars(with = "CurrencyCode")]
    pub currency: Currency,
    /// Sum to the total.
    #[schemars(length(min = 1))]
    pub category_allocations: Vec<Allocation>,
    /// What the shares rest on.
    pub assumptions: Vec<String>,
}

/// What one category may spend.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Allocation {
    /// The category.
    pub category: String,
    /// How much.
    #[schemars(range(min = 0))]
    pub allocated: Amount,
    /// Of the total, 0..=1.
    #[schemars(range(min = 0, max = 1))]
    pub percentage: f64,
}

/// What everything costs, line by line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CostModel {
    /// The lines, reserve included; their sum stays within the total.
    #[schemars(length(min = 1))]
    pub line_items: Vec<LineItem>,
    /// When a deviation needs a person.
    pub variance_rules: VarianceRules,
    /// Forecast against allocation, by category.
    pub variances: Vec<Variance>,
    /// Savings taken and left, each with its source.
    pub savings: Vec<Saving>,
    /// What the first estimate came to, before savings.
    pub first_estimate: Amount,
    /// What is kept back, and why that much.
    pub reserve: Reserve,
    /// How to come back into the budget, best first; empty when within it.
    pub options_when_over: Vec<BudgetOption>,
    /// The budget's money set against what may fail.
    pub hedges: Vec<String>,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LineItem {
    /// The category.
    pub category: String,
    /// What is paid for.
    pub item: String,
    /// Fixed, or per head, day or session.
    pub basis: Basis,
    /// How many.
    #[schemars(range(min = 1))]
    pub quantity: u32,
    /// For one.
    #[schemars(range(min = 0))]
    pub unit_cost: Amount,
    /// Quantity times unit cost.
    #[schemars(range(min = 0))]
    pub total: Amount,
    /// Where the price comes from.
    pub source: String,
}

/// What a quantity counts.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// Once.
    Fixed,
    /// For each person.
    PerHead,
    /// For each person and day.
    PerHeadDay,
    /// For each day.
    PerDay,
    /// For each session.
    PerSession,
    /// For each steward or host and day: one for every forty people.
    PerStaffDay,
    /// Service charge or tax: computed from other lines.
    Percentage,
    /// Money kept back.
    Reserve,
}

/// When a deviation needs a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VarianceRules {
    /// Percent of the total that may remain unexplained.
    #[schemars(range(min = 0, max = 100))]
    pub max_variance_percent: f64,
    /// A change beyond this needs an approval.
    pub require_approval_threshold: Amount,
}

/// Forecast against allocation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Variance {
    /// The category, or `total`.
    pub category: String,
    /// What was allocated.
    pub allocated: Amount,
    /// What it will cost.
    pub forecast: Amount,
    /// (forecast - allocated) / allocated.
    pub variance: f64,
    /// Within 5 % green, within 10 % amber, else red. Less than allocated is green.
    pub signal: Signal,
}

/// A traffic light.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// Nothing to do.
    Green,
    /// To be watched.
    Amber,
    /// To be acted on.
    Red,
}

/// Money that need not be spent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Saving {
    /// The line.
    pub item: String,
    /// How.
    pub how: String,
    /// How much.
    pub amount: Amount,
    /// Who says so.
    pub source: String,
    /// Whether the cost model counts on it.
    pub is_taken: bool,
}

/// What is kept back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reserve {
    /// How much.
    pub amount: Amount,
    /// The level's share of the total, 0..=1.
    pub minimum_share: f64,
    /// Cost without reserve that eight in ten simulated events do not exceed.
    pub p80_cost: Amount,
    /// Cost without reserve by the plan.
    pub base_cost: Amount,
    /// min(1, reserve / (P80 - base)).
    #[schemars(range(min = 0, max = 1))]
    pub adequacy: f64,
    /// Runs of the simulation.
    pub runs: u32,
    /// Its seed.
    pub seed: u64,
}

/// A way back into the budget.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BudgetOption {
    /// What is done.
    pub option: String,
    /// What it saves.
    pub saves: Amount,
    /// What it costs people who come.
    pub trade_off: String,
    /// Whether it alone closes the gap.
    pub closes_gap: bool,
}

/// The budget that people are asked to approve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BudgetDecision {
    /// The total asked for.
    pub approved_total: Amount,
    /// When the last approval came; absent while pending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_date: Option<Date>,
    /// Who approved it.
    pub approvals: Vec<Grant>,
    /// The changes that led here.
    pub change_log_ids: Vec<String>,
}

/// A person's yes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// Who.
    pub approver: String,
    /// As what.
    pub role: String,
    /// When.
    pub timestamp: jiff::Timestamp,
}
