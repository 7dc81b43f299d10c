//! Looking through the catalogue: every venue of the city becomes a lead, and each that does not fit says why.

use super::criteria::cost;
use crate::{
    agent::Desk,
    artifact::{Amount, CANCELLED, Lead, VenueCriteria},
    catalogue::Venue,
};

/// What was found.
#[derive(Debug)]
pub(crate) struct Found<'a> {
    pub(crate) leads: Vec<Lead>,
    pub(crate) fitting: Vec<&'a Venue>,
}

pub(super) fn search<'a>(desk: &Desk<'a>, criteria: &VenueCriteria) -> Found<'a> {
    let scope = desk.scope();
    let catalogue = desk.world.catalogue;
    let in_city =
        catalogue.venues.iter().filter(|venue| venue.city.eq_ignore_ascii_case(&scope.city.name));
    let mut found = Found { leads: Vec::new(), fitting: Vec::new() };
    for venue in in_city {
        let excluded = unfit(desk, venue, criteria);
        if excluded.is_none() {
            found.fitting.push(venue);
        }
        found.leads.push(Lead {
            venue_id: venue.id.clone(),
            venue_name: venue.name.clone(),
            source: catalogue.venue_source.clone(),
            contact: venue.contact.clone(),
            capacity: scope.layout.capacity(venue.main_capacity()),
            cost_estimate: cost(scope, venue),
            excluded_because: excluded,
        });
    }
    found
}

/// Why a venue does not fit: the first reason, hard ones first.
pub(super) fn unfit(desk: &Desk<'_>, venue: &Venue, criteria: &VenueCriteria) -> Option<String> {
    let scope = desk.scope();
    let capacity = scope.layout.capacity(venue.main_capacity());
    let missing = criteria
        .accessibility_requirements
        .iter()
        .find(|need| !venue.accessibility.contains(*need));
    let taken: Vec<String> = criteria
        .dates
        .iter()
        .filter(|day| !venue.is_free_on(**day))
        .map(ToString::to_string)
        .collect();
    let price = cost(scope, venue);
    if desk.world.facts.lost_venues.contains(&venue.id) {
        return Some(CANCELLED.to_owned());
    }
    if venue.currency != scope.currency {
        return Some(format!(
            "priced in {}, the budget is in {}: no rate is assumed",
            venue.currency.code(),
            scope.currency.code()
        ));
    }
    if capacity < criteria.min_capacity {
        return Some(format!("holds {capacity}, {} are needed", criteria.min_capacity));
    }
    if let Some(need) = missing {
        return Some(format!("lacks {}", need.replace('_', " ")));
    }
    if !taken.is_empty() {
        return Some(format!("taken on {}", taken.join(", ")));
    }
    if price > criteria.budget_range_max {
        return Some(too_dear(price, criteria.budget_range_max, scope.currency));
    }
    (capacity > criteria.max_capacity)
        .then(|| format!("holds {capacity}: {} people would be lost in it", scope.audience))
}

fn too_dear(price: Amount, most: Amount, currency: iso_currency::Currency) -> String {
    format!(
        "costs {}, {} above the most that is allowed",
        price.shown(currency),
        price.minus(most).shown(currency)
    )
}
