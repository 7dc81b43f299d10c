//! The work, its dates, its risks and who hears of it.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Amount, ApprovalKind};
use crate::lifecycle::Phase;

/// Phases, milestones and the critical path.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Timeline {
    /// When each phase begins and ends.
    pub phases: Vec<PhaseDates>,
    /// What must be true by when.
    pub milestones: Vec<Milestone>,
    /// The tasks without room to slip, in their order.
    pub critical_path: Vec<String>,
    /// When everything before the event must be done.
    pub deadline: Date,
    /// Working days between the end of the longest chain and the deadline; negative when it does not fit.
    pub slack_days: i64,
    /// The chance that the work is done by the deadline.
    pub forecast: Forecast,
}

/// A phase's days, both included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PhaseDates {
    /// The phase.
    pub name: Phase,
    /// Its first day.
    pub start: Date,
    /// Its last day.
    pub end: Date,
}

/// A point that must be reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Milestone {
    /// Its id.
    pub id: String,
    /// What is true then.
    pub name: String,
    /// By when.
    pub date: Date,
    /// The tasks that must be done for it.
    pub dependencies: Vec<String>,
}

/// What a simulation of the plan says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Forecast {
    /// Runs of the simulation.
    pub runs: u32,
    /// The seed: the same gives the same figures.
    pub seed: u64,
    /// Working days from the start to the end of preparation, by the plan.
    pub planned_days: i64,
    /// Half the runs need no more working days than this.
    pub p50_days: f64,
    /// Eight in ten need no more.
    pub p80_days: f64,
    /// Nine in ten need no more.
    pub p90_days: f64,
    /// The share of runs that end by the deadline, 0..=1.
    #[schemars(range(min = 0, max = 1))]
    pub on_time: f64,
    /// Working days kept free for surprises: P80 less the planned days.
    pub buffer_days: f64,
}

/// All work, with owners and dates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskRegister {
    /// The tasks, by planned start.
    #[schemars(length(min = 1))]
    pub tasks: Vec<Task>,
}

/// A piece of work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// Its id.
    pub id: String,
    /// The revision of the register in which it last changed.
    pub revision: u32,
    /// What is done.
    #[schemars(length(min = 1, max = 200))]
    pub title: String,
    /// What that means here.
    pub description: String,
    /// An agent or a stakeholder.
    pub owner: String,
    /// Where it stands.
    pub status: TaskStatus,
    /// Its first day.
    pub start_date: Date,
    /// Its last day.
    pub end_date: Date,
    /// Working days it takes.
    pub duration_days: u32,
    /// Optimistic, most likely and pessimistic working days.
    pub estimate_days: [u32; 3],
    /// The last day on which it may start without moving the event.
    pub latest_start: Date,
    /// Working days it may slip without moving the event; negative when it is already too late.
    pub slack_days: i64,
    /// Whether it has least room of all.
    pub is_critical: bool,
    /// Working days it was moved back because its owner is busy, and with what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub levelled: Option<Levelled>,
    /// What must be done before.
    pub dependencies: Vec<String>,
}

/// Why a task starts later than its predecessors would let it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Levelled {
    /// Working days of delay.
    pub days: u32,
    /// Whose capacity was used up.
    pub owner: String,
}

/// Where a task stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TaskStatus {
    /// Nothing was done yet.
    #[default]
    NotStarted,
    /// Somebody works on it.
    InProgress,
    /// It waits for something outside.
    Blocked,
    /// It is done and will not be planned again.
    Completed,
    /// It will not be done.
    Cancelled,
}

/// What may go wrong and what is done about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RiskRegister {
    /// The method of all ratings.
    pub rating_methodology: String,
    /// Highest rating first.
    pub risks: Vec<Risk>,
}

/// The words of [`RiskRegister::rating_methodology`].
pub const RATING_METHOD: &str = "probability 1-5 x impact 1-5";

/// A risk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Risk {
    /// Its id.
    pub id: String,
    /// The revision of the register in which it last changed.
    pub revision: u32,
    /// What may happen.
    pub description: String,
    /// How likely it is.
    pub probability: Grade,
    /// How much it hurts.
    pub impact: Grade,
    /// Probability times impact, 1..=25.
    #[schemars(range(min = 1, max = 25))]
    pub rating: u8,
    /// What it would cost.
    pub cost_impact: Amount,
    /// Working days it would cost.
    pub delay_days: u32,
    /// Who watches it.
    pub owner: String,
    /// What is done about it beforehand.
    pub mitigation_strategies: Vec<String>,
    /// Where it stands.
    pub status: RiskStatus,
}

/// A grade of five.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// 1.
    VeryLow,
    /// 2.
    Low,
    /// 3.
    Medium,
    /// 4.
    High,
    /// 5.
    VeryHigh,
}

impl Grade {
    /// As a number, 1..=5.
    pub const fn number(self) -> u8 {
        self as u8 + 1
    }

    /// The grade of a number; what is beyond the scale is its end.
    pub const fn of(number: u8) -> Self {
        match number {
            0 | 1 => Self::VeryLow,
            2 => Self::Low,
            3 => Self::Medium,
            4 => Self::High,
            _ => Self::VeryHigh,
        }
    }

    /// The word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::VeryLow => "very low",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::VeryHigh => "very high",
        }
    }
}

/// Where a risk stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RiskStatus {
    /// Nothing is done about it: its rating needs nothing.
    Open,
    /// Something is done about it.
    Mitigated,
    /// A person took it.
    Accepted,
    /// It happened.
    Occurred,
    /// It cannot happen any more.
    Closed,
}

/// Who hears what, when and from whom; and who is asked when nobody answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommunicationsPlan {
    /// One entry an audience and purpose.
    #[schemars(length(min = 1))]
    pub communications: Vec<Communication>,
    /// Who decides, and who instead when they do not answer.
    pub escalations: Vec<Escalation>,
}

/// What one audience hears.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Communication {
    /// Who hears it: a role of the stakeholder map, or the attendees.
    pub audience: String,
    /// How.
    pub channel: String,
    /// How often.
    pub cadence: Cadence,
    /// What.
    pub message: String,
    /// From whom.
    pub owner: String,
}

/// How often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cadence {
    /// Every day.
    Daily,
    /// Every week.
    Weekly,
    /// Every other week.
    Biweekly,
    /// Every month.
    Monthly,
    /// At each milestone.
    MilestoneBased,
}

/// The way of an approval that nobody answers. It blocks until a person decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Escalation {
    /// What is decided.
    pub approval: ApprovalKind,
    /// Who is asked, in this order.
    #[schemars(length(min = 1))]
    pub chain: Vec<String>,
    /// Hours that each has before the next is asked; the last is never relieved.
    #[schemars(range(min = 1))]
    pub hours: u32,
}
