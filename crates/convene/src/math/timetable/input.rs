//! What an instance must be like to be planned, and an independent check of what was planned.

use std::collections::{BTreeMap, BTreeSet};

use super::space::{meet, suits};
use super::{Error, Instance, Placed, ROOMS_MAX, Room, SESSIONS_MAX, SLOTS_MAX, Session};
use crate::math::cpm::{Link, Network, Task};

/// Minutes of a day: a longer slot is no slot.
const SLOT_MINUTES_MAX: u32 = 1_440;

/// The instance in order of ids and time, or what is wrong with it.
pub(super) fn checked(instance: &Instance) -> Result<Instance, Error> {
    let mut instance = instance.clone();
    instance.blocks.sort();
    instance.rooms.sort_by(|one, other| one.id.cmp(&other.id));
    instance.sessions.sort_by(|one, other| one.id.cmp(&other.id));
    sizes(&instance)?;
    unique("room", instance.rooms.iter().map(|room| &room.id))?;
    unique("session", instance.sessions.iter().map(|session| &session.id))?;
    blocks(&instance)?;
    for session in &instance.sessions {
        names(&instance, session)?;
    }
    order(&instance)?;
    Ok(instance)
}

fn refuse<T>(text: String) -> Result<T, Error> {
    Err(Error::BadInput(text))
}

fn sizes(instance: &Instance) -> Result<(), Error> {
    let slots: u64 = instance.blocks.iter().map(|block| u64::from(block.slots)).sum();
    if !(1..=SLOT_MINUTES_MAX).contains(&instance.slot_minutes) {
        return refuse(format!(
            "a slot lasts 1 to {SLOT_MINUTES_MAX} minutes, not {}",
            instance.slot_minutes
        ));
    }
    for (what, count, most) in [
        ("sessions", instance.sessions.len(), SESSIONS_MAX),
        ("rooms", instance.rooms.len(), ROOMS_MAX),
        ("slots", usize::try_from(slots).unwrap_or(usize::MAX), SLOTS_MAX),
    ] {
        if count > most {
            return refuse(format!(
                "{count} {what}: at most {most} are planned together, split them"
            ));
        }
    }
    Ok(())
}

fn unique<'i>(what: &str, ids: impl Iterator<Item = &'i String>) -> Result<(), Error> {
    let mut seen = BTreeSet::new();
    for id in ids {
        if !seen.insert(id) {
            return refuse(format!("two {what}s have the id {id}: ids are unique"));
        }
    }
    Ok(())
}

fn blocks(instance: &Instance) -> Result<(), Error> {
    for (block, next) in instance.blocks.iter().zip(instance.blocks.iter().skip(1)) {
        let end = block.start + i64::from(block.slots) * i64::from(instance.slot_minutes);
        if end > next.start {
            let (one, other) = (block.start, next.start);
            return refuse(format!(
                "the block at minute {one} ends after the next begins, at {other}"
            ));
        }
    }
    Ok(())
}

fn names(instance: &Instance, session: &Session) -> Result<(), Error> {
    let id = &session.id;
    if session.slots == 0 {
        return refuse(format!("session {id} has no length: give it at least one slot"));
    }
    if let Some(room) = &session.room
        && !instance.rooms.iter().any(|it| it.id == *room)
    {
        return refuse(format!("session {id} is to be in room {room}, which there is not"));
    }
    for before in &session.after {
        if instance.sessions.binary_search_by(|it| it.id.cmp(before)).is_err() {
            return refuse(format!("session {id} comes after {before}, which is no session"));
        }
    }
    match session.movable.keys().find(|thing| !instance.movable.contains_key(*thing)) {
        Some(thing) => refuse(format!("session {id} uses {thing}, of which no stock is told")),
        None => Ok(()),
    }
}

/// What comes after what must have an order; the network names the cycle otherwise.
fn order(instance: &Instance) -> Result<(), Error> {
    let task = |session: &Session| Task {
        id: session.id.clone(),
        duration: i64::from(session.slots),
        calendar: 0,
        not_before: None,
        due: None,
    };
    let tasks = instance.sessions.iter().map(task).collect();
    let links = |session: &Session| {
        session.after.iter().map(|before| Link::after(before, &session.id)).collect::<Vec<_>>()
    };
    let links: Vec<Link> = instance.sessions.iter().flat_map(links).collect();
    Network::new(tasks, &links, Vec::new()).map(drop).or_else(|error| refuse(error.to_string()))
}

