//! Can it be run: every workflow prepared, no room, speaker or thing in two places, an answer to every high risk?

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::DateTime;

use super::{Findings, plan::HIGH_RATING};
use crate::artifact::{
    ContingencyPlan, Dossier, EventBrief, Kind, LogisticsPlan, ResourceRoster, RiskRegister,
    RiskStatus, Schedule, TaskRegister, VendorContracts,
};

/// Every workflow is linked to tasks and owned; every high risk has a scenario with a trigger, a response, an owner.
pub(super) fn plan(dossier: &Dossier, findings: &mut Findings) {
    let tasks =
        dossier.get::<TaskRegister>().map(|register| register.tasks.as_slice()).unwrap_or_default();
    let tasks: BTreeSet<&str> = tasks.iter().map(|task| task.id.as_str()).collect();
    workflows(dossier, &tasks, findings);
    parts(dossier, findings);
    let Some(contingencies) = findings.need::<ContingencyPlan>(dossier) else { return };
    for (at, scenario) in contingencies.scenarios.iter().enumerate() {
        let pointer = |field: &str| format!("/scenarios/{at}/{field}");
        if scenario.owner.trim().is_empty() {
            findings.broken(
                "owners",
                (Kind::ContingencyPlan, pointer("owner")),
                "is empty",
                "say who acts",
            );
        }
        if scenario.trigger.signal.trim().is_empty() {
            findings.broken(
                "triggers",
                (Kind::ContingencyPlan, pointer("trigger")),
                "watches nothing",
                "say what sets it off",
            );
        }
        for unknown in scenario.task_ids.iter().filter(|id| !tasks.contains(id.as_str())) {
            let found = format!("`{unknown}` is no task");
            findings.broken(
                "tasks",
                (Kind::ContingencyPlan, pointer("task_ids")),
                found,
                "name tasks of the register",
            );
        }
    }
    let answered: BTreeSet<&str> =
        contingencies.scenarios.iter().map(|s| s.risk_id.as_str()).collect();
    let risks =
        dossier.get::<RiskRegister>().map(|register| register.risks.as_slice()).unwrap_or_default();
    let open =
        risks.iter().filter(|risk| risk.rating >= HIGH_RATING && risk.status != RiskStatus::Closed);
    for risk in open.filter(|risk| !answered.contains(risk.id.as_str())) {
        let found = format!("risk `{}` is rated {} and has no scenario", risk.id, risk.rating);
        findings.broken(
            "scenarios",
            (Kind::ContingencyPlan, "/scenarios"),
            found,
            "say what is done when it happens",
        );
    }
}

fn workflows(dossier: &Dossier, tasks: &BTreeSet<&str>, findings: &mut Findings) {
    let Some(plan) = findings.need::<LogisticsPlan>(dossier) else { return };
    for (at, workflow) in plan.workflows.iter().enumerate() {
        if workflow.task_ids.is_empty() {
            let found = format!("`{}` is prepared by no task", workflow.workflow);
            let pointer = format!("/workflows/{at}/task_ids");
            findings.broken(
                "tasks",
                (Kind::LogisticsPlan, pointer),
                found,
                "link it to tasks of the register",
            );
        }
        for unknown in workflow.task_ids.iter().filter(|id| !tasks.contains(id.as_str())) {
            let found = format!("`{unknown}` is no task");
            let pointer = format!("/workflows/{at}/task_ids");
            findings.broken(
                "tasks",
                (Kind::LogisticsPlan, pointer),
                found,
                "link it to tasks of the register",
            );
        }
        if workflow.owner.trim().is_empty() {
            let pointer = format!("/workflows/{at}/owner");
            findings.broken(
                "owners",
                (Kind::LogisticsPlan, pointer),
                "is empty",
                "say who answers for it",
            );
        }
    }
}

/// What the plan uses is in the roster, and whom it names has a contract.
fn parts(dossier: &Dossier, findings: &mut Findings) {
    let Some(plan) = dossier.get::<LogisticsPlan>() else { return };
    let vendors: BTreeSet<&str> = dossier
        .get::<VendorContracts>()
        .map(|all| all.contracts.iter().map(|contract| contract.id.as_str()).collect())
        .unwrap_or_default();
    let at = |pointer: &str| (Kind::LogisticsPlan, pointer.to_owned());
    for unknown in plan.vendor_ids.iter().filter(|id| !vendors.contains(id.as_str())) {
        let found = format!("`{unknown}` is no contract");
        findings.broken("vendors", at("/vendor_ids"), found, "name contracts that there are");
    }
    let remedy = "name resources of the roster";
    for unknown in strangers(dossier, &plan.resource_ids) {
        findings.broken("resources", at("/resource_ids"), unknown, remedy);
    }
    for (number, workflow) in plan.workflows.iter().enumerate() {
        for unknown in strangers(dossier, &workflow.resources) {
            let pointer = format!("/workflows/{number}/resources");
            findings.broken("resources", at(&pointer), unknown, remedy);
        }
    }
}

