//! The two passes. Starts are primary in both, so that a finish is always the start plus the work between.

use super::network::{Arc, Network, numbers};
use super::{Anchor, Error, Grid, Kind, Lag, NEAR_UNITS, Outside, Schedule, Task, Times, path};

/// Start and finish of a task.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: i64,
    pub(super) finish: i64,
}

/// Plans the network. Without tasks the plan is empty and ends where it starts.
pub fn schedule(network: &Network, anchor: Anchor) -> Result<Schedule, Error> {
    let (early, late, start) = match anchor {
        Anchor::Start(start) => {
            let early = forward(network, start)?;
            let late = backward(network, last_finish(&early, start))?;
            (early, late, start)
        }
        Anchor::Between { start, deadline } => {
            (forward(network, start)?, backward(network, deadline)?, start)
        }
        Anchor::Finish(deadline) => {
            let late = backward(network, deadline)?;
            let start = late.iter().map(|span| span.start).min().unwrap_or(deadline);
            (forward(network, start)?, late, start)
        }
    };
    let finish = last_finish(&early, start);
    rows(network, &early, &late, (start, finish))
}

fn last_finish(spans: &[Span], start: i64) -> i64 {
    spans.iter().map(|span| span.finish).max().unwrap_or(start)
}

fn forward(network: &Network, start: i64) -> Result<Vec<Span>, Error> {
    let mut spans = vec![Span::default(); network.len()];
    for &number in network.order() {
        let (task, grid) = network.task(number);
        let place = || {
            let mut earliest = task.not_before.map_or(start, |unit| unit.max(start));
            for arc in network.incoming(number) {
                earliest = earliest.max(bound(arc, span(&spans, arc.other), task, grid)?);
            }
            placed(task, grid, if task.duration > 0 { grid.ceil(earliest)? } else { earliest })
        };
        let placed = place().map_err(|outside| unplaced(task, outside))?;
        set(&mut spans, number, placed);
    }
    Ok(spans)
}

/// The earliest start that a predecessor at `before` allows.
pub(super) fn bound(arc: &Arc, before: Span, task: &Task, grid: &Grid) -> Result<i64, Outside> {
    let end = if matches!(arc.kind, Kind::FS | Kind::FF) { before.finish } else { before.start };
    let reached = match arc.lag {
        Lag::Elapsed(lag) => end + lag,
        Lag::Work(lag @ ..0) => grid.add(end, lag).unwrap_or_else(|_| grid.first()),
        Lag::Work(lag) => grid.add(end, lag)?,
    };
    match arc.kind {
        Kind::FS | Kind::SS => Ok(reached),
        Kind::FF | Kind::SF => grid.start_to_reach(reached, task.duration),
    }
}

fn backward(network: &Network, deadline: i64) -> Result<Vec<Span>, Error> {
    let mut spans = vec![Span::default(); network.len()];
    for &number in network.order().iter().rev() {
        let (task, grid) = network.task(number);
        let finish = task.due.map_or(deadline, |due| due.min(deadline));
        let place = || placed(task, grid, latest_start(network, number, &spans, finish)?);
        let placed = place().map_err(|outside| unplaced(task, outside))?;
        set(&mut spans, number, placed);
    }
    Ok(spans)
}

/// The latest start that the successors at `spans` and the task's own last finish allow.
fn latest_start(
    network: &Network,
    number: u32,
    spans: &[Span],
    finish: i64,
) -> Result<i64, Outside> {
    let (task, grid) = network.task(number);
    let mut latest = grid.sub(finish, task.duration)?;
    for arc in network.outgoing(number) {
        let (_, other) = network.task(arc.other);
        let after = span(spans, arc.other);
        let end = if matches!(arc.kind, Kind::FS | Kind::SS) { after.start } else { after.finish };
        let left = match arc.lag {
            Lag::Elapsed(lag) => end - lag,
            Lag::Work(lag) => other.sub(end, lag)?,
        };
        latest = latest.min(match arc.kind {
            Kind::FS | Kind::FF => grid.sub(left, task.duration)?,
            Kind::SS | Kind::SF if task.duration > 0 => grid.floor(left)?,
            Kind::SS | Kind::SF => left,
        });
    }
    Ok(latest)
}

fn placed(task: &Task, grid: &Grid, start: i64) -> Result<Span, Outside> {
    Ok(Span { start, finish: grid.add(start, task.duration)? })
}

fn rows(
    network: &Network,
    early: &[Span],
    late: &[Span],
    (start, finish): (i64, i64),
) -> Result<Schedule, Error> {
    let mut tasks = Vec::with_capacity(network.len());
    for number in numbers(network.len()) {
        let (task, _) = network.task(number);
        let row = row(network, number, (early, late), finish);
        tasks.push(row.map_err(|outside| unplaced(task, outside))?);
    }
    let least_float = tasks.iter().map(|times| times.total_float).min().unwrap_or(0);
    let near = NEAR_UNITS.max((finish - start) / 20);
    for times in &mut tasks {
        times.critical = times.total_float == least_float;
        times.near_critical = !times.critical && times.total_float <= least_float + near;
    }
    let critical_path = path::critical(network, early, &tasks);
    Ok(Schedule { tasks, start, finish, least_float, critical_path })
}

fn row(
    network: &Network,
    number: u32,
    (early, late): (&[Span], &[Span]),
    finish: i64,
) -> Result<Times, Outside> {
    let (task, grid) = network.task(number);
    let (earliest, latest) = (span(early, number), span(late, number));
    let free = latest_start(network, number, early, finish.max(earliest.finish))?;
    let work_until = |at: i64| Ok(grid.before(at)? - grid.before(earliest.start)?);
    Ok(Times {
        id: task.id.clone(),
        earliest_start: earliest.start,
        earliest_finish: earliest.finish,
        latest_start: latest.start,
        latest_finish: latest.finish,
        total_float: work_until(latest.start)?,
        free_float: work_until(free)?,
        critical: false,
        near_critical: false,
    })
}

pub(super) fn span(spans: &[Span], number: u32) -> Span {
    spans.get(number as usize).copied().unwrap_or_default()
}

fn set(spans: &mut [Span], number: u32, span: Span) {
    if let Some(place) = spans.get_mut(number as usize) {
        *place = span;
    }
}

fn unplaced(task: &Task, outside: Outside) -> Error {
    Error::Outside { id: task.id.clone(), outside }
}
