//! Every session in a room at a time, how far that is from the best, or what is short and what would help.

use std::collections::BTreeMap;

use super::{ME, crew::Crew};
use crate::{
    agent::{
        Desk, Reasons,
        programme::{
            self, Hall, Halls, Item, Part, Programme, at_two_hours_later, halls_of, moment, shares,
        },
        rounded, seed_for,
    },
    artifact::{Alternative, Kind, Schedule, Session, VenueScorecard, VenueShortlist},
    brief::{Fault, Scope},
    library::counted,
    math::timetable::{
        self as solver, Block, Effort, Error, Instance, Placed, Room, Walk, Weights,
    },
};

/// Steps of the solver for each second that the instructions allow: what two slow cores do in that time. Steps and not
/// seconds, so that every machine finds the same plan.
const EJECTIONS: u32 = 4_000;
const RUINS: u32 = 800;
const NODES: u32 = 80;
/// How much is tried to see whether something would help: enough to find a plan, not a good one.
const GLANCE: Effort = Effort { ejections: 5_000, rounds: 0, ruins: 0, nodes: 0, places: 0 };

/// A session with its room and time.
#[derive(Debug, Clone)]
pub(super) struct Seated {
    pub(super) item: Item,
    /// Its first minute, from midnight before the event.
    pub(super) start: i64,
    pub(super) hall: Hall,
}

impl Seated {
    pub(super) fn end(&self) -> i64 {
        self.start + i64::from(self.item.minutes)
    }
}

/// The timetable.
#[derive(Debug)]
pub(super) struct Table {
    /// By start, then room.
    pub(super) seated: Vec<Seated>,
    /// How far it may be from the best; none when nothing is proven.
    pub(super) gap: Option<f64>,
}

/// # Errors
/// What is short, with options that were tried.
pub(super) fn timetable(
    desk: &Desk<'_>,
    programme: &Programme,
    halls: &Halls,
) -> Result<Table, Vec<Fault>> {
    let (mut seated, gap) = if programme.is_assumed {
        usual(desk, programme, halls)?
    } else {
        given(desk, programme, halls)?
    };
    seated.sort_by(|a, b| (a.start, &a.hall.name).cmp(&(b.start, &b.hall.name)));
    Ok(Table { seated, gap })
}

/// The usual sessions have their times, and each slot has the same tracks: one slot is solved, and stands for all.
fn usual(
    desk: &Desk<'_>,
    programme: &Programme,
    halls: &Halls,
) -> Result<(Vec<Seated>, Option<f64>), Vec<Fault>> {
    let shares = shares(desk.scope().audience, programme.tracks);
    let sessions = shares.iter().enumerate().map(|(at, audience)| solver::Session {
        id: format!("{at:03}"),
        slots: 1,
        audience: *audience,
        ..solver::Session::default()
    });
    let blocks = vec![Block { start: 0, slots: 1 }];
    let instance = instance(sessions.collect(), (blocks, 1), &halls.programme, halls);
    let found = solver::solve(&instance, effort(desk), seed(desk))
        .map_err(|e| vec![Fault::new("/tracks", e.to_string())])?;
    let room_of: Vec<Hall> =
        found.placed.iter().filter_map(|placed| hall(&halls.programme, &placed.room)).collect();
    let mut beside: BTreeMap<i64, usize> = BTreeMap::new();
    let seat = |item: &Item| {
        let start = item.start.unwrap_or_default();
        let hall = match item.part {
            Part::Exhibition => halls.expo.clone().unwrap_or_else(|| halls.main.clone()),
            Part::Arrival | Part::Talk | Part::Meal | Part::Social if item.is_plenary => {
                halls.main.clone()
            }
            Part::Arrival | Part::Talk | Part::Meal | Part::Social => {
                let place = beside.entry(start).or_default();
                *place += 1;
                room_of.get(*place - 1).unwrap_or(&halls.main).clone()
            }
        };
        Seated { item: item.clone(), start, hall }
    };
    // Sessions of one slot are in the order of their tracks, as the shares are.
    Ok((programme.items.iter().map(seat).collect(), gap(&found)))
}

