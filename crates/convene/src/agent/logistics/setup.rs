//! Setting up: each room, then its sound, by the hands that there are, ready before the doors open.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    agent::programme::{ARRIVAL, Hall},
    math::level::{self, Levelled},
};

/// Minutes to arrange a room, and more for each hundred seats.
const ROOM_MINUTES: i64 = 20;
const ROOM_MINUTES_PER_100: i64 = 20;
/// The longest that one room takes: beyond it more hands come.
const ROOM_MINUTES_MAX: i64 = 120;
/// Seats that a pair of hands arranges in that time.
const SEATS_A_HAND: u32 = 150;
/// Minutes to try sound and picture in a room.
const SOUND_MINUTES: i64 = 15;
/// Minutes to put up the desk of the registration.
const DESK_MINUTES: i64 = 20;
/// Setting up for longer than this is done the evening before, from five o'clock on.
const SAME_DAY_MAX: i64 = 150;
const EVENING_BEFORE: i64 = -7 * 60;
/// Times are multiples of this.
const STEP: i64 = 5;

const HANDS: &str = "hands";
const TECHNICIANS: &str = "technicians";

/// Something that is put up, with its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Job {
    pub(super) title: String,
    pub(super) hall: Hall,
    /// Minutes from midnight before the event, half open.
    pub(super) from: i64,
    pub(super) to: i64,
    /// Hosts that do it.
    pub(super) hands: u32,
    /// Technicians that do it.
    pub(super) technicians: u32,
    /// Minutes that it waits for somebody to be free.
    pub(super) waits: i64,
}

/// The work of one place before it has a time.
#[derive(Debug)]
struct Work<'a> {
    hall: &'a Hall,
    job: level::Job,
}

/// All jobs, levelled over the hands and technicians, so that they are done when the desk opens.
pub(super) fn setup(halls: &[Hall], doors: i64, hands: u32, technicians: u32) -> Vec<Job> {
    let crew: BTreeMap<String, u32> =
        [(HANDS.to_owned(), hands.max(1)), (TECHNICIANS.to_owned(), technicians)].into();
    let work: Vec<Work<'_>> =
        halls.iter().enumerate().flat_map(|(at, hall)| of_hall(at, hall, &crew)).collect();
    let jobs: Vec<level::Job> = work.iter().map(|work| work.job.clone()).collect();
    let plan = level::level(&jobs, &crew).expect("each job needs no more hands than there are");
    let ready = doors - ARRIVAL;
    let start = if plan.finish <= SAME_DAY_MAX {
        (ready - plan.finish).div_euclid(STEP) * STEP
    } else {
        EVENING_BEFORE
    };
    let timed = |work: Work<'_>| {
        let times = plan.jobs.iter().find(|times| times.id == work.job.id)?;
        Some(job(&work, times, start))
    };
    let mut timed: Vec<Job> = work.into_iter().filter_map(timed).collect();
    timed.sort_by(|a, b| (a.from, &a.title).cmp(&(b.from, &b.title)));
    timed
}

/// Furniture and sound of a room; the desk stands in the first one's foyer.
fn of_hall<'a>(at: usize, hall: &'a Hall, crew: &BTreeMap<String, u32>) -> Vec<Work<'a>> {
    let hands = crew.get(HANDS).copied().unwrap_or(1);
    let minutes =
        ROOM_MINUTES + ROOM_MINUTES_PER_100 * i64::from(hall.capacity) / 100 / STEP * STEP;
    let wanted = 1 + hall.capacity / SEATS_A_HAND;
    let who =
        if crew.get(TECHNICIANS).is_some_and(|there| *there > 0) { TECHNICIANS } else { HANDS };
    let work = |title: String, duration, (who, count): (&str, u32), after: Option<String>| Work {
        hall,
        job: level::Job {
            id: title,
            duration,
            after: after.into_iter().collect(),
            needs: [(who.to_owned(), count)].into(),
            not_before: 0,
        },
    };
    let chairs = format!("Arrange {}", hall.name);
    let sound = format!("Sound and picture in {}", hall.name);
    let mut all = vec![
        work(chairs.clone(), minutes.min(ROOM_MINUTES_MAX), (HANDS, wanted.min(hands)), None),
        work(sound, SOUND_MINUTES, (who, 1), Some(chairs)),
    ];
    if at == 0 {
        all.push(work("Put up the registration desk".to_owned(), DESK_MINUTES, (HANDS, 1), None));
    }
    all
}

fn job(work: &Work<'_>, times: &Levelled, start: i64) -> Job {
    let count = |who: &str| work.job.needs.get(who).copied().unwrap_or(0);
    Job {
        hands: count(HANDS),
        technicians: count(TECHNICIANS),
        title: work.job.id.clone(),
        hall: work.hall.clone(),
        from: start + times.start,
        to: start + times.finish,
        waits: times.delay,
    }
}

/// The rooms that are used, each once, the largest first.
pub(super) fn used<'a>(halls: impl Iterator<Item = &'a Hall>) -> Vec<Hall> {
    let mut seen = BTreeSet::new();
    let mut used: Vec<Hall> =
        halls.filter(|hall| seen.insert(hall.name.as_str())).cloned().collect();
    used.sort_by(|a, b| b.capacity.cmp(&a.capacity).then_with(|| a.name.cmp(&b.name)));
    used
}
