//! Why there cannot be a timetable, told by counting what is needed and what is there.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::Instance;
use super::space::{Space, meet};
use crate::math::cpm::{self, Anchor, Link, Network, Task};

/// What is short, and by how much.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Shortage {
    /// No room is large enough among those that have what the session needs.
    #[error("session {session} needs {needed} seats, the largest suitable room has {largest}: short by {}", needed - largest)]
    Seats {
        /// The session.
        session: String,
        /// Seats that it needs.
        needed: u32,
        /// Seats of the largest room that has its equipment.
        largest: u32,
    },
    /// No room has what the session needs.
    #[error("session {session} needs a room with {}, and none has that", needs.join(", "))]
    Equipment {
        /// The session.
        session: String,
        /// What it needs.
        needs: Vec<String>,
    },
    /// The session's rooms are closed, its people away, or no block is long enough, at every time.
    #[error(
        "session {session} ({slots} slots) finds no time at which a room is open and its people are there"
    )]
    Time {
        /// The session.
        session: String,
        /// Its length.
        slots: u32,
    },
    /// Sessions that only fit some rooms need more slots than those have.
    #[error("{sessions} sessions need {needed} slots in {}, which have {there}: short by {}", rooms.join(", "), needed - there)]
    RoomSlots {
        /// How many sessions fit no other rooms.
        sessions: usize,
        /// Slots that they need.
        needed: u64,
        /// Slots that those rooms have, without plenaries.
        there: u64,
        /// The rooms.
        rooms: Vec<String>,
    },
    /// Long sessions: blocks hold fewer of them than there are.
    #[error("{sessions} sessions of {slots} slots or more, but the blocks of all rooms hold {there}: short by {}", sessions - there)]
    LongSessions {
        /// How many there are.
        sessions: usize,
        /// Their least length.
        slots: u32,
        /// How many of that length fit.
        there: usize,
    },
    /// Somebody is in more sessions than there is time.
    #[error("{person} is in sessions of {needed} slots and is there for {there}: short by {}", needed - there)]
    Person {
        /// Who.
        person: String,
        /// Slots of their sessions.
        needed: u64,
        /// Slots in which they are there.
        there: u64,
    },
    /// A movable thing is used more than there is of it.
    #[error("{thing} is needed for {needed} slots, and there is enough for {there}: short by {}", needed - there)]
    Thing {
        /// The thing.
        thing: String,
        /// Units times slots that are needed.
        needed: u64,
        /// Units times slots that are there.
        there: u64,
    },
    /// Sessions that follow each other are longer than the event.
    #[error("the sessions {} follow each other for {needed} slots, and there are {there}: short by {}", chain.join(" → "), needed - there)]
    Chain {
        /// The sessions, first to last.
        chain: Vec<String>,
        /// Slots that they need.
        needed: u64,
        /// Slots that there are.
        there: u64,
    },
}

/// All shortages that counting finds. None does not mean that there is a timetable.
pub(super) fn all(instance: &Instance, space: &Space<'_>) -> Vec<Shortage> {
    let mut found: Vec<Shortage> = homeless(instance, space);
    if found.is_empty() {
        found.extend(room_slots(instance, space));
        found.extend(long_sessions(instance));
        found.extend(people(instance, space));
        found.extend(things(instance, space));
        found.extend(chain(instance, space));
    }
    found
}

/// Sessions that have no place even when alone.
fn homeless(instance: &Instance, space: &Space<'_>) -> Vec<Shortage> {
    let sessions = instance.sessions.iter().zip(&space.sessions);
    let without = sessions.filter(|(_, numbered)| numbered.places.is_empty());
    let why = |session: &super::Session| {
        let id = session.id.clone();
        let equipped =
            instance.rooms.iter().filter(|room| session.needs.is_subset(&room.equipment));
        match equipped.map(|room| room.capacity).max() {
            None => {
                Shortage::Equipment { session: id, needs: session.needs.iter().cloned().collect() }
            }
            Some(largest) if largest < session.audience => {
                Shortage::Seats { session: id, needed: session.audience, largest }
            }
            Some(_) => Shortage::Time { session: id, slots: session.slots },
        }
    };
    without.map(|(session, _)| why(session)).collect()
}

/// Hall's condition for each set of rooms that some session is bound to, and for all rooms.
fn room_slots(instance: &Instance, space: &Space<'_>) -> Option<Shortage> {
    let rooms_of = |it: &super::space::Numbered| -> BTreeSet<usize> {
        it.places.iter().map(|place| place.room).collect()
    };
    let sessions: Vec<(BTreeSet<usize>, u64)> = space
        .sessions
        .iter()
        .filter(|it| !it.plenary)
        .map(|it| (rooms_of(it), it.slots as u64))
        .collect();
    let mut bound: BTreeSet<BTreeSet<usize>> =
        sessions.iter().map(|(rooms, _)| rooms.clone()).collect();
    bound.insert((0..instance.rooms.len()).collect());
    let short = |rooms: &BTreeSet<usize>| {
        let within: Vec<u64> = sessions
            .iter()
            .filter(|(of, _)| of.is_subset(rooms))
            .map(|(_, slots)| *slots)
            .collect();
        let (needed, there) = (within.iter().sum(), slots_there(instance, space, rooms));
        (needed > there).then(|| Shortage::RoomSlots {
            sessions: within.len(),
            needed,
            there,
            rooms: rooms
                .iter()
                .filter_map(|at| Some(instance.rooms.get(*at)?.id.clone()))
                .collect(),
        })
    };
    bound.iter().find_map(short)
}

