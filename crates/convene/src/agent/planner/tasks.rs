//! The work of this event: standard tasks and the brief's own, with durations, dates and slack.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{ToSpan, civil::Date};

use crate::{
    agent::{
        Desk,
        network::{Days, Step, Windows},
    },
    brief::{Fault, Level, Scope},
    instruction::Agent,
    library::{self, Work},
    lifecycle::Phase,
    math::cpm::{Anchor, Network, Schedule, Times},
};

/// A task before it has dates.
#[derive(Debug, Clone)]
pub(super) struct Planned {
    pub(super) step: Step,
    pub(super) title: String,
    pub(super) description: String,
    pub(super) owner: String,
    pub(super) phase: Phase,
    pub(super) estimate: [u32; 3],
    pub(super) milestone: Option<String>,
}

/// All work with its dates.
#[derive(Debug)]
pub(super) struct Plan {
    /// Work before the event, in the order of the library.
    pub(super) before: Vec<Planned>,
    /// Work after it.
    pub(super) after: Vec<Planned>,
    pub(super) days: Days,
    /// The day on which work begins.
    pub(super) begin: Date,
    /// The work before the event with its dates.
    pub(super) preparation: Schedule,
    /// The same begun as early as it can be: it has the room to slip and the critical path.
    pub(super) earliest: Schedule,
    pub(super) network: Network,
    pub(super) closing: Schedule,
}

impl Plan {
    /// Every task with its times.
    pub(super) fn timed(&self) -> impl Iterator<Item = (&Planned, &Times)> {
        let before = self.before.iter().map(|task| (task, &self.preparation));
        let after = self.after.iter().map(|task| (task, &self.closing));
        before
            .chain(after)
            .filter_map(|(task, schedule)| Some((task, schedule.task(&task.step.key)?)))
    }
}

/// The key of the event itself, which tasks after it wait for.
pub(super) const EVENT: &str = "event";

/// Plans all work.
///
/// # Errors
/// Tasks of the brief that wait for each other or for what does not exist.
pub(super) fn plan(desk: &Desk<'_>) -> Result<Plan, Vec<Fault>> {
    let scope = desk.scope();
    let work = gather(scope)?;
    let (mut after, mut before): (Vec<Planned>, Vec<Planned>) =
        work.into_iter().partition(|task| task.phase == Phase::Postmortem);
    let days = Days::new(scope, scope.planning_start);
    for task in before.iter_mut().chain(&mut after) {
        apply_facts(task, desk, &days);
    }
    let begin = begin(desk);
    let (start, deadline) = (days.unit(begin), days.unit(scope.dates.start.date()));
    let steps = |tasks: &[Planned]| tasks.iter().map(|task| task.step.clone()).collect::<Vec<_>>();
    let between = Anchor::Between { start, deadline };
    let (_, preparation) = days.schedule(&steps(&before), between, Windows::Kept)?;
    let (network, earliest) = days.schedule(&steps(&before), between, Windows::Open)?;
    let over = days.unit(scope.dates.end.date()) + 1;
    let (_, closing) = days.schedule(&steps(&after), Anchor::Start(over), Windows::Kept)?;
    Ok(Plan { before, after, days, begin, preparation, earliest, network, closing })
}

/// Weeks before the event at which work begins when there is more time, by level.
const LEAD_WEEKS: [i64; 3] = [8, 20, 36];

/// The day on which work begins: today, or later when the event is far away.
fn begin(desk: &Desk<'_>) -> Date {
    let scope = desk.scope();
    let weeks = match scope.level {
        Level::Beginner => LEAD_WEEKS[0],
        Level::Intermediate => LEAD_WEEKS[1],
        Level::Advanced => LEAD_WEEKS[2],
    };
    let usual = scope.dates.start.date().saturating_sub(weeks.weeks());
    usual.max(scope.planning_start)
}

fn gather(scope: &Scope) -> Result<Vec<Planned>, Vec<Fault>> {
    let figures = figures(scope);
    let needed: Vec<&Work> = library::WORK.iter().filter(|work| work.is_needed(scope)).collect();
    let mut tasks: Vec<Planned> =
        needed.iter().map(|work| standard(work, scope, &figures)).collect();
    let faults = add_own(&mut tasks, scope);
    if !faults.is_empty() {
        return Err(faults);
    }
    let known: BTreeSet<String> = tasks.iter().map(|task| task.step.key.clone()).collect();
    for task in &mut tasks {
        task.step.after.retain(|key| known.contains(key));
    }
    let is_after: BTreeMap<String, bool> =
        tasks.iter().map(|task| (task.step.key.clone(), task.phase == Phase::Postmortem)).collect();
    for task in &mut tasks {
        // Nothing before the event waits for work after it; that would be a task of the brief in the wrong place.
        let late = task.phase == Phase::Postmortem;
        task.step.after.retain(|key| is_after.get(key) == Some(&late));
    }
    Ok(tasks)
}

