//! Entries in the likeness of a log: its minutes, shuffled, with their slots filled anew.
//!
//! Whole minutes are drawn without replacement, so that a log as long as the source has the source's shares of severities,
//! categories and multi-line entries, its entries a minute and its quiet times exactly, and what came together comes together.

use std::ops::RangeInclusive;

use jiff::civil::DateTime;
use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};

use super::{
    Pids,
    clock::Clock,
    generator::{filling, repeated, write},
    process::{MAX_PID, MIN_PID},
    scenario,
    template::Wording,
};
use crate::{
    log::{Header, Severity},
    profile::{
        self, MAX_ENTRIES_A_MINUTE, MAX_PROCESSES, MAX_QUIET_MINUTES, MAX_SPAN_MS, Profile, Run,
    },
};

const MINUTE_MS: f64 = 60_000.0;

/// Writes one entry after the other.
#[derive(Debug)]
pub struct Likeness {
    rng: ChaCha8Rng,
    clock: Clock,
    pids: Pids,
    templates: Vec<Template>,
    recovery: Wording,
    minutes: Vec<Minute>,
    /// Minutes that were not drawn yet.
    deck: Vec<usize>,
    /// The ids of processes that last longer than a minute.
    shared: Vec<u32>,
    /// The ids of this minute's own processes, as far as they have written.
    own: Vec<Option<u32>>,
    severity: RangeInclusive<Severity>,
    /// A minute of the source takes so many minutes.
    scale: f64,
    next: Next,
}

#[derive(Debug)]
struct Template {
    wording: Wording,
    repeated: u32,
    recovery: bool,
}

#[derive(Debug)]
struct Minute {
    runs: Vec<Run>,
    entries: u32,
    span_ms: u32,
    next: u32,
}

/// The entry to be written next.
#[derive(Debug, Default)]
struct Next {
    minute: usize,
    run: usize,
    /// In this run, of those before it.
    done: u32,
    /// Entries that follow in this minute.
    left: u32,
    /// Until the last of them.
    span_ms: f64,
    /// Until the next minute that has entries begins.
    rest_ms: f64,
}

impl Likeness {
    /// Follows `profile` from `start` on; at `rate` entries a second, or as fast as the source. Only `severity` is written.
    ///
    /// # Errors
    /// What is wrong in the profile, and in which template or minute.
    pub fn new(
        profile: &Profile,
        seed: u64,
        start: DateTime,
        rate: Option<f64>,
        severity: RangeInclusive<Severity>,
    ) -> Result<Self, String> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let templates = numbered("template", &profile.template, template)?;
        let minutes = numbered("minute", &profile.minute, |one| minute(one, templates.len()))?;
        if profile.processes > MAX_PROCESSES {
            return Err(format!("processes: at most {MAX_PROCESSES}"));
        }
        let wanted = |run: &Run| {
            let template = templates.get(run.template as usize);
            template.is_some_and(|template| severity.contains(&template.wording.severity))
        };
        if !minutes.iter().flat_map(|minute| &minute.runs).any(wanted) {
            return Err("it holds no entry of such a severity: widen --severity".to_owned());
        }
        let shared = (0..profile.processes).map(|_| rng.random_range(MIN_PID..MAX_PID)).collect();
        let mut likeness = Self {
            pids: Pids::started(&mut rng),
            rng,
            clock: Clock::at(start),
            recovery: scenario::recovery(),
            scale: rate.map_or(1.0, |rate| pace(&minutes) / rate),
            templates,
            minutes,
            deck: Vec::new(),
            shared,
            own: Vec::new(),
            severity,
            next: Next::default(),
        };
        let into_minute = f64::from(start.second()) * 1_000.0 + f64::from(start.millisecond());
        likeness.begin(Some(into_minute));
        likeness.seek();
        Ok(likeness)
    }

    /// When the next entry will be.
    #[must_use]
    pub const fn now(&self) -> DateTime {
        self.clock.at
    }

    /// Writes the next entry behind `out`.
    pub fn entry(&mut self, out: &mut Vec<u8>) {
        let Some(run) = self.run() else { return };
        let pid = self.pid(run.process);
        let choice = self.rng.random::<u32>() as usize;
        if let Some(template) = self.templates.get(run.template as usize) {
            let with = filling(&self.clock, &self.pids, choice);
            write(out, &template.wording, pid, &mut self.rng, &with);
            if template.repeated > 0 {
                repeated(out, self.rng.random_range(1..=template.repeated));
            }
            if template.recovery {
                self.recovery.fill(out, &mut self.rng, &with);
            }
        }
        out.push(b'\n');
        self.step();
        self.seek();
    }

    fn run(&self) -> Option<Run> {
        self.minutes.get(self.next.minute)?.runs.get(self.next.run).copied()
    }

    /// Goes on to the next entry that is wanted; there is one, or there would be no generator.
    fn seek(&mut self) {
        while let Some(run) = self.run() {
            let template = self.templates.get(run.template as usize);
            if template.is_none_or(|one| self.severity.contains(&one.wording.severity)) {
                return;
            }
            self.step();
        }
    }

    fn step(&mut self) {
        let times = self.run().map_or(0, |run| run.times);
        self.next.done += 1;
        if self.next.done >= times {
            (self.next.run, self.next.done) = (self.next.run + 1, 0);
        }
        if self.next.left == 0 {
            self.advance(self.next.rest_ms);
            return self.begin(None);
        }
        // Even on average, never beyond the last.
        let even = self.next.span_ms / f64::from(self.next.left);
        let gap = (even * self.rng.random_range(0.0..2.0)).min(self.next.span_ms);
        self.next.left -= 1;
        self.next.span_ms -= gap;
        self.next.rest_ms -= gap;
        self.advance(gap);
    }

    /// Draws a minute, of which so many milliseconds have gone, or as many as chance will have.
    fn begin(&mut self, gone_ms: Option<f64>) {
        if self.deck.is_empty() {
            self.deck.extend(0..self.minutes.len());
        }
        let card = self.rng.random_range(0..self.deck.len());
        let minute = self.deck.swap_remove(card);
        self.own.clear();
        let Some(Minute { entries, span_ms, next, .. }) = self.minutes.get(minute) else { return };
        let room = f64::from(MAX_SPAN_MS) - f64::from(*span_ms);
        let lead = gone_ms.unwrap_or_else(|| self.rng.random_range(0.0..=room));
        self.next = Next {
            minute,
            left: entries.saturating_sub(1),
            span_ms: f64::from(*span_ms).min(f64::from(MAX_SPAN_MS) - lead),
            rest_ms: f64::from(*next) * MINUTE_MS - lead,
            ..Next::default()
        };
        if gone_ms.is_none() {
            self.advance(lead);
        }
    }

    fn advance(&mut self, ms: f64) {
        self.clock.advance(ms * self.scale);
    }

    fn pid(&mut self, process: u32) -> u32 {
        let process = process as usize;
        if let Some(pid) = self.shared.get(process) {
            return *pid;
        }
        let own = process - self.shared.len();
        if self.own.len() <= own {
            self.own.resize(own + 1, None);
        }
        let fresh = self.rng.random_range(MIN_PID..MAX_PID);
        self.own.get_mut(own).map_or(fresh, |pid| *pid.get_or_insert(fresh))
    }
}

