//! Is there a way from today to the event, and is known what may go wrong on it?

use std::collections::{BTreeMap, BTreeSet};

use super::Findings;
use crate::{
    artifact::{
        Dossier, EventBrief, Kind, RiskRegister, RiskStatus, StakeholderMap, Task, TaskRegister,
        Timeline,
    },
    instruction::Agent,
};

/// From this rating on, something must be done beforehand and something be planned for the day.
pub(super) const HIGH_RATING: u8 = 8;
/// Days after the event in which milestones of the review may lie.
const REVIEW_DAYS: i64 = 60;

/// Milestones, dependencies and a critical path are there; no task is an orphan, circular or nobody's.
pub(super) fn timeline(dossier: &Dossier, findings: &mut Findings) {
    let Some(register) = findings.need::<TaskRegister>(dossier) else { return };
    let Some(timeline) = findings.need::<Timeline>(dossier) else { return };
    let ids: BTreeSet<&str> = register.tasks.iter().map(|task| task.id.as_str()).collect();
    milestones(dossier, timeline, &ids, findings);
    critical_path(timeline, &ids, findings);
    dependencies(register, &ids, findings);
    for id in circular(register) {
        let found = format!("task `{id}` waits for itself");
        findings.broken(
            "acyclic",
            (Kind::TaskRegister, "/tasks"),
            found,
            "take one of its dependencies away",
        );
    }
    let reached: BTreeSet<&str> = timeline
        .milestones
        .iter()
        .flat_map(|milestone| &milestone.dependencies)
        .map(String::as_str)
        .collect();
    orphans(register, &reached, findings);
    owners(dossier, register, findings);
}

fn milestones(
    dossier: &Dossier,
    timeline: &Timeline,
    ids: &BTreeSet<&str>,
    findings: &mut Findings,
) {
    if timeline.milestones.is_empty() {
        findings.broken(
            "milestones",
            (Kind::Timeline, "/milestones"),
            "there are none",
            "name what must be true by when",
        );
    }
    let window = dossier.get::<EventBrief>().map(|brief| {
        let end = brief.date_range.end.date();
        let review = end.checked_add(jiff::Span::new().days(REVIEW_DAYS)).unwrap_or(end);
        (brief.planning_start, review)
    });
    for (at, milestone) in timeline.milestones.iter().enumerate() {
        if let Some((from, to)) = window
            && !(from..=to).contains(&milestone.date)
        {
            let found =
                format!("`{}` lies on {}, outside {from} to {to}", milestone.name, milestone.date);
            findings.broken(
                "milestones",
                (Kind::Timeline, format!("/milestones/{at}/date")),
                found,
                "move it inside",
            );
        }
        for unknown in milestone.dependencies.iter().filter(|id| !ids.contains(id.as_str())) {
            let found = format!("depends on `{unknown}`, which is no task");
            let pointer = format!("/milestones/{at}/dependencies");
            findings.broken(
                "milestones",
                (Kind::Timeline, pointer),
                found,
                "name tasks of the register",
            );
        }
    }
}

fn critical_path(timeline: &Timeline, ids: &BTreeSet<&str>, findings: &mut Findings) {
    let pointer = "/critical_path";
    if timeline.critical_path.is_empty() {
        findings.broken(
            "critical_path",
            (Kind::Timeline, pointer),
            "there is none",
            "compute it from the tasks",
        );
    }
    for unknown in timeline.critical_path.iter().filter(|id| !ids.contains(id.as_str())) {
        let found = format!("`{unknown}` is no task");
        findings.broken(
            "critical_path",
            (Kind::Timeline, pointer),
            found,
            "compute it from the tasks",
        );
    }
}

fn dependencies(register: &TaskRegister, ids: &BTreeSet<&str>, findings: &mut Findings) {
    if register.tasks.len() > 1 && register.tasks.iter().all(|task| task.dependencies.is_empty()) {
        let found = "no task depends on another";
        findings.broken(
            "dependencies",
            (Kind::TaskRegister, "/tasks"),
            found,
            "say what must be done before what",
        );
    }
    for (at, task) in register.tasks.iter().enumerate() {
        if task.end_date < task.start_date {
            let found = format!("ends {} and starts {}", task.end_date, task.start_date);
            findings.broken(
                "dates",
                (Kind::TaskRegister, format!("/tasks/{at}")),
                found,
                "let it end after it starts",
            );
        }
        for unknown in task.dependencies.iter().filter(|id| !ids.contains(id.as_str())) {
            let found = format!("depends on `{unknown}`, which is no task");
            let pointer = format!("/tasks/{at}/dependencies");
            findings.broken(
                "dependencies",
                (Kind::TaskRegister, pointer),
                found,
                "name tasks of the register",
            );
        }
    }
}