fn given(
    desk: &Desk<'_>,
    programme: &Programme,
    halls: &Halls,
) -> Result<(Vec<Seated>, Option<f64>), Vec<Fault>> {
    let first = of_programme(programme, &halls.programme, halls);
    let answer = solver::solve(&first, effort(desk), seed(desk)).or_else(|error| {
        if halls.beside.is_empty() {
            return Err(error);
        }
        let all = [halls.programme.as_slice(), halls.beside.as_slice()].concat();
        solver::solve(&of_programme(programme, &all, halls), effort(desk), seed(desk))
    });
    let found = answer.map_err(|error| vec![fault(desk, programme, &error)])?;
    let all: Vec<Hall> = halls.programme.iter().chain(&halls.beside).cloned().collect();
    let seat = |placed: &Placed| {
        let item = programme.items.iter().find(|item| item.id == placed.session)?;
        Some(Seated { item: item.clone(), start: placed.start, hall: hall(&all, &placed.room)? })
    };
    Ok((found.placed.iter().filter_map(seat).collect(), gap(&found)))
}

fn hall(halls: &[Hall], name: &str) -> Option<Hall> {
    halls.iter().find(|hall| hall.name == name).cloned()
}

/// Nothing is proven when the bound says nothing.
fn gap(found: &solver::Timetable) -> Option<f64> {
    (found.cost == 0 || found.lower_bound > 0).then(|| rounded(found.gap))
}

fn effort(desk: &Desk<'_>) -> Effort {
    let seconds = desk.number(ME, "solver_seconds");
    Effort {
        ejections: EJECTIONS * seconds,
        ruins: RUINS * seconds,
        nodes: NODES * seconds,
        ..Effort::default()
    }
}

fn seed(desk: &Desk<'_>) -> u64 {
    seed_for(desk.world.seed, &desk.scope().event_id, "timetable")
}

fn of_programme(programme: &Programme, rooms: &[Hall], halls: &Halls) -> Instance {
    let session = |item: &Item| solver::Session {
        id: item.id.clone(),
        slots: programme.slots.of(item.minutes),
        audience: item.audience,
        people: item.speakers.iter().cloned().collect(),
        track: Some(item.track.clone()).filter(|_| !item.is_plenary),
        plenary: item.is_plenary,
        ..solver::Session::default()
    };
    let blocks = programme.days.iter().flat_map(|day| day.blocks.clone()).collect();
    let sessions = programme.items.iter().map(session).collect();
    instance(sessions, (blocks, programme.slots.minutes), rooms, halls)
}

fn instance(
    sessions: Vec<solver::Session>,
    (blocks, slot_minutes): (Vec<Block>, u32),
    rooms: &[Hall],
    halls: &Halls,
) -> Instance {
    let room = |hall: &Hall| Room {
        id: hall.name.clone(),
        capacity: hall.capacity,
        venue: hall.venue.clone(),
        equipment: std::collections::BTreeSet::new(),
        closed: Vec::new(),
    };
    let walk = halls.expo.as_ref().map(|expo| Walk {
        between: (halls.main.venue.clone(), expo.venue.clone()),
        minutes: halls.walk,
    });
    Instance {
        slot_minutes,
        blocks,
        rooms: rooms.iter().map(room).collect(),
        sessions,
        walks: walk.into_iter().collect(),
        away: Vec::new(),
        movable: BTreeMap::new(),
        weights: Weights::default(),
    }
}

/// What is short in words, with the ways out that were tried and found to work, the cheapest first.
fn fault(desk: &Desk<'_>, programme: &Programme, error: &Error) -> Fault {
    let named = |id: &str| {
        let item = programme.items.iter().find(|item| item.id == id);
        item.map_or_else(|| id.to_owned(), |item| format!("\"{}\"", item.title))
    };
    let mut text = error.to_string();
    for item in programme.items.iter().rev() {
        text = text.replace(&item.id, &named(&item.id));
    }
    let options = options(desk, error, &named);
    Fault::new("/sessions", format!("{text}. What would help: {}", options.join("; ")))
}

fn options(desk: &Desk<'_>, error: &Error, named: &dyn Fn(&str) -> String) -> Vec<String> {
    let fits = |programme: &Programme, halls: &Halls| {
        let instance = of_programme(programme, &halls.programme, halls);
        solver::solve(&instance, GLANCE, seed(desk)).is_ok()
    };
    let mut options = Vec::new();
    let shortlist = &desk.read::<VenueShortlist>().candidates;
    let others = shortlist.iter().filter_map(|candidate| {
        let halls = halls_of(desk, &candidate.venue_id)?;
        fits(&programme::programme(desk), &halls)
            .then(|| format!("the rooms of {} hold them all", candidate.venue_name))
    });
    options.extend(others.take(1));
    let here = programme::halls(desk);
    if at_two_hours_later(desk).is_some_and(|longer| fits(&longer, &here)) {
        options.push("each day two hours longer holds them all".to_owned());
    }
    match error {
        Error::Impossible { without, .. } | Error::NotFound { without, .. } => {
            let names: Vec<String> = without.iter().map(|id| named(id)).collect();
            options.push(format!("without {} the rest fit", names.join(", ")));
        }
        Error::Short(_) | Error::BadInput(_) => {
            options.push("fewer or shorter sessions, or more rooms".to_owned());
        }
    }
    options
}