/// Of these, those that are not in the roster, in words; none while there is no roster.
fn strangers(dossier: &Dossier, ids: &[String]) -> Vec<String> {
    let Some(roster) = dossier.get::<ResourceRoster>() else { return Vec::new() };
    let known = |id: &String| roster.resources.iter().any(|resource| resource.id == *id);
    ids.iter().filter(|id| !known(id)).map(|id| format!("`{id}` is not in the roster")).collect()
}

/// A use of something: from, to, by what.
type Use<'a> = (DateTime, DateTime, &'a str);

/// Sessions lie inside the event, and no place, speaker or thing is in two of them at once.
pub(super) fn schedule(dossier: &Dossier, findings: &mut Findings) {
    let Some(schedule) = findings.need::<Schedule>(dossier) else { return };
    let range = dossier.get::<EventBrief>().map(|brief| brief.date_range);
    let mut uses: BTreeMap<(&str, &str), Vec<Use<'_>>> = BTreeMap::new();
    for (at, session) in schedule.sessions.iter().enumerate() {
        if session.end <= session.start {
            let found =
                format!("`{}` ends {} and starts {}", session.id, session.end, session.start);
            findings.broken(
                "times",
                (Kind::Schedule, format!("/sessions/{at}")),
                found,
                "let it end after it starts",
            );
        }
        if range.is_some_and(|range| session.start < range.start || session.end > range.end) {
            let found = format!("`{}` is from {} to {}", session.id, session.start, session.end);
            findings.broken(
                "dates",
                (Kind::Schedule, format!("/sessions/{at}")),
                found,
                "move it inside the event",
            );
        }
        for unknown in strangers(dossier, &session.resources) {
            let pointer = format!("/sessions/{at}/resources");
            let remedy = "name resources of the roster";
            findings.broken("resources", (Kind::Schedule, pointer), unknown, remedy);
        }
        let mut used = |what: &'static str, name| {
            uses.entry((what, name)).or_default().push((session.start, session.end, &session.id));
        };
        used("room", session.location.as_str());
        session.speakers.iter().for_each(|speaker| used("speaker", speaker));
        session.resources.iter().for_each(|resource| used("resource", resource));
    }
    for ((what, name), uses) in uses {
        for (first, second) in clashes(uses) {
            let found = format!("{what} `{name}` is in `{first}` and in `{second}` at once");
            findings.broken("conflicts", (Kind::Schedule, "/sessions"), found, "move one of them");
        }
    }
}

/// Assignments of one resource do not overlap and lie within the times when it is there.
pub(super) fn roster(dossier: &Dossier, findings: &mut Findings) {
    let Some(roster) = findings.need::<ResourceRoster>(dossier) else { return };
    for (at, resource) in roster.resources.iter().enumerate() {
        let pointer = format!("/resources/{at}/assignments");
        for assignment in &resource.assignments {
            let covers = |i: &crate::artifact::Interval| {
                i.start <= assignment.start && assignment.end <= i.end
            };
            if !resource.availability.iter().any(covers) {
                let found = format!("`{}` is not there for {}", resource.id, assignment.purpose);
                findings.broken(
                    "availability",
                    (Kind::ResourceRoster, pointer.clone()),
                    found,
                    "take another, or move it",
                );
            }
        }
        let uses =
            resource.assignments.iter().map(|a| (a.start, a.end, a.purpose.as_str())).collect();
        for (first, second) in clashes(uses) {
            let found = format!("`{}` is needed for {first} and for {second} at once", resource.id);
            findings.broken(
                "conflicts",
                (Kind::ResourceRoster, pointer.clone()),
                found,
                "take another, or move one",
            );
        }
    }
}

/// Neighbours in time that overlap.
fn clashes(mut uses: Vec<Use<'_>>) -> Vec<(&str, &str)> {
    uses.sort();
    let mut clashes = Vec::new();
    let mut busy: Option<(DateTime, &str)> = None;
    for (start, end, by) in uses {
        if let Some((until, other)) = busy
            && start < until
        {
            clashes.push((other, by));
        }
        if busy.is_none_or(|(until, _)| end > until) {
            busy = Some((end, by));
        }
    }
    clashes
}
