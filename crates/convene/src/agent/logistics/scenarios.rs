//! What is done when something goes wrong: for each risk of the register a trigger, a response, who acts, how fast.

use std::collections::BTreeSet;

use crate::{
    agent::{Desk, planner},
    artifact::{
        ContingencyPlan, Risk, RiskRegister, Scenario, ScenarioStatus, TaskRegister, Trigger,
        VenueScorecard, VenueShortlist,
    },
    library::{self, KnownRisk},
};

/// The scenarios, in the order of the register: the highest rating first.
pub(super) fn plan(desk: &Desk<'_>) -> ContingencyPlan {
    let register: &RiskRegister = desk.read();
    let known = planner::known_risks(desk);
    let of = |risk: &Risk| {
        let known =
            known.iter().find(|known| planner::risk_id(desk.scope(), &known.key) == risk.id)?;
        Some(scenario(desk, risk, known))
    };
    ContingencyPlan { scenarios: register.risks.iter().filter_map(of).collect() }
}

fn scenario(desk: &Desk<'_>, risk: &Risk, known: &KnownRisk) -> Scenario {
    let scope = desk.scope();
    let figures = [("backup_venue", backup_venue(desk))];
    Scenario {
        id: format!("cg-{}-{}", scope.event_id, known.key),
        risk_id: risk.id.clone(),
        scenario: known.description.clone(),
        trigger: Trigger {
            signal: known.signal.clone(),
            op: known.op,
            threshold: known.threshold,
            text: known.trigger.clone(),
        },
        response: known.response.iter().map(|step| library::filled(step, &figures)).collect(),
        task_ids: tasks(desk, known),
        owner: known.owner.name().to_owned(),
        cost: risk.cost_impact,
        minutes: known.minutes,
        status: status(desk, known),
    }
}

/// The tasks that it touches and that this plan has.
fn tasks(desk: &Desk<'_>, known: &KnownRisk) -> Vec<String> {
    let register: &TaskRegister = desk.read();
    let ids: BTreeSet<&str> = register.tasks.iter().map(|task| task.id.as_str()).collect();
    let wanted = known.tasks.iter().map(|key| planner::task_id(desk.scope(), key));
    wanted.filter(|id| ids.contains(id.as_str())).collect()
}

/// What has happened sets its scenario off; what was dealt with is over.
fn status(desk: &Desk<'_>, known: &KnownRisk) -> ScenarioStatus {
    let facts = desk.world.facts;
    let has_come = facts.occurred.contains(&known.key)
        || match known.key.as_str() {
            "venue-lost" => !facts.lost_venues.is_empty(),
            "vendor-cancels" => !facts.cancelled_vendors.is_empty(),
            _ => false,
        };
    match (facts.resolved.contains(&known.key), has_come) {
        (true, _) => ScenarioStatus::Resolved,
        (_, true) => ScenarioStatus::Fired,
        _ => ScenarioStatus::Armed,
    }
}

/// The best of the shortlist that is not proposed.
fn backup_venue(desk: &Desk<'_>) -> String {
    let selection = &desk.read::<VenueScorecard>().selection;
    let is_free = |id: &str| selection.iter().all(|venue| venue.venue_id != id);
    let shortlist = &desk.read::<VenueShortlist>().candidates;
    let found = shortlist.iter().find(|candidate| is_free(&candidate.venue_id));
    found.map_or_else(|| "none on the shortlist yet".to_owned(), |it| it.venue_name.clone())
}
