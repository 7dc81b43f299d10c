//! Why this venue, and what to do when none fits.

use super::{Fitting, ME, combine, search::Found, total_cost};
use crate::{
    agent::{Desk, Reasons, rounded},
    artifact::{Alternative, Kind, SelectedVenue, VenueCriteria, VenueScorecard},
};

pub(super) fn rationale(
    desk: &Desk<'_>,
    ranked: &[Fitting<'_>],
    selection: &[SelectedVenue],
) -> String {
    let scope = desk.scope();
    let Some(best) = ranked.first() else { return "no venue fits".to_owned() };
    let second = ranked.get(1).map_or_else(String::new, |second| {
        format!(
            "; second is {} with {:.3} at {}",
            second.venue.name,
            second.scored.score(),
            second.cost.shown(scope.currency)
        )
    });
    let is_chosen =
        |fitting: &&Fitting<'_>| selection.iter().any(|venue| venue.venue_id == fitting.venue.id);
    let stays = ranked.iter().find(is_chosen).filter(|it| it.venue.id != best.venue.id);
    let stays = stays.map_or_else(String::new, |it| {
        format!("; {} stays as it was, with {:.3}", it.venue.name, it.scored.score())
    });
    format!(
        "{}: {} scores {:.3} of {} that fit, at {} for {} people{second}{stays}",
        combine::in_words(selection, total_cost(selection), scope.currency),
        best.venue.name,
        best.scored.score(),
        ranked.len(),
        best.cost.shown(scope.currency),
        scope.audience
    )
}

pub(super) fn explain(
    desk: &mut Desk<'_>,
    criteria: &VenueCriteria,
    found: &Found<'_>,
    ranked: &[Fitting<'_>],
) {
    let least = desk.number(ME, "shortlist_minimum") as usize;
    let selection = desk.read::<VenueScorecard>().selection.clone();
    let chosen =
        |fitting: &&Fitting<'_>| selection.iter().all(|venue| venue.venue_id != fitting.venue.id);
    let currency = desk.scope().currency;
    let others = ranked.iter().filter(chosen).map(|fitting| Alternative {
        option: fitting.venue.name.clone(),
        score: Some(rounded(fitting.scored.score())),
        pros: vec![format!("{} all in, holds {}", fitting.cost.shown(currency), fitting.capacity)],
        cons: vec![format!(
            "{:.1} km from the centre, in {}",
            f64::from(fitting.venue.tenth_km_to_centre) / 10.0,
            fitting.venue.district
        )],
    });
    let mut names: Vec<&str> = selection.iter().map(|venue| venue.venue_name.as_str()).collect();
    names.dedup(); // one house may serve two functions
    let backup = combine::stand_in(ranked, &selection).unwrap_or("none");
    let reasons = Reasons {
        kind: "venue_selection",
        description: if names.is_empty() {
            "No venue can be proposed".to_owned()
        } else {
            format!("Propose {}, and {backup} should it be lost", names.join(" and "))
        },
        rationale: rationale(desk, ranked, &selection),
        alternatives: others.collect(),
        touches: vec![Kind::VenueScorecard, Kind::VenueShortlist],
    };
    desk.decide(ME, reasons);
    if ranked.len() < least {
        let reasons = shortage(desk, criteria, found, ranked.len());
        desk.decide(ME, reasons);
    }
}

/// Too few venues: what would admit more.
fn shortage(
    desk: &Desk<'_>,
    criteria: &VenueCriteria,
    found: &Found<'_>,
    fitting: usize,
) -> Reasons {
    let scope = desk.scope();
    let excluded = found.leads.iter().filter(|lead| lead.excluded_because.is_some());
    let dear = excluded.clone().filter(|lead| {
        lead.capacity >= criteria.min_capacity && lead.cost_estimate > criteria.budget_range_max
    });
    let mut alternatives = Vec::new();
    if let Some(cheapest) = dear.min_by_key(|lead| (lead.cost_estimate, lead.venue_id.clone())) {
        alternatives.push(Alternative {
            option: format!("allow {} for the venue", cheapest.cost_estimate.shown(scope.currency)),
            score: None,
            pros: vec![format!("admits {}", cheapest.venue_name)],
            cons: vec![format!(
                "{} more than planned",
                cheapest.cost_estimate.minus(criteria.budget_range_max).shown(scope.currency)
            )],
        });
    }
    let affordable = excluded.clone().filter(|lead| {
        lead.cost_estimate <= criteria.budget_range_max && lead.capacity < criteria.min_capacity
    });
    if let Some(largest) = affordable.max_by_key(|lead| (lead.capacity, lead.venue_id.clone())) {
        alternatives.push(Alternative {
            option: format!("hold the event for {} people", largest.capacity),
            score: None,
            pros: vec![format!(
                "admits {} at {}",
                largest.venue_name,
                largest.cost_estimate.shown(scope.currency)
            )],
            cons: vec![format!("{} people fewer", criteria.min_capacity - largest.capacity)],
        });
    }
    let why: Vec<String> = excluded
        .map(|lead| {
            format!("{} {}", lead.venue_name, lead.excluded_because.as_deref().unwrap_or_default())
        })
        .collect();
    Reasons {
        kind: "venue_shortage",
        description: format!(
            "{fitting} of {} venues in {} fit",
            found.leads.len(),
            scope.city.name
        ),
        rationale: why.join("; "),
        alternatives,
        touches: vec![Kind::VenueShortlist, Kind::VenueCriteria],
    }
}
