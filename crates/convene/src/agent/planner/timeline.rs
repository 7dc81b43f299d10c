//! The timeline: phases, milestones, the critical path, and how sure one can be of it.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::{
    ME,
    tasks::{EVENT, Plan, Planned},
};
use crate::{
    agent::{Desk, Reasons, rounded, seed_for},
    artifact::{
        Alternative, Forecast, Kind, Milestone, PhaseDates, Task, TaskRegister, TaskStatus,
        Timeline,
    },
    brief::{Fault, Scope},
    library,
    lifecycle::Phase,
    math::{cpm::Times, risk, simulate},
};

/// The id of a task.
pub(crate) fn task_id(scope: &Scope, key: &str) -> String {
    format!("task-tl-{}-{key}", scope.event_id)
}

/// The key in the id of a task.
pub(crate) fn task_key<'a>(scope: &Scope, id: &'a str) -> &'a str {
    id.strip_prefix(&task_id(scope, "")).unwrap_or(id)
}

pub(super) fn register(desk: &Desk<'_>, plan: &Plan) -> TaskRegister {
    let mut tasks: Vec<Task> =
        plan.timed().map(|(task, times)| dated(desk, plan, task, times)).collect();
    tasks.push(event_task(desk));
    let order = |task: &Task| (task.start_date, task.end_date);
    tasks.sort_by_key(order);
    let before = desk.before::<TaskRegister>();
    let revision = desk.next_revision(Kind::TaskRegister);
    for task in &mut tasks {
        let old = before.and_then(|before| before.tasks.iter().find(|old| old.id == task.id));
        if let Some(done) = old.filter(|old| old.status == TaskStatus::Completed) {
            // A record of what was, not a plan: nothing in it changes any more.
            task.clone_from(done);
            continue;
        }
        task.revision = old.map_or(revision, |old| old.revision);
        if old.is_some_and(|old| old != task) {
            task.revision = revision;
        }
    }
    TaskRegister { tasks }
}

fn dated(desk: &Desk<'_>, plan: &Plan, task: &Planned, times: &Times) -> Task {
    let scope = desk.scope();
    let days = &plan.days;
    let key = &task.step.key;
    let is_after = task.phase == Phase::Postmortem;
    let mut dependencies: Vec<String> =
        task.step.after.iter().map(|key| task_id(scope, key)).collect();
    if is_after && dependencies.is_empty() {
        dependencies.push(task_id(scope, EVENT));
    }
    let is_done = desk.world.facts.done.contains_key(key);
    let start_date = days.day(times.earliest_start);
    let is_begun = desk.world.facts.as_of.is_some_and(|today| start_date < today);
    Task {
        id: task_id(scope, key),
        revision: 0,
        title: task.title.clone(),
        description: task.description.clone(),
        owner: task.owner.clone(),
        status: match (is_done, is_begun) {
            (true, _) => TaskStatus::Completed,
            (_, true) => TaskStatus::InProgress,
            _ => TaskStatus::NotStarted,
        },
        start_date,
        end_date: days.last_day(times.earliest_finish),
        duration_days: task.step.days,
        estimate_days: task.estimate,
        latest_start: days.day(times.latest_start),
        slack_days: times.total_float,
        is_critical: plan.earliest.task(key).is_some_and(|times| times.critical) && !is_done,
        levelled: None,
        dependencies,
    }
}

/// The event itself, on its own days, whatever the day of the week.
fn event_task(desk: &Desk<'_>) -> Task {
    let scope = desk.scope();
    Task {
        id: task_id(scope, EVENT),
        revision: 0,
        title: "Hold the event".to_owned(),
        description: format!(
            "{} for {} people in {}",
            scope.title, scope.audience, scope.city.name
        ),
        owner: crate::instruction::Agent::LogisticsCoordinator.name().to_owned(),
        status: TaskStatus::NotStarted,
        start_date: scope.dates.start.date(),
        end_date: scope.dates.end.date(),
        duration_days: scope.day_count(),
        estimate_days: [scope.day_count(); 3],
        latest_start: scope.dates.start.date(),
        slack_days: 0,
        is_critical: true,
        levelled: None,
        dependencies: vec![task_id(scope, "ready")],
    }
}

