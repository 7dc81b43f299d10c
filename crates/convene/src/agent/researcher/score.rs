//! Scoring the venues that fit, on scales that depend on what is wanted alone.

use std::collections::BTreeMap;

use super::{Fitting, ME, search::Found};
use crate::{
    agent::Desk,
    artifact::{Amount, VenueCriteria},
    brief::Criterion as Named,
    catalogue::Venue,
    math::venue::{self, Criterion, Scored, Wanted, Weights},
};

/// Metres from the centre at which a venue is no longer near at all.
const METRES_MAX: u32 = 5_000;
/// Metres that a venue outside of the preferred districts counts as farther away.
const METRES_ELSEWHERE: u32 = 1_500;
/// Metres in a tenth of a kilometre.
const METRES_PER_TENTH: u32 = 100;

/// The name of a criterion in artifacts and briefs.
pub(super) const fn name(criterion: Criterion) -> &'static str {
    match criterion {
        Criterion::Cost => Named::Cost.name(),
        Criterion::Capacity => Named::Capacity.name(),
        Criterion::Amenities => Named::Amenities.name(),
        Criterion::Distance => Named::Location.name(),
        Criterion::Availability => Named::Availability.name(),
    }
}

/// The weights of the brief, else those of the instructions.
pub(super) fn weights(desk: &Desk<'_>) -> Weights {
    let given = desk.scope().weights.as_ref();
    let share = |criterion: Criterion| match given {
        Some(given) => given
            .iter()
            .find(|(named, _)| named.name() == name(criterion))
            .map_or(0.0, |(_, share)| *share),
        None => f64::from(desk.number(ME, &format!("weight_{}", name(criterion)))) / 100.0,
    };
    let shares =
        Criterion::ALL.into_iter().map(|criterion| (criterion, share(criterion))).collect();
    Weights::from_shares(&shares)
        .expect("the weights were checked with the brief and the instructions")
}

pub(super) fn wanted(desk: &Desk<'_>, criteria: &VenueCriteria) -> Wanted {
    let scope = desk.scope();
    Wanted {
        capacity: criteria.min_capacity,
        budget_min: criteria.budget_range_min.minor(scope.currency),
        budget_max: criteria.budget_range_max.minor(scope.currency),
        amenities: criteria.required_amenities.iter().cloned().collect(),
        accessibility: criteria.accessibility_requirements.iter().cloned().collect(),
        dates: criteria.dates.iter().copied().collect(),
        metres_max: METRES_MAX,
    }
}

/// The shortlist: the best first, at most as many as the instructions say.
pub(super) fn ranked<'a>(
    desk: &Desk<'_>,
    criteria: &VenueCriteria,
    found: &Found<'a>,
    weights: &Weights,
) -> Vec<Fitting<'a>> {
    let candidates: Vec<venue::Candidate> =
        found.fitting.iter().map(|venue| candidate(desk, venue, criteria)).collect();
    let scored = venue::scorecard(&wanted(desk, criteria), &candidates, weights);
    let most = desk.number(ME, "shortlist_maximum") as usize;
    let fitting = scored.into_iter().filter_map(|scored| {
        let venue = *found.fitting.iter().find(|venue| venue.id == scored.id)?;
        Some(Fitting {
            venue,
            capacity: desk.scope().layout.capacity(venue.main_capacity()),
            cost: Amount::of(scored.cost, desk.scope().currency),
            scored,
        })
    });
    fitting.take(most).collect()
}

fn candidate(desk: &Desk<'_>, venue: &Venue, criteria: &VenueCriteria) -> venue::Candidate {
    let scope = desk.scope();
    let is_preferred =
        scope.districts.iter().any(|district| district.eq_ignore_ascii_case(&venue.district));
    let metres = venue.tenth_km_to_centre * METRES_PER_TENTH;
    venue::Candidate {
        id: venue.id.clone(),
        capacity: scope.layout.capacity(venue.main_capacity()),
        cost: super::cost(scope, venue).minor(scope.currency),
        amenities: venue.amenities.clone(),
        accessibility: venue.accessibility.clone(),
        free: criteria.dates.iter().copied().filter(|day| venue.is_free_on(*day)).collect(),
        metres: if is_preferred { metres } else { metres + METRES_ELSEWHERE },
    }
}

/// The utility by each criterion that counts, as scorecards write it.
pub(super) fn by_name(scored: &Scored, weights: &Weights) -> BTreeMap<String, f64> {
    let counts =
        scored.utilities.iter().filter(|(criterion, _)| weights.points().contains_key(criterion));
    counts
        .map(|(criterion, utility)| {
            (name(*criterion).to_owned(), crate::math::ratio(*utility, venue::PERFECT))
        })
        .collect()
}

/// What would have to change for another venue to win.
pub(super) fn sensitivity(
    desk: &Desk<'_>,
    criteria: &VenueCriteria,
    ranked: &[Fitting<'_>],
    weights: &Weights,
) -> Vec<String> {
    let scored: Vec<Scored> = ranked.iter().map(|fitting| fitting.scored.clone()).collect();
    let Some(answer) = venue::sensitivity(&wanted(desk, criteria), &scored, weights) else {
        return Vec::new();
    };
    let named = |id: &str| {
        ranked
            .iter()
            .find(|fitting| fitting.venue.id == id)
            .map_or_else(|| id.to_owned(), |fitting| fitting.venue.name.clone())
    };
    let currency = desk.scope().currency;
    let mut lines = Vec::new();
    match answer.flips.first() {
        None => lines
            .push(format!("{} stays first whatever single weight changes", named(&answer.winner))),
        Some(flip) => lines.push(format!(
            "{} stays first unless the weight of {} {} by {:.0} points of a hundred: then {} wins",
            named(&answer.winner),
            name(flip.criterion),
            if flip.points > 0.0 { "grows" } else { "falls" },
            flip.points.abs() / 100.0,
            named(&flip.rival)
        )),
    }
    lines.extend(answer.costs_to_win.iter().map(|(rival, cost)| {
        format!("{} wins at {} or less", named(rival), Amount::of(*cost, currency).shown(currency))
    }));
    lines
}
