//! The usual programme of each kind of event.

use super::{
    Day, Halls, Item, ONLY_TRACK, PLENARY, Part, Programme, Slots, hours, id, rooms, shares,
    tracks_wanted,
};
use crate::{
    agent::Desk,
    brief::{EventType, Level, Scope},
    instruction::Agent,
};

/// Minutes of the reception on the first evening, and from the last session to it.
const RECEPTION: i64 = 120;
const RECEPTION_GAP: i64 = 30;
/// A day of so many minutes may end earlier for a reception of its own.
const RECEPTION_FROM: i64 = 420;
/// The least that a change between two performances takes.
const STAGE_CHANGE: u32 = 15;
/// Sessions below this number need neither keynotes nor a closing.
const SLOTS_FOR_CLOSING: usize = 3;

pub(super) fn programme(desk: &Desk<'_>, halls: &Halls) -> Programme {
    let scope = desk.scope();
    let wanted = tracks_wanted(desk);
    let tracks = rooms::tracks_that_fit(&halls.programme, scope.audience, wanted);
    let slots = slots(desk);
    match scope.event_type {
        EventType::Meetup | EventType::Gala => evenings(desk, slots),
        EventType::Conference | EventType::Workshop | EventType::Festival => {
            let has_reception = has_reception(scope);
            let early =
                if has_reception && scope.day_count() == 1 { RECEPTION + RECEPTION_GAP } else { 0 };
            let days = hours::days(scope, slots, early);
            let mut items = in_slots(scope, &days, slots, tracks);
            items.extend(has_reception.then(|| reception(scope, &days)).flatten());
            items
                .extend(halls.expo.iter().flat_map(|hall| exhibition(scope, &days, hall.capacity)));
            let items = numbered(items);
            Programme { items, days, slots, tracks, tracks_wanted: wanted, is_assumed: true }
        }
    }
}

/// The slots of the usual session; a day that is shorter is one slot.
fn slots(desk: &Desk<'_>) -> Slots {
    let number = |name| desk.number(Agent::LogisticsCoordinator, name);
    let scope = desk.scope();
    let (session, buffer) = match scope.event_type {
        EventType::Workshop => (2 * number("session_minutes"), number("buffer_minutes")),
        EventType::Festival => {
            (number("session_minutes"), number("buffer_minutes").max(STAGE_CHANGE))
        }
        EventType::Conference | EventType::Meetup | EventType::Gala => {
            (number("session_minutes"), number("buffer_minutes"))
        }
    };
    let whole = scope.minutes_a_day();
    if whole < session + buffer {
        return Slots { minutes: whole.max(1), buffer: 0 };
    }
    Slots { minutes: session + buffer, buffer }
}

fn numbered(mut items: Vec<Item>) -> Vec<Item> {
    items.sort_by(|a, b| (a.start, &a.track, &a.title).cmp(&(b.start, &b.track, &b.title)));
    for (at, item) in items.iter_mut().enumerate() {
        item.id = id(at);
    }
    items
}

fn plenary(scope: &Scope, part: Part, title: String, (start, minutes): (i64, i64)) -> Item {
    Item {
        id: String::new(),
        title,
        track: PLENARY.to_owned(),
        part,
        minutes: u32::try_from(minutes).unwrap_or(1),
        audience: scope.audience,
        speakers: Vec::new(),
        is_plenary: true,
        start: Some(start),
    }
}