/// The timeline of the plan.
///
/// # Errors
/// When the simulation cannot read an estimate.
pub(super) fn timeline(desk: &Desk<'_>, plan: &Plan) -> Result<Timeline, Vec<Fault>> {
    let scope = desk.scope();
    let deadline = plan.days.unit(scope.dates.start.date());
    let finish = plan.earliest.finish;
    let mut critical: Vec<String> =
        plan.earliest.critical_path.iter().map(|key| task_id(scope, key)).collect();
    critical.push(task_id(scope, EVENT));
    let before_event = plan.days.calendar().workday_until(plan.days.day(deadline - 1));
    Ok(Timeline {
        phases: phases(scope, plan),
        milestones: milestones(scope, plan),
        critical_path: critical,
        deadline: before_event.unwrap_or_else(|_| plan.days.day(deadline - 1)),
        slack_days: plan.earliest.least_float.min(plan.days.worked(finish, deadline)),
        forecast: forecast(desk, plan, deadline)?,
    })
}

fn phases(scope: &Scope, plan: &Plan) -> Vec<PhaseDates> {
    let days = |phase: Phase| -> Option<(Date, Date)> {
        let of_phase = || plan.timed().filter(move |(task, _)| task.phase == phase);
        let start = of_phase().map(|(_, times)| times.earliest_start).min()?;
        let end = of_phase().map(|(_, times)| times.earliest_finish).max()?;
        Some((plan.days.day(start), plan.days.last_day(end)))
    };
    let all = Phase::ALL.iter().filter_map(|phase| {
        let (start, end) = if *phase == Phase::Execute {
            (scope.dates.start.date(), scope.dates.end.date())
        } else {
            days(*phase)?
        };
        Some(PhaseDates { name: *phase, start, end })
    });
    all.collect()
}

fn milestones(scope: &Scope, plan: &Plan) -> Vec<Milestone> {
    let of_tasks = plan.timed().filter_map(|(task, times)| {
        Some(Milestone {
            id: format!("ms-{}-{}", scope.event_id, task.step.key),
            name: task.milestone.clone()?,
            date: plan.days.last_day(times.earliest_finish),
            dependencies: vec![task_id(scope, &task.step.key)],
        })
    });
    let event = Milestone {
        id: format!("ms-{}-{EVENT}", scope.event_id),
        name: "Event begins".to_owned(),
        date: scope.dates.start.date(),
        dependencies: vec![task_id(scope, "ready")],
    };
    let mut all: Vec<Milestone> = of_tasks.chain([event]).collect();
    all.sort_by(|a, b| a.date.cmp(&b.date).then_with(|| a.id.cmp(&b.id)));
    all
}

fn forecast(desk: &Desk<'_>, plan: &Plan, deadline: i64) -> Result<Forecast, Vec<Fault>> {
    let runs = desk.number(ME, "simulation_runs");
    let start = plan.days.unit(plan.begin);
    let seed = seed_for(desk.world.seed, &desk.scope().event_id, "timeline");
    let setup = simulate::Setup { seed, runs, shape: simulate::Shape::Pert };
    let fault = |e: risk::Error| vec![Fault::new("/tasks", e.to_string())];
    let mut estimates = BTreeMap::new();
    for task in
        plan.before.iter().filter(|task| !desk.world.facts.done.contains_key(&task.step.key))
    {
        let [optimistic, likely, pessimistic] = task.estimate.map(f64::from);
        let estimate = risk::Estimate::new(optimistic, likely, pessimistic).map_err(fault)?;
        estimates.insert(task.step.key.clone(), estimate);
    }
    let outcome = simulate::durations(&plan.network, &estimates, (start, Some(deadline)), setup)
        .map_err(fault)?;
    let planned_days = plan.days.worked(start, plan.earliest.finish);
    let worked = |calendar_days: f64| worked_days(plan, start, calendar_days);
    Ok(Forecast {
        runs,
        seed,
        planned_days,
        p50_days: worked(outcome.p50.value),
        p80_days: worked(outcome.p80.value),
        p90_days: worked(outcome.p90.value),
        on_time: rounded(outcome.within.unwrap_or(0.0)),
        #[expect(clippy::cast_precision_loss, reason = "a few hundred days")]
        buffer_days: (worked(outcome.p80.value) - planned_days as f64).max(0.0),
    })
}

