//! How much of everything there is to pay for.

use crate::{
    agent::Desk,
    artifact::Basis,
    brief::{EventType, Scope},
    instruction::Agent,
};

/// A day longer than this has a lunch and two breaks.
const SHORT_DAY_MINUTES: u32 = 240;
/// Minutes of lunch and breaks in a longer day.
const PAUSES_MINUTES: u32 = 120;
/// One track more for so many guests, where an event has tracks.
const GUESTS_A_TRACK: u32 = 200;
/// Of so many slots of a day with tracks, one runs in parallel: mornings belong to everybody, afternoons to the tracks.
const SLOTS_A_PARALLEL: u32 = 2;

/// What quantities are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Quantities {
    sessions: u32,
    hosts: u32,
}

impl Quantities {
    pub(super) fn of(desk: &Desk<'_>) -> Self {
        Self { sessions: sessions(desk), hosts: hosts(desk) }
    }

    /// How many of something are bought; at least one.
    pub(super) fn count(self, scope: &Scope, basis: Basis) -> u32 {
        let days = scope.day_count();
        let count = match basis {
            Basis::Fixed | Basis::Percentage | Basis::Reserve => 1,
            Basis::PerHead => scope.audience,
            Basis::PerHeadDay => scope.audience.saturating_mul(days),
            Basis::PerDay => days,
            Basis::PerSession => self.sessions,
            Basis::PerStaffDay => self.hosts.saturating_mul(days),
        };
        count.max(1)
    }
}

/// The brief's sessions, or as many as its days and tracks hold.
fn sessions(desk: &Desk<'_>) -> u32 {
    let scope = desk.scope();
    if !scope.sessions.is_empty() {
        return u32::try_from(scope.sessions.len()).unwrap_or(u32::MAX);
    }
    let number = |name: &str| desk.number(Agent::LogisticsCoordinator, name);
    let most = number("tracks_maximum");
    let tracks = scope.tracks.unwrap_or_else(|| usual_tracks(scope)).clamp(1, most.max(1));
    let minutes = scope.minutes_a_day();
    let pauses = if minutes > SHORT_DAY_MINUTES { PAUSES_MINUTES } else { 0 };
    let slot = (number("session_minutes") + number("buffer_minutes")).max(1);
    let slots = (minutes.saturating_sub(pauses) / slot).max(1);
    let parallel = slots / SLOTS_A_PARALLEL;
    ((slots - parallel) + parallel * tracks).saturating_mul(scope.day_count())
}

fn usual_tracks(scope: &Scope) -> u32 {
    match scope.event_type {
        EventType::Meetup | EventType::Gala => 1,
        EventType::Conference | EventType::Workshop | EventType::Festival => {
            1 + scope.audience / GUESTS_A_TRACK
        }
    }
}

/// Hosts of a day: one for so many guests as the Logistics Coordinator's instructions say.
fn hosts(desk: &Desk<'_>) -> u32 {
    let guests = desk.number(Agent::LogisticsCoordinator, "guests_per_host").max(1);
    desk.scope().audience.div_ceil(guests)
}