/// The timetable as an artifact.
pub(super) fn schedule(scope: &Scope, table: &Table, crew: &Crew) -> Schedule {
    let session = |seated: &Seated| Session {
        id: seated.item.id.clone(),
        title: seated.item.title.clone(),
        track: seated.item.track.clone(),
        start: moment(scope, seated.start),
        end: moment(scope, seated.end()),
        location: seated.hall.name.clone(),
        audience: seated.item.audience,
        speakers: seated.item.speakers.clone(),
        resources: crew.used_by(&seated.item.id),
    };
    Schedule { sessions: table.seated.iter().map(session).collect(), optimality_gap: table.gap }
}

pub(super) fn explain(desk: &mut Desk<'_>, programme: &Programme, halls: &Halls, table: &Table) {
    let scope = desk.scope();
    let rooms: std::collections::BTreeSet<&str> =
        table.seated.iter().map(|seated| seated.hall.name.as_str()).collect();
    let parallel = programme.tracks;
    let count = |number: usize, noun| counted(i64::try_from(number).unwrap_or(i64::MAX), noun);
    let gap = match table.gap {
        None => "how far it is from the best is not known".to_owned(),
        Some(0.0) => "no better one exists under these rules".to_owned(),
        Some(gap) => format!("it is within {:.1} % of the best", gap * 100.0),
    };
    let whence = if programme.is_assumed {
        format!(
            "The brief names no sessions: the usual programme of a {} for {} people has {}",
            scope.event_type,
            scope.audience,
            counted(i64::from(parallel), "track")
        )
    } else {
        format!("The {} of the brief", count(programme.items.len(), "session"))
    };
    let reasons = Reasons {
        kind: "timetable",
        description: format!(
            "{} in {} over {}",
            count(table.seated.len(), "session"),
            count(rooms.len(), "room"),
            counted(i64::from(scope.day_count()), "day")
        ),
        rationale: format!(
            "{whence}; no room, speaker or track is used twice at once; the largest room holds {}; {gap}",
            halls.main.capacity
        ),
        alternatives: Vec::new(),
        touches: vec![Kind::Schedule],
    };
    desk.decide(ME, reasons);
    if programme.tracks < programme.tracks_wanted {
        let reasons = too_few_rooms(desk, programme, halls);
        desk.decide(crate::instruction::Agent::EventPlanner, reasons);
    }
}

/// Audience against rooms: the Event Planner breaks the tie, and the programme has fewer tracks.
fn too_few_rooms(desk: &Desk<'_>, programme: &Programme, halls: &Halls) -> Reasons {
    let scope = desk.scope();
    let (wanted, tracks) = (programme.tracks_wanted, programme.tracks);
    let spent = crate::agent::researcher::total_cost(&desk.read::<VenueScorecard>().selection);
    let shortlist = &desk.read::<VenueShortlist>().candidates;
    let larger = shortlist.iter().filter_map(|candidate| {
        let rooms = halls_of(desk, &candidate.venue_id)?.programme;
        let fits = programme::tracks_that_fit(&rooms, scope.audience, wanted) == wanted;
        fits.then(|| Alternative {
            option: format!("hold it at {}", candidate.venue_name),
            score: None,
            pros: vec![format!("{} rooms for {wanted} tracks", rooms.len())],
            cons: vec![format!(
                "{} instead of {}",
                candidate.cost_estimate.shown(scope.currency),
                spent.shown(scope.currency)
            )],
        })
    });
    let mut alternatives: Vec<Alternative> = larger.collect();
    alternatives.push(Alternative {
        option: format!("keep {wanted} tracks with smaller sessions"),
        score: None,
        pros: vec!["the venue stays".to_owned()],
        cons: vec!["people are turned away at the doors".to_owned()],
    });
    Reasons {
        kind: "session_conflict",
        description: format!("{} instead of {wanted}", counted(i64::from(tracks), "track")),
        rationale: format!(
            "{wanted} parallel sessions for {} people need {} rooms of {} and more seats; there are {} rooms with {}",
            scope.audience,
            wanted,
            shares(scope.audience, wanted).last().copied().unwrap_or_default(),
            halls.programme.len(),
            halls
                .programme
                .iter()
                .map(|hall| hall.capacity.to_string())
                .collect::<Vec<_>>()
                .join(", ")
        ),
        alternatives,
        touches: vec![Kind::Schedule, Kind::VenueScorecard],
    }
}