/// Working days in the first so many days of the work, rounded up to whole days.
fn worked_days(plan: &Plan, start: i64, calendar_days: f64) -> f64 {
    #[expect(clippy::cast_possible_truncation, reason = "a few thousand days")]
    let unit = start + calendar_days.ceil() as i64;
    #[expect(clippy::cast_precision_loss, reason = "a few hundred days")]
    let worked = plan.days.worked(start, unit) as f64;
    worked
}

pub(super) fn explain(desk: &mut Desk<'_>) {
    let scope = desk.scope();
    let timeline: &Timeline = desk.read();
    let tasks: &TaskRegister = desk.read();
    let critical = tasks.tasks.iter().filter(|task| task.is_critical).count();
    let is_late = timeline.slack_days < 0;
    let forecast = &timeline.forecast;
    let reasons = Reasons {
        kind: if is_late { "deadline_risk" } else { "timeline" },
        description: if is_late {
            format!(
                "The work does not fit: {} are missing before {}",
                working_days(-timeline.slack_days),
                scope.dates.start.date()
            )
        } else {
            format!(
                "Prepare in {}, with {} to spare before {}",
                working_days(forecast.planned_days),
                timeline.slack_days,
                scope.dates.start.date()
            )
        },
        rationale: format!(
            "{} tasks, {critical} of them on the longest chain: {}. In {} simulated runs preparation ends by the deadline in {:.0} % of cases; eight in ten need at most {:.0} working days",
            tasks.tasks.len(),
            path_in_words(scope, timeline, tasks),
            forecast.runs,
            forecast.on_time * 100.0,
            forecast.p80_days,
        ),
        alternatives: if is_late { ways_out(timeline, tasks) } else { Vec::new() },
        touches: vec![Kind::Timeline, Kind::TaskRegister],
    };
    desk.decide(ME, reasons);
}

fn working_days(count: i64) -> String {
    library::counted(count, "working day")
}

fn path_in_words(scope: &Scope, timeline: &Timeline, tasks: &TaskRegister) -> String {
    let path = timeline.critical_path.iter();
    path.map(|id| title(scope, tasks, id)).collect::<Vec<_>>().join(", then ")
}

fn title<'a>(scope: &Scope, tasks: &'a TaskRegister, id: &'a str) -> &'a str {
    let task = tasks.tasks.iter().find(|task| task.id == id);
    task.map_or_else(|| task_key(scope, id), |task| task.title.as_str())
}

/// How a plan that is too long can be made to fit, the cheapest first.
fn ways_out(timeline: &Timeline, tasks: &TaskRegister) -> Vec<Alternative> {
    let on_path: Vec<&Task> =
        tasks.tasks.iter().filter(|task| timeline.critical_path.contains(&task.id)).collect();
    let hurried: u32 =
        on_path.iter().map(|task| task.duration_days.saturating_sub(task.estimate_days[0])).sum();
    let missing = -timeline.slack_days;
    let option = |option: String, pros: &str, cons: &str| Alternative {
        option,
        score: None,
        pros: vec![pros.to_owned()],
        cons: vec![cons.to_owned()],
    };
    let enough = if i64::from(hurried) >= missing {
        "closes the gap"
    } else {
        "does not close the gap alone"
    };
    vec![
        option(
            format!(
                "put more people on the critical tasks: {} at most",
                working_days(hurried.into())
            ),
            enough,
            "costs overtime, and the estimates become the optimistic ones",
        ),
        option(
            format!("move the event by {}", working_days(missing)),
            "keeps the scope",
            "venues, speakers and guests must be free on the new dates",
        ),
        option(
            "plan at a simpler level".to_owned(),
            "leaves tasks out",
            "fewer risks and vendors are looked at",
        ),
    ]
}