/// Every rule by its own words, each pair looked at: slow, and right.
pub(super) fn violations(instance: &Instance, placed: &[Placed]) -> Vec<String> {
    let rooms: BTreeMap<&str, &Room> =
        instance.rooms.iter().map(|room| (room.id.as_str(), room)).collect();
    let mut found = Vec::new();
    let mut seen: Vec<(&Session, &Room, &Placed)> = Vec::new();
    for session in &instance.sessions {
        let mut of = placed.iter().filter(|it| it.session == session.id);
        match (of.next(), of.next()) {
            (Some(it), None) => match rooms.get(it.room.as_str()) {
                Some(room) => seen.push((session, room, it)),
                None => found.push(format!("{} is in no room of the list", session.id)),
            },
            (None, _) => found.push(format!("{} is not placed", session.id)),
            (Some(_), Some(_)) => found.push(format!("{} is placed twice", session.id)),
        }
    }
    for (session, room, it) in &seen {
        found.extend(
            alone(instance, session, room, it).map(|what| format!("{}: {what}", it.session)),
        );
    }
    for (at, one) in seen.iter().enumerate() {
        for other in seen.iter().skip(at + 1) {
            let text = together(instance, one, other);
            found.extend(text.map(|what| format!("{} and {}: {what}", one.0.id, other.0.id)));
        }
    }
    found.extend(too_many_things(instance, &seen));
    found
}

fn alone(instance: &Instance, session: &Session, room: &Room, it: &Placed) -> Option<&'static str> {
    let slot = i64::from(instance.slot_minutes);
    let span = (it.start, it.end);
    let in_block = instance.blocks.iter().any(|block| {
        let end = block.start + i64::from(block.slots) * slot;
        it.start >= block.start && it.end <= end && (it.start - block.start) % slot == 0
    });
    let away = |away: &super::Away| {
        session.people.contains(&away.person) && meet((away.from, away.to), span)
    };
    [
        (it.end - it.start != i64::from(session.slots) * slot, "it has another length"),
        (!in_block, "it lies outside of the blocks"),
        (!suits(session, room), "the room does not suit"),
        (room.closed.iter().any(|closed| meet(*closed, span)), "the room is closed"),
        (instance.away.iter().any(away), "somebody is away"),
        (session.start.is_some_and(|start| start != it.start), "its beginning was decided"),
    ]
    .into_iter()
    .find_map(|(broken, what)| broken.then_some(what))
}

fn together(
    instance: &Instance,
    one: &(&Session, &Room, &Placed),
    other: &(&Session, &Room, &Placed),
) -> Option<&'static str> {
    let (first, second) = ((one.2.start, one.2.end), (other.2.start, other.2.end));
    let overlap = meet(first, second);
    let walk = instance.walks.iter().find(|walk| {
        let ways = [(&one.1.venue, &other.1.venue), (&other.1.venue, &one.1.venue)];
        ways.contains(&(&walk.between.0, &walk.between.1))
    });
    let walk = walk.map_or(0, |walk| i64::from(walk.minutes));
    let close = meet((first.0 - walk, first.1 + walk), second);
    let unordered = (other.0.after.contains(&one.0.id) && first.1 > second.0)
        || (one.0.after.contains(&other.0.id) && second.1 > first.0);
    [
        (overlap && one.1.id == other.1.id, "both in one room"),
        (overlap && (one.0.plenary || other.0.plenary), "something beside a plenary"),
        (close && !one.0.people.is_disjoint(&other.0.people), "somebody is in both"),
        (unordered, "in the wrong order"),
    ]
    .into_iter()
    .find_map(|(broken, what)| broken.then_some(what))
}

fn too_many_things(instance: &Instance, seen: &[(&Session, &Room, &Placed)]) -> Vec<String> {
    let mut found = Vec::new();
    for (thing, stock) in &instance.movable {
        for (_, _, at) in seen {
            let beside = seen.iter().filter(|(_, _, it)| it.start <= at.start && at.start < it.end);
            let used: u32 = beside.filter_map(|(session, _, _)| session.movable.get(thing)).sum();
            if used > *stock {
                found.push(format!("{used} {thing} at minute {} of {stock}", at.start));
            }
        }
    }
    found.dedup();
    found
}
