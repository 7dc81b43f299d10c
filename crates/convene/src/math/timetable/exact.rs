//! Branch and bound over places (microlp), for instances that are small enough.
//!
//! One variable a place. The plan that was found before is its first incumbent; nodes are counted, not seconds.
#![expect(clippy::indexing_slicing, reason = "sessions and places are numbers of one space")]

use std::collections::BTreeSet;

use microlp::{ComparisonOp, OptimizationDirection, Problem, Solution, SolveOptions, Variable};

use super::Effort;
use super::bound::{to_float, whole_above};
use super::space::{Place, Space};
use super::state::State;

/// What came of it.
pub(super) enum Answer<'a> {
    /// The best there is.
    Best(State<'a>),
    /// Nodes ran out: the best that was found, and what none costs less than.
    Bounded(State<'a>, u64),
    /// Without these sessions there is a timetable; with fewer out there is none.
    Impossible(Vec<String>),
    /// Too large, or nothing was found out.
    Unknown,
}

/// Solves from a complete timetable; from one that is not, first sees whether there is a complete one.
pub(super) fn solve<'a>(space: &'a Space<'a>, state: &State<'a>, effort: Effort) -> Answer<'a> {
    let places: usize = space.sessions.iter().map(|session| session.places.len()).sum();
    if effort.nodes == 0 || places > effort.places as usize {
        return Answer::Unknown;
    }
    if state.unplaced().is_empty() {
        return cheapest(space, state, effort);
    }
    match Model::new(space, Aim::Place).run(state, effort) {
        Some((found, _)) if found.unplaced().is_empty() => cheapest(space, &found, effort),
        Some((found, true)) => {
            let without = found.unplaced().into_iter().map(|it| space.id(it).to_owned());
            Answer::Impossible(without.collect())
        }
        _ => Answer::Unknown,
    }
}

fn cheapest<'a>(space: &'a Space<'a>, state: &State<'a>, effort: Effort) -> Answer<'a> {
    let mut model = Model::new(space, Aim::Cost);
    let Some(solution) = model.solution(state, effort) else {
        return Answer::Bounded(state.clone(), 0);
    };
    let bound = solution.stats().best_bound.map_or(0, whole_above);
    match model.state(&solution) {
        Some(found) if found.unplaced().is_empty() && found.cost() <= state.cost() => {
            if is_optimal(&solution) { Answer::Best(found) } else { Answer::Bounded(found, bound) }
        }
        _ => Answer::Bounded(state.clone(), bound),
    }
}

fn is_optimal(solution: &Solution) -> bool {
    solution.status() == microlp::SolutionStatus::Optimal
}

/// What is as small as possible.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Aim {
    /// The cost of a complete timetable.
    Cost,
    /// The number of sessions without a place.
    Place,
}

struct Model<'a> {
    space: &'a Space<'a>,
    problem: Problem,
    /// A variable for each place of each session.
    chosen: Vec<Vec<Variable>>,
    /// Whether a session has no place, where that is allowed.
    left_out: Vec<Variable>,
    /// Sessions of a track beyond the first in a slot: track, slot.
    parallel: Vec<(usize, usize, Variable)>,
}

impl<'a> Model<'a> {
    fn new(space: &'a Space<'a>, aim: Aim) -> Self {
        let mut problem = Problem::new(OptimizationDirection::Minimize);
        let mut chosen = Vec::with_capacity(space.sessions.len());
        for session in &space.sessions {
            let cost = |place: &Place| if aim == Aim::Cost { to_float(place.cost) } else { 0.0 };
            let places = session.places.iter();
            chosen.push(places.map(|place| problem.add_binary_var(cost(place))).collect());
        }
        let mut model = Self { space, problem, chosen, left_out: Vec::new(), parallel: Vec::new() };
        model.each_once(aim);
        for slot in 0..space.minutes.len() {
            model.rooms(slot);
            model.people(slot);
            model.things(slot);
            if aim == Aim::Cost {
                model.tracks(slot);
            }
        }
        model.walks();
        model.orders();
        model
    }

    fn each_once(&mut self, aim: Aim) {
        for session in 0..self.space.sessions.len() {
            let mut once: Vec<(Variable, f64)> =
                self.chosen[session].iter().map(|variable| (*variable, 1.0)).collect();
            if aim == Aim::Place {
                let out = self.problem.add_binary_var(1.0);
                self.left_out.push(out);
                once.push((out, 1.0));
            }
            self.problem.add_constraint(once, ComparisonOp::Eq, 1.0);
        }
    }

    /// The variables of a session's places that satisfy a condition.
    fn of(&self, session: usize, keep: impl Fn(&Place) -> bool) -> Vec<(Variable, f64)> {
        let places = self.space.sessions[session].places.iter().zip(&self.chosen[session]);
        places.filter(|(place, _)| keep(place)).map(|(_, variable)| (*variable, 1.0)).collect()
    }

    fn in_slot(&self, session: usize, slot: usize) -> Vec<(Variable, f64)> {
        let slots = self.space.sessions[session].slots;
        self.of(session, |place| (place.start..place.start + slots).contains(&slot))
    }

    fn at_most(&mut self, terms: Vec<(Variable, f64)>, most: f64) {
        if terms.len() > 1 {
            self.problem.add_constraint(terms, ComparisonOp::Le, most);
        }
    }

