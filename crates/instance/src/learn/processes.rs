//! Process ids are the source's own; their part in the log is not.

use std::collections::HashMap;

use super::Minute;

/// Numbers the processes: first those that wrote in several minutes, whose count is answered, then each minute's own.
pub(super) fn number(minutes: &mut [Minute]) -> u32 {
    let mut minutes_of: HashMap<u32, (usize, bool)> = HashMap::new();
    for (minute, run) in runs(minutes) {
        let (first, several) = minutes_of.entry(run).or_insert((minute, false));
        *several |= *first != minute;
    }
    let mut shared: HashMap<u32, u32> = HashMap::new();
    for (_, pid) in runs(minutes) {
        if minutes_of.get(&pid).is_some_and(|(_, several)| *several) {
            let next = number_of(&shared);
            shared.entry(pid).or_insert(next);
        }
    }
    for minute in minutes {
        let mut own = HashMap::new();
        for run in &mut minute.runs {
            let next = number_of(&shared) + number_of(&own);
            let number = shared.get(&run.pid).copied();
            run.pid = number.unwrap_or_else(|| *own.entry(run.pid).or_insert(next));
        }
    }
    number_of(&shared)
}

fn runs(minutes: &[Minute]) -> impl Iterator<Item = (usize, u32)> {
    let each = |(number, minute): (usize, &Minute)| -> Vec<(usize, u32)> {
        minute.runs.iter().map(|run| (number, run.pid)).collect()
    };
    minutes.iter().enumerate().flat_map(each)
}

fn number_of(numbers: &HashMap<u32, u32>) -> u32 {
    u32::try_from(numbers.len()).unwrap_or(u32::MAX)
}
