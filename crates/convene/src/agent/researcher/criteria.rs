//! What a venue must offer, and what it costs.

use crate::{
    agent::Desk,
    artifact::{Amount, VenueCriteria},
    brief::Scope,
    catalogue::Venue,
};

/// Percent of the budget that a venue may cost when the brief does not say.
const SHARE_MAX_PERCENT: u32 = 40;
/// Percent of the budget below which a venue is expected to lack something.
const SHARE_MIN_PERCENT: u32 = 0;
/// A room of so many times the audience looks empty.
const EMPTY_FROM: u32 = 3;
/// Small audiences may have so many seats more.
const EMPTY_SEATS: u32 = 40;
/// Minutes up to which a venue charges by the evening.
const HALF_DAY_MINUTES: u32 = 240;
/// Percent of the day's rate for an evening.
const HALF_DAY_PERCENT: u32 = 60;

/// Whether each day is short enough for the evening rate.
fn needs_half_day(scope: &Scope) -> bool {
    scope.minutes_a_day() <= HALF_DAY_MINUTES
}

/// What a venue asks for one day of this event, without service.
pub(crate) fn day_rate(scope: &Scope, venue: &Venue) -> Amount {
    if needs_half_day(scope) {
        venue.rate_per_day.percent(HALF_DAY_PERCENT, scope.currency)
    } else {
        venue.rate_per_day
    }
}

/// What a venue costs, all in: its rate for the event's days and its service charge.
pub(crate) fn cost(scope: &Scope, venue: &Venue) -> Amount {
    let rental = day_rate(scope, venue).times(scope.day_count());
    rental.plus(rental.percent(venue.service_percent, scope.currency))
}

pub(super) fn criteria(desk: &Desk<'_>) -> VenueCriteria {
    let scope = desk.scope();
    let mut locations = vec![scope.city.name.clone()];
    locations.extend(scope.districts.iter().cloned());
    let most = scope
        .venue_maximum
        .unwrap_or_else(|| scope.budget.percent(SHARE_MAX_PERCENT, scope.currency));
    let large =
        scope.audience.saturating_mul(EMPTY_FROM).max(scope.audience.saturating_add(EMPTY_SEATS));
    VenueCriteria {
        location_preferences: locations,
        min_capacity: scope.audience,
        max_capacity: large,
        required_amenities: scope.amenities.clone(),
        accessibility_requirements: scope.accessibility.clone(),
        layout_requirements: scope.layout.name().to_owned(),
        budget_range_min: scope.budget.percent(SHARE_MIN_PERCENT, scope.currency),
        budget_range_max: most,
        dates: scope.days(),
    }
}
