//! Which venue, or which venues for which function.

use std::collections::BTreeMap;

use super::Fitting;
use crate::{
    agent::{Desk, planner::expects_several_venues},
    artifact::{Amount, SelectedVenue, VenueScorecard},
    brief::Fault,
    catalogue::Venue,
    math::venue::{Function, Offer, choose_set},
};

/// Percent of the audience in breakout rooms at the same time, and in the exhibition.
const BREAKOUT_PERCENT: u32 = 60;
const EXPO_PERCENT: u32 = 50;
/// Rooms beside the hall that a programme of several tracks needs at least.
const BREAKOUT_ROOMS_MIN: usize = 3;
/// What a perfect score is worth, in percent of the budget: enough to pay a tenth more for a better house.
const WORTH_PERCENT: u32 = 10;
/// Minutes on foot between two venues that are used together.
const WALK_MAX: u32 = 30;
/// Minutes on foot for a tenth of a kilometre and the same back to the centre.
const TENTHS_PER_MINUTE: u32 = 1;

pub(super) fn select(
    desk: &Desk<'_>,
    ranked: &[Fitting<'_>],
) -> Result<Vec<SelectedVenue>, Vec<Fault>> {
    let scope = desk.scope();
    if expects_several_venues(desk) {
        let chosen = several(desk, ranked)?;
        if !chosen.is_empty() {
            return Ok(chosen);
        }
    }
    let kept = kept(desk, ranked, "all");
    Ok(kept
        .or_else(|| ranked.first())
        .map(|venue| selected(venue, "all", scope.audience))
        .into_iter()
        .collect())
}

/// The venue that served a function in the plan before, when it still fits: nobody moves house for a few points.
fn kept<'r, 'a>(
    desk: &Desk<'_>,
    ranked: &'r [Fitting<'a>],
    function: &str,
) -> Option<&'r Fitting<'a>> {
    let before = &desk.before::<VenueScorecard>()?.selection;
    let old = before.iter().find(|venue| venue.function == function)?;
    ranked.iter().find(|fitting| fitting.venue.id == old.venue_id)
}

fn selected(fitting: &Fitting<'_>, function: &str, need: u32) -> SelectedVenue {
    SelectedVenue {
        function: function.to_owned(),
        venue_id: fitting.venue.id.clone(),
        venue_name: fitting.venue.name.clone(),
        cost_estimate: fitting.cost,
        need,
    }
}

fn several(desk: &Desk<'_>, ranked: &[Fitting<'_>]) -> Result<Vec<SelectedVenue>, Vec<Fault>> {
    let scope = desk.scope();
    let part = |percent: u32| scope.audience * percent / 100;
    let functions = [
        Function { id: "main".to_owned(), people: scope.audience + part(BREAKOUT_PERCENT) },
        Function { id: "expo".to_owned(), people: part(EXPO_PERCENT) },
    ];
    let offers: Vec<Offer> = ranked.iter().flat_map(|fitting| offers(desk, fitting)).collect();
    let worth = scope.budget.percent(WORTH_PERCENT, scope.currency).minor(scope.currency);
    let fault =
        |e: crate::math::venue::Error| vec![Fault::new("/location_preferences", e.to_string())];
    let choose = |offers: &[Offer]| {
        choose_set(&functions, offers, &walks(ranked), (worth, WALK_MAX)).map_err(fault)
    };
    let choice = choose(&kept_offers(desk, ranked, &offers))?;
    let choice = if choice.is_none() { choose(&offers)? } else { choice };
    let Some(choice) = choice else { return Ok(Vec::new()) };
    let mut out = Vec::new();
    for (function, need) in [
        ("main", scope.audience),
        ("breakout", part(BREAKOUT_PERCENT)),
        ("expo", part(EXPO_PERCENT)),
    ] {
        let of = if function == "breakout" { "main" } else { function };
        let venue = choice.venues.get(of).map(|venue| venue.trim_end_matches(EXPO_SUFFIX));
        let fitting = ranked.iter().find(|fitting| Some(fitting.venue.id.as_str()) == venue);
        out.extend(fitting.map(|fitting| selected(fitting, function, need)));
    }
    Ok(out)
}

/// The offers without those for functions whose venue of the plan before still offers.
fn kept_offers(desk: &Desk<'_>, ranked: &[Fitting<'_>], offers: &[Offer]) -> Vec<Offer> {
    let stays = |function: &str| {
        let venue = kept(desk, ranked, function)?;
        let is_its = |offer: &&Offer| {
            offer.function == function
                && offer.venue.trim_end_matches(EXPO_SUFFIX) == venue.venue.id
        };
        offers.iter().find(is_its)
    };
    let is_open = |offer: &&Offer| stays(&offer.function).is_none_or(|kept| kept == *offer);
    offers.iter().filter(is_open).cloned().collect()
}

/// What a venue offers: its hall with all rooms for the programme, or its hall alone for the exhibition.
fn offers(desk: &Desk<'_>, fitting: &Fitting<'_>) -> Vec<Offer> {
    let scope = desk.scope();
    let all = fitting.venue.rooms.iter().map(|room| scope.layout.capacity(room.capacity)).sum();
    let offer = |function: &str, capacity: u32| Offer {
        venue: match function {
            "expo" => format!("{}{EXPO_SUFFIX}", fitting.venue.id),
            _ => fitting.venue.id.clone(),
        },
        function: function.to_owned(),
        capacity,
        cost: fitting.cost.minor(scope.currency),
        score: fitting.scored.total / 10_000,
    };
    let mut offers = vec![offer("expo", fitting.capacity)];
    if fitting.venue.rooms.len() > BREAKOUT_ROOMS_MIN {
        offers.push(offer("main", all));
    }
    offers
}

/// How a venue is named as the place of the exhibition: as the same it could not be kept from being chosen twice.
const EXPO_SUFFIX: &str = "/expo";

/// Ways by way of the centre, and none from a venue to itself: an exhibition needs a hall of its own.
fn walks(ranked: &[Fitting<'_>]) -> BTreeMap<(String, String), u32> {
    let mut walks = BTreeMap::new();
    for one in ranked {
        for other in ranked {
            let minutes = if one.venue.id == other.venue.id {
                u32::MAX
            } else {
                walk_minutes(one.venue, other.venue)
            };
            let expo = format!("{}{EXPO_SUFFIX}", other.venue.id);
            walks.insert((one.venue.id.clone(), expo), minutes);
        }
    }
    walks
}

/// Minutes on foot between two houses, by way of the centre.
pub(crate) fn walk_minutes(one: &Venue, other: &Venue) -> u32 {
    (one.tenth_km_to_centre + other.tenth_km_to_centre) / TENTHS_PER_MINUTE
}

/// The venue that stands in when one is lost: the best that is not selected.
pub(super) fn stand_in<'a>(
    ranked: &'a [Fitting<'_>],
    selection: &[SelectedVenue],
) -> Option<&'a str> {
    let free = ranked
        .iter()
        .find(|fitting| selection.iter().all(|venue| venue.venue_id != fitting.venue.id));
    free.map(|fitting| fitting.venue.name.as_str())
}

/// The sum of what is selected, in words.
pub(super) fn in_words(
    selection: &[SelectedVenue],
    total: Amount,
    currency: iso_currency::Currency,
) -> String {
    let parts: Vec<String> = selection
        .iter()
        .map(|venue| format!("{} for {}", venue.venue_name, venue.function))
        .collect();
    format!("{}, {} all in", parts.join(", "), total.shown(currency))
}
