//! Between dates and the critical path: tasks with dates become a network of whole days and come back with theirs.

use std::collections::BTreeSet;

use jiff::{ToSpan, civil::Date};

use crate::{
    brief::{Fault, Scope},
    math::{
        calendar::{Calendar, Rules},
        cpm::{self, Anchor, Link, Network, Schedule},
        grid::Grid,
    },
};

/// Days of the grid beyond the event: room for late plans and for the work after it.
const ROOM_DAYS: u32 = 2_000;
/// Days of the grid before the plan: where work should have begun that does not fit any more.
const PAST_DAYS: u32 = 2_000;

/// A task as the network sees it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Step {
    /// Its key.
    pub(crate) key: String,
    /// Working days.
    pub(crate) days: u32,
    /// Keys of tasks before it.
    pub(crate) after: Vec<String>,
    /// It begins on this day at the earliest, for nothing can be done before.
    pub(crate) not_before: Option<Date>,
    /// It should not begin earlier, though it could: prices, guests and names are not known long before.
    pub(crate) not_wanted_before: Option<Date>,
}

impl Step {
    fn earliest(&self, windows: Windows) -> Option<Date> {
        match windows {
            Windows::Kept => self.not_before.max(self.not_wanted_before),
            Windows::Open => self.not_before,
        }
    }
}

/// Whether tasks wait for the weeks in which they are usually done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Windows {
    /// They do: the dates of the plan.
    Kept,
    /// They do not: how much room the plan has, and how likely it is to hold.
    Open,
}

/// The days of a plan: working days of Monday to Friday without the holidays of the brief.
#[derive(Debug, Clone)]
pub(crate) struct Days {
    calendar: Calendar,
    grid: Grid,
    first: Date,
}

impl Days {
    /// Around a plan that begins on a day.
    pub(crate) fn new(scope: &Scope, begin: Date) -> Self {
        let mut rules = Rules::office(&scope.time_zone);
        rules.holidays = scope.holidays.iter().copied().collect::<BTreeSet<_>>();
        let calendar = Calendar::new(rules).expect("the zone was checked with the brief");
        let first = begin.saturating_sub(i64::from(PAST_DAYS).days());
        let lead = first.until(scope.dates.end.date()).map_or(0, |span| span.get_days()).max(0);
        let days = lead.unsigned_abs().saturating_add(ROOM_DAYS);
        let grid =
            calendar.day_grid(first, days).expect("a brief lies within the calendar's horizon");
        Self { calendar, grid, first }
    }

    /// The calendar.
    pub(crate) fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// The number of a day.
    pub(crate) fn unit(&self, day: Date) -> i64 {
        i64::from(self.first.until(day).map_or(0, |span| span.get_days()))
    }

    /// The day of a number.
    pub(crate) fn day(&self, unit: i64) -> Date {
        self.first.saturating_add(unit.days())
    }

    /// The last day of work that ends at a unit, exclusive.
    pub(crate) fn last_day(&self, end: i64) -> Date {
        self.day(end - 1)
    }

    /// Working days between two units.
    pub(crate) fn worked(&self, from: i64, to: i64) -> i64 {
        let before = |unit| self.grid.before(unit).unwrap_or(0);
        before(to) - before(from)
    }

    /// The critical path of steps.
    ///
    /// # Errors
    /// Steps that wait for each other, or whose dates lie beyond the calendar.
    pub(crate) fn schedule(
        &self,
        steps: &[Step],
        anchor: Anchor,
        windows: Windows,
    ) -> Result<(Network, Schedule), Vec<Fault>> {
        let task = |step: &Step| cpm::Task {
            id: step.key.clone(),
            duration: i64::from(step.days),
            calendar: 0,
            not_before: step.earliest(windows).map(|day| self.unit(day).max(0)),
            due: None,
        };
        let tasks: Vec<cpm::Task> = steps.iter().map(task).collect();
        let links: Vec<Link> = steps
            .iter()
            .flat_map(|step| step.after.iter().map(|before| Link::after(before, &step.key)))
            .collect();
        let fault = |e: cpm::Error| vec![Fault::new("/tasks", e.to_string())];
        let network = Network::new(tasks, &links, vec![self.grid.clone()]).map_err(fault)?;
        let schedule = cpm::schedule(&network, anchor).map_err(fault)?;
        Ok((network, schedule))
    }
}
