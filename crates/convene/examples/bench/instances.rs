//! What is measured: networks and a conference, always the same.

use std::collections::{BTreeMap, BTreeSet};

use convene::math::{
    cpm::{Link, Task},
    timetable::{Block, Instance, Room, Session, Walk, Weights},
};
use rand::{RngExt as _, SeedableRng as _, rngs::ChaCha8Rng};

/// Tasks that each wait for up to two of the forty before them.
pub(crate) fn chains(count: usize) -> (Vec<Task>, Vec<Link>) {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let id = |at: usize| format!("task-{at:06}");
    let task =
        |at, duration| Task { id: id(at), duration, calendar: 0, not_before: None, due: None };
    let tasks = (0..count).map(|at| task(at, random.random_range(1..20))).collect();
    let mut links = Vec::with_capacity(2 * count);
    for to in 1..count {
        for _ in 0..2 {
            let from = to - random.random_range(1..=to.min(40));
            links.push(Link::after(&id(from), &id(to)));
        }
    }
    (tasks, links)
}

/// Three days of three blocks of four half hours; a plenary opens each day.
pub(crate) fn conference(sessions: usize, rooms: usize) -> Instance {
    let mut random = ChaCha8Rng::seed_from_u64(2);
    let sessions = (0..sessions).map(|at| session(at, &mut random)).collect();
    let block = |at: i64| Block { start: at / 3 * 1_440 + 540 + at % 3 * 150, slots: 4 };
    Instance {
        slot_minutes: 30,
        blocks: (0..9).map(block).collect(),
        rooms: (0..rooms).map(room).collect(),
        sessions,
        walks: Vec::new(),
        away: Vec::new(),
        movable: BTreeMap::from([("camera".to_owned(), 4)]),
        weights: Weights::default(),
    }
}

/// The same with ten minutes between its two houses.
pub(crate) fn walked(conference: &Instance) -> Instance {
    let between = ("Annex".to_owned(), "Hall".to_owned());
    Instance { walks: vec![Walk { between, minutes: 10 }], ..conference.clone() }
}

fn room(at: usize) -> Room {
    Room {
        id: format!("room-{at:02}"),
        capacity: if at == 0 { 1_000 } else { 40 * (1 + u32::try_from(at % 5).unwrap_or(0)) },
        venue: if at.is_multiple_of(2) { "Hall" } else { "Annex" }.to_owned(),
        equipment: some(at.is_multiple_of(3), "stage").collect(),
        closed: Vec::new(),
    }
}

fn session(at: usize, random: &mut ChaCha8Rng) -> Session {
    let plenary = at < 3;
    Session {
        id: format!("session-{at:03}"),
        slots: if random.random_bool(0.3) { 2 } else { 1 },
        audience: if plenary { 900 } else { random.random_range(15..160) },
        people: BTreeSet::from([format!("speaker-{}", random.random_range(0..180))]),
        needs: some(random.random_bool(0.1), "stage").collect(),
        movable: some(random.random_bool(0.1), "camera").map(|thing| (thing, 1)).collect(),
        track: Some(format!("track-{}", at % 12)),
        plenary,
        ..Session::default()
    }
}

fn some(is_there: bool, thing: &str) -> impl Iterator<Item = String> {
    is_there.then(|| thing.to_owned()).into_iter()
}
