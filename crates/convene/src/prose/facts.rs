//! What the model is given: the plan's figures and names as lines.

use crate::{
    approval::ApprovalStatus,
    artifact::{
        BudgetDecision, CostModel, Decision, Dossier, EventBrief, RiskRegister, Schedule,
        TaskRegister, Timeline, VenueScorecard,
    },
    brief::Scope,
    catalogue::Catalogue,
    library,
    render::text::{count, day, percent, span, word},
};

/// As many risks are told, highest first.
const RISKS: usize = 3;

/// What the messages may speak of.
pub(super) fn of_scope(scope: &Scope) -> Vec<String> {
    let mut lines = vec![
        format!("The event: {}", scope.title),
        format!("Kind: {}", word(&scope.event_type)),
        format!("Dates: {}", library::dates_in_words(scope)),
        format!("City: {}", scope.city.name),
        format!("Audience: {} people", scope.audience),
    ];
    lines.extend(scope.objectives.iter().map(|objective| format!("Objective: {objective}")));
    lines
}

/// What a summary and options may speak of.
pub(super) fn of_plan(dossier: &Dossier) -> Vec<String> {
    let Some(brief) = dossier.get::<EventBrief>() else { return Vec::new() };
    let range = brief.date_range;
    let mut lines = vec![
        format!("The event: {}", brief.title),
        format!("Kind: {}", word(&brief.event_type)),
        format!("When: {}", span(range.start, range.end)),
        format!("City: {}", brief.city),
        format!("Audience: {} people", brief.audience_size),
        format!("Total budget: {}", brief.total_budget.shown(brief.currency)),
    ];
    lines.extend(brief.objectives.iter().map(|objective| format!("Objective: {objective}")));
    lines.extend(of_venue(dossier, brief));
    lines.extend(of_time(dossier));
    lines.extend(of_money(dossier, brief));
    lines.extend(of_people(dossier));
    lines
}

fn of_venue(dossier: &Dossier, brief: &EventBrief) -> Vec<String> {
    let Some(card) = dossier.get::<VenueScorecard>() else { return Vec::new() };
    if card.selection.is_empty() {
        return vec!["Venue: none fits".to_owned()];
    }
    let line = |it: &crate::artifact::SelectedVenue| {
        format!(
            "Venue proposed for {}: {}, {}",
            it.function,
            it.venue_name,
            it.cost_estimate.shown(brief.currency)
        )
    };
    card.selection.iter().map(line).collect()
}

fn of_time(dossier: &Dossier) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(register) = dossier.get::<TaskRegister>() {
        lines.push(format!("Work: {} tasks", register.tasks.len()));
    }
    if let Some(timeline) = dossier.get::<Timeline>() {
        lines.push(format!(
            "Deadline of the work: {}, {} of slack, on time in {} of simulated runs",
            day(timeline.deadline),
            count(timeline.slack_days, "working day"),
            percent(timeline.forecast.on_time)
        ));
    }
    if let Some(schedule) = dossier.get::<Schedule>() {
        lines.push(format!("Programme: {} sessions", schedule.sessions.len()));
    }
    lines
}

fn of_money(dossier: &Dossier, brief: &EventBrief) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(model) = dossier.get::<CostModel>() {
        lines.push(format!(
            "Planned cost: {}; reserve: {}",
            model.reserve.base_cost.shown(brief.currency),
            model.reserve.amount.shown(brief.currency)
        ));
    }
    if let Some(decision) = dossier.get::<BudgetDecision>() {
        let asked = decision.approved_total.shown(brief.currency);
        lines.push(decision.approved_date.map_or_else(
            || format!("Budget asked for, not decided yet: {asked}"),
            |date| format!("Budget approved on {}: {asked}", day(date)),
        ));
    }
    lines
}

fn of_people(dossier: &Dossier) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(register) = dossier.get::<RiskRegister>() {
        lines.extend(
            register
                .risks
                .iter()
                .take(RISKS)
                .map(|risk| format!("Risk rated {}: {}", risk.rating, risk.description)),
        );
    }
    let pending = dossier.approvals.iter().filter(|it| it.status == ApprovalStatus::Pending);
    lines
        .extend(pending.map(|approval| format!("Decision still asked for: {}", approval.question)));
    lines
}

/// What was decided, and what else could have been.
pub(super) fn of_decisions(decisions: &[Decision]) -> Vec<String> {
    let made = decisions.iter().filter(|decision| decision.model.is_none());
    let line = |decision: &Decision| {
        let others: Vec<&str> =
            decision.alternatives_considered.iter().map(|other| other.option.as_str()).collect();
        let others = if others.is_empty() {
            String::new()
        } else {
            format!(" Else: {}.", others.join(", "))
        };
        format!("Decided: {}. {}.{others}", decision.description, decision.rationale)
    };
    made.map(line).collect()
}

/// The names that a plan could hold, so that those which it does not hold are recognised.
pub(super) fn known_names(catalogue: &Catalogue) -> Vec<String> {
    let venues = catalogue.venues.iter().map(|venue| venue.name.clone());
    let vendors = catalogue.vendors.iter().map(|vendor| vendor.name.clone());
    let cities = catalogue.cities.iter().map(|city| city.name.clone());
    venues.chain(vendors).chain(cities).collect()
}
