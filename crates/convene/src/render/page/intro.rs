//! What the event is, where the plan stands, what was assumed, what is required and who has a say.

use jiff::{civil::Date, tz::TimeZone};

use super::{Page, inline, joined, sentence};
use crate::{
    approval::ApprovalStatus,
    artifact::{
        ApprovalKind, BudgetDecision, CostModel, Dossier, EventBrief, Kind, Requirements, Schedule,
        StakeholderMap, Timeline, VenueScorecard,
    },
    gate::{self, Verdict},
    lifecycle::Phase,
    prose,
    render::text::{count, day, percent, span, word},
};

pub(super) fn write(page: &mut Page, dossier: &Dossier, brief: &EventBrief) {
    page.heading(1, &brief.title);
    let range = brief.date_range;
    let hybrid = if brief.is_hybrid { ", on site and remote" } else { "" };
    page.paragraph(&format!(
        "A {} for {} in {}{hybrid}: {} ({}). Planned at the {} level, from {} on.",
        word(&brief.event_type),
        people(brief.audience_size),
        inline(&brief.city),
        span(range.start, range.end),
        inline(&brief.time_zone),
        word(&brief.level),
        day(brief.planning_start),
    ));
    page.list(brief.objectives.iter().map(|objective| sentence(objective)));
    if !brief.constraints.trim().is_empty() {
        page.paragraph(&format!("Constraints as given: {}", sentence(&brief.constraints)));
    }
    glance(page, dossier, brief);
    if let Some((summary, model)) = prose::summary_of(dossier) {
        page.paragraph(&format!("{} (Worded by {}.)", sentence(summary), inline(model)));
    }
    standing(page, dossier);
    assumptions(page, brief);
    requirements(page, dossier, brief);
    stakeholders(page, dossier);
}

fn people(number: u32) -> String {
    if number == 1 { "1 person".to_owned() } else { format!("{number} people") }
}

fn glance(page: &mut Page, dossier: &Dossier, brief: &EventBrief) {
    page.heading(2, "At a glance");
    let mut rows = Vec::new();
    if let Some(card) = dossier.get::<VenueScorecard>().filter(|card| !card.selection.is_empty()) {
        let names = card.selection.iter().map(|venue| inline(&venue.venue_name));
        rows.push(["Venue".to_owned(), names.collect::<Vec<_>>().join(", ")]);
    }
    rows.push(["Budget".to_owned(), page.money(brief.total_budget)]);
    if let Some(model) = dossier.get::<CostModel>() {
        let (cost, reserve) =
            (page.money(model.reserve.base_cost), page.money(model.reserve.amount));
        rows.push(["Planned cost".to_owned(), format!("{cost}, and {reserve} kept in reserve")]);
    }
    if let Some(decision) = dossier.get::<BudgetDecision>() {
        let asked = page.money(decision.approved_total);
        let state = approved_on(dossier).map_or_else(
            || "not yet approved".to_owned(),
            |date| format!("approved on {}", day(date)),
        );
        rows.push(["Budget asked for".to_owned(), format!("{asked}, {state}")]);
    }
    if let Some(timeline) = dossier.get::<Timeline>() {
        let slack = count(timeline.slack_days, "working day");
        let on_time = percent(timeline.forecast.on_time);
        let told = format!(
            "{}: {slack} of slack, on time in {on_time} of simulated runs",
            day(timeline.deadline)
        );
        rows.push(["Ready by".to_owned(), told]);
    }
    if let Some(schedule) = dossier.get::<Schedule>() {
        let sessions = i64::try_from(schedule.sessions.len()).unwrap_or_default();
        rows.push(["Programme".to_owned(), count(sessions, "session")]);
    }
    page.table(["", ""], rows);
}

/// When people said yes to the budget as it is now.
fn approved_on(dossier: &Dossier) -> Option<Date> {
    let artifact = dossier.find(Kind::BudgetDecision)?;
    let decision = dossier.get::<BudgetDecision>()?;
    let yes = dossier.approvals.iter().find(|approval| {
        approval.kind == ApprovalKind::BudgetDecision
            && approval.revision == artifact.header.revision
            && approval.status == ApprovalStatus::Approved
    });
    let said = yes.and_then(|approval| approval.decided.as_ref());
    said.map(|said| said.at.to_zoned(TimeZone::UTC).date()).or(decision.approved_date)
}

/// Every gate up to Confirm, and what people still have to decide.
fn standing(page: &mut Page, dossier: &Dossier) {
    page.heading(2, "Where it stands");
    let gates: Vec<_> =
        gate::all(dossier).into_iter().filter(|gate| gate.phase <= Phase::Confirm).collect();
    page.table(
        ["Gate", "Phase", "Result"],
        gates
            .iter()
            .map(|gate| [gate.name.to_owned(), gate.phase.to_string(), gate.verdict.to_string()]),
    );
    let failed = gates.iter().filter(|gate| gate.verdict == Verdict::Failed);
    page.list(failed.flat_map(|gate| &gate.failures).map(|failure| {
        let place = format!("{}{}", failure.artifact, failure.pointer);
        format!(
            "{}: {}; {}.",
            inline(&place),
            inline(&failure.found),
            inline(&failure.satisfied_by)
        )
    }));
    let pending = dossier.approvals.iter().filter(|a| a.status == ApprovalStatus::Pending);
    page.table(
        ["Decision asked for", "Of whom", "By", "Amount"],
        pending
            .map(|approval| {
                let who = approval.chain.get(approval.level).map_or("nobody", String::as_str);
                let due = approval.due_at.strftime("%a %-d %b %Y, %H:%M UTC").to_string();
                let amount = approval.amount.map_or(String::new(), |amount| page.money(amount));
                [inline(&approval.question), inline(who), due, amount]
            })
            .collect::<Vec<_>>(),
    );
}

fn assumptions(page: &mut Page, brief: &EventBrief) {
    if brief.assumptions.is_empty() {
        return;
    }
    page.heading(2, "Assumptions");
    page.paragraph("The brief did not say; this was taken instead.");
    page.table(
        ["Field", "Taken", "Because"],
        brief.assumptions.iter().map(|assumption| {
            [inline(&assumption.field), inline(&assumption.value), inline(&assumption.reason)]
        }),
    );
}

fn requirements(page: &mut Page, dossier: &Dossier, brief: &EventBrief) {
    let Some(requirements) = dossier.get::<Requirements>() else { return };
    page.heading(2, "Requirements");
    let functional = requirements.functional_requirements.iter();
    page.table(
        ["Required", "For the objective"],
        functional.chain(&requirements.nonfunctional_requirements).map(|requirement| {
            let objective = brief.objectives.get(requirement.objective);
            [inline(&requirement.text), objective.map_or(String::new(), |text| inline(text))]
        }),
    );
    page.paragraph(&format!("Must have: {}.", joined(&requirements.must_haves)));
    if !requirements.nice_to_haves.is_empty() {
        page.paragraph(&format!("Nice to have: {}.", joined(&requirements.nice_to_haves)));
    }
}

fn stakeholders(page: &mut Page, dossier: &Dossier) {
    let Some(map) = dossier.get::<StakeholderMap>() else { return };
    page.heading(2, "People");
    page.table(
        ["Name", "Role", "Decides"],
        map.stakeholders.iter().map(|person| {
            let rights = person.decision_rights.iter().map(ToString::to_string);
            [inline(&person.name), inline(&person.role), rights.collect::<Vec<_>>().join(", ")]
        }),
    );
}
