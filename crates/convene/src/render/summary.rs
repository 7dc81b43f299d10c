//! The plan in one screen of a terminal: phases, gates, who must decide what, the chain that sets the date, money.

use super::{
    terminal::{Screen, plain},
    text::{count, day, percent, span, word},
};
use crate::{
    approval::{Approval, ApprovalStatus},
    artifact::{
        Amount, BudgetBaseline, CostModel, Dossier, EventBrief, PhaseDates, SelectedVenue, Task,
        TaskRegister, Timeline, VenueScorecard,
    },
    gate::{self, Verdict},
};

/// Links of the critical path that are listed: the rest is in the page.
const LINKS_MAX: usize = 12;

/// Writes the summary.
pub(super) fn render(dossier: &Dossier) -> Option<String> {
    let brief = dossier.get::<EventBrief>()?;
    let mut screen = Screen::headed(headline(brief));
    let parts = [
        ("Phases", phases(dossier)),
        ("Venue", venue(dossier, brief)),
        ("Money", money(dossier, brief)),
        ("Gates", gates(dossier)),
        ("Decisions that wait for a person", decisions(dossier)),
    ];
    for (title, lines) in parts {
        screen.section(title, &lines);
    }
    if let Some(timeline) = dossier.get::<Timeline>() {
        screen.section(&chain_title(timeline), &chain(dossier, timeline));
    }
    Some(screen.text())
}

fn headline(brief: &EventBrief) -> String {
    let people = count(brief.audience_size, "guest");
    let kind = word(&brief.event_type);
    let when = span(brief.date_range.start, brief.date_range.end);
    let assumed = count(i64::try_from(brief.assumptions.len()).unwrap_or(0), "assumption");
    let (level, from) = (brief.level, day(brief.planning_start));
    format!(
        "{}: {kind} for {people} in {}, {when}.\nPlanned at the {level} level from {from} on, with {assumed}.\n",
        plain(&brief.title),
        plain(&brief.city)
    )
}

fn phases(dossier: &Dossier) -> Vec<String> {
    let phases = dossier.get::<Timeline>().map_or(&[][..], |timeline| &timeline.phases);
    let line = |phase: &PhaseDates| {
        let name = phase.name.to_string();
        if phase.start == phase.end {
            return format!("{name:<11} {}", day(phase.start));
        }
        format!("{name:<11} {} to {}", day(phase.start), day(phase.end))
    };
    phases.iter().map(line).collect()
}

/// A line a venue, however many functions it serves: it is paid once.
fn venue(dossier: &Dossier, brief: &EventBrief) -> Vec<String> {
    let selection = dossier.get::<VenueScorecard>().map_or(&[][..], |card| &card.selection);
    let line = |venues: &[SelectedVenue]| {
        let first = venues.first()?;
        let functions: Vec<&str> = venues.iter().map(|venue| venue.function.as_str()).collect();
        let need = venues.iter().map(|venue| venue.need).max().unwrap_or(0);
        let (name, cost) = (plain(&first.venue_name), first.cost_estimate.shown(brief.currency));
        Some(format!("{name}, {cost}: {}, for {}", functions.join(" and "), count(need, "guest")))
    };
    selection.chunk_by(|a, b| a.venue_id == b.venue_id).filter_map(line).collect()
}

fn money(dossier: &Dossier, brief: &EventBrief) -> Vec<String> {
    let shown = |amount: Amount| amount.shown(brief.currency);
    let total = dossier.get::<BudgetBaseline>().map_or(brief.total_budget, |it| it.total_budget);
    let mut lines = vec![format!("{:<11} {}", "budget", shown(total))];
    let Some(CostModel { reserve, first_estimate, .. }) = dossier.get::<CostModel>() else {
        return lines;
    };
    let saved = first_estimate.minus(reserve.base_cost);
    let saving = if saved > Amount::ZERO {
        format!(", {} below the first estimate", shown(saved))
    } else {
        String::new()
    };
    let left = total.minus(reserve.base_cost).minus(reserve.amount);
    lines.push(format!("{:<11} {}{saving}", "cost", shown(reserve.base_cost)));
    let covers = percent(reserve.adequacy);
    lines.push(format!(
        "{:<11} {}, {covers} of what eight in ten simulated events need",
        "reserve",
        shown(reserve.amount)
    ));
    let (name, rest) = if left < Amount::ZERO { ("too much", left.abs()) } else { ("left", left) };
    lines.push(format!("{name:<11} {}", shown(rest)));
    lines
}

/// How many gates passed, and why others did not.
pub(super) fn gates(dossier: &Dossier) -> Vec<String> {
    let due = gate::due(dossier);
    let of = |verdict| due.iter().filter(|gate| gate.verdict == verdict).count();
    let (passed, blocked, failed) =
        (of(Verdict::Passed), of(Verdict::Blocked), of(Verdict::Failed));
    let mut lines = vec![format!("{passed} passed, {blocked} awaiting approval, {failed} failed")];
    for gate in due.iter().filter(|gate| gate.verdict == Verdict::Failed) {
        for failure in gate.failures.iter().filter(|failure| !failure.awaits_approval) {
            let (name, artifact, found) = (gate.name, failure.artifact, plain(&failure.found));
            lines.push(format!("{name} failed: {artifact}{}: {found}", failure.pointer));
            lines.push(format!("  -> {}", plain(&failure.satisfied_by)));
        }
    }
    lines
}

fn decisions(dossier: &Dossier) -> Vec<String> {
    asked(dossier.approvals.iter().filter(|it| it.status == ApprovalStatus::Pending))
}

/// Who is asked what, and until when.
pub(super) fn asked<'a>(approvals: impl Iterator<Item = &'a Approval>) -> Vec<String> {
    let line = |approval: &Approval| {
        let who = approval.chain.get(approval.level).map_or("nobody", String::as_str);
        let due = approval.due_at.strftime("%a %-d %b %Y, %H:%M UTC");
        format!("{} {}, by {due}", plain(&approval.question), plain(who))
    };
    approvals.map(line).collect()
}

fn chain_title(timeline: &Timeline) -> String {
    let room = match timeline.slack_days {
        days if days < 0 => format!("{} too long", count(-days, "working day")),
        days => format!("{} of slack", count(days, "working day")),
    };
    let on_time = percent(timeline.forecast.on_time);
    format!(
        "Critical path: {room} before {}, on time in {on_time} of {} simulated runs",
        day(timeline.deadline),
        timeline.forecast.runs
    )
}

fn chain(dossier: &Dossier, timeline: &Timeline) -> Vec<String> {
    let tasks = dossier.get::<TaskRegister>().map_or(&[][..], |register| &register.tasks);
    let links = timeline.critical_path.iter().filter_map(|id| tasks.iter().find(|t| &t.id == id));
    let line = |task: &Task| {
        let days = count(task.duration_days, "working day");
        format!(
            "{:<15} {} ({days}, {})",
            day(task.start_date),
            plain(&task.title),
            plain(&task.owner)
        )
    };
    let mut lines: Vec<String> = links.map(line).collect();
    let more = lines.len().saturating_sub(LINKS_MAX);
    if more > 0 {
        lines.truncate(LINKS_MAX);
        lines.push(format!("… and {more} more in plan.md"));
    }
    lines
}
