//! Tasks and links as arrays by number, in an order in which predecessors come first.

use std::collections::HashMap;

use super::{Error, Grid, Kind, LINKS_MAX, Lag, Link, TASKS_MAX, Task, UNITS_MAX};

/// How many cycles a refusal names: enough to repair, few enough to read.
const CYCLES_NAMED_MAX: usize = 5;

/// A link seen from one of its tasks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arc {
    pub(super) other: u32,
    pub(super) kind: Kind,
    pub(super) lag: Lag,
}

/// The arcs of each task, one behind the other.
#[derive(Debug, Clone)]
struct Arcs {
    begins: Vec<u32>,
    arcs: Vec<Arc>,
}

impl Arcs {
    /// `ends` gives the task and the arc; sorted, so that the order of the links changes nothing.
    fn new(tasks: usize, mut ends: Vec<(u32, Arc)>) -> Self {
        ends.sort_unstable_by_key(|(of, arc)| (*of, arc.other, arc.kind, arc.lag));
        let mut begins = Vec::with_capacity(tasks + 1);
        let mut at = 0;
        for task in 0..=tasks {
            while ends.get(at).is_some_and(|(of, _)| (*of as usize) < task) {
                at += 1;
            }
            begins.push(u32::try_from(at).unwrap_or(u32::MAX));
        }
        Self { begins, arcs: ends.into_iter().map(|(_, arc)| arc).collect() }
    }

    fn of(&self, task: u32) -> &[Arc] {
        let begin = |at: usize| self.begins.get(at).map_or(0, |begin| *begin as usize);
        self.arcs.get(begin(task as usize)..begin(task as usize + 1)).unwrap_or_default()
    }
}

/// A network that can be planned: ids are unique, links lead somewhere, and nothing waits for itself.
///
/// Tasks are numbered by id, so neither the order of tasks nor of links matters.
#[derive(Debug, Clone)]
pub struct Network {
    tasks: Vec<Task>,
    grids: Vec<Grid>,
    incoming: Arcs,
    outgoing: Arcs,
    order: Vec<u32>,
}

impl Network {
    /// Checks and numbers the tasks. Without grids all units are worked.
    pub fn new(mut tasks: Vec<Task>, links: &[Link], grids: Vec<Grid>) -> Result<Self, Error> {
        if tasks.len() > TASKS_MAX || links.len() > LINKS_MAX {
            return Err(Error::TooMany);
        }
        let grids = if grids.is_empty() { vec![Grid::Every] } else { grids };
        tasks.sort_unstable_by(|one, other| one.id.cmp(&other.id));
        check(&tasks, grids.len())?;
        let (incoming, outgoing) = arcs(&tasks, links)?;
        let mut network = Self { tasks, grids, incoming, outgoing, order: Vec::new() };
        network.order = network.sorted()?;
        Ok(network)
    }

    /// The tasks by id.
    pub fn tasks(&self) -> &[Task] {
        &self.tasks
    }

    /// Changes a task's duration by its number, its place in [`Network::tasks`]; an unknown number changes nothing.
    pub fn set_duration(&mut self, number: usize, duration: i64) -> Result<(), Error> {
        if let Some(task) = self.tasks.get_mut(number) {
            within("the duration", &task.id, duration, 0)?;
            task.duration = duration;
        }
        Ok(())
    }

    pub(super) fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Numbers of tasks, predecessors first.
    pub(super) fn order(&self) -> &[u32] {
        &self.order
    }

    pub(super) fn incoming(&self, task: u32) -> &[Arc] {
        self.incoming.of(task)
    }

