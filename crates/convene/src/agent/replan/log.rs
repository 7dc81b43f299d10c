//! The changes in the change log: opened before anything is planned, so that others may point at them, and filled in
//! when it is known what they mean.

use crate::{
    agent::{Desk, replan::compare},
    approval::{Approval, ApprovalStatus},
    artifact::{
        ApprovalKind, Artifact, Change as Entry, Dossier, EventBrief, Impacted, Kind, OWNER,
        TaskRegister, VenueLeads,
    },
    brief::Scope,
    change::Change,
    library,
};

use super::{Figures, revised};

/// Writes the changes down, each still without its impact.
pub(super) fn open(desk: &mut Desk<'_>, changes: &[Change]) {
    for change in changes.iter().filter(|change| is_logged(change)) {
        let scope = desk.scope();
        let owner = scope.stakeholders.iter().find(|who| who.role == OWNER);
        let entry = Entry {
            id: desk.next_change(),
            change_type: change_type(change).to_owned(),
            description: description(desk, change),
            date: desk.now(),
            impact: String::new(),
            impacted_artifacts: Vec::new(),
            approvals: Vec::new(),
            initiated_by: owner.map_or_else(|| OWNER.to_owned(), |who| who.name.clone()),
        };
        desk.change(entry);
    }
}

/// The day of planning is no change of the event.
fn is_logged(change: &Change) -> bool {
    !matches!(change, Change::AsOf(_))
}

const fn change_type(change: &Change) -> &'static str {
    match change {
        Change::AsOf(_) => "date",
        Change::Done { .. } => "progress",
        Change::TaskSlipped { .. } => "task_slip",
        Change::VendorCancelled(_) => "vendor_replacement",
        Change::VenueLost(_) => "venue_replacement",
        Change::Budget { .. } => "budget_change",
        Change::Audience(_) => "audience_change",
        Change::Occurred(_) => "risk_occurred",
        Change::Resolved(_) => "risk_resolved",
    }
}

fn description(desk: &Desk<'_>, change: &Change) -> String {
    let scope = desk.scope();
    let brief = desk.before::<EventBrief>();
    match change {
        Change::AsOf(day) => format!("Plan as of {day}"),
        Change::Done { task, first, last } => {
            format!("\"{}\" was done from {first} to {last}", task_title(desk, task))
        }
        Change::TaskSlipped { task, days } => format!(
            "\"{}\" takes {} longer",
            task_title(desk, task),
            library::counted((*days).into(), "working day")
        ),
        Change::VendorCancelled(name) => format!("{name} cancels"),
        Change::VenueLost(name) => format!("{} cannot be had any more", venue_name(desk, name)),
        Change::Budget { total, .. } => {
            let was = brief.map(|brief| brief.total_budget).unwrap_or_default();
            {
                let shown = |amount: crate::artifact::Amount| amount.shown(scope.currency);
                format!("The budget is {} instead of {}", shown(*total), shown(was))
            }
        }
        Change::Audience(people) => {
            let was = brief.map_or(0, |brief| brief.audience_size);
            format!("{people} people come instead of {was}")
        }
        Change::Occurred(risk) => format!("\"{}\" has happened", risk_words(risk)),
        Change::Resolved(risk) => format!("\"{}\" was dealt with", risk_words(risk)),
    }
}

/// The title of a task by its key or id.
pub(super) fn task_title(desk: &Desk<'_>, task: &str) -> String {
    let id = task_id(desk.scope(), task);
    let register = desk.before::<TaskRegister>();
    let found = register.and_then(|all| all.tasks.iter().find(|known| known.id == id));
    found.map_or_else(|| task.to_owned(), |task| task.title.clone())
}

/// The id of a task that is named by key or id.
pub(super) fn task_id(scope: &Scope, task: &str) -> String {
    let prefix = format!("task-tl-{}-", scope.event_id);
    if task.starts_with(&prefix) { task.to_owned() } else { format!("{prefix}{task}") }
}

/// The name of a venue by its name or id.
pub(super) fn venue_name(desk: &Desk<'_>, venue: &str) -> String {
    let leads = desk.before::<VenueLeads>();
    let found = leads.and_then(|all| all.leads.iter().find(|lead| lead.venue_id == venue));
    found.map_or_else(|| venue.to_owned(), |lead| lead.venue_name.clone())
}

fn risk_words(key: &str) -> &str {
    let known = library::RISKS.iter().find(|known| known.key == key);
    known.map_or(key, |known| known.description.as_str())
}

/// Says of each change what it means, what it has revised and whom it waits for.
pub(super) fn fill(
    desk: &mut Desk<'_>,
    before: &Dossier,
    changes: &[Change],
    figures: &[Figures; 2],
) {
    let together = changes.iter().filter(|change| is_logged(change)).count() > 1;
    let all = compare::in_words(desk, figures);
    let impact = if together { format!("with the other changes of this day: {all}") } else { all };
    let impacted: Vec<Impacted> = revised(before, &desk.dossier);
    let logged = changes.iter().filter(|change| is_logged(change));
    let approvals: Vec<Vec<String>> =
        logged.map(|change| waits_for(&desk.dossier, before, change)).collect();
    for (entry, approvals) in desk.changes.iter_mut().zip(approvals) {
        entry.impact.clone_from(&impact);
        entry.impacted_artifacts.clone_from(&impacted);
        entry.approvals = approvals;
    }
}

/// What people are asked because of a change, by id.
pub(super) fn waits_for(now: &Dossier, before: &Dossier, change: &Change) -> Vec<String> {
    use ApprovalKind::{
        BudgetChange, BudgetDecision, MilestoneSlip, VendorContract, VenueSelection,
    };
    let kinds: &[ApprovalKind] = match change {
        Change::TaskSlipped { .. } => &[MilestoneSlip],
        Change::VendorCancelled(_) => &[VendorContract, BudgetDecision, BudgetChange],
        Change::VenueLost(_) => &[VenueSelection, BudgetDecision, BudgetChange],
        Change::Budget { .. } | Change::Audience(_) => &[BudgetDecision, BudgetChange],
        Change::AsOf(_) | Change::Done { .. } | Change::Occurred(_) | Change::Resolved(_) => &[],
    };
    let is_new = |asked: &&Approval| {
        asked.status == ApprovalStatus::Pending
            && kinds.contains(&asked.kind)
            && before.approvals.iter().all(|known| known.id != asked.id)
    };
    now.approvals.iter().filter(is_new).map(|asked| asked.id.clone()).collect()
}

/// The kinds that a decision after a change touches: what has a new revision.
pub(super) fn touched(before: &Dossier, now: &Dossier) -> Vec<Kind> {
    let revision =
        |artifact: &Artifact| before.find(artifact.header.kind).map(|it| it.header.revision);
    let new = now.artifacts().filter(|it| revision(it) != Some(it.header.revision));
    new.map(|artifact| artifact.header.kind).collect()
}
