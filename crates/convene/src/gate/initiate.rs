//! Is it known what is wanted, and by whom?

use super::Findings;
use crate::artifact::{
    Dossier, EventBrief, Kind, OWNER, Requirement, Requirements, StakeholderMap,
};

/// The brief is one that can be planned, each requirement serves an objective, and somebody owns the event.
pub(super) fn brief(dossier: &Dossier, findings: &mut Findings) {
    if let Some(brief) = findings.need::<EventBrief>(dossier) {
        dates(brief, findings);
        if let Some(requirements) = findings.need::<Requirements>(dossier) {
            objectives(brief, requirements, findings);
        }
    }
    if let Some(map) = findings.need::<StakeholderMap>(dossier)
        && !map.stakeholders.iter().any(|stakeholder| stakeholder.role == OWNER)
    {
        let found = "nobody has the role Owner";
        findings.broken(
            "owner",
            (Kind::StakeholderMap, "/stakeholders"),
            found,
            "name who answers for the event",
        );
    }
}

fn dates(brief: &EventBrief, findings: &mut Findings) {
    let range = brief.date_range;
    if range.end <= range.start {
        let found = format!("ends {} and starts {}", range.end, range.start);
        findings.broken(
            "dates",
            (Kind::EventBrief, "/date_range"),
            found,
            "let it end after it starts",
        );
    }
    if brief.planning_start > range.start.date() {
        let found = format!("planning starts {}, after the event", brief.planning_start);
        findings.broken(
            "planning",
            (Kind::EventBrief, "/planning_start"),
            found,
            "start planning earlier",
        );
    }
}

fn objectives(brief: &EventBrief, requirements: &Requirements, findings: &mut Findings) {
    let lists = [
        ("functional_requirements", &requirements.functional_requirements),
        ("nonfunctional_requirements", &requirements.nonfunctional_requirements),
    ];
    for (list, requirements) in lists {
        let unknown = |requirement: &Requirement| requirement.objective >= brief.objectives.len();
        for (at, requirement) in requirements.iter().enumerate().filter(|(_, r)| unknown(r)) {
            let found = format!(
                "serves objective {}, of which there are {}",
                requirement.objective,
                brief.objectives.len()
            );
            let pointer = format!("/{list}/{at}/objective");
            findings.broken(
                "objectives",
                (Kind::Requirements, pointer),
                found,
                "point it at an objective",
            );
        }
    }
}
