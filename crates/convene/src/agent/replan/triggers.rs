//! Which contingencies start: what people told and what the new figures say, held against the triggers of the library.

use crate::{
    agent::{Facts, World, replan::compare},
    artifact::{Comparison, Dossier, RiskRegister, VendorContracts, VenueScorecard},
    library::{self, KnownRisk},
    math::trigger::{self, Firing, Memory, Reading},
};

/// A status that was, and one that is not any more.
const GONE: f64 = 0.0;

/// What the venues lost and vendors gone since the plan before set off; only those that the plan counts on.
pub(super) fn told(world: World<'_>, before: &Dossier, facts: &Facts) -> Vec<Firing> {
    let selection = before.get::<VenueScorecard>().map(|card| card.selection.as_slice());
    let uses = |id: &str| selection.unwrap_or_default().iter().any(|venue| venue.venue_id == id);
    let venues = facts.lost_venues.difference(&world.facts.lost_venues).filter(|id| uses(id));
    let vendors = facts.cancelled_vendors.difference(&world.facts.cancelled_vendors);
    let counted_on = |name: &&String| counts_on(world, before, name);
    let venues = venues.map(|id| ("venue_status", id.clone(), GONE));
    let vendors = vendors.filter(counted_on).map(|name| ("vendor_status", name.clone(), GONE));
    fired(world, before, facts, venues.chain(vendors))
}

/// Whether a vendor delivers something: by its contract, or as the first of its service.
fn counts_on(world: World<'_>, before: &Dossier, name: &str) -> bool {
    if let Some(all) = before.get::<VendorContracts>() {
        return all.contracts.iter().any(|contract| contract.vendor_name == name);
    }
    let vendors = &world.catalogue.vendors;
    let of = vendors.iter().find(|vendor| vendor.name == name).map(|vendor| &vendor.service);
    vendors.iter().find(|vendor| Some(&vendor.service) == of).is_some_and(|it| it.name == name)
}

/// What the figures of the new plan set off.
pub(super) fn measured(world: World<'_>, before: &Dossier, now: &Dossier) -> Vec<Firing> {
    let slip = compare::slip(before, now);
    let slip = slip.map(|slip| ("timeline_slippage", slip.milestone, slip.share));
    let [was, is] = [compare::figures(before), compare::figures(now)];
    let more = is.spending.minus(was.spending).share_of(was.spending);
    let cost = ("budget_variance", "cost model".to_owned(), more);
    fired(world, before, world.facts, slip.into_iter().chain([cost]))
}

/// The keys of the risks whose scenarios start.
pub(super) fn risks(world: World<'_>, fired: &[Firing]) -> Vec<String> {
    let prefix = scenario(world, "");
    let key = |firing: &Firing| firing.scenario.strip_prefix(&prefix).map(str::to_owned);
    fired.iter().filter_map(key).collect()
}

fn fired(
    world: World<'_>,
    before: &Dossier,
    facts: &Facts,
    signals: impl Iterator<Item = (&'static str, String, f64)>,
) -> Vec<Firing> {
    let day = facts.as_of.unwrap_or(world.scope.planning_start);
    let at = day.to_zoned(jiff::tz::TimeZone::UTC).map_or(0, |day| day.timestamp().as_second());
    let known = known(world, before);
    let readings = signals.map(|(signal, cause, value)| {
        let signal = signal.to_owned();
        Reading { signal, cause, value, at }
    });
    let observe = |reading: Reading| {
        known
            .iter()
            .filter_map(|risk| {
                trigger::observe(&watched(world, risk), Memory::default(), &reading).1
            })
            .collect::<Vec<Firing>>()
    };
    readings.flat_map(observe).collect()
}

/// The risks of the register that the library knows.
fn known(world: World<'_>, before: &Dossier) -> Vec<&'static KnownRisk> {
    let register = before.get::<RiskRegister>().map(|all| all.risks.as_slice()).unwrap_or_default();
    let is_registered = |known: &&KnownRisk| {
        let id = format!("risk-{}-{}", world.scope.event_id, known.key);
        register.iter().any(|risk| risk.id == id)
    };
    library::RISKS.iter().filter(is_registered).collect()
}

/// The trigger of a risk's scenario. Statuses are whole numbers: equal to one means below the next.
fn watched(world: World<'_>, risk: &KnownRisk) -> trigger::Trigger {
    let (comparison, threshold) = match risk.op {
        Comparison::AtLeast => (trigger::Comparison::AtLeast, risk.threshold),
        Comparison::AtMost => (trigger::Comparison::Below, risk.threshold.next_up()),
        Comparison::Equals => (trigger::Comparison::Below, risk.threshold + 1.0),
    };
    let scenario = scenario(world, &risk.key);
    trigger::Trigger {
        id: scenario.clone(),
        signal: risk.signal.clone(),
        comparison,
        threshold,
        hold_seconds: 0,
        cooldown_seconds: 0,
        scenario,
    }
}

/// The id of a risk's scenario in the contingency plan.
fn scenario(world: World<'_>, key: &str) -> String {
    format!("cg-{}-{key}", world.scope.event_id)
}
