//! The instance by numbers, with the places that each session may take at all.

use std::collections::BTreeMap;

use super::{Error, Instance, PLACES_MAX, Placed, Room, Session, state::State};

/// A beginning and a room for a session, and what it costs by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// The first slot.
    pub(super) start: usize,
    pub(super) room: usize,
    pub(super) cost: u64,
}

/// What the search needs to know of a session.
#[derive(Debug, Clone)]
pub(super) struct Numbered {
    pub(super) slots: usize,
    pub(super) people: Vec<usize>,
    pub(super) movable: Vec<(usize, u32)>,
    pub(super) track: Option<usize>,
    pub(super) plenary: bool,
    /// Sessions that must have ended before it.
    pub(super) before: Vec<usize>,
    /// Sessions that must begin after it.
    pub(super) behind: Vec<usize>,
    /// By start, then room.
    pub(super) places: Vec<Place>,
}

/// Everything by number: sessions and rooms by id, slots by time.
#[derive(Debug)]
pub(super) struct Space<'a> {
    pub(super) instance: &'a Instance,
    pub(super) sessions: Vec<Numbered>,
    /// The first minute of each slot.
    pub(super) minutes: Vec<i64>,
    /// The slot behind the block of each slot.
    block_end: Vec<usize>,
    /// Minutes to walk, by two rooms.
    walks: Vec<Vec<i64>>,
    /// How many there are of each movable thing.
    pub(super) stock: Vec<u32>,
    /// Sessions of each person.
    pub(super) of_person: Vec<Vec<usize>>,
    pub(super) tracks: usize,
}

impl<'a> Space<'a> {
    pub(super) fn new(instance: &'a Instance) -> Result<Self, Error> {
        let (minutes, block_end) = slots(instance);
        let people = numbers(instance.sessions.iter().flat_map(|it| &it.people));
        let tracks = numbers(instance.sessions.iter().filter_map(|it| it.track.as_ref()));
        let things = numbers(instance.movable.keys());
        let ids = numbers(instance.sessions.iter().map(|it| &it.id));
        let mut space = Self {
            instance,
            sessions: Vec::new(),
            minutes,
            block_end,
            walks: walks(instance),
            stock: instance.movable.values().copied().collect(),
            of_person: vec![Vec::new(); people.len()],
            tracks: tracks.len(),
        };
        let mut count = 0;
        for session in &instance.sessions {
            let places = space.places(session);
            count += places.len();
            if count > PLACES_MAX {
                let text = format!(
                    "more than {PLACES_MAX} places: take longer slots or plan the days one by one"
                );
                return Err(Error::BadInput(text));
            }
            space.sessions.push(Numbered {
                slots: session.slots as usize,
                people: session.people.iter().filter_map(|it| number(&people, it)).collect(),
                movable: session
                    .movable
                    .iter()
                    .filter_map(|(thing, units)| Some((number(&things, thing)?, *units)))
                    .collect(),
                track: session.track.as_ref().and_then(|track| number(&tracks, track)),
                plenary: session.plenary,
                before: session.after.iter().filter_map(|it| number(&ids, it)).collect(),
                behind: Vec::new(),
                places,
            });
        }
        space.reverse_links();
        Ok(space)
    }

    pub(super) fn id(&self, session: usize) -> &str {
        self.instance.sessions.get(session).map_or("", |session| &session.id)
    }

    /// The first minute of a place and the minute behind it.
    #[expect(clippy::indexing_slicing, reason = "places are made here, from these slots")]
    pub(super) fn span(&self, session: usize, place: Place) -> (i64, i64) {
        let start = self.minutes[place.start];
        let slots = self.instance.sessions[session].slots;
        (start, start + i64::from(slots) * i64::from(self.instance.slot_minutes))
    }

    /// Whether nobody can be in both: they overlap, or the way between is too long.
    #[expect(clippy::indexing_slicing, reason = "places are made here, with these rooms")]
    pub(super) fn too_close(&self, one: (usize, Place), other: (usize, Place)) -> bool {
        let (first, second) = (self.span(one.0, one.1), self.span(other.0, other.1));
        let walk = self.walks[one.1.room][other.1.room];
        first.0 < second.1 + walk && second.0 < first.1 + walk
    }

    /// Whether `one` has ended when `other` begins.
    pub(super) fn in_order(&self, one: (usize, Place), other: (usize, Place)) -> bool {
        self.span(one.0, one.1).1 <= self.span(other.0, other.1).0
    }

