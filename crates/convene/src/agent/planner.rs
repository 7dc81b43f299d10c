//! The Event Planner: what the event must be, the work and its dates, the risks, who hears what.

mod communications;
mod risks;
mod tasks;
mod timeline;

use crate::{
    agent::{Desk, Reasons},
    artifact::{Alternative, EventBrief, Kind, Requirement, Requirements, StakeholderMap},
    brief::{Fault, Scope},
    instruction::Agent,
    library,
    lifecycle::Phase,
    prose,
};

pub(crate) use communications::deciders;
pub(crate) use risks::{expects_several_venues, known as known_risks, risk_id};
pub(crate) use timeline::task_id;

const ME: Agent = Agent::EventPlanner;

/// Brief, requirements, stakeholders.
pub fn initiate(desk: &mut Desk<'_>) {
    let scope = desk.scope();
    desk.publish(ME, brief(scope), &[]);
    desk.publish(ME, requirements(scope), &[Kind::EventBrief]);
    let stakeholders = StakeholderMap { stakeholders: scope.stakeholders.clone() };
    desk.publish(ME, stakeholders, &[Kind::EventBrief]);
    desk.decide(ME, level_reasons(desk));
    desk.trace(ME, &[Kind::EventBrief]);
}

/// Timeline, tasks, risks, communications.
///
/// # Errors
/// When tasks of the brief wait for each other, or for tasks that do not exist.
pub fn plan(desk: &mut Desk<'_>) -> Result<(), Vec<Fault>> {
    let mut communications = communications::plan(desk.scope());
    prose::messages(desk, &mut communications);
    let planned = tasks::plan(desk)?;
    let timeline = timeline::timeline(desk, &planned)?;
    let risks = risks::register(desk, timeline.slack_days);
    let rests_on = [Kind::EventBrief, Kind::Requirements];
    desk.publish(ME, timeline::register(desk, &planned), &rests_on);
    desk.publish(ME, timeline, &[Kind::EventBrief, Kind::TaskRegister]);
    desk.publish(ME, risks, &[Kind::EventBrief, Kind::TaskRegister]);
    desk.publish(ME, communications, &[Kind::StakeholderMap]);
    timeline::explain(desk);
    risks::explain(desk);
    desk.trace(ME, &[Kind::EventBrief, Kind::Requirements, Kind::StakeholderMap]);
    Ok(())
}

fn brief(scope: &Scope) -> EventBrief {
    EventBrief {
        title: scope.title.clone(),
        date_range: scope.dates,
        time_zone: scope.time_zone.clone(),
        audience_size: scope.audience,
        event_type: scope.event_type,
        objectives: scope.objectives.clone(),
        constraints: scope.constraints.clone(),
        total_budget: scope.budget,
        currency: scope.currency,
        level: scope.level,
        city: scope.city.name.clone(),
        is_hybrid: scope.is_hybrid,
        assumptions: scope.assumptions.clone(),
        planning_start: scope.planning_start,
        lifecycle_state: Phase::Initiate,
    }
}

fn requirements(scope: &Scope) -> Requirements {
    let dates = library::dates_in_words(scope);
    let budget = scope.budget.shown(scope.currency);
    let per_objective = scope.objectives.iter().enumerate();
    let mut functional: Vec<Requirement> = per_objective
        .map(|(objective, text)| Requirement {
            text: format!("The programme serves: {text}"),
            objective,
        })
        .collect();
    let hours =
        format!("{} to {}", scope.daily.start.strftime("%H:%M"), scope.daily.end.strftime("%H:%M"));
    functional.push(first(format!("Take place on {dates}, {hours} ({})", scope.time_zone)));
    functional.push(first(format!(
        "Hold {} people in one room, {} layout",
        scope.audience,
        scope.layout.name()
    )));
    if scope.is_hybrid {
        functional.push(first(
            "Let people take part from elsewhere: stream, captions, questions".to_owned(),
        ));
    }
    let mut nonfunctional = vec![
        first(format!("Cost at most {budget}, reserve included")),
        first("Ask for access needs at registration and meet them".to_owned()),
    ];
    nonfunctional.extend(scope.amenities.iter().map(|what| first(format!("The venue has {what}"))));
    let access =
        scope.accessibility.iter().map(|need| format!("Access: {}", need.replace('_', " ")));
    let mut must_haves: Vec<String> = access.collect();
    must_haves.push(format!("Room for {} people", scope.audience));
    must_haves.push(format!("Within {budget}"));
    let nice = scope.districts.iter().map(|district| format!("In {} {district}", scope.city.name));
    Requirements {
        functional_requirements: functional,
        nonfunctional_requirements: nonfunctional,
        must_haves,
        nice_to_haves: nice.collect(),
    }
}

/// A requirement that serves the first objective, as everything does that has to be there at all.
fn first(text: String) -> Requirement {
    Requirement { text, objective: 0 }
}

fn level_reasons(desk: &Desk<'_>) -> Reasons {
    let scope = desk.scope();
    let others = [
        crate::brief::Level::Beginner,
        crate::brief::Level::Intermediate,
        crate::brief::Level::Advanced,
    ];
    let alternatives = others.into_iter().filter(|level| *level != scope.level).map(|level| {
        let tasks = library::WORK.iter().filter(|work| work.levels.contains(&level)).count();
        Alternative {
            option: format!("plan at the {level} level"),
            score: None,
            pros: vec![format!("{tasks} standard tasks instead of {}", standard_tasks(scope))],
            cons: vec![
                if level < scope.level {
                    "fewer risks and vendors are looked at"
                } else {
                    "more work than an event of this size pays back"
                }
                .to_owned(),
            ],
        }
    });
    Reasons {
        kind: "planning_level",
        description: format!("Plan at the {} level", scope.level),
        rationale: format!(
            "{} people, {}, {}: {} standard tasks cover it; {} statements of the brief were assumed",
            scope.audience,
            library::counted(scope.day_count().into(), "day"),
            scope.budget.shown(scope.currency),
            standard_tasks(scope),
            scope.assumptions.len()
        ),
        alternatives: alternatives.collect(),
        touches: vec![Kind::EventBrief],
    }
}

fn standard_tasks(scope: &Scope) -> usize {
    library::WORK.iter().filter(|work| work.is_needed(scope)).count()
}
