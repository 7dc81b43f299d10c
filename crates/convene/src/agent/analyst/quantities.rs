//! How much of everything there is to pay for.

use crate::{
    agent::{Desk, programme::session_count},
    artifact::Basis,
    brief::Scope,
    instruction::Agent,
};

/// What quantities are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Quantities {
    sessions: u32,
    hosts: u32,
}

impl Quantities {
    pub(super) fn of(desk: &Desk<'_>) -> Self {
        Self { sessions: session_count(desk), hosts: hosts(desk) }
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

/// Hosts of a day: one for so many guests as the Logistics Coordinator's instructions say.
fn hosts(desk: &Desk<'_>) -> u32 {
    let guests = desk.number(Agent::LogisticsCoordinator, "guests_per_host").max(1);
    desk.scope().audience.div_ceil(guests)
}
