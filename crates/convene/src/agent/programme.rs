//! The programme before anybody has a room: which sessions there are, the hours that they may take, the breaks between.
//!
//! The brief's sessions when it names some, else what is usual for this kind of event, size and level. Everything else
//! that depends on the programme (cost, rooms, people) asks here, so that all count the same sessions.

mod assumed;
mod hours;
mod rooms;

use crate::{
    agent::Desk,
    brief::{BriefSession, Scope},
    instruction::Agent,
};

pub(crate) use hours::{ARRIVAL, Day, Slots, moment};
pub(crate) use rooms::{Hall, Halls, halls, halls_of, tracks_that_fit};

/// What a session is, as far as its needs differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    /// People come in and register.
    Arrival,
    /// Somebody speaks, teaches or performs.
    Talk,
    /// People eat at tables.
    Meal,
    /// People meet.
    Social,
    /// People look at what is shown.
    Exhibition,
}

/// A session before it has a room, and perhaps before it has a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) track: String,
    pub(crate) part: Part,
    pub(crate) minutes: u32,
    pub(crate) audience: u32,
    pub(crate) speakers: Vec<String>,
    /// Nothing takes place beside it.
    pub(crate) is_plenary: bool,
    /// Its first minute, from midnight before the event; none where it is free.
    pub(crate) start: Option<i64>,
}

/// The whole programme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Programme {
    /// By id.
    pub(crate) items: Vec<Item>,
    /// The event's days with their hours.
    pub(crate) days: Vec<Day>,
    /// How the hours are cut.
    pub(crate) slots: Slots,
    /// Sessions at the same time.
    pub(crate) tracks: u32,
    /// What the brief or the size of the audience asks for; more than [`Self::tracks`] when the venue lacks rooms.
    pub(crate) tracks_wanted: u32,
    /// Whether the sessions are the usual ones and not the brief's.
    pub(crate) is_assumed: bool,
}

impl Programme {
    /// Sessions that somebody gives.
    pub(crate) fn talks(&self) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(|item| item.part == Part::Talk)
    }
}

/// Guests of a track when the brief does not say how many there are: tracks are the square root of the audience by this.
const GUESTS_OF_A_TRACK: u32 = 25;
/// What the track of plenaries is called.
const PLENARY: &str = "Plenary";
/// What a programme of one track calls it.
const ONLY_TRACK: &str = "Main";

/// The programme of this event in the venues proposed.
pub(crate) fn programme(desk: &Desk<'_>) -> Programme {
    let scope = desk.scope();
    if scope.sessions.is_empty() {
        return assumed::programme(desk, &halls(desk));
    }
    given(desk, scope)
}

/// The sessions of the brief when each day ends two hours later; none when that is past midnight.
pub(crate) fn at_two_hours_later(desk: &Desk<'_>) -> Option<Programme> {
    let mut scope = desk.scope().clone();
    scope.daily.end = scope.daily.end.checked_add(jiff::ToSpan::hours(2)).ok()?;
    Some(given(desk, &scope))
}

/// Sessions that somebody gives: what speakers and room equipment are paid for.
pub(crate) fn session_count(desk: &Desk<'_>) -> u32 {
    u32::try_from(programme(desk).talks().count()).unwrap_or(u32::MAX)
}

/// Sessions at the same time: as the brief says, else by the size of the audience.
pub(crate) fn tracks_wanted(desk: &Desk<'_>) -> u32 {
    let scope = desk.scope();
    let most = desk.number(Agent::LogisticsCoordinator, "tracks_maximum");
    let usual = root(scope.audience / GUESTS_OF_A_TRACK).clamp(1, most.max(1));
    scope.tracks.unwrap_or(usual)
}

/// The nearest whole square root.
fn root(number: u32) -> u32 {
    let down = number.isqrt();
    if number - down * down > down { down + 1 } else { down }
}

/// Guests of each of so many parallel sessions, the largest first: the first track draws most, the rest share alike.
pub(crate) fn shares(audience: u32, tracks: u32) -> Vec<u32> {
    let first = match tracks {
        0 | 1 => return vec![audience],
        2 => (audience * 6).div_ceil(10),
        _ => (audience * 4).div_ceil(10),
    };
    let each = (audience - first.min(audience)).div_ceil(tracks - 1).max(1);
    let mut shares = vec![first];
    shares.resize(tracks as usize, each.min(first));
    shares
}

/// The sessions of the brief, in an order of their own, so that the order in which they are written means nothing.
fn given(desk: &Desk<'_>, scope: &Scope) -> Programme {
    let mut sessions: Vec<&BriefSession> = scope.sessions.iter().collect();
    sessions.sort_by_key(|it| {
        (&it.title, &it.track, it.minutes, &it.speakers, it.audience, it.is_plenary)
    });
    let tracks = tracks_of(desk, &sessions);
    let items: Vec<Item> =
        sessions.iter().enumerate().map(|(at, session)| item(scope, at, session, tracks)).collect();
    let buffer = desk.number(Agent::LogisticsCoordinator, "buffer_minutes");
    let longest = items.iter().map(|item| item.minutes).max().unwrap_or(1);
    let slots = Slots::for_sessions(items.iter().map(|item| item.minutes), buffer, scope);
    let days = hours::given_days(scope, slots, longest);
    Programme { items, days, slots, tracks, tracks_wanted: tracks, is_assumed: false }
}

fn tracks_of(desk: &Desk<'_>, sessions: &[&BriefSession]) -> u32 {
    let named: std::collections::BTreeSet<&str> =
        sessions.iter().filter_map(|session| session.track.as_deref()).collect();
    match desk.scope().tracks {
        Some(tracks) => tracks,
        None if named.is_empty() => tracks_wanted(desk),
        None => u32::try_from(named.len()).unwrap_or(1),
    }
}

fn item(scope: &Scope, at: usize, session: &BriefSession, tracks: u32) -> Item {
    let share =
        if session.is_plenary { scope.audience } else { scope.audience.div_ceil(tracks.max(1)) };
    let track = if session.is_plenary { PLENARY } else { ONLY_TRACK };
    Item {
        id: id(at),
        title: session.title.clone(),
        track: session.track.clone().unwrap_or_else(|| track.to_owned()),
        part: Part::Talk,
        minutes: session.minutes,
        audience: session.audience.unwrap_or(share),
        speakers: session.speakers.clone(),
        is_plenary: session.is_plenary,
        start: None,
    }
}

/// The id of a session by its place in the list, from 0.
fn id(at: usize) -> String {
    format!("s-{:03}", at + 1)
}

#[cfg(test)]
mod tests {
    use super::{root, shares};

    #[test]
    fn tracks_grow_with_the_root_of_the_audience() {
        let tracks: Vec<u32> = [20, 50, 200, 800, 5_000].map(|audience| root(audience / 25)).into();
        assert_eq!(tracks, [0, 1, 3, 6, 14]);
    }

    #[test]
    fn parallel_sessions_hold_everybody() {
        for tracks in 1..10 {
            for audience in [1, 7, 20, 199, 800] {
                let shares = shares(audience, tracks);
                assert!(
                    shares.iter().sum::<u32>() >= audience && shares.is_sorted_by(|a, b| a >= b)
                );
            }
        }
    }
}
