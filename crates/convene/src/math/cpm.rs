//! The critical path method with all four links, lags, several calendars, and planning backwards from a date.
//!
//! Sources: J. E. Kelley and M. R. Walker, *Critical-Path Planning and Scheduling*, 1959; precedence diagrams after
//! J. W. Fondahl, 1961; the order of tasks after A. B. Kahn, 1962. Times are whole units on one line (days, say), half
//! open: a task of 2 that starts at 3 ends at 5. Each task works on its own [`Grid`].

use serde::{Deserialize, Serialize};

use super::grid::{Grid, Outside};

mod network;
mod passes;
mod path;

pub use network::Network;
pub use passes::schedule;

/// Tasks of one network: more is no plan of people, and memory must be bounded.
pub const TASKS_MAX: usize = 1_000_000;
/// Links of one network.
pub const LINKS_MAX: usize = 5_000_000;
/// The largest duration, lag or date, in units: sums over all tasks still fit.
pub const UNITS_MAX: i64 = 1_000_000_000;
/// A task is nearly critical when its float is within this many units, or within a twentieth of the project's length.
pub const NEAR_UNITS: i64 = 2;

/// What has to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Names it; unique in the network.
    pub id: String,
    /// Units of work on its calendar; zero is a milestone.
    pub duration: i64,
    /// Which of the network's grids it works on.
    #[serde(default)]
    pub calendar: usize,
    /// It cannot start before this unit.
    #[serde(default)]
    pub not_before: Option<i64>,
    /// It must have ended by this unit.
    #[serde(default)]
    pub due: Option<i64>,
}

/// Which end of a task waits for which end of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Kind {
    /// The successor starts after the predecessor's finish.
    FS,
    /// The successor starts after the predecessor's start.
    SS,
    /// The successor finishes after the predecessor's finish.
    FF,
    /// The successor finishes after the predecessor's start.
    SF,
}

/// How long the successor waits; negative overlaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lag {
    /// Units of work on the successor's calendar.
    Work(i64),
    /// Units that pass, worked or not: paint dries on Sundays.
    Elapsed(i64),
}

/// A task waits for another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The predecessor's id.
    pub from: String,
    /// The successor's id.
    pub to: String,
    /// Which ends it ties.
    pub kind: Kind,
    /// How long the successor waits.
    pub lag: Lag,
}

impl Link {
    /// The usual one: `to` starts when `from` has ended.
    pub fn after(from: &str, to: &str) -> Self {
        Self { from: from.to_owned(), to: to.to_owned(), kind: Kind::FS, lag: Lag::Work(0) }
    }
}

/// Where the plan is fixed to the line of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Anchor {
    /// From a first unit on; it is done when it is done.
    Start(i64),
    /// Backwards from a unit by which all must have ended: it begins as late as it can.
    Finish(i64),
    /// From a first unit on, to be done by a deadline: when that is too early, floats are negative.
    Between {
        /// The first unit.
        start: i64,
        /// The unit by which all must have ended.
        deadline: i64,
    },
}

/// When a task may be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Times {
    /// The task.
    pub id: String,
    /// ES: as early as its predecessors let it.
    pub earliest_start: i64,
    /// EF, exclusive.
    pub earliest_finish: i64,
    /// LS: later, and the finish moves.
    pub latest_start: i64,
    /// LF, exclusive.
    pub latest_finish: i64,
    /// Units of its work by which it can slip without moving the finish; negative: by which it is late already.
    pub total_float: i64,
    /// Units by which it can slip without moving any other task.
    pub free_float: i64,
    /// Whether no task has less float.
    pub critical: bool,
    /// Whether it is not critical, but little is missing.
    pub near_critical: bool,
}

/// The plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Schedule {
    /// Every task by id.
    pub tasks: Vec<Times>,
    /// The first unit of the plan.
    pub start: i64,
    /// When the last task ends at the earliest, exclusive.
    pub finish: i64,
    /// The least float of all; negative when a deadline is missed by so much.
    pub least_float: i64,
    /// Ids of the chain of critical tasks that determines the finish, from first to last.
    pub critical_path: Vec<String>,
}

impl Schedule {
    /// The times of a task.
    pub fn task(&self, id: &str) -> Option<&Times> {
        let at = self.tasks.binary_search_by(|times| times.id.as_str().cmp(id)).ok()?;
        self.tasks.get(at)
    }
}

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Tasks that wait for each other. Each cycle is a list of ids that ends where it begins.
    #[error("tasks wait for each other: {}: remove one link of each", cycles_text(.0))]
    Cycles(Vec<Vec<String>>),
    /// A link to nowhere.
    #[error("the link {from} → {to} names {missing}, which is no task")]
    NoTask {
        /// The predecessor named.
        from: String,
        /// The successor named.
        to: String,
        /// Which of them is missing.
        missing: String,
    },
    /// Two tasks of one name.
    #[error("two tasks have the id {0}: ids are unique in a plan")]
    Twice(String),
    /// A number that is negative where it may not be, or beyond the limits.
    #[error("{of} of {id} is {value}: it must lie within {least} and {UNITS_MAX} units")]
    OutOfRange {
        /// Which number.
        of: &'static str,
        /// Of which task, or of the successor of which link.
        id: String,
        /// What it is.
        value: i64,
        /// The least that it may be.
        least: i64,
    },
    /// A task's calendar is not there.
    #[error("{id} works on calendar {calendar}, but there are {count}")]
    NoCalendar {
        /// The task.
        id: String,
        /// What it asks for.
        calendar: usize,
        /// How many there are.
        count: usize,
    },
    /// Beyond the size that is planned.
    #[error("a plan holds at most {TASKS_MAX} tasks and {LINKS_MAX} links: split it")]
    TooMany,
    /// A date that the calendar does not know.
    #[error("{id} cannot be placed: {outside}")]
    Outside {
        /// The task.
        id: String,
        /// Where it would lie.
        outside: Outside,
    },
}

fn cycles_text(cycles: &[Vec<String>]) -> String {
    cycles.iter().map(|cycle| cycle.join(" → ")).collect::<Vec<_>>().join("; ")
}
