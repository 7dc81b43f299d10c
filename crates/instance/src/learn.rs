//! Learns what a log looks like: the wording of its entries without what is its own, and its rhythm.
//!
//! Memory is bounded whatever the log: beyond 4,096 wordings an entry keeps its severity and category and becomes
//! `{text}`; beyond 4,096 minutes a fair sample of them is kept.

mod mask;
mod open;
mod processes;

use std::{collections::HashMap, io};

use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};

use crate::{
    log::{Line, Sink, Stamp},
    profile::{self, FORMAT, MAX_ENTRIES_A_MINUTE, MAX_QUIET_MINUTES, MAX_SPAN_MS, Profile},
};
use mask::Number;
use open::{Key, Open};

/// A log of five weeks has about 700 wordings.
const MAX_TEMPLATES: usize = 4_096;
/// Minutes with entries that a profile holds: nine times those of a log of five weeks.
const MAX_MINUTES: usize = 4_096;
/// Changes between wordings or processes that a minute holds; what comes after them counts for the last.
const MAX_RUNS: usize = 8_192;

/// Takes the lines of a log.
#[derive(Debug)]
pub struct Learner {
    templates: HashMap<Key, usize>,
    learned: Vec<Learned>,
    open: Option<Open>,
    minutes: Vec<Minute>,
    /// All that were, kept or not.
    seen: u64,
    random: ChaCha8Rng,
    current: Option<Minute>,
}

/// What a template's occurrences have in common besides the wording.
#[derive(Debug, Default)]
struct Learned {
    count: u64,
    numbers: Vec<Number>,
    repeated: u32,
}

/// A minute in which there were entries.
#[derive(Debug)]
struct Minute {
    first: Stamp,
    last: Stamp,
    next: u32,
    entries: u32,
    runs: Vec<Run>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    pid: u32,
    template: usize,
    times: u32,
}

impl Default for Learner {
    fn default() -> Self {
        Self {
            templates: HashMap::new(),
            learned: Vec::new(),
            open: None,
            minutes: Vec::new(),
            seen: 0,
            random: ChaCha8Rng::seed_from_u64(0), // the same log gives the same profile
            current: None,
        }
    }
}

impl Sink for Learner {
    fn line(&mut self, line: Line<'_>) -> io::Result<()> {
        if let Some(header) = &line.header {
            self.close();
            self.open = Some(Open::of(header));
        } else if let Some(open) = self.open.as_mut().filter(|_| line.begins) {
            open.continued(line.content());
        }
        Ok(())
    }
}

impl Learner {
    /// The profile of all that was taken; nothing when that was no entry.
    #[must_use]
    pub fn profile(mut self) -> Option<Profile> {
        self.close();
        if let Some(last) = self.current.take() {
            self.keep(last);
        }
        if self.minutes.is_empty() {
            return None;
        }
        let processes = processes::number(&mut self.minutes);
        let templates = self.used();
        let minute = self.minutes.iter().map(written).collect();
        Some(Profile { format: FORMAT.to_owned(), processes, template: templates, minute })
    }

    /// The templates that the kept minutes name, numbered anew: the frequent ones first.
    fn used(&mut self) -> Vec<profile::Template> {
        let mut counts = vec![0_u64; self.learned.len()];
        for run in self.minutes.iter().flat_map(|minute| &minute.runs) {
            if let Some(count) = counts.get_mut(run.template) {
                *count += u64::from(run.times);
            }
        }
        let mut keys: Vec<(Key, usize)> = self.templates.drain().collect();
        keys.retain(|(_, old)| counts.get(*old).is_some_and(|count| *count > 0));
        keys.sort_by_key(|(_, old)| (std::cmp::Reverse(counts.get(*old).copied()), *old));
        let numbers: HashMap<usize, usize> =
            keys.iter().enumerate().map(|(new, (_, old))| (*old, new)).collect();
        for run in self.minutes.iter_mut().flat_map(|minute| &mut minute.runs) {
            run.template = numbers.get(&run.template).copied().unwrap_or_default();
        }
        let template = |(key, old): (Key, usize)| {
            let learned = self.learned.get(old);
            let (numbers, repeated) =
                learned.map_or((&[][..], 0), |one| (&one.numbers[..], one.repeated));
            let mut lines = mask::numbered(&key.text, numbers, learned.map_or(0, |one| one.count));
            let text = if lines.is_empty() { String::new() } else { lines.remove(0) };
            let Key { severity, category, recovery, .. } = key;
            profile::Template { severity, category, text, lines, repeated, recovery }
        };
        keys.into_iter().map(template).collect()
    }