/// Entries a second.
fn pace(minutes: &[Minute]) -> f64 {
    let entries: f64 = minutes.iter().map(|minute| f64::from(minute.entries)).sum();
    let length: f64 = minutes.iter().map(|minute| f64::from(minute.next)).sum();
    entries / (length * 60.0)
}

/// Reads all of a list, and says which of them cannot be read.
fn numbered<A, B>(
    what: &str,
    all: &[A],
    read: impl Fn(&A) -> Result<B, String>,
) -> Result<Vec<B>, String> {
    if all.is_empty() {
        return Err(format!("it has no {what}"));
    }
    let one = |(number, one)| read(one).map_err(|fault| format!("{what} {number}: {fault}"));
    all.iter().enumerate().map(one).collect()
}

fn template(one: &profile::Template) -> Result<Template, String> {
    let severity = Severity::ALL.get(usize::from(one.severity));
    let severity = *severity.ok_or_else(|| format!("severity {} is not 0 to 3", one.severity))?;
    let header = format!("01/01/26-00:00:00:000 (1) 0 [{}]", one.category);
    Header::parse(header.as_bytes())
        .map_err(|_| format!("category {:?} is none of a messages.log", one.category))?;
    if one.repeated > MAX_ENTRIES_A_MINUTE {
        return Err(format!("repeated: at most {MAX_ENTRIES_A_MINUTE}"));
    }
    let mut wording = Wording::new(severity, one.category.clone().into());
    wording.text(single(&one.text)?)?;
    for line in &one.lines {
        if Header::begins(line.as_bytes()) {
            return Err(format!("line {line:?} begins an entry of its own"));
        }
        wording.continued(single(line)?)?;
    }
    Ok(Template { wording, repeated: one.repeated, recovery: one.recovery })
}

fn single(line: &str) -> Result<&str, String> {
    if line.contains('\n') {
        return Err(format!("{line:?} is more than one line: use `lines`"));
    }
    Ok(line)
}

fn minute(one: &profile::Minute, templates: usize) -> Result<Minute, String> {
    let run = |text: &str| {
        let run = Run::parse(text).filter(|run| run.process <= 2 * MAX_PROCESSES);
        let run = run.ok_or_else(|| {
            format!("entry {text:?} is not process.template or process.templatexTIMES")
        })?;
        if run.template as usize >= templates {
            return Err(format!(
                "entry {text:?} names template {}, the last is {}",
                run.template,
                templates - 1
            ));
        }
        Ok(run)
    };
    let runs = one.entries.split_ascii_whitespace().map(run).collect::<Result<Vec<_>, _>>()?;
    let entries = runs.iter().fold(0_u32, |sum, run| sum.saturating_add(run.times));
    if entries == 0 || entries > MAX_ENTRIES_A_MINUTE {
        return Err(format!("it has {entries} entries: 1 to {MAX_ENTRIES_A_MINUTE} can be"));
    }
    if one.span_ms > MAX_SPAN_MS {
        return Err(format!("span_ms {} is longer than a minute", one.span_ms));
    }
    if one.next == 0 || one.next > MAX_QUIET_MINUTES {
        return Err(format!("next {} is not 1 to {MAX_QUIET_MINUTES} minutes", one.next));
    }
    Ok(Minute { runs, entries, span_ms: one.span_ms, next: one.next })
}
