//! Descent from a complete timetable: a session moves to a cheaper place, or two exchange theirs.
#![expect(clippy::indexing_slicing, reason = "sessions are numbers of one space")]

use rand::SeedableRng as _;
use rand::rngs::ChaCha8Rng;

use super::Effort;
use super::search::shuffled;
use super::space::Place;
use super::state::State;

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
