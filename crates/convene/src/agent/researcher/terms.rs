//! What is held, and what is negotiated.

use jiff::{ToSpan, civil::Date};

use super::{Fitting, ME};
use crate::{
    agent::Desk,
    artifact::{Availability, Hold, HoldStatus, NegotiationNote, NegotiationStatus},
};

/// Weeks that a venue keeps days for nothing.
const HOLD_WEEKS: i64 = 4;

pub(super) fn availability(desk: &Desk<'_>, ranked: &[Fitting<'_>]) -> Vec<Availability> {
    let scope = desk.scope();
    let holds = desk.number(ME, "holds_minimum") as usize;
    let venue = |(place, fitting): (usize, &Fitting<'_>)| {
        let (free_dates, taken_dates): (Vec<Date>, Vec<Date>) =
            scope.days().into_iter().partition(|day| fitting.venue.is_free_on(*day));
        let held = (place < holds).then(|| hold(desk));
        Availability {
            venue_id: fitting.venue.id.clone(),
            free_dates,
            taken_dates,
            holds: held.into_iter().collect(),
        }
    };
    ranked.iter().enumerate().map(venue).collect()
}

fn hold(desk: &Desk<'_>) -> Hold {
    let scope = desk.scope();
    let today = desk.world.facts.as_of.unwrap_or(scope.planning_start);
    let first = scope.dates.start.date();
    Hold {
        from: first,
        to: scope.dates.end.date(),
        status: HoldStatus::Requested,
        expires_at: today.saturating_add(HOLD_WEEKS.weeks()).min(first),
    }
}

pub(super) fn negotiation(desk: &Desk<'_>, ranked: &[Fitting<'_>]) -> Vec<NegotiationNote> {
    let scope = desk.scope();
    let percent = desk.number(ME, "negotiate_percent");
    let note = |(place, fitting): (usize, &Fitting<'_>)| {
        let next = ranked.get(place + 1).map_or(fitting.cost, |next| next.cost.max(fitting.cost));
        let target = fitting.cost.minus(fitting.cost.percent(percent, scope.currency));
        let mut gets = vec!["set-up the evening before at no charge".to_owned()];
        gets.extend(fitting.venue.amenities.iter().map(|what| format!("{what} included")));
        NegotiationNote {
            venue_id: fitting.venue.id.clone(),
            asking: fitting.cost,
            target,
            walk_away: next,
            gets,
            gives: vec![
                "the deposit a month early".to_owned(),
                "the venue's name on every announcement".to_owned(),
            ],
            concessions: Vec::new(),
            status: NegotiationStatus::Open,
        }
    };
    ranked.iter().enumerate().take(3).map(note).collect()
}