    /// One session in a room, and none beside a plenary in whatever room.
    fn rooms(&mut self, slot: usize) {
        for room in 0..self.space.instance.rooms.len() {
            let terms = (0..self.space.sessions.len()).flat_map(|session| {
                let it = &self.space.sessions[session];
                self.of(session, |place| {
                    (place.start..place.start + it.slots).contains(&slot)
                        && (it.plenary || place.room == room)
                })
            });
            let terms = terms.collect();
            self.at_most(terms, 1.0);
        }
    }

    fn people(&mut self, slot: usize) {
        for sessions in self.space.of_person.iter().filter(|sessions| sessions.len() > 1) {
            let terms = sessions.iter().flat_map(|session| self.in_slot(*session, slot)).collect();
            self.at_most(terms, 1.0);
        }
    }

    fn things(&mut self, slot: usize) {
        for (thing, stock) in self.space.stock.iter().enumerate() {
            let mut terms = Vec::new();
            for (session, it) in self.space.sessions.iter().enumerate() {
                for (_, units) in it.movable.iter().filter(|(used, _)| *used == thing) {
                    let weight = f64::from(*units);
                    terms.extend(self.in_slot(session, slot).iter().map(|(it, _)| (*it, weight)));
                }
            }
            self.at_most(terms, f64::from(*stock));
        }
    }

    fn tracks(&mut self, slot: usize) {
        let price = f64::from(self.space.instance.weights.parallel);
        for track in 0..self.space.tracks {
            let sessions = 0..self.space.sessions.len();
            let of = sessions.filter(|it| self.space.sessions[*it].track == Some(track));
            let mut terms: Vec<(Variable, f64)> =
                of.flat_map(|session| self.in_slot(session, slot)).collect();
            if terms.len() > 1 {
                let beyond = self.problem.add_var(price, (0.0, f64::INFINITY));
                self.parallel.push((track, slot, beyond));
                terms.push((beyond, -1.0));
                self.at_most(terms, 1.0);
            }
        }
    }

    /// Two sessions of one person in two venues: each start of the first against what is too close of the second.
    fn walks(&mut self) {
        if self.space.instance.walks.is_empty() {
            return;
        }
        for (one, other) in self.pairs() {
            for &place in &self.space.sessions[one].places {
                let close = self.of(other, |it| self.space.too_close((one, place), (other, *it)));
                let mut terms = self.of(one, |it| *it == place);
                terms.extend(close);
                self.at_most(terms, 1.0);
            }
        }
    }

    fn pairs(&self) -> BTreeSet<(usize, usize)> {
        let mut pairs = BTreeSet::new();
        for sessions in &self.space.of_person {
            for one in sessions {
                let later = sessions.iter().filter(|other| one < *other);
                pairs.extend(later.map(|other| (*one, *other)));
            }
        }
        pairs
    }

    /// Who begins by a slot must have all predecessors ended by then.
    fn orders(&mut self) {
        for session in 0..self.space.sessions.len() {
            for &before in &self.space.sessions[session].before {
                self.one_before((before, session));
            }
        }
    }

    fn one_before(&mut self, (before, session): (usize, usize)) {
        let length = self.space.sessions[before].slots;
        let places = self.space.sessions[session].places.iter();
        for start in places.map(|place| place.start).collect::<BTreeSet<_>>() {
            let mut terms = self.of(session, |place| place.start <= start);
            terms.extend(self.of(before, |place| place.start + length > start));
            self.at_most(terms, 1.0);
        }
    }

    /// The best timetable, and whether it is proven to be.
    fn run(mut self, first: &State<'a>, effort: Effort) -> Option<(State<'a>, bool)> {
        let solution = self.solution(first, effort)?;
        Some((self.state(&solution)?, is_optimal(&solution)))
    }

    fn solution(&mut self, first: &State<'a>, effort: Effort) -> Option<Solution> {
        let mut options = SolveOptions::default();
        options.node_limit = Some(u64::from(effort.nodes));
        options.warm_start = Some(self.warm(first));
        self.problem.solve_with(options).ok()?.into_solution().ok()
    }

    /// The value of every variable in a timetable.
    fn warm(&self, state: &State<'a>) -> Vec<(Variable, f64)> {
        let mut values = Vec::new();
        for (session, variables) in self.chosen.iter().enumerate() {
            let at = state.place_of(session);
            let places = self.space.sessions[session].places.iter().zip(variables);
            values.extend(places.map(|(place, it)| (*it, f64::from(u8::from(Some(*place) == at)))));
            if let Some(out) = self.left_out.get(session) {
                values.push((*out, f64::from(u8::from(at.is_none()))));
            }
        }
        let beyond = |track, slot| to_float(state.in_track(track, slot).saturating_sub(1));
        values.extend(self.parallel.iter().map(|(track, slot, it)| (*it, beyond(*track, *slot))));
        values
    }

    /// The timetable of a solution; none should the solver have broken a rule.
    fn state(&self, solution: &Solution) -> Option<State<'a>> {
        let mut state = State::new(self.space);
        for (session, variables) in self.chosen.iter().enumerate() {
            let places = self.space.sessions[session].places.iter().zip(variables);
            let chosen = places.filter(|(_, it)| solution.var_value(**it) > 0.5);
            for (place, _) in chosen {
                if state.place_of(session).is_some() || !state.blockers(session, *place).is_empty()
                {
                    return None;
                }
                state.put(session, *place);
            }
        }
        Some(state)
    }
}
