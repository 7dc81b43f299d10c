//! The seeded process: which entry comes next, when, and from which process.

use std::ops::RangeInclusive;

use jiff::civil::DateTime;
use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};

use super::{
    Class, Pids, Role, Scenario,
    clock::Clock,
    template::{Filling, Wording, decimal},
};
use crate::log::Severity;

pub(super) const TEMPLATES: &str = include_str!("templates.txt");
/// One entry of this many stands for several: 188 of 11,875 in a log of five weeks.
const REPEATED_ONE_IN: u32 = 63;
const MAX_REPEATS: u32 = 9;

/// What to write.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The same seed and start give the same bytes.
    pub seed: u64,
    /// The first entry's time.
    pub start: DateTime,
    /// Entries a second, on average.
    pub rate: f64,
    /// Entries that come at the same moment.
    pub burst: u32,
    /// The kind of trouble; all of them without.
    pub class: Option<Class>,
    /// Severities from and to.
    pub severity: RangeInclusive<Severity>,
}

/// Writes one entry after the other.
#[derive(Debug)]
pub struct Generator {
    rng: ChaCha8Rng,
    clock: Clock,
    pids: Pids,
    templates: Vec<Template>,
    mean_gap_ms: f64,
    burst: u32,
    left_in_burst: u32,
}

#[derive(Debug)]
struct Template {
    /// The weights of all up to this one.
    sum: u32,
    role: Role,
    wording: Wording,
}

impl Generator {
    /// Follows `plan`; nothing when no template has its class and severity.
    #[must_use]
    pub fn new(plan: &Plan) -> Option<Self> {
        let mut rng = ChaCha8Rng::seed_from_u64(plan.seed);
        let pids = Pids::started(&mut rng);
        let burst = plan.burst.max(1);
        let templates = templates(plan);
        (!templates.is_empty()).then(|| Self {
            rng,
            clock: Clock::at(plan.start),
            pids,
            templates,
            mean_gap_ms: 1_000.0 * f64::from(burst) / plan.rate,
            burst,
            left_in_burst: burst,
        })
    }

    /// When the last entry was.
    #[must_use]
    pub const fn now(&self) -> DateTime {
        self.clock.at
    }

    /// Writes the next entry behind `out`.
    pub fn entry(&mut self, out: &mut Vec<u8>) {
        let Some(last) = self.templates.last() else { return };
        let ticket = self.rng.random_range(0..last.sum);
        let choice = self.rng.random::<u32>() as usize;
        let at = self.templates.partition_point(|template| template.sum <= ticket);
        if let Some(Template { role, wording, .. }) = self.templates.get(at) {
            let with = filling(&self.clock, &self.pids, choice);
            write(out, wording, self.pids.of(*role), &mut self.rng, &with);
        }
        if self.rng.random_range(0..REPEATED_ONE_IN) == 0 {
            repeated(out, self.rng.random_range(1..=MAX_REPEATS));
        }
        out.push(b'\n');
        self.tick();
    }

    /// Writes a whole story behind `out`. Its slots of one name have one value, so that it speaks of one directory.
    pub fn scenario(&mut self, scenario: Scenario, out: &mut Vec<u8>) {
        let choice = self.rng.random::<u32>() as usize;
        for step in scenario.steps() {
            if step.starts {
                self.pids = Pids::started(&mut self.rng);
            }
            // Machines differ: up to a tenth more than the measured distance.
            let slower = self.rng.random_range(1.0..=1.1);
            self.clock.advance(step.delay.as_secs_f64() * 1_000.0 * slower);
            let with = filling(&self.clock, &self.pids, choice);
            write(out, &step.wording, self.pids.of(step.role), &mut self.rng, &with);
            out.push(b'\n');
        }
        self.clock.advance(60_000.0);
    }

    /// Gaps between independent events are exponentially distributed.
    fn tick(&mut self) {
        self.left_in_burst -= 1;
        if self.left_in_burst > 0 {
            return;
        }
        self.left_in_burst = self.burst;
        let chance: f64 = self.rng.random_range(f64::EPSILON..1.0);
        self.clock.advance(-chance.ln() * self.mean_gap_ms);
    }
}

fn templates(plan: &Plan) -> Vec<Template> {
    let mut all: Vec<Template> = Vec::new();
    let (mut wanted, mut sum) = (false, 0);
    for line in TEMPLATES.lines().filter(|line| !line.starts_with('#')) {
        if let Some(more) = line.strip_prefix('|') {
            if let Some(template) = all.last_mut().filter(|_| wanted) {
                let read = template.wording.continued(more);
                debug_assert!(read.is_ok(), "cannot read {line:?}");
            }
            continue;
        }
        let template = template(line);
        debug_assert!(template.is_some(), "cannot read {line:?}");
        let Some((class, weight, role, wording)) = template else { continue };
        wanted = plan.class.is_none_or(|only| only == class)
            && plan.severity.contains(&wording.severity);
        if wanted {
            sum += weight;
            all.push(Template { sum, role, wording });
        }
    }
    all
}

fn template(line: &'static str) -> Option<(Class, u32, Role, Wording)> {
    let (class, rest) = line.split_once('\t')?;
    let (weight, wording) = rest.split_once('\t')?;
    let class = match class {
        "config" => Class::Config,
        "license" => Class::License,
        "resource" => Class::Resource,
        "other" => Class::Other,
        _ => return None,
    };
    let (role, wording) = Wording::read(wording)?;
    Some((class, weight.parse().ok()?, role, wording))
}

/// What an entry's slots are filled from at this moment.
pub(super) fn filling<'a>(clock: &Clock, pids: &'a Pids, choice: usize) -> Filling<'a> {
    Filling { at: clock.at, stamp: clock.stamp.bytes(), pids, choice }
}

/// Writes an entry without its end.
pub(super) fn write(
    out: &mut Vec<u8>,
    wording: &Wording,
    pid: u32,
    rng: &mut ChaCha8Rng,
    with: &Filling<'_>,
) {
    out.extend_from_slice(&with.stamp);
    out.extend_from_slice(b" (");
    decimal(out, pid);
    out.extend_from_slice(&[b')', b' ', wording.severity.digit(), b' ', b'[']);
    out.extend_from_slice(wording.category.as_bytes());
    out.extend_from_slice(b"] ");
    wording.fill(out, rng, with);
}

/// Says that the entry stands for several.
pub(super) fn repeated(out: &mut Vec<u8>, times: u32) {
    out.extend_from_slice(b"...(repeated ");
    decimal(out, times);
    out.extend_from_slice(b" times)");
}
