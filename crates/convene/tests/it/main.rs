//! What the planner promises, on values small enough to check by hand and on random ones.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop there"
)]

mod agents;
mod analyst;
mod artifacts;
mod briefs;
mod budgets;
mod chances;
mod changes;
mod damage;
mod desk;
mod events;
mod examples;
mod folders;
mod gates;
mod levels;
mod library;
mod logistics;
mod money;
mod oracle;
mod prose;
mod renderings;
mod times;
mod timetables;
mod venues;