/// Plenaries where they belong, and in each other slot a session of each track.
fn in_slots(scope: &Scope, days: &[Day], slots: Slots, tracks: u32) -> Vec<Item> {
    let unit = i64::from(slots.minutes);
    let minutes = i64::from(slots.minutes - slots.buffer);
    let starts = |day: &Day| -> Vec<i64> {
        let of = day.blocks.iter().flat_map(|block| {
            (0..i64::from(block.slots)).map(move |slot| block.start + slot * unit)
        });
        of.collect()
    };
    let starts: Vec<Vec<i64>> = days.iter().map(starts).collect();
    let count: usize = starts.iter().map(Vec::len).sum();
    let last = starts.iter().flatten().max().copied();
    let mut items = Vec::new();
    let mut free = 0;
    for (day, starts) in starts.iter().enumerate() {
        for (slot, start) in starts.iter().enumerate() {
            let is_last = count >= SLOTS_FOR_CLOSING && Some(*start) == last;
            if let Some(title) = plenary_title(scope, (day, slot), is_last, count) {
                items.push(plenary(scope, Part::Talk, title, (*start, minutes)));
            } else {
                free += 1;
                items.extend(parallel(scope, tracks, free, (*start, minutes)));
            }
        }
    }
    items
}

/// What everybody goes to in this slot, when they do.
fn plenary_title(
    scope: &Scope,
    (day, slot): (usize, usize),
    is_last: bool,
    count: usize,
) -> Option<String> {
    let is_first = day == 0 && slot == 0 && count >= SLOTS_FOR_CLOSING;
    let keynotes = scope.event_type == EventType::Conference && scope.level >= Level::Intermediate;
    let title = match scope.event_type {
        EventType::Conference if is_first => "Opening and keynote",
        EventType::Workshop if is_first => "Welcome and aims",
        EventType::Workshop if is_last => "Results and next steps",
        EventType::Festival if is_first => "Opening",
        EventType::Festival if is_last => "Closing act",
        EventType::Conference if is_last => "Closing",
        EventType::Conference
        | EventType::Workshop
        | EventType::Festival
        | EventType::Meetup
        | EventType::Gala => {
            let is_keynote = keynotes && slot == 0 && count >= SLOTS_FOR_CLOSING;
            return is_keynote.then(|| format!("Keynote of day {}", day + 1));
        }
    };
    Some(title.to_owned())
}

/// One session of each track; `number` counts them within the track.
fn parallel(scope: &Scope, tracks: u32, number: u32, (start, minutes): (i64, i64)) -> Vec<Item> {
    let (noun, group) = match scope.event_type {
        EventType::Workshop => ("Module", "Group"),
        EventType::Festival => ("Act", "Stage"),
        EventType::Conference | EventType::Meetup | EventType::Gala => ("Talk", "Track"),
    };
    let item = |(at, audience): (u32, u32)| {
        let track =
            if tracks == 1 { ONLY_TRACK.to_owned() } else { format!("{group} {}", letter(at)) };
        let title = if tracks == 1 {
            format!("{noun} {number}")
        } else {
            format!("{track}, {} {number}", noun.to_lowercase())
        };
        Item {
            track,
            audience,
            is_plenary: false,
            ..plenary(scope, Part::Talk, title, (start, minutes))
        }
    };
    (0..).zip(shares(scope.audience, tracks)).map(item).collect()
}

/// A, B, … Z, AA: the name of a track by its number from 0.
fn letter(at: u32) -> String {
    let last = char::from_u32(u32::from('A') + at % 26).unwrap_or('A');
    if at < 26 { last.to_string() } else { format!("{}{last}", letter(at / 26 - 1)) }
}

/// Whether the cost catalogue plans a reception for this event.
fn has_reception(scope: &Scope) -> bool {
    let long_enough = scope.day_count() > 1 || i64::from(scope.minutes_a_day()) >= RECEPTION_FROM;
    scope.level == Level::Advanced && scope.event_type == EventType::Conference && long_enough
}

/// On the first evening: after the sessions, or at the end of the only day.
fn reception(scope: &Scope, days: &[Day]) -> Option<Item> {
    let first = days.first()?;
    let start = if days.len() == 1 { first.to - RECEPTION } else { first.to + RECEPTION_GAP };
    Some(plenary(scope, Part::Social, "Evening reception".to_owned(), (start, RECEPTION)))
}

