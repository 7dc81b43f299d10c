//! Costs of random timetables beside what CP-SAT proves. Heavy: it proves on all cores.

use std::collections::BTreeSet;

use convene::math::timetable::{
    self, Away, Block, Effort, Instance, Room, Session, Timetable, Walk, Weights,
};
use rand::{Rng, RngExt as _};
use serde::Deserialize;

use super::{ask, random};

/// How far a timetable may be from what none costs less than, in percent of its cost.
const GAP_PERCENT_MAX: u64 = 5;

#[derive(Debug, Deserialize)]
struct Answer {
    status: String,
    cost: Option<u64>,
    bound: Option<u64>,
}

/// How large the instances of a kind are.
struct Size {
    sessions: usize,
    rooms: usize,
    /// Slots of each of two blocks.
    slots: u32,
    people: usize,
    /// The share of sessions of two slots.
    long: f64,
    /// The weight of lateness is less than this.
    late: u32,
}

fn instance(random: &mut impl Rng, size: &Size) -> Instance {
    let rooms: Vec<Room> = (0..size.rooms).map(|at| room(random, at)).collect();
    let sessions = (0..size.sessions).map(|at| session(random, at, size)).collect();
    let away = (0..2).map(|at| Away { person: format!("p{at}"), from: 600, to: 690 }).collect();
    let weights = Weights { late: random.random_range(0..size.late), ..Weights::default() };
    Instance {
        slot_minutes: 30,
        blocks: vec![
            Block { start: 540, slots: size.slots },
            Block { start: 2_000, slots: size.slots },
        ],
        rooms,
        sessions,
        walks: vec![Walk { between: ("north".to_owned(), "south".to_owned()), minutes: 20 }],
        away,
        movable: [("camera".to_owned(), 2)].into(),
        weights,
    }
}

fn room(random: &mut impl Rng, at: usize) -> Room {
    let closed = if random.random_bool(0.15) { vec![(540, 600)] } else { Vec::new() };
    Room {
        id: format!("r{at}"),
        capacity: [40, 60, 100, 200][at % 4] + random.random_range(0..10),
        venue: if at.is_multiple_of(3) { "north" } else { "south" }.to_owned(),
        equipment: if at.is_multiple_of(2) {
            BTreeSet::from(["stage".to_owned()])
        } else {
            BTreeSet::new()
        },
        closed,
    }
}

fn session(random: &mut impl Rng, at: usize, size: &Size) -> Session {
    let person = format!("p{}", random.random_range(0..size.people));
    let before = random.random_bool(0.1) && at > 0;
    Session {
        id: format!("s{at:02}"),
        slots: if random.random_bool(size.long) { 2 } else { 1 },
        audience: random.random_range(5..50) * if random.random_bool(0.2) { 2 } else { 1 },
        people: if random.random_bool(0.7) { BTreeSet::from([person]) } else { BTreeSet::new() },
        needs: if random.random_bool(0.1) {
            BTreeSet::from(["stage".to_owned()])
        } else {
            BTreeSet::new()
        },
        movable: if random.random_bool(0.1) {
            [("camera".to_owned(), 1)].into()
        } else {
            [].into()
        },
        track: random.random_bool(0.8).then(|| format!("k{}", at % 4)),
        plenary: at == 0 && random.random_bool(0.3),
        after: before.then(|| format!("s{:02}", at - 1)).into_iter().collect(),
        room: None,
        start: None,
    }
}

/// What came of the instances.
#[derive(Default)]
struct Tally {
    planned: usize,
    within_gap: usize,
}

/// Asks about all; a timetable is sound, costs no less than the bound, and none is missed or made up.
fn compare(about: &str, instances: &[Instance], effort: Effort) -> Tally {
    let answers: Vec<Answer> = ask("timetables.py", about, &instances);
    assert_eq!(answers.len(), instances.len());
    let mut tally = Tally::default();
    for (number, (instance, answer)) in instances.iter().zip(answers).enumerate() {
        match timetable::solve(instance, effort, 1) {
            Ok(found) => {
                let broken = timetable::check(instance, &found.placed);
                assert_eq!(broken, Vec::<String>::new(), "{number}");
                tally.planned += 1;
                tally.within_gap += usize::from(is_within_gap(&found, &answer, number));
            }
            Err(refusal) => assert_eq!(answer.status, "infeasible", "{number}: {refusal}"),
        }
    }
    tally
}

/// Whether the cost is near the bound. Where CP-SAT proved no near bound, it is at least near the best that CP-SAT found.
fn is_within_gap(found: &Timetable, answer: &Answer, number: usize) -> bool {
    let told = format!("{number}: {answer:?}, but {} and {}", found.cost, found.lower_bound);
    let bound = answer.bound.unwrap_or(u64::MAX);
    assert!(bound <= found.cost, "{told}");
    assert!(answer.cost.is_none_or(|cost| found.lower_bound <= cost), "{told}");
    let is_near =
        |least: u64| found.cost.saturating_sub(least) * 100 <= found.cost * GAP_PERCENT_MAX;
    assert!(answer.cost.is_none_or(is_near), "{told}");
    is_near(bound)
}

#[test]
fn a_thousand_small_timetables_cost_what_cp_sat_proves() {
    let mut random = random(3);
    let mut of = |at: usize| {
        let (sessions, rooms) = (1 + at % 12, 2 + at % 3);
        instance(&mut random, &Size { sessions, rooms, slots: 3, people: 4, long: 0.2, late: 3 })
    };
    let instances: Vec<Instance> = (0..1_000).map(&mut of).collect();
    let tally = compare("small", &instances, Effort::default());
    let planned = tally.planned;
    assert!((500..990).contains(&planned), "{planned} of 1,000 have a timetable: make others");
    assert_eq!(tally.within_gap, planned);
}

#[test]
fn twenty_timetables_of_sixty_sessions_are_near_what_cp_sat_proves() {
    let mut random = random(4);
    let size = Size { sessions: 60, rooms: 6, slots: 8, people: 60, long: 0.1, late: 1 };
    let instances: Vec<Instance> = (0..20).map(|_| instance(&mut random, &size)).collect();
    // The search alone, as for what is too large for branch and bound.
    let tally = compare("sixty", &instances, Effort { nodes: 0, ..Effort::default() });
    assert_eq!(tally.planned, 20);
    assert!(tally.within_gap >= 19, "{} of 20 within {GAP_PERCENT_MAX} %", tally.within_gap);
}