/// Open slots of some rooms. A plenary costs each room that is always open its slots.
fn slots_there(instance: &Instance, space: &Space<'_>, rooms: &BTreeSet<usize>) -> u64 {
    let plenary: usize = space.sessions.iter().filter(|it| it.plenary).map(|it| it.slots).sum();
    let slot = i64::from(instance.slot_minutes);
    let of = |room: &super::Room| {
        let shut = |at: i64| room.closed.iter().any(|closed| meet(*closed, (at, at + slot)));
        let open = space.minutes.iter().filter(|at| !shut(**at)).count();
        if room.closed.is_empty() { open.saturating_sub(plenary) } else { open }
    };
    rooms.iter().filter_map(|at| instance.rooms.get(*at)).map(|room| of(room) as u64).sum()
}

/// A block of 5 holds one session of 3, whatever else it holds.
fn long_sessions(instance: &Instance) -> Option<Shortage> {
    let lengths: BTreeSet<u32> = instance.sessions.iter().map(|session| session.slots).collect();
    lengths.into_iter().rev().find_map(|slots| {
        let sessions = instance.sessions.iter().filter(|it| it.slots >= slots).count();
        let blocks: usize = instance.blocks.iter().map(|it| (it.slots / slots) as usize).sum();
        let there = blocks * instance.rooms.len();
        (sessions > there).then_some(Shortage::LongSessions { sessions, slots, there })
    })
}

fn people(instance: &Instance, space: &Space<'_>) -> Vec<Shortage> {
    let mut needed: BTreeMap<&String, u64> = BTreeMap::new();
    for session in &instance.sessions {
        for person in &session.people {
            *needed.entry(person).or_default() += u64::from(session.slots);
        }
    }
    let slot = i64::from(instance.slot_minutes);
    let there = |person: &String| {
        let gone: Vec<(i64, i64)> = instance
            .away
            .iter()
            .filter(|away| away.person == *person)
            .map(|away| (away.from, away.to))
            .collect();
        let free = |at: &&i64| !gone.iter().any(|gone| meet(*gone, (**at, **at + slot)));
        space.minutes.iter().filter(free).count() as u64
    };
    let all = needed.into_iter().map(|(person, needed)| (person, needed, there(person)));
    all.filter(|(_, needed, there)| needed > there)
        .map(|(person, needed, there)| Shortage::Person { person: person.clone(), needed, there })
        .collect()
}

fn things(instance: &Instance, space: &Space<'_>) -> Vec<Shortage> {
    let short = |(thing, stock): (&String, &u32)| {
        let uses: Vec<(u64, u64)> = instance
            .sessions
            .iter()
            .filter_map(|it| Some((u64::from(*it.movable.get(thing)?), u64::from(it.slots))))
            .collect();
        let slots = space.minutes.len() as u64;
        let most = uses.iter().find(|(units, _)| *units > u64::from(*stock));
        let (needed, there) = match most {
            Some((units, slots)) => (units * slots, u64::from(*stock) * slots),
            None => (uses.iter().map(|(units, it)| units * it).sum(), u64::from(*stock) * slots),
        };
        (needed > there).then(|| Shortage::Thing { thing: thing.clone(), needed, there })
    };
    instance.movable.iter().filter_map(short).collect()
}

/// The longest sequence of sessions that must follow each other is a critical path.
fn chain(instance: &Instance, space: &Space<'_>) -> Option<Shortage> {
    let task = |session: &super::Session| Task {
        id: session.id.clone(),
        duration: i64::from(session.slots),
        calendar: 0,
        not_before: None,
        due: None,
    };
    let links = |session: &super::Session| {
        session.after.iter().map(|before| Link::after(before, &session.id)).collect::<Vec<_>>()
    };
    let tasks = instance.sessions.iter().map(task).collect();
    let links: Vec<Link> = instance.sessions.iter().flat_map(links).collect();
    let network = Network::new(tasks, &links, Vec::new()).ok()?;
    let plan = cpm::schedule(&network, Anchor::Start(0)).ok()?;
    let (needed, there) = (u64::try_from(plan.finish).ok()?, space.minutes.len() as u64);
    (needed > there).then_some(Shortage::Chain { chain: plan.critical_path, needed, there })
}
