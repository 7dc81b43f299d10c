//! A first timetable: the hardest session first, each to its cheapest place; who finds none ejects others.
//!
//! An ejected session weighs more with each time, so that the search does not turn in a circle (guided ejection).
#![expect(clippy::indexing_slicing, reason = "sessions are numbers of one space")]

use std::collections::VecDeque;

use rand::rngs::ChaCha8Rng;
use rand::{Rng as _, RngExt as _, SeedableRng as _};

use super::Effort;
use super::space::{Place, Space};
use super::state::State;

/// The best that was found: complete, or as few sessions without a place as could be.
pub(super) fn place<'a>(space: &'a Space<'a>, effort: Effort, seed: u64) -> State<'a> {
    let mut state = State::new(space);
    let mut waiting: VecDeque<usize> = by_difficulty(space).into();
    let mut weights = vec![1_u64; space.sessions.len()];
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut best = state.clone();
    let mut ejections = 0;
    while let Some(session) = waiting.pop_front() {
        if let Some(place) = cheapest_free(&state, session) {
            state.put(session, place);
        } else if ejections < effort.ejections {
            ejections += 1;
            weights[session] += 1;
            if let Some((place, leaving)) = least_ejection(&state, session, &weights, &mut random) {
                for other in leaving {
                    state.take(other);
                    waiting.push_back(other);
                }
                state.put(session, place);
            }
        }
        if state.places().count() > best.places().count() {
            best = state.clone();
        }
    }
    best
}

/// Plenaries first, then who has the least choice; ties by id.
fn by_difficulty(space: &Space<'_>) -> Vec<usize> {
    let mut order: Vec<usize> = (0..space.sessions.len()).collect();
    order.sort_by_key(|session| {
        let it = &space.sessions[*session];
        (!it.plenary, it.places.len() / it.slots.max(1), *session)
    });
    order
}

pub(super) fn cheapest_free(state: &State<'_>, session: usize) -> Option<Place> {
    let places = state.space.sessions[session].places.iter().copied();
    let free = places.filter(|place| state.blockers(session, *place).is_empty());
    free.min_by_key(|place| (state.price(session, *place), place.start, place.room))
}

/// The place whose blockers weigh least; among equals one by lot.
fn least_ejection(
    state: &State<'_>,
    session: usize,
    weights: &[u64],
    random: &mut ChaCha8Rng,
) -> Option<(Place, Vec<usize>)> {
    let mut best: Option<(u64, Place, Vec<usize>)> = None;
    let mut equals = 0_u32;
    for place in &state.space.sessions[session].places {
        let blockers = state.blockers(session, *place);
        let weight: u64 = blockers.iter().map(|other| weights[*other]).sum();
        let least = best.as_ref().map_or(u64::MAX, |(least, ..)| *least);
        if weight < least {
            equals = 0;
        }
        if weight <= least {
            equals += 1;
            if equals == 1 || random.random_range(0..equals) == 0 {
                best = Some((weight, *place, blockers));
            }
        }
    }
    best.map(|(_, place, blockers)| (place, blockers))
}

/// The sessions in an order by lot, for rounds over all of them.
pub(super) fn shuffled(count: usize, random: &mut ChaCha8Rng) -> Vec<usize> {
    let mut keyed: Vec<(u64, usize)> = (0..count).map(|at| (random.next_u64(), at)).collect();
    keyed.sort_unstable();
    keyed.into_iter().map(|(_, at)| at).collect()
}
