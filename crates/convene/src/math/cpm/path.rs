//! The chain of critical tasks that determines the finish.

use super::network::{Network, numbers};
use super::passes::{Span, bound, span};
use super::{Grid, Times};

/// From the critical task that ends last back over the links that hold each task where it is; ties by id.
pub(super) fn critical(network: &Network, early: &[Span], tasks: &[Times]) -> Vec<String> {
    let is_critical = |number: u32| tasks.get(number as usize).is_some_and(|times| times.critical);
    let by_finish = |number: &u32| (span(early, *number).finish, std::cmp::Reverse(*number));
    let mut at = numbers(network.len()).filter(|number| is_critical(*number)).max_by_key(by_finish);
    let mut path = Vec::new();
    while let Some(number) = at {
        path.push(network.task(number).0.id.clone());
        at = network
            .incoming(number)
            .iter()
            .filter(|arc| is_critical(arc.other))
            .find(|arc| {
                let (task, grid) = network.task(number);
                let start = span(early, number).start;
                let held = bound(arc, span(early, arc.other), task, grid);
                held.is_ok_and(|held| held == start || first_worked(grid, held) == Some(start))
            })
            .map(|arc| arc.other);
    }
    path.reverse();
    path
}

fn first_worked(grid: &Grid, at: i64) -> Option<i64> {
    grid.ceil(at).ok()
}
