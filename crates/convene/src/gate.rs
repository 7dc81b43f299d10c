//! The quality gates: rules over artifacts, computed here and never taken from whoever asks.
//!
//! A gate names each rule that does not hold, the artifact and place where, and what would satisfy it. What only a
//! person's answer is missing from is blocked, not failed.

mod budget;
mod confirm;
mod initiate;
mod logistics;
mod plan;
mod research;

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    approval::ApprovalStatus,
    artifact::{ApprovalKind, Content, Dossier, Kind},
    lifecycle::Phase,
};

/// What a gate says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every rule holds.
    Passed,
    /// Every rule holds but those that wait for a person.
    Blocked,
    /// A rule does not hold.
    Failed,
}

impl fmt::Display for Verdict {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Passed => "passed",
            Self::Blocked => "blocked: awaiting approval",
            Self::Failed => "failed",
        })
    }
}

/// A rule that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Failure {
    /// The gate.
    pub gate: &'static str,
    /// The rule, as a name that does not change.
    pub rule: &'static str,
    /// The artifact that breaks it.
    pub artifact: Kind,
    /// Where in its body, as a JSON pointer; empty for the whole.
    pub pointer: String,
    /// What was found.
    pub found: String,
    /// What would satisfy the rule.
    pub satisfied_by: String,
    /// Whether only a person's answer is missing.
    pub awaits_approval: bool,
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { gate, rule, artifact, pointer, found, satisfied_by, .. } = self;
        write!(out, "{gate}/{rule}: {artifact}{pointer}: {found}; {satisfied_by}")
    }
}

/// A gate's result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Gate {
    /// Its name.
    pub name: &'static str,
    /// The phase that it closes.
    pub phase: Phase,
    /// What it says.
    pub verdict: Verdict,
    /// The rules that do not hold.
    pub failures: Vec<Failure>,
}

/// A gate's rules.
type Rules = fn(&Dossier, &mut Findings);

/// Every gate: its name, the phase that it closes, its rules.
const GATES: &[(&str, Phase, Rules)] = &[
    ("brief", Phase::Initiate, initiate::brief),
    ("timeline", Phase::Plan, plan::timeline),
    ("risks", Phase::Plan, plan::risks),
    ("shortlist", Phase::Research, research::shortlist),
    ("scorecard", Phase::Research, research::scorecard),
    ("cost-model", Phase::Budget, budget::cost_model),
    ("budget-decision", Phase::Budget, budget::decision),
    ("logistics-plan", Phase::Logistics, logistics::plan),
    ("schedule", Phase::Logistics, logistics::schedule),
    ("roster", Phase::Logistics, logistics::roster),
    ("approvals", Phase::Confirm, confirm::approvals),
    ("readiness", Phase::Confirm, confirm::readiness),
    ("review", Phase::Postmortem, confirm::review),
];

/// Every gate, in the order of the lifecycle.
pub fn all(dossier: &Dossier) -> Vec<Gate> {
    GATES.iter().map(|(name, phase, rules)| evaluate(dossier, name, *phase, *rules)).collect()
}

/// The gates that are due: all but the review, which before the event nobody misses.
pub fn due(dossier: &Dossier) -> Vec<Gate> {
    let is_held = dossier.find(Kind::Postmortem).is_some();
    all(dossier).into_iter().filter(|gate| is_held || gate.phase < Phase::Postmortem).collect()
}

/// The gates that close a phase.
pub fn of_phase(dossier: &Dossier, phase: Phase) -> Vec<Gate> {
    let gates = GATES.iter().filter(|(_, closes, _)| *closes == phase);
    gates.map(|(name, phase, rules)| evaluate(dossier, name, *phase, *rules)).collect()
}

fn evaluate(dossier: &Dossier, name: &'static str, phase: Phase, rules: Rules) -> Gate {
    let mut findings = Findings { gate: name, failures: Vec::new() };
    rules(dossier, &mut findings);
    let failures = findings.failures;
    let verdict = if failures.is_empty() {
        Verdict::Passed
    } else if failures.iter().all(|failure| failure.awaits_approval) {
        Verdict::Blocked
    } else {
        Verdict::Failed
    };
    Gate { name, phase, verdict, failures }
}

/// What a gate has found so far.
#[derive(Debug)]
struct Findings {
    gate: &'static str,
    failures: Vec<Failure>,
}

impl Findings {
    /// A content that the gate cannot do without; that it is missing is noted.
    fn need<'a, T: Content>(&mut self, dossier: &'a Dossier) -> Option<&'a T> {
        let content = dossier.get::<T>();
        if content.is_none() {
            self.broken("exists", (T::KIND, ""), "there is none", format!("make the {}", T::KIND));
        }
        content
    }

    /// Notes a rule that does not hold.
    fn broken(
        &mut self,
        rule: &'static str,
        (artifact, pointer): (Kind, impl Into<String>),
        found: impl Into<String>,
        satisfied_by: impl Into<String>,
    ) {
        self.failures.push(Failure {
            gate: self.gate,
            rule,
            artifact,
            pointer: pointer.into(),
            found: found.into(),
            satisfied_by: satisfied_by.into(),
            awaits_approval: false,
        });
    }

    /// Holds that people said yes to every question of this kind about the newest revision of an artifact. With
    /// `asked_for`, at least one must have been asked.
    fn approved(&mut self, dossier: &Dossier, kind: ApprovalKind, about: Kind, asked_for: bool) {
        let revision = dossier.find(about).map(|artifact| artifact.header.revision);
        let current = dossier.approvals.iter().filter(|approval| {
            approval.kind == kind
                && approval.artifact_type == about
                && Some(approval.revision) == revision
                && approval.status != ApprovalStatus::Superseded
        });
        let mut asked = false;
        for approval in current {
            asked = true;
            let who = approval.chain.get(approval.level).map_or("nobody", String::as_str);
            let (found, remedy) = match approval.status {
                ApprovalStatus::Approved | ApprovalStatus::Superseded => continue,
                ApprovalStatus::Pending => (
                    format!(
                        "approval `{}` is pending with {who} until {}",
                        approval.id, approval.due_at
                    ),
                    format!("awaiting approval: {who} decides `{}`", approval.id),
                ),
                ApprovalStatus::Rejected => (
                    format!("approval `{}` was rejected", approval.id),
                    format!("revise the {about} and ask again"),
                ),
            };
            self.broken("approved", (about, ""), found, remedy);
            if let Some(last) = self.failures.last_mut() {
                last.awaits_approval = approval.status == ApprovalStatus::Pending;
            }
        }
        if asked_for && !asked {
            let found = format!("nobody was asked for the {kind} of this revision");
            self.broken("approved", (about, ""), found, "ask for the approval");
        }
    }
}
