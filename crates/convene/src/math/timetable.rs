//! Sessions into rooms and slots: no room, person or thing twice, seats for everybody, time to walk.
//!
//! Sources: the time-indexed model of university timetabling (M. W. Carter and G. Laporte, 1998) solved by branch and
//! bound (microlp) when it is small; before that, and instead when it is large, guided ejection (Y. Nagata and O.
//! Bräysy, 2009) with descent over moves and swaps. Shortages are told by counting (Hall's theorem, the pigeonhole).
//! Limits are counts of steps and nodes, never the time on a clock, so that a seed gives one plan on every machine.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

mod bound;
mod climb;
mod exact;
mod input;
mod search;
mod shortage;
mod space;
mod state;

pub use shortage::Shortage;

/// Sessions of one timetable.
pub const SESSIONS_MAX: usize = 2_000;
/// Rooms of one timetable.
pub const ROOMS_MAX: usize = 200;
/// Slots of one timetable: ten days of quarters of an hour, day and night.
pub const SLOTS_MAX: usize = 1_000;
/// Places (session, start, room) that are looked at: what fits in 200 MB.
pub const PLACES_MAX: usize = 4_000_000;

/// Slots without a break between them. A session lies within one block.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Block {
    /// Its beginning in minutes from an instant of the caller's choice.
    pub start: i64,
    /// How many slots follow each other.
    pub slots: u32,
}

/// Where sessions take place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Room {
    /// Names it; unique.
    pub id: String,
    /// Seats.
    pub capacity: u32,
    /// The venue that it is in; walking matters between venues.
    #[serde(default)]
    pub venue: String,
    /// What it has: `projector`, `stage`.
    #[serde(default)]
    pub equipment: BTreeSet<String>,
    /// When it cannot be used, in minutes, half open.
    #[serde(default)]
    pub closed: Vec<(i64, i64)>,
}

/// What has to take place.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Names it; unique.
    pub id: String,
    /// Its length in slots, at least one.
    pub slots: u32,
    /// Seats that it needs.
    pub audience: u32,
    /// Who must be there: speakers, hosts.
    #[serde(default)]
    pub people: BTreeSet<String>,
    /// What its room must have.
    #[serde(default)]
    pub needs: BTreeSet<String>,
    /// How many of each movable thing it uses.
    #[serde(default)]
    pub movable: BTreeMap<String, u32>,
    /// Sessions of one track are better not parallel.
    #[serde(default)]
    pub track: Option<String>,
    /// Nothing takes place beside it.
    #[serde(default)]
    pub plenary: bool,
    /// Sessions that must have ended before it begins.
    #[serde(default)]
    pub after: BTreeSet<String>,
    /// The room that is decided already.
    #[serde(default)]
    pub room: Option<String>,
    /// The minute of its beginning that is decided already.
    #[serde(default)]
    pub start: Option<i64>,
}

/// Somebody is not there, in minutes, half open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Away {
    /// Who.
    pub person: String,
    /// From this minute.
    pub from: i64,
    /// To this minute, exclusive.
    pub to: i64,
}

/// How long the way between two venues takes, both ways.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Walk {
    /// The two venues.
    pub between: (String, String),
    /// Minutes.
    pub minutes: u32,
}

/// What a flaw of the plan costs. The plan of the least sum is looked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weights {
    /// Each percent of a room's seats that a session leaves empty.
    pub empty_percent: u32,
    /// Each slot and further session for which a track is parallel to itself.
    pub parallel: u32,
    /// Each slot by which a session begins after the first slot of its block's day part.
    pub late: u32,
}

impl Default for Weights {
    /// Two sessions of a track at once are as bad as an otherwise well filled room that is empty by half.
    fn default() -> Self {
        Self { empty_percent: 1, parallel: 50, late: 0 }
    }
}

/// The question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    /// The length of a slot in minutes.
    pub slot_minutes: u32,
    /// The time there is; breaks and nights are between blocks.
    pub blocks: Vec<Block>,
    /// The rooms.
    pub rooms: Vec<Room>,
    /// The sessions.
    pub sessions: Vec<Session>,
    /// The ways between venues; what is not listed takes no time.
    #[serde(default)]
    pub walks: Vec<Walk>,
    /// When people are not there.
    #[serde(default)]
    pub away: Vec<Away>,
    /// How many of each movable thing there are.
    #[serde(default)]
    pub movable: BTreeMap<String, u32>,
    /// What is looked for.
    #[serde(default)]
    pub weights: Weights,
}

