//! Phases, milestones, tasks, risks and what is done when they strike.

use super::{Page, inline, joined};
use crate::{
    artifact::{ContingencyPlan, Dossier, RiskRegister, Task, TaskRegister, Timeline},
    render::text::{count, day, percent, word},
};

pub(super) fn write(page: &mut Page, dossier: &Dossier) {
    if let Some(timeline) = dossier.get::<Timeline>() {
        write_timeline(page, timeline, dossier);
    }
    if let Some(register) = dossier.get::<TaskRegister>() {
        page.heading(2, "Work");
        tasks(page, &register.tasks);
    }
    risks(page, dossier);
}

fn write_timeline(page: &mut Page, timeline: &Timeline, dossier: &Dossier) {
    page.heading(2, "Timeline");
    if dossier.get::<TaskRegister>().is_some() {
        page.picture("Gantt chart with the critical path", "timeline.svg");
    }
    page.table(
        ["Phase", "From", "To"],
        timeline
            .phases
            .iter()
            .map(|phase| [phase.name.to_string(), day(phase.start), day(phase.end)]),
    );
    page.table(
        ["Milestone", "By", "After"],
        timeline.milestones.iter().map(|milestone| {
            let after = titles(&milestone.dependencies, dossier);
            [inline(&milestone.name), day(milestone.date), after.join(", ")]
        }),
    );
    let path = titles(&timeline.critical_path, dossier);
    if !path.is_empty() {
        page.paragraph(&format!("Critical path: {}.", path.join(" → ")));
    }
    let forecast = &timeline.forecast;
    let slack = match timeline.slack_days {
        late @ ..0 => format!("{} after", count(-late, "working day")),
        days => format!("{} before", count(days, "working day")),
    };
    page.paragraph(&format!(
        "The work takes {} and ends {slack} the deadline, {}. In {} simulated runs (seed {}) half needed no more than {:.1} \
         working days, eight in ten no more than {:.1} and nine in ten no more than {:.1}; {} ended in time. Kept free for \
         surprises: {:.1} working days.",
        count(forecast.planned_days, "working day"),
        day(timeline.deadline),
        forecast.runs,
        forecast.seed,
        forecast.p50_days,
        forecast.p80_days,
        forecast.p90_days,
        percent(forecast.on_time),
        forecast.buffer_days,
    ));
}

fn titles(ids: &[String], dossier: &Dossier) -> Vec<String> {
    let tasks = dossier.get::<TaskRegister>().map(|register| register.tasks.as_slice());
    let title = |id: &String| {
        let task = tasks.unwrap_or_default().iter().find(|task| task.id == *id);
        inline(task.map_or(id.as_str(), |task| task.title.as_str()))
    };
    ids.iter().map(title).collect()
}

fn tasks(page: &mut Page, tasks: &[Task]) {
    page.table(
        ["Task", "Owner", "From", "To", "Days", "Latest start", "Slack", "Status"],
        tasks.iter().map(|task| {
            let critical = if task.is_critical { " (critical)" } else { "" };
            [
                format!("{}{critical}", inline(&task.title)),
                inline(&task.owner),
                task.start_date.to_string(),
                task.end_date.to_string(),
                task.duration_days.to_string(),
                task.latest_start.to_string(),
                task.slack_days.to_string(),
                word(&task.status),
            ]
        }),
    );
    page.list(tasks.iter().filter_map(|task| {
        let levelled = task.levelled.as_ref()?;
        let days = count(i64::from(levelled.days), "working day");
        Some(format!("{} waits {days}: {} is busy.", inline(&task.title), inline(&levelled.owner)))
    }));
}

fn risks(page: &mut Page, dossier: &Dossier) {
    let Some(register) = dossier.get::<RiskRegister>() else { return };
    page.heading(2, "Risks");
    page.paragraph(&format!("Rated {}.", inline(&register.rating_methodology)));
    let rows = register.risks.iter().map(|risk| {
        [
            inline(&risk.description),
            format!("{} ({} × {})", risk.rating, risk.probability.word(), risk.impact.word()),
            format!(
                "{}, {}",
                page.money(risk.cost_impact),
                count(i64::from(risk.delay_days), "day")
            ),
            joined(&risk.mitigation_strategies),
            inline(&risk.owner),
            word(&risk.status),
        ]
    });
    let rows: Vec<_> = rows.collect();
    page.table(["Risk", "Rating", "Would cost", "Mitigation", "Owner", "Status"], rows);
    let Some(plan) = dossier.get::<ContingencyPlan>() else { return };
    page.heading(2, "If it happens");
    for scenario in &plan.scenarios {
        page.heading(3, &scenario.scenario);
        page.paragraph(&format!(
            "When: {}. Within {} min; {} acts; it costs {}; {}.",
            inline(scenario.trigger.text.trim_end_matches('.')),
            scenario.minutes,
            inline(&scenario.owner),
            page.money(scenario.cost),
            word(&scenario.status),
        ));
        page.list(scenario.response.iter().map(|step| inline(step)));
    }
}
