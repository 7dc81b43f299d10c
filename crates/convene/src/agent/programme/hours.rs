//! The hours of a day: when sessions may be, and the breaks between.

use jiff::{
    ToSpan,
    civil::{Date, DateTime},
};

use crate::{
    brief::{EventType, Scope},
    math::timetable::{Block, SLOTS_MAX},
};

/// Minutes of a day.
const DAY: i64 = 24 * 60;
/// Minutes for guests to arrive, where a day is long enough for it.
pub(crate) const ARRIVAL: i64 = 30;
/// A day of so many minutes begins with an arrival.
const ARRIVAL_FROM: i64 = 240;
/// A day of so many minutes has a meal and two short breaks, one of so many has a short break.
const MEAL_FROM: i64 = 360;
const COFFEE_FROM: i64 = 150;
/// Minutes of the breaks.
const MEAL: i64 = 60;
const COFFEE: i64 = 30;
/// Minutes by which a meal is longer at most when the slots leave time over.
const STRETCH: i64 = 30;
/// Times are multiples of this.
const STEP: i64 = 5;
/// A meal that begins before this minute of the day is lunch; later it is dinner.
const LUNCH_UNTIL: i64 = 15 * 60;
/// Slots that sessions of different lengths are cut into, the longest that fits is taken.
const UNITS: [u32; 6] = [60, 30, 20, 15, 10, 5];

/// How hours are cut into slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slots {
    /// Minutes of a slot.
    pub(crate) minutes: u32,
    /// Minutes after each session in which people change rooms: part of its slots.
    pub(crate) buffer: u32,
}

impl Slots {
    /// Slots for sessions of these minutes, as long as they can be without wasting time.
    pub(super) fn for_sessions(
        lengths: impl Iterator<Item = u32>,
        buffer: u32,
        scope: &Scope,
    ) -> Self {
        let lengths: Vec<u32> = lengths.map(|minutes| minutes + buffer).collect();
        let fits = |unit: &u32| lengths.iter().all(|length| length % unit == 0);
        let exact = UNITS.into_iter().find(fits).unwrap_or(5);
        let of_all_days = scope.minutes_a_day() * scope.day_count();
        let least = of_all_days / u32::try_from(SLOTS_MAX).unwrap_or(u32::MAX) + 1;
        let coarse = UNITS.into_iter().rev().find(|unit| *unit >= least).unwrap_or(60);
        Self { minutes: exact.max(coarse), buffer }
    }

    /// Slots that a session takes, with the change after it.
    pub(crate) fn of(self, minutes: u32) -> u32 {
        (minutes + self.buffer).div_ceil(self.minutes.max(1)).max(1)
    }
}

/// A pause in which everybody eats or drinks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Break {
    pub(crate) title: &'static str,
    /// Its first minute, from midnight before the event.
    pub(crate) from: i64,
    pub(crate) to: i64,
}

/// A day of the event. Minutes count from midnight before its first day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Day {
    pub(crate) date: Date,
    /// Doors.
    pub(crate) from: i64,
    /// The end of the last session.
    pub(crate) to: i64,
    /// When sessions may be.
    pub(crate) blocks: Vec<Block>,
    pub(crate) breaks: Vec<Break>,
}

/// The moment of a minute of the event.
pub(crate) fn moment(scope: &Scope, minute: i64) -> DateTime {
    scope
        .dates
        .start
        .date()
        .to_datetime(jiff::civil::Time::midnight())
        .saturating_add(minute.minutes())
}

/// Days that are cut into slots, with an arrival and breaks; `early` minutes of the first day are kept for its evening.
pub(super) fn days(scope: &Scope, slots: Slots, early: i64) -> Vec<Day> {
    bare(scope)
        .into_iter()
        .enumerate()
        .map(|(at, mut day)| {
            let arrival = if day.to - day.from >= ARRIVAL_FROM { ARRIVAL } else { 0 };
            let end = if at == 0 { day.to - early } else { day.to };
            let (span, breaks) = ((day.from + arrival, end), usual(scope, end - day.from));
            cut(&mut day, span, slots, breaks);
            day
        })
        .collect()
}