/// How much may be tried, in steps that take the same everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effort {
    /// Ejections before the search gives up.
    pub ejections: u32,
    /// Rounds over all sessions that look for a better place.
    pub rounds: u32,
    /// How often a few sessions leave and come back where that costs less.
    pub ruins: u32,
    /// Nodes of branch and bound; zero leaves it out.
    pub nodes: u32,
    /// Places (session, start, room) up to which branch and bound is tried: its cost grows faster than they do.
    pub places: u32,
}

impl Default for Effort {
    fn default() -> Self {
        Self { ejections: 20_000, rounds: 30, ruins: 4_000, nodes: 400, places: 4_000 }
    }
}

/// A session's room and time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Placed {
    /// The session.
    pub session: String,
    /// The room.
    pub room: String,
    /// Its first minute.
    pub start: i64,
    /// Its last minute, exclusive.
    pub end: i64,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Timetable {
    /// Every session, in order of their ids.
    pub placed: Vec<Placed>,
    /// The sum of its flaws.
    pub cost: u64,
    /// No timetable costs less than this; proven.
    pub lower_bound: u64,
    /// How far the cost may be from the best, as a share of the cost; zero is proven to be the best.
    pub gap: f64,
}

/// Why there is no timetable.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// The question itself is wrong.
    #[error("{0}")]
    BadInput(String),
    /// There cannot be one: something is short.
    #[error("there is no such timetable: {}", texts(.0))]
    Short(Vec<Shortage>),
    /// There cannot be one, as was proven by trying: at least so many sessions find no place.
    #[error(
        "there is no such timetable: at least {least} of the sessions find no place; it works without {}: \
         add rooms, time or free hours of their people",
        without.join(", ")
    )]
    Impossible {
        /// The least number of sessions that are too many.
        least: usize,
        /// Sessions without which there is one.
        without: Vec<String>,
    },
    /// None was found; whether there is one is not known.
    #[error(
        "no timetable was found with {ejections} ejections, though none was proven impossible; without {} it works: \
         add rooms or time, or allow more effort",
        without.join(", ")
    )]
    NotFound {
        /// Sessions without which one was found.
        without: Vec<String>,
        /// What was tried.
        ejections: u32,
    },
}

fn texts(shortages: &[Shortage]) -> String {
    shortages.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// Finds a timetable, and how far it may be from the best.
///
/// The same instance (in whatever order its lists are), effort and seed give the same timetable.
pub fn solve(instance: &Instance, effort: Effort, seed: u64) -> Result<Timetable, Error> {
    let instance = input::checked(instance)?;
    let space = space::Space::new(&instance)?;
    let shortages = shortage::all(&instance, &space);
    if !shortages.is_empty() {
        return Err(Error::Short(shortages));
    }
    let found = search::place(&space, effort, seed);
    let complete = found.unplaced().is_empty();
    let state = if complete { climb::descend(found, effort, seed) } else { found };
    let (state, bound) = match exact::solve(&space, &state, effort) {
        exact::Answer::Best(best) => return Ok(timetable(&space, &best, best.cost())),
        exact::Answer::Bounded(better, bound) => (better, bound),
        exact::Answer::Impossible(without) => {
            return Err(Error::Impossible { least: without.len(), without });
        }
        exact::Answer::Unknown => (state, 0),
    };
    if !state.unplaced().is_empty() {
        let without = state.unplaced().into_iter().map(|it| space.id(it).to_owned()).collect();
        return Err(Error::NotFound { without, ejections: effort.ejections });
    }
    let bound = bound.max(bound::lower(&space));
    let state = climb::ruin(state, bound, effort, seed);
    Ok(timetable(&space, &state, bound.min(state.cost())))
}

/// What breaks a rule in a timetable, in words; nothing when it is sound. It shares no code with the search.
pub fn check(instance: &Instance, placed: &[Placed]) -> Vec<String> {
    input::violations(instance, placed)
}

fn timetable(space: &space::Space<'_>, state: &state::State<'_>, lower_bound: u64) -> Timetable {
    let cost = state.cost();
    let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let gap = if cost == lower_bound {
        0.0
    } else {
        super::ratio(count(cost - lower_bound), count(cost))
    };
    Timetable { placed: space.placed(state), cost, lower_bound, gap }
}