fn figures(scope: &Scope) -> Vec<(&'static str, String)> {
    vec![
        ("audience", scope.audience.to_string()),
        ("city", scope.city.name.clone()),
        ("dates", library::dates_in_words(scope)),
        ("sessions", "the planned".to_owned()),
    ]
}

fn standard(work: &Work, scope: &Scope, figures: &[(&str, String)]) -> Planned {
    let more = work.per_100 * (scope.audience.saturating_sub(1) / 100);
    let weeks = i64::from(work.weeks);
    let not_wanted_before =
        (work.weeks > 0).then(|| scope.dates.start.date().saturating_sub(weeks.weeks()));
    Planned {
        step: Step {
            key: work.key.clone(),
            days: work.days[1] + more,
            after: work.after.clone(),
            not_before: None,
            not_wanted_before,
        },
        title: work.title.clone(),
        description: library::filled(&work.description, figures),
        owner: work.owner.name().to_owned(),
        phase: work.phase,
        estimate: work.days.map(|days| days + more),
        milestone: work.milestone.clone(),
    }
}

/// Adds the tasks of the brief; answers what is wrong with them.
fn add_own(tasks: &mut Vec<Planned>, scope: &Scope) -> Vec<Fault> {
    let mut faults = Vec::new();
    let known: BTreeSet<String> = tasks
        .iter()
        .map(|task| task.step.key.clone())
        .chain(scope.tasks.iter().map(|task| task.key.clone()))
        .collect();
    let own: Vec<&str> = tasks.iter().map(|task| task.step.key.as_str()).collect();
    for (at, task) in scope.tasks.iter().enumerate() {
        if own.contains(&task.key.as_str()) {
            faults.push(Fault::new(
                format!("/tasks/{at}/key"),
                format!("`{}` is a standard task: choose another key", task.key),
            ));
        }
        for (list, keys) in [("after", &task.after), ("before", &task.before)] {
            for (place, key) in keys.iter().enumerate().filter(|(_, key)| !known.contains(*key)) {
                let all = known.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
                faults.push(Fault::new(
                    format!("/tasks/{at}/{list}/{place}"),
                    format!("there is no task `{key}`: known are {all}"),
                ));
            }
        }
        let is_owner = Agent::ALL.iter().any(|agent| agent.name() == task.owner)
            || scope.stakeholders.iter().any(|who| who.name == task.owner);
        if !is_owner {
            faults.push(Fault::new(
                format!("/tasks/{at}/owner"),
                format!("`{}` is neither a stakeholder of the brief nor an agent", task.owner),
            ));
        }
    }
    if !faults.is_empty() {
        return faults;
    }
    for task in &scope.tasks {
        tasks.push(own_task(task));
        for waiting in tasks.iter_mut().filter(|other| task.before.contains(&other.step.key)) {
            waiting.step.after.push(task.key.clone());
        }
    }
    faults
}

/// How far an own task's duration may be off, in percent: the spread of the standard tasks.
const SPREAD_PERCENT: [u32; 2] = [75, 180];

fn own_task(task: &crate::brief::BriefTask) -> Planned {
    let spread = |percent: u32| (task.days * percent / 100).max(1);
    Planned {
        step: Step {
            key: task.key.clone(),
            days: task.days,
            after: task.after.clone(),
            not_before: None,
            not_wanted_before: None,
        },
        title: task.title.clone(),
        description: format!("Added by the brief: {}", task.title),
        owner: task.owner.clone(),
        phase: Phase::Logistics,
        estimate: [
            spread(SPREAD_PERCENT[0]).min(task.days),
            task.days,
            spread(SPREAD_PERCENT[1]).max(task.days),
        ],
        milestone: None,
    }
}

/// What is done stays where it was; what slipped takes longer; nothing else begins in the past.
fn apply_facts(task: &mut Planned, desk: &Desk<'_>, days: &Days) {
    let facts = desk.world.facts;
    let key = task.step.key.clone();
    if let Some((first, last)) = facts.done.get(&key) {
        let worked = days.worked(days.unit(*first), days.unit(*last) + 1);
        task.step.days = u32::try_from(worked).unwrap_or(1).max(1);
        task.step.not_before = Some(*first);
        task.step.not_wanted_before = None;
        task.step.after.retain(|before| facts.done.contains_key(before));
        return;
    }
    if let Some(more) = facts.slips.get(&key) {
        task.step.days += more;
        for estimate in &mut task.estimate {
            *estimate += more;
        }
    }
    if let Some(today) = facts.as_of {
        let earliest = started_before(desk, &key, today).unwrap_or(today);
        task.step.not_before = Some(task.step.not_before.map_or(earliest, |day| day.max(earliest)));
    }
}

/// A task that the plan before has begun by today keeps its first day.
fn started_before(desk: &Desk<'_>, key: &str, today: Date) -> Option<Date> {
    let register = desk.before::<crate::artifact::TaskRegister>()?;
    let id = super::timeline::task_id(desk.scope(), key);
    let task = register.tasks.iter().find(|task| task.id == id)?;
    (task.start_date <= today).then_some(task.start_date)
}