    /// The entry is whole.
    fn close(&mut self) {
        let Some(open) = self.open.take() else { return };
        let (stamp, pid) = (open.stamp, open.pid);
        let (mut key, mut numbers, repeated) = open.finish();
        if self.learned.len() >= MAX_TEMPLATES && !self.templates.contains_key(&key) {
            (key, numbers) = (key.blurred(), Vec::new());
        }
        let next = self.learned.len();
        let template = *self.templates.entry(key).or_insert(next);
        if template == next {
            self.learned.push(Learned { numbers: numbers.clone(), ..Learned::default() });
        }
        if let Some(learned) = self.learned.get_mut(template) {
            learned.count += 1;
            learned.repeated = learned.repeated.max(repeated);
            learned.numbers.iter_mut().zip(numbers).for_each(|(all, one)| all.widen(one));
        }
        self.happened(stamp, pid, template);
    }

    fn happened(&mut self, stamp: Stamp, pid: u32, template: usize) {
        let minutes = self.current.as_ref().map_or(0, |minute| minutes_between(minute.last, stamp));
        if minutes > 0
            && let Some(mut ended) = self.current.take()
        {
            ended.next = minutes;
            self.keep(ended);
        }
        let fresh = || Minute { first: stamp, last: stamp, next: 1, entries: 0, runs: Vec::new() };
        self.current.get_or_insert_with(fresh).happened(stamp, pid, template);
    }

    /// Keeps each minute with the same chance (reservoir sampling, Vitter's algorithm R).
    fn keep(&mut self, minute: Minute) {
        self.seen += 1;
        if self.minutes.len() < MAX_MINUTES {
            return self.minutes.push(minute);
        }
        let place = self.random.random_range(0..self.seen);
        let place = usize::try_from(place).ok();
        if let Some(kept) = place.and_then(|place| self.minutes.get_mut(place)) {
            *kept = minute;
        }
    }
}

impl Minute {
    fn happened(&mut self, stamp: Stamp, pid: u32, template: usize) {
        if self.entries >= MAX_ENTRIES_A_MINUTE {
            return;
        }
        (self.last, self.entries) = (self.last.max(stamp), self.entries + 1);
        let full = self.runs.len() >= MAX_RUNS;
        match self.runs.last_mut() {
            Some(run) if full || (run.pid == pid && run.template == template) => run.times += 1,
            _ => self.runs.push(Run { pid, template, times: 1 }),
        }
    }
}

/// Whole minutes of the clock from one stamp to a later one; none when it is not later.
fn minutes_between(from: Stamp, to: Stamp) -> u32 {
    let minute = |stamp: Stamp| {
        let at = stamp.civil()?;
        at.with().second(0).subsec_nanosecond(0).build().ok()
    };
    let (Some(from), Some(to)) = (minute(from), minute(to)) else { return 0 };
    let minutes = to.duration_since(from).as_mins().clamp(0, i64::from(MAX_QUIET_MINUTES));
    u32::try_from(minutes).unwrap_or(0)
}

fn written(minute: &Minute) -> profile::Minute {
    let span = minute.last.civil().zip(minute.first.civil());
    let span = span.map_or(0, |(last, first)| last.duration_since(first).as_millis());
    let runs = minute.runs.iter().map(|run| {
        let template = u32::try_from(run.template).unwrap_or(u32::MAX);
        profile::Run { process: run.pid, template, times: run.times }.to_string()
    });
    profile::Minute {
        span_ms: u32::try_from(span).unwrap_or(0).min(MAX_SPAN_MS),
        next: minute.next,
        entries: runs.collect::<Vec<_>>().join(" "),
    }
}