    pub(super) fn outgoing(&self, task: u32) -> &[Arc] {
        self.outgoing.of(task)
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "numbers come from this network, grids were checked"
    )]
    pub(super) fn task(&self, task: u32) -> (&Task, &Grid) {
        let task = &self.tasks[task as usize];
        (task, &self.grids[task.calendar])
    }

    /// Kahn's order. Links with a task that is not reached are on a cycle or behind one.
    fn sorted(&self) -> Result<Vec<u32>, Error> {
        let mut waits: Vec<usize> =
            numbers(self.len()).map(|task| self.incoming(task).len()).collect();
        let mut order: Vec<u32> = Vec::with_capacity(self.len());
        order.extend(numbers(self.len()).filter(|task| self.incoming(*task).is_empty()));
        let mut at = 0;
        while let Some(&task) = order.get(at) {
            at += 1;
            let behind = self.outgoing(task).iter().map(|arc| arc.other);
            order.extend(behind.filter(|other| has_waited(&mut waits, *other)));
        }
        if order.len() < self.len() { Err(Error::Cycles(self.cycles(&waits))) } else { Ok(order) }
    }

    /// Some cycles among the tasks that still wait, none with a task of another.
    fn cycles(&self, waits: &[usize]) -> Vec<Vec<String>> {
        let mut left: Vec<bool> = waits.iter().map(|wait| *wait > 0).collect();
        let mut cycles = Vec::new();
        for task in numbers(self.len()) {
            if cycles.len() < CYCLES_NAMED_MAX && is_set(&left, task) {
                cycles.extend(self.cycle_before(task, &mut left));
            }
        }
        cycles
    }

    /// Walks back over waiting predecessors until a task comes again; what was walked does not count any more.
    fn cycle_before(&self, task: u32, left: &mut [bool]) -> Option<Vec<String>> {
        let mut walked: Vec<u32> = vec![task];
        let mut at = task;
        let cycle = loop {
            let before = self.incoming(at).iter().map(|arc| arc.other);
            let Some(next) = before.into_iter().find(|next| is_set(left, *next)) else {
                break None;
            };
            if let Some(begin) = walked.iter().position(|seen| *seen == next) {
                break walked.get(begin..);
            }
            walked.push(next);
            at = next;
        };
        let ids = cycle.map(|cycle| self.named(cycle));
        for task in walked {
            if let Some(left) = left.get_mut(task as usize) {
                *left = false;
            }
        }
        ids
    }

    /// The ids of a cycle walked backwards, forwards, from the least id to itself.
    fn named(&self, cycle: &[u32]) -> Vec<String> {
        let mut forwards: Vec<u32> = cycle.iter().rev().copied().collect();
        let least = (0..forwards.len()).min_by_key(|at| forwards.get(*at).copied());
        forwards.rotate_left(least.unwrap_or(0));
        forwards.extend(forwards.first().copied());
        forwards.into_iter().map(|task| self.task(task).0.id.clone()).collect()
    }
}

/// One predecessor less to wait for: whether it was the last.
fn has_waited(waits: &mut [usize], task: u32) -> bool {
    waits.get_mut(task as usize).is_some_and(|wait| {
        *wait -= 1;
        *wait == 0
    })
}

/// The numbers of so many tasks.
pub(super) fn numbers(count: usize) -> std::ops::Range<u32> {
    0..u32::try_from(count).unwrap_or(u32::MAX)
}

fn is_set(flags: &[bool], task: u32) -> bool {
    flags.get(task as usize).copied().unwrap_or(false)
}

fn check(tasks: &[Task], grids: usize) -> Result<(), Error> {
    for (task, next) in tasks.iter().zip(tasks.iter().skip(1)) {
        if task.id == next.id {
            return Err(Error::Twice(task.id.clone()));
        }
    }
    for task in tasks {
        within("the duration", &task.id, task.duration, 0)?;
        within("the first date", &task.id, task.not_before.unwrap_or(0), -UNITS_MAX)?;
        within("the due date", &task.id, task.due.unwrap_or(0), -UNITS_MAX)?;
        if task.calendar >= grids {
            let (id, calendar) = (task.id.clone(), task.calendar);
            return Err(Error::NoCalendar { id, calendar, count: grids });
        }
    }
    Ok(())
}

fn within(of: &'static str, id: &str, value: i64, least: i64) -> Result<(), Error> {
    if (least..=UNITS_MAX).contains(&value) {
        return Ok(());
    }
    Err(Error::OutOfRange { of, id: id.to_owned(), value, least })
}

/// The links by number, from both sides.
fn arcs(tasks: &[Task], links: &[Link]) -> Result<(Arcs, Arcs), Error> {
    let named: HashMap<&str, u32> =
        numbers(tasks.len()).zip(tasks).map(|(number, task)| (task.id.as_str(), number)).collect();
    let mut incoming = Vec::with_capacity(links.len());
    let mut outgoing = Vec::with_capacity(links.len());
    for link in links {
        let number = |id: &String| {
            let refusal = || Error::NoTask {
                from: link.from.clone(),
                to: link.to.clone(),
                missing: id.clone(),
            };
            named.get(id.as_str()).copied().ok_or_else(refusal)
        };
        let (from, to) = (number(&link.from)?, number(&link.to)?);
        let (Lag::Work(lag) | Lag::Elapsed(lag)) = link.lag;
        within("the lag", &link.to, lag, -UNITS_MAX)?;
        incoming.push((to, Arc { other: from, kind: link.kind, lag: link.lag }));
        outgoing.push((from, Arc { other: to, kind: link.kind, lag: link.lag }));
    }
    Ok((Arcs::new(tasks.len(), incoming), Arcs::new(tasks.len(), outgoing)))
}
