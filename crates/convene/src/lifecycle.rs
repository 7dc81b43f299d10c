//! The eight phases of an event, and what stands between them.
//!
//! A transition goes one phase forward or nowhere: whatever is missing or failed is named, and nothing half-moves.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    artifact::{Dossier, Kind},
    gate::{self, Failure, Verdict},
};

/// A phase of an event.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
pub enum Phase {
    /// Brief, requirements, stakeholders.
    #[default]
    Initiate,
    /// Timeline, tasks, risks.
    Plan,
    /// Venues.
    Research,
    /// Money.
    Budget,
    /// Sessions, resources, vendors, contingencies.
    Logistics,
    /// Approvals and the run book.
    Confirm,
    /// The event itself.
    Execute,
    /// What was learnt.
    Postmortem,
}

impl Phase {
    /// All phases in order.
    pub const ALL: &[Self] = &[
        Self::Initiate,
        Self::Plan,
        Self::Research,
        Self::Budget,
        Self::Logistics,
        Self::Confirm,
        Self::Execute,
        Self::Postmortem,
    ];

    /// The one after it.
    pub fn next(self) -> Option<Self> {
        let at = Self::ALL.iter().position(|phase| *phase == self)?;
        Self::ALL.get(at + 1).copied()
    }

    /// What must exist before the phase may be left.
    pub fn needs(self) -> Vec<Kind> {
        use Kind::{
            BudgetBaseline, BudgetDecision, ContingencyPlan, CostModel, EventBrief, LogisticsPlan,
            Postmortem, Requirements, ResourceRoster, RiskRegister, RunBook, Schedule,
            StakeholderMap, TaskRegister, Timeline, VenueCriteria, VenueScorecard, VenueShortlist,
        };
        match self {
            Self::Initiate => vec![EventBrief, Requirements, StakeholderMap],
            Self::Plan => vec![Timeline, TaskRegister, RiskRegister],
            Self::Research => vec![VenueCriteria, VenueShortlist, VenueScorecard],
            Self::Budget => vec![BudgetBaseline, CostModel, BudgetDecision],
            Self::Logistics => vec![LogisticsPlan, Schedule, ResourceRoster, ContingencyPlan],
            Self::Confirm => Kind::ALL.iter().copied().filter(|kind| *kind != Postmortem).collect(),
            Self::Execute => vec![RunBook, ContingencyPlan],
            Self::Postmortem => vec![Postmortem],
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{self:?}")
    }
}

/// Why a transition is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Refusal {
    /// The phase that stays.
    pub from: Phase,
    /// The phase that was asked for.
    pub to: Phase,
    /// Kinds that do not exist yet.
    pub missing_artifacts: Vec<Kind>,
    /// Rules that do not hold, each with its artifact and what would satisfy it.
    pub failed_gates: Vec<Failure>,
    /// The phase that could be entered instead, when `to` is not the next one.
    pub next_possible: Option<Phase>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} stays: {} cannot be entered", self.from, self.to)?;
        if let Some(next) = self.next_possible {
            return write!(out, "; from {} only {next} can be", self.from);
        }
        for kind in &self.missing_artifacts {
            write!(out, "; {kind} is missing")?;
        }
        for failure in &self.failed_gates {
            write!(out, "; {failure}")?;
        }
        Ok(())
    }
}

/// Whether the event may go from one phase to another.
///
/// # Errors
/// Everything that stands in the way, at once.
pub fn transition(dossier: &Dossier, from: Phase, to: Phase) -> Result<(), Box<Refusal>> {
    if from.next() != Some(to) {
        let next_possible = Some(from.next().unwrap_or(Phase::Postmortem));
        let (missing_artifacts, failed_gates) = (Vec::new(), Vec::new());
        return Err(Box::new(Refusal { from, to, missing_artifacts, failed_gates, next_possible }));
    }
    let missing_artifacts: Vec<Kind> =
        from.needs().into_iter().filter(|kind| dossier.find(*kind).is_none()).collect();
    let failed_gates: Vec<Failure> = gate::of_phase(dossier, from)
        .into_iter()
        .filter(|gate| gate.verdict != Verdict::Passed)
        .flat_map(|gate| gate.failures)
        .collect();
    if missing_artifacts.is_empty() && failed_gates.is_empty() {
        return Ok(());
    }
    Err(Box::new(Refusal { from, to, missing_artifacts, failed_gates, next_possible: None }))
}

/// How far the event may go by itself, at most to Confirm, and what stops it there.
pub fn furthest(dossier: &Dossier) -> (Phase, Option<Box<Refusal>>) {
    let mut at = Phase::Initiate;
    while let Some(next) = at.next().filter(|next| *next <= Phase::Confirm) {
        match transition(dossier, at, next) {
            Ok(()) => at = next,
            Err(refusal) => return (at, Some(refusal)),
        }
    }
    (at, None)
}
