//! What the event is: brief, requirements, stakeholders.

use iso_currency::Currency;
use jiff::civil::{Date, DateTime};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Amount;
use crate::{
    brief::{EventType, Level},
    lifecycle::Phase,
};

/// What is to be held, for whom, when and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventBrief {
    /// What people call it.
    #[schemars(length(min = 1, max = 200))]
    pub title: String,
    /// First and last moment, on the clocks of `time_zone`.
    pub date_range: DateRange,
    /// IANA name of the zone of the place.
    pub time_zone: String,
    /// People expected.
    #[schemars(range(min = 1, max = 100_000))]
    pub audience_size: u32,
    /// What kind of event it is.
    pub event_type: EventType,
    /// What it is for.
    pub objectives: Vec<String>,
    /// Constraints as they were written.
    pub constraints: String,
    /// All that may be spent.
    pub total_budget: Amount,
    /// The currency of every amount of this event (ISO 4217).
    #[schemars(with = "CurrencyCode")]
    pub currency: Currency,
    /// How thoroughly it is planned.
    pub level: Level,
    /// The city.
    pub city: String,
    /// Whether people also take part from elsewhere.
    pub is_hybrid: bool,
    /// What was assumed because the brief did not say.
    pub assumptions: Vec<Assumption>,
    /// The first day of planning.
    pub planning_start: Date,
    /// The phase that has been reached.
    pub lifecycle_state: Phase,
}

/// An ISO 4217 code.
#[derive(JsonSchema)]
#[schemars(extend("pattern" = "^[A-Z]{3}$"))]
#[expect(dead_code, reason = "stands for the code in schemas only")]
pub struct CurrencyCode(String);

/// From one moment to another, on local clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DateRange {
    /// The first moment.
    pub start: DateTime,
    /// The last moment.
    pub end: DateTime,
}

impl DateRange {
    /// The days of the event, first to last.
    pub fn days(&self) -> Vec<Date> {
        let days = self.start.date().series(jiff::Span::new().days(1));
        days.take_while(|day| *day <= self.end.date()).collect()
    }
}

/// What was assumed, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Assumption {
    /// The field of the brief, as a JSON pointer.
    pub field: String,
    /// The value taken.
    pub value: String,
    /// Where it comes from.
    pub reason: String,
}

/// What the event must do and be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Requirements {
    /// What it must do, each for an objective.
    pub functional_requirements: Vec<Requirement>,
    /// How it must be.
    pub nonfunctional_requirements: Vec<Requirement>,
    /// Without these it does not take place.
    #[schemars(length(min = 1))]
    pub must_haves: Vec<String>,
    /// Welcome, and first to go.
    pub nice_to_haves: Vec<String>,
}

/// One requirement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    /// What is required.
    pub text: String,
    /// The place of the objective that it serves in the brief's list.
    pub objective: usize,
}

/// Who has a say, and in what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StakeholderMap {
    /// At least one has the role `Owner`.
    #[schemars(length(min = 1))]
    pub stakeholders: Vec<Stakeholder>,
}

/// The role that answers for the whole event.
pub const OWNER: &str = "Owner";

/// A person or group with a say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stakeholder {
    /// Their name.
    #[schemars(length(min = 1, max = 200))]
    pub name: String,
    /// What they are to the event.
    #[schemars(length(min = 1, max = 100))]
    pub role: String,
    /// Where they are reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("pattern" = "^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$"))]
    pub email: Option<String>,
    /// What they may decide.
    #[serde(default)]
    pub decision_rights: Vec<ApprovalKind>,
}

/// What only a person decides.
#[derive(
    Debug, Clone, Copy, PartialEq, PartialOrd, Ord, Eq, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalKind {
    /// The budget.
    BudgetDecision,
    /// A contract with a vendor.
    VendorContract,
    /// The venue.
    VenueSelection,
    /// A change of the budget over the threshold.
    BudgetChange,
    /// A slip of more than a tenth of the plan.
    MilestoneSlip,
    /// A risk that is taken with open eyes.
    RiskAcceptance,
}

impl ApprovalKind {
    /// Everything that only a person decides.
    pub const ALL: &[Self] = &[
        Self::BudgetDecision,
        Self::VendorContract,
        Self::VenueSelection,
        Self::BudgetChange,
        Self::MilestoneSlip,
        Self::RiskAcceptance,
    ];
}

impl std::fmt::Display for ApprovalKind {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::BudgetDecision => "budget decision",
            Self::VendorContract => "vendor contract",
            Self::VenueSelection => "venue selection",
            Self::BudgetChange => "budget change",
            Self::MilestoneSlip => "milestone slip",
            Self::RiskAcceptance => "risk acceptance",
        })
    }
}