/// Days for the sessions of the brief: breaks only where the longest of them still finds room.
pub(super) fn given_days(scope: &Scope, slots: Slots, longest: u32) -> Vec<Day> {
    let needed = slots.of(longest);
    let mut days = bare(scope);
    for day in &mut days {
        let span = (day.from, day.to);
        for breaks in [usual(scope, day.to - day.from), &[MEAL][..], &[][..]] {
            cut(day, span, slots, breaks);
            if day.blocks.iter().any(|block| block.slots >= needed) {
                break;
            }
        }
    }
    days
}

/// Days with nothing in them.
pub(super) fn bare(scope: &Scope) -> Vec<Day> {
    let minute = |time: jiff::civil::Time| i64::from(time.hour()) * 60 + i64::from(time.minute());
    let day = |(at, date): (i64, Date)| Day {
        date,
        from: at * DAY + minute(scope.daily.start),
        to: at * DAY + minute(scope.daily.end),
        blocks: Vec::new(),
        breaks: Vec::new(),
    };
    (0..).zip(scope.days()).map(day).collect()
}

/// The breaks of a day of so many minutes.
fn usual(scope: &Scope, minutes: i64) -> &'static [i64] {
    match scope.event_type {
        EventType::Conference | EventType::Workshop if minutes >= MEAL_FROM => {
            &[COFFEE, MEAL, COFFEE]
        }
        EventType::Conference | EventType::Workshop if minutes >= COFFEE_FROM => &[COFFEE],
        EventType::Conference
        | EventType::Workshop
        | EventType::Meetup
        | EventType::Gala
        | EventType::Festival => &[],
    }
}

/// Cuts a span into blocks with these breaks between them; with fewer breaks when there are not slots enough.
fn cut(day: &mut Day, (from, to): (i64, i64), slots: Slots, breaks: &[i64]) {
    let (unit, buffer) = (i64::from(slots.minutes), i64::from(slots.buffer));
    // The change after the last session of a block is part of the break.
    let gaps: Vec<i64> = breaks.iter().map(|minutes| (minutes - buffer).max(0)).collect();
    let room = to - from + buffer - gaps.iter().sum::<i64>();
    let count = (room / unit).max(0);
    let parts = parts(count, breaks.len());
    if !breaks.is_empty() && parts.contains(&0) {
        return cut(day, (from, to), slots, breaks.get(..breaks.len() / 2).unwrap_or_default());
    }
    let spare = (room - count * unit).min(STRETCH) / STEP * STEP;
    let longest = breaks.iter().copied().max().unwrap_or_default();
    day.blocks.clear();
    day.breaks.clear();
    let mut at = from;
    for (place, slots) in parts.into_iter().enumerate() {
        let size = u32::try_from(slots).unwrap_or(0);
        day.blocks.extend((size > 0).then_some(Block { start: at, slots: size }));
        at += slots * unit;
        let (Some(minutes), Some(gap)) = (breaks.get(place), gaps.get(place)) else { break };
        let stretch = if *minutes == longest { spare } else { 0 };
        let from = at - buffer;
        at += gap + stretch;
        day.breaks.push(Break { title: title(*minutes, from), from, to: at });
    }
}

/// So many slots in blocks as even as can be, one more than there are breaks.
fn parts(count: i64, breaks: usize) -> Vec<i64> {
    // Where they are not even, the afternoon is longer: nobody likes a late lunch.
    let half = count / 2;
    match breaks {
        0 => vec![count],
        1 | 2 => vec![half, count - half],
        _ => [parts(half, 1), parts(count - half, 1)].concat(),
    }
}

fn title(minutes: i64, from: i64) -> &'static str {
    match (minutes >= MEAL, from % DAY < LUNCH_UNTIL) {
        (false, _) => "Coffee break",
        (true, true) => "Lunch",
        (true, false) => "Dinner",
    }
}
