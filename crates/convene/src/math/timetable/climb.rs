//! Descent from a complete timetable: a session moves to a cheaper place, or two exchange theirs.
//!
//! Where none improves, a few sessions leave at once and come back one by one (ruin and recreate: G. Schrimpf et al.,
//! *Journal of Computational Physics* 159, 2000); what is not worse stays.
#![expect(clippy::indexing_slicing, reason = "sessions are numbers of one space")]

use rand::rngs::ChaCha8Rng;
use rand::{RngExt as _, SeedableRng as _};

use super::Effort;
use super::search::{cheapest_free, shuffled};
use super::space::Place;
use super::state::State;

/// Sessions that leave at once: enough to untangle a knot, few enough to find back.
const RUIN_MAX: usize = 6;

/// Rounds until none improves, or as many as are allowed.
pub(super) fn descend(mut state: State<'_>, effort: Effort, seed: u64) -> State<'_> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(1);
    for _ in 0..effort.rounds {
        let before = state.cost();
        for session in shuffled(state.space.sessions.len(), &mut random) {
            improve(&mut state, session);
        }
        if state.cost() == before {
            break;
        }
    }
    state
}

/// Ruins and recreates, as often as is allowed or until nothing can cost less.
pub(super) fn ruin(mut state: State<'_>, bound: u64, effort: Effort, seed: u64) -> State<'_> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(2);
    for _ in 0..effort.ruins {
        if state.cost() <= bound {
            break;
        }
        recreate(&mut state, &mut random);
    }
    state
}

/// Takes some sessions out by lot and lets each choose anew; back to what was when that costs more.
fn recreate(state: &mut State<'_>, random: &mut ChaCha8Rng) {
    let count = state.space.sessions.len();
    if count == 0 {
        return;
    }
    let before = state.cost();
    let mut left: Vec<(usize, Place)> = Vec::with_capacity(RUIN_MAX);
    for _ in 0..random.random_range(2..=RUIN_MAX) {
        let session = random.random_range(0..count);
        left.extend(state.take(session).map(|place| (session, place)));
    }
    let mut placed = 0;
    for (session, _) in &left {
        let Some(place) = cheapest_free(state, *session) else { break };
        state.put(*session, place);
        placed += 1;
    }
    if placed < left.len() || state.cost() > before {
        for (session, _) in left.iter().take(placed) {
            state.take(*session);
        }
        for (session, place) in left {
            state.put(session, place);
        }
    }
}

/// Moves the session to the place that saves most, perhaps in exchange with the one that is there.
fn improve(state: &mut State<'_>, session: usize) {
    let Some(now) = state.take(session) else { return };
    let stays = state.price(session, now);
    let mut best: (u64, Place, Option<(usize, Place)>) = (stays, now, None);
    for place in &state.space.sessions[session].places {
        let price = state.price(session, *place);
        let blockers = state.blockers(session, *place);
        match blockers.as_slice() {
            [] if price < best.0 => best = (price, *place, None),
            &[other] => {
                if let Some((cost, back)) = exchange(state, (session, now), (other, *place))
                    && cost < best.0
                {
                    best = (cost, *place, Some((other, back)));
                }
            }
            _ => {}
        }
    }
    let (_, place, exchanged) = best;
    if let Some((other, back)) = exchanged {
        state.take(other);
        state.put(other, back);
    }
    state.put(session, place);
}

/// What both would cost, less what the other costs now, when it took the place that the session left.
///
/// The other may begin elsewhere in the same room when its length or its room differs; only its exact place is tried.
fn exchange(
    state: &mut State<'_>,
    (session, left): (usize, Place),
    (other, wanted): (usize, Place),
) -> Option<(u64, Place)> {
    let places = &state.space.sessions[other].places;
    let key = |place: &Place| (place.start, place.room);
    let at = places.binary_search_by_key(&key(&left), key).ok()?;
    let back = *places.get(at)?;
    let from = state.take(other)?;
    let paid = state.price(other, from);
    let mut cost = None;
    if state.blockers(other, back).is_empty() {
        let price = state.price(other, back);
        state.put(other, back);
        if state.blockers(session, wanted).is_empty() {
            cost = (price + state.price(session, wanted)).checked_sub(paid);
        }
        state.take(other);
    }
    state.put(other, from);
    cost.map(|cost| (cost, back))
}