/// The tasks that wait for themselves, by taking away again and again what waits for nothing (Kahn, 1962).
fn circular(register: &TaskRegister) -> Vec<String> {
    let mut waiting: BTreeMap<&str, BTreeSet<&str>> = register
        .tasks
        .iter()
        .map(|task| (task.id.as_str(), task.dependencies.iter().map(String::as_str).collect()))
        .collect();
    let known: BTreeSet<&str> = waiting.keys().copied().collect();
    for before in waiting.values_mut() {
        before.retain(|id| known.contains(id));
    }
    loop {
        let free: BTreeSet<&str> =
            waiting.iter().filter(|(_, before)| before.is_empty()).map(|(id, _)| *id).collect();
        if free.is_empty() {
            return waiting.into_keys().map(str::to_owned).collect();
        }
        waiting.retain(|id, _| !free.contains(id));
        for before in waiting.values_mut() {
            before.retain(|id| !free.contains(id));
        }
    }
}

/// An orphan has no predecessor, no successor and no milestone: nobody would miss it.
fn orphans(register: &TaskRegister, reached: &BTreeSet<&str>, findings: &mut Findings) {
    let before: BTreeSet<&str> =
        register.tasks.iter().flat_map(|task| &task.dependencies).map(String::as_str).collect();
    let is_orphan = |task: &Task| {
        let id = task.id.as_str();
        task.dependencies.is_empty() && !before.contains(id) && !reached.contains(id)
    };
    if register.tasks.len() < 2 {
        return;
    }
    for (at, task) in register.tasks.iter().enumerate().filter(|(_, task)| is_orphan(task)) {
        let found = format!("`{}` has neither predecessor nor successor nor milestone", task.id);
        let remedy = "say what it is needed for";
        findings.broken("orphans", (Kind::TaskRegister, format!("/tasks/{at}")), found, remedy);
    }
}

fn owners(dossier: &Dossier, register: &TaskRegister, findings: &mut Findings) {
    let mut known: BTreeSet<&str> = Agent::ALL.iter().map(|agent| agent.name()).collect();
    let people =
        dossier.get::<StakeholderMap>().map(|map| map.stakeholders.as_slice()).unwrap_or_default();
    known.extend(people.iter().flat_map(|person| [person.name.as_str(), person.role.as_str()]));
    for (at, task) in register.tasks.iter().enumerate() {
        if !known.contains(task.owner.as_str()) {
            let found = format!("`{}` is neither an agent nor a stakeholder", task.owner);
            let remedy = "give it to somebody of the stakeholder map";
            findings.broken(
                "owners",
                (Kind::TaskRegister, format!("/tasks/{at}/owner")),
                found,
                remedy,
            );
        }
    }
}

/// Ratings follow their method, and what is rated high has a mitigation.
pub(super) fn risks(dossier: &Dossier, findings: &mut Findings) {
    let Some(register) = findings.need::<RiskRegister>(dossier) else { return };
    for (at, risk) in register.risks.iter().enumerate() {
        let rating = risk.probability.number() * risk.impact.number();
        if risk.rating != rating {
            let found = format!(
                "is rated {}; {} x {} is {rating}",
                risk.rating,
                risk.probability.word(),
                risk.impact.word()
            );
            findings.broken(
                "rating",
                (Kind::RiskRegister, format!("/risks/{at}/rating")),
                found,
                "rate it by the method",
            );
        }
        let is_taken = matches!(risk.status, RiskStatus::Accepted | RiskStatus::Closed);
        if risk.rating >= HIGH_RATING && risk.mitigation_strategies.is_empty() && !is_taken {
            let found = format!("is rated {} and nothing is done about it", risk.rating);
            let pointer = format!("/risks/{at}/mitigation_strategies");
            findings.broken(
                "mitigation",
                (Kind::RiskRegister, pointer),
                found,
                "name a mitigation, or let a person accept it",
            );
        }
    }
}
