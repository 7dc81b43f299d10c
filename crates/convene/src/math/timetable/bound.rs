//! What no timetable can cost less than, for instances too large to be solved exactly.
//!
//! Three parts that do not overlap: seats (a transportation problem of sessions to rooms with the slots that each
//! room has, by linear programming), lateness (each slot has as many beginnings as there are rooms) and tracks (a
//! track with more slots of sessions than there are slots is parallel to itself).
#![expect(clippy::indexing_slicing, reason = "sessions and rooms are numbers of one space")]

use std::collections::BTreeMap;

use microlp::{ComparisonOp, OptimizationDirection, Problem, Variable};

use super::space::{Space, empty_percent};

/// Below the solver's own tolerance a bound is the whole number above it.
const ROUNDING: f64 = 1e-6;

/// A bound that holds for every timetable; at worst it is low.
pub(super) fn lower(space: &Space<'_>) -> u64 {
    let cheapest = |of: &dyn Fn(usize, usize) -> u64| -> u64 {
        let least = |session: usize| {
            space.sessions[session].places.iter().map(|it| of(session, it.room)).min()
        };
        (0..space.sessions.len()).filter_map(least).sum()
    };
    let seats = |session: usize, room: usize| seats(space, session, room);
    seats_bound(space).unwrap_or_else(|| cheapest(&seats)) + late_bound(space) + track_bound(space)
}

fn seats(space: &Space<'_>, session: usize, room: usize) -> u64 {
    let (sessions, rooms) = (&space.instance.sessions, &space.instance.rooms);
    u64::from(space.instance.weights.empty_percent)
        * empty_percent(&sessions[session], &rooms[room])
}

/// Each session in one room, no room for longer than it is open; times are left out.
fn seats_bound(space: &Space<'_>) -> Option<u64> {
    let mut problem = Problem::new(OptimizationDirection::Minimize);
    let mut rooms: Vec<Vec<(Variable, f64)>> = vec![Vec::new(); space.instance.rooms.len()];
    for (session, it) in space.sessions.iter().enumerate() {
        let open: std::collections::BTreeSet<usize> =
            it.places.iter().map(|place| place.room).collect();
        let mut once = Vec::new();
        for room in open {
            let share = problem.add_var(to_float(seats(space, session, room)), (0.0, 1.0));
            rooms[room].push((share, to_float(it.slots as u64)));
            once.push((share, 1.0));
        }
        problem.add_constraint(once, ComparisonOp::Eq, 1.0);
    }
    let slots = to_float(space.minutes.len() as u64);
    for shares in rooms.into_iter().filter(|shares| !shares.is_empty()) {
        problem.add_constraint(shares, ComparisonOp::Le, slots);
    }
    let solution = problem.solve().ok()?.into_solution().ok()?;
    Some(whole_above(solution.objective()))
}

/// The cheapest beginnings, as many in each slot as there are rooms.
fn late_bound(space: &Space<'_>) -> u64 {
    let late = |session: usize, place: &super::space::Place| {
        place.cost - seats(space, session, place.room)
    };
    let mut by_start: BTreeMap<usize, u64> = BTreeMap::new();
    for (session, it) in space.sessions.iter().enumerate() {
        by_start.extend(it.places.iter().map(|place| (place.start, late(session, place))));
    }
    let mut costs: Vec<u64> = by_start.into_values().collect();
    costs.sort_unstable();
    let rooms = space.instance.rooms.len();
    let beginnings = costs.into_iter().flat_map(|cost| std::iter::repeat_n(cost, rooms));
    beginnings.take(space.sessions.len()).sum()
}

fn track_bound(space: &Space<'_>) -> u64 {
    let mut slots = vec![0_usize; space.tracks];
    for it in &space.sessions {
        if let Some(track) = it.track {
            slots[track] += it.slots;
        }
    }
    let over = slots.into_iter().map(|needed| needed.saturating_sub(space.minutes.len()));
    over.sum::<usize>() as u64 * u64::from(space.instance.weights.parallel)
}

/// Costs are small: percents and weights of at most some thousand sessions.
#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
pub(super) fn to_float(number: u64) -> f64 {
    number as f64
}

/// The least whole number that a true bound of this value allows: costs are whole.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "not negative, and small"
)]
pub(super) fn whole_above(bound: f64) -> u64 {
    (bound - ROUNDING * bound.abs().max(1.0)).ceil().max(0.0) as u64
}
