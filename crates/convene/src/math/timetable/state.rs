//! A partial timetable: who is where, what stands in whose way, and what a place costs beside the others.
#![expect(clippy::indexing_slicing, reason = "sessions, slots and rooms are numbers of one space")]

use super::space::{Place, Space};

/// No session.
const FREE: usize = usize::MAX;

/// A timetable on its way.
#[derive(Debug, Clone)]
pub(super) struct State<'a> {
    pub(super) space: &'a Space<'a>,
    at: Vec<Option<Place>>,
    /// The session in each room and slot: room after room.
    rooms: Vec<usize>,
    /// Plenaries of each slot.
    plenaries: Vec<u32>,
    /// Uses of each thing by slot.
    things: Vec<Vec<u32>>,
    /// Sessions of each track by slot.
    tracks: Vec<Vec<u64>>,
}

impl<'a> State<'a> {
    pub(super) fn new(space: &'a Space<'a>) -> Self {
        let slots = space.minutes.len();
        Self {
            space,
            at: vec![None; space.sessions.len()],
            rooms: vec![FREE; space.instance.rooms.len() * slots],
            plenaries: vec![0; slots],
            things: vec![vec![0; slots]; space.stock.len()],
            tracks: vec![vec![0; slots]; space.tracks],
        }
    }

    pub(super) fn place_of(&self, session: usize) -> Option<Place> {
        self.at[session]
    }

    /// The sessions that have a place, in order.
    pub(super) fn places(&self) -> impl Iterator<Item = (usize, Place)> {
        self.at.iter().enumerate().filter_map(|(session, place)| Some((session, (*place)?)))
    }

    pub(super) fn unplaced(&self) -> Vec<usize> {
        (0..self.at.len()).filter(|session| self.at[*session].is_none()).collect()
    }

    pub(super) fn in_track(&self, track: usize, slot: usize) -> u64 {
        self.tracks[track][slot]
    }

    /// The sum of all flaws.
    pub(super) fn cost(&self) -> u64 {
        let own: u64 = self.places().map(|(_, place)| place.cost).sum();
        let parallel: u64 =
            self.tracks.iter().flatten().map(|sessions| sessions.saturating_sub(1)).sum();
        own + parallel * u64::from(self.space.instance.weights.parallel)
    }

    /// What the place costs more beside the sessions that have one. The session itself has none.
    pub(super) fn price(&self, session: usize, place: Place) -> u64 {
        let it = &self.space.sessions[session];
        let slots = place.start..place.start + it.slots;
        let beside =
            |track: usize| self.tracks[track][slots].iter().filter(|one| **one > 0).count();
        place.cost
            + it.track.map_or(0, beside) as u64 * u64::from(self.space.instance.weights.parallel)
    }

    pub(super) fn put(&mut self, session: usize, place: Place) {
        self.at[session] = Some(place);
        self.book(session, place, session);
    }

    pub(super) fn take(&mut self, session: usize) -> Option<Place> {
        let place = self.at[session].take()?;
        self.book(session, place, FREE);
        Some(place)
    }

    fn book(&mut self, session: usize, place: Place, occupant: usize) {
        let it = &self.space.sessions[session];
        let slots = self.space.minutes.len();
        let comes = occupant != FREE;
        for slot in place.start..place.start + it.slots {
            self.rooms[place.room * slots + slot] = occupant;
            change(&mut self.plenaries[slot], u32::from(it.plenary), comes);
            for (thing, units) in &it.movable {
                change(&mut self.things[*thing][slot], *units, comes);
            }
            if let Some(track) = it.track {
                let sessions = &mut self.tracks[track][slot];
                *sessions = if comes { *sessions + 1 } else { *sessions - 1 };
            }
        }
    }

    /// The sessions that would have to leave for this one to take the place; ordered, none twice.
    pub(super) fn blockers(&self, session: usize, place: Place) -> Vec<usize> {
        let it = &self.space.sessions[session];
        let mut found = Vec::new();
        for slot in place.start..place.start + it.slots {
            self.in_the_slot(session, slot, place.room, &mut found);
        }
        let other = |other: &usize| *other != session && self.at[*other].is_some();
        let near = |other: usize| {
            self.at[other].is_some_and(|at| self.space.too_close((session, place), (other, at)))
        };
        for person in &it.people {
            let sessions = self.space.of_person[*person].iter().copied().filter(other);
            found.extend(sessions.filter(|other| near(*other)));
        }
        let late = |other: usize| {
            self.at[other].is_some_and(|at| !self.space.in_order((other, at), (session, place)))
        };
        let early = |other: usize| {
            self.at[other].is_some_and(|at| !self.space.in_order((session, place), (other, at)))
        };
        found.extend(it.before.iter().copied().filter(|other| late(*other)));
        found.extend(it.behind.iter().copied().filter(|other| early(*other)));
        found.sort_unstable();
        found.dedup();
        found
    }

    fn in_the_slot(&self, session: usize, slot: usize, room: usize, found: &mut Vec<usize>) {
        let it = &self.space.sessions[session];
        let slots = self.space.minutes.len();
        let occupant = self.rooms[room * slots + slot];
        if occupant != FREE {
            found.push(occupant);
        }
        if it.plenary || self.plenaries[slot] > 0 {
            let beside = self.beside(slot);
            found.extend(beside.filter(|other| it.plenary || self.space.sessions[*other].plenary));
        }
        for (thing, units) in &it.movable {
            if self.things[*thing][slot] + units > self.space.stock[*thing] {
                let uses = |other: &usize| {
                    self.space.sessions[*other].movable.iter().any(|(used, _)| used == thing)
                };
                found.extend(self.beside(slot).filter(uses));
            }
        }
    }

    /// The sessions of a slot, in whatever room.
    fn beside(&self, slot: usize) -> impl Iterator<Item = usize> {
        let slots = self.space.minutes.len();
        let rooms = 0..self.space.instance.rooms.len();
        rooms.map(move |room| self.rooms[room * slots + slot]).filter(|session| *session != FREE)
    }
}

fn change(count: &mut u32, by: u32, comes: bool) {
    *count = if comes { *count + by } else { *count - by };
}