/// Beside everything else, from the first session of each day to its last.
fn exhibition(scope: &Scope, days: &[Day], visitors: u32) -> Vec<Item> {
    let of = |day: &Day| {
        let first = day.blocks.first()?.start;
        let title = "Exhibition".to_owned();
        Some(Item {
            track: "Exhibition".to_owned(),
            audience: visitors,
            is_plenary: false,
            ..plenary(scope, Part::Exhibition, title, (first, day.to - first))
        })
    };
    days.iter().filter_map(of).collect()
}

/// An evening's parts, one after the other in the main room, and how they share its minutes.
fn evenings(desk: &Desk<'_>, slots: Slots) -> Programme {
    let scope = desk.scope();
    let talk = i64::from(slots.minutes - slots.buffer);
    let days = hours::bare(scope);
    let mut items = Vec::new();
    for day in &days {
        let minutes = day.to - day.from;
        let parts = match scope.event_type {
            EventType::Gala => gala(minutes),
            EventType::Meetup
            | EventType::Conference
            | EventType::Workshop
            | EventType::Festival => meetup(minutes, talk, i64::from(slots.buffer)),
        };
        let mut at = day.from;
        for (title, part, minutes, pause) in parts {
            items.push(plenary(scope, part, title, (at, minutes)));
            at += minutes + pause;
        }
    }
    let wanted = 1;
    Programme {
        items: numbered(items),
        days,
        slots,
        tracks: 1,
        tracks_wanted: wanted,
        is_assumed: true,
    }
}

/// Title, part, minutes, and minutes until the next.
type Piece = (String, Part, i64, i64);

/// Arrival, as many talks as leave time to meet, and that.
fn meetup(minutes: i64, talk: i64, pause: i64) -> Vec<Piece> {
    let (arrival, meet_least) = (hours::ARRIVAL, 45);
    if minutes < arrival + talk + pause + meet_least {
        return squeezed(
            minutes,
            &[
                ("Arrival", Part::Arrival, 1),
                ("Talk", Part::Talk, 4),
                ("Networking", Part::Social, 2),
            ],
        );
    }
    let talks = (minutes - arrival - meet_least) / (talk + pause);
    let mut pieces = vec![("Arrival and registration".to_owned(), Part::Arrival, arrival, 0)];
    for number in 1..=talks {
        let title = if talks == 1 { "Talk".to_owned() } else { format!("Talk {number}") };
        pieces.push((title, Part::Talk, talk, pause));
    }
    let rest = minutes - arrival - talks * (talk + pause);
    pieces.push(("Networking".to_owned(), Part::Social, rest, 0));
    pieces
}

/// Reception, welcome, dinner, programme, music: a fifth, a twentieth, two fifths, a fifth, the rest.
fn gala(minutes: i64) -> Vec<Piece> {
    squeezed(
        minutes,
        &[
            ("Arrival and reception", Part::Arrival, 4),
            ("Welcome", Part::Talk, 1),
            ("Dinner", Part::Meal, 8),
            ("Speeches and awards", Part::Talk, 4),
            ("Music and dancing", Part::Social, 3),
        ],
    )
}

/// Parts in these proportions, on multiples of five minutes; one part alone when there is no time for all.
fn squeezed(minutes: i64, parts: &[(&str, Part, i64)]) -> Vec<Piece> {
    let whole: i64 = parts.iter().map(|(.., share)| share).sum();
    let mut pieces: Vec<Piece> = parts
        .iter()
        .map(|(title, part, share)| {
            ((*title).to_owned(), *part, minutes * share / whole / 5 * 5, 0)
        })
        .collect();
    if pieces.iter().any(|(_, _, minutes, _)| *minutes == 0) {
        return vec![("Programme".to_owned(), Part::Talk, minutes, 0)];
    }
    let rest = minutes - pieces.iter().map(|(_, _, minutes, _)| minutes).sum::<i64>();
    if let Some((_, _, last, _)) = pieces.last_mut() {
        *last += rest;
    }
    pieces
}