    /// Every session with its room and time, in order of their ids.
    pub(super) fn placed(&self, state: &State<'_>) -> Vec<Placed> {
        let of = |(session, place): (usize, Place)| {
            let (start, end) = self.span(session, place);
            let room = self.instance.rooms.get(place.room)?.id.clone();
            Some(Placed { session: self.id(session).to_owned(), room, start, end })
        };
        state.places().filter_map(of).collect()
    }

    /// The places that are possible when nothing else takes place.
    fn places(&self, session: &Session) -> Vec<Place> {
        let length = session.slots as usize;
        let mut places = Vec::new();
        for (start, (&minute, &end)) in self.minutes.iter().zip(&self.block_end).enumerate() {
            let last = minute + i64::from(session.slots) * i64::from(self.instance.slot_minutes);
            let decided = session.start.is_none_or(|decided| decided == minute);
            if start + length > end || !decided || self.is_away(session, (minute, last)) {
                continue;
            }
            for (room, it) in self.instance.rooms.iter().enumerate() {
                if suits(session, it) && !it.closed.iter().any(|shut| meet(*shut, (minute, last))) {
                    places.push(Place { start, room, cost: self.cost(session, it, start) });
                }
            }
        }
        places
    }

    fn is_away(&self, session: &Session, span: (i64, i64)) -> bool {
        let mut away = self.instance.away.iter();
        away.any(|away| session.people.contains(&away.person) && meet((away.from, away.to), span))
    }

    fn cost(&self, session: &Session, room: &Room, start: usize) -> u64 {
        let weights = &self.instance.weights;
        let block_begin = self.block_end.get(..start).into_iter().flatten();
        let same_block = self.block_end.get(start);
        let into_block = block_begin.rev().take_while(|end| Some(*end) == same_block).count();
        u64::from(weights.empty_percent) * empty_percent(session, room)
            + u64::from(weights.late) * into_block as u64
    }

    fn reverse_links(&mut self) {
        let numbered = |of: fn(&Numbered) -> &Vec<usize>| {
            let all = self.sessions.iter().enumerate();
            all.flat_map(|(at, it)| of(it).iter().map(move |to| (*to, at))).collect::<Vec<_>>()
        };
        let (links, people) = (numbered(|it| &it.before), numbered(|it| &it.people));
        for (before, session) in links {
            if let Some(it) = self.sessions.get_mut(before) {
                it.behind.push(session);
            }
        }
        for (person, session) in people {
            if let Some(sessions) = self.of_person.get_mut(person) {
                sessions.push(session);
            }
        }
    }
}

/// Whether the room is large enough, has what is needed and is not decided against.
pub(super) fn suits(session: &Session, room: &Room) -> bool {
    room.capacity >= session.audience
        && session.needs.is_subset(&room.equipment)
        && session.room.as_ref().is_none_or(|decided| *decided == room.id)
}

/// Percent of the seats that stay empty, rounded down.
pub(super) fn empty_percent(session: &Session, room: &Room) -> u64 {
    let capacity = u64::from(room.capacity);
    (capacity.saturating_sub(u64::from(session.audience)) * 100).checked_div(capacity).unwrap_or(0)
}

/// Whether two half-open intervals overlap.
pub(super) fn meet(one: (i64, i64), other: (i64, i64)) -> bool {
    one.0 < other.1 && other.0 < one.1
}

fn slots(instance: &Instance) -> (Vec<i64>, Vec<usize>) {
    let (mut minutes, mut block_end) = (Vec::new(), Vec::new());
    for block in &instance.blocks {
        let end = minutes.len() + block.slots as usize;
        for slot in 0..block.slots {
            minutes.push(block.start + i64::from(slot) * i64::from(instance.slot_minutes));
            block_end.push(end);
        }
    }
    (minutes, block_end)
}

fn walks(instance: &Instance) -> Vec<Vec<i64>> {
    let minutes = |one: &Room, other: &Room| {
        let way = (&one.venue, &other.venue);
        let listed = instance.walks.iter().find(|walk| {
            let (from, to) = (&walk.between.0, &walk.between.1);
            way == (from, to) || way == (to, from)
        });
        listed.map_or(0, |walk| i64::from(walk.minutes))
    };
    let row = |one| instance.rooms.iter().map(|other| minutes(one, other)).collect();
    instance.rooms.iter().map(row).collect()
}

fn numbers<'n>(names: impl Iterator<Item = &'n String>) -> BTreeMap<&'n str, usize> {
    let mut numbers: BTreeMap<&str, usize> = names.map(|name| (name.as_str(), 0)).collect();
    for (at, number) in numbers.values_mut().enumerate() {
        *number = at;
    }
    numbers
}

fn number(numbers: &BTreeMap<&str, usize>, name: &str) -> Option<usize> {
    numbers.get(name).copied()
}
