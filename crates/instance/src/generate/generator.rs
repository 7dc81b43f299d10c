//! The seeded process: which entry comes next, when, and from which process.

use std::ops::RangeInclusive;

use jiff::{SignedDuration, civil::DateTime};
use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};

use super::{
    Class, Role, Scenario,
    template::{Wording, decimal},
};
use crate::log::{Severity, Stamp};

const TEMPLATES: &str = include_str!("templates.txt");
/// One entry of this many stands for several: 188 of 11,875 in a log of five weeks.
const REPEATED_ONE_IN: u32 = 63;
const MAX_REPEATS: u32 = 9;
/// Linux gives no greater process id.
const MAX_PID: u32 = 4_194_304;
/// The ids of an instance's daemons follow that of its control process by tens.
const PID_STEP: u32 = 12;

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
    pids: [u32; Role::ALL.len()],
    /// With the sum of the weights up to each.
    wordings: Vec<(u32, Wording)>,
    mean_gap_ms: f64,
    burst: u32,
    left_in_burst: u32,
}

impl Generator {
    /// Follows `plan`; nothing when no template has its class and severity.
    #[must_use]
    pub fn new(plan: &Plan) -> Option<Self> {
        let mut rng = ChaCha8Rng::seed_from_u64(plan.seed);
        let control = rng.random_range(3_000..MAX_PID - 10 * PID_STEP);
        let mut pids = [control; Role::ALL.len()];
        pids.iter_mut().fold(control, |next, pid| {
            *pid = next;
            next + rng.random_range(1..=PID_STEP)
        });
        let burst = plan.burst.max(1);
        let wordings = wordings(plan);
        (!wordings.is_empty()).then(|| Self {
            rng,
            clock: Clock::at(plan.start),
            pids,
            wordings,
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
        let Some((all, _)) = self.wordings.last() else { return };
        let ticket = self.rng.random_range(0..*all);
        let at = self.wordings.partition_point(|(sum, _)| *sum <= ticket);
        if let Some((_, wording)) = self.wordings.get(at) {
            write(out, wording, &self.clock, &self.pids, &mut self.rng);
        }
        if self.rng.random_range(0..REPEATED_ONE_IN) == 0 {
            out.extend_from_slice(b"...(repeated ");
            decimal(out, self.rng.random_range(1..=MAX_REPEATS));
            out.extend_from_slice(b" times)");
        }
        out.push(b'\n');
        self.tick();
    }

    /// Writes a whole story behind `out`.
    pub fn scenario(&mut self, scenario: Scenario, out: &mut Vec<u8>) {
        for step in scenario.steps() {
            // Machines differ: up to a tenth more than the measured distance.
            let slower = self.rng.random_range(1.0..=1.1);
            self.clock.advance(step.delay.as_secs_f64() * 1_000.0 * slower);
            write(out, &step.wording, &self.clock, &self.pids, &mut self.rng);
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

fn wordings(plan: &Plan) -> Vec<(u32, Wording)> {
    let mut all: Vec<(u32, Wording)> = Vec::new();
    let mut wanted = false;
    let mut sum = 0;
    for line in TEMPLATES.lines().filter(|line| !line.starts_with('#')) {
        if let Some(more) = line.strip_prefix('|') {
            if let Some((_, wording)) = all.last_mut().filter(|_| wanted) {
                let read = wording.continued(more);
                debug_assert!(read.is_some(), "cannot read {line:?}");
            }
            continue;
        }
        let template = template(line);
        debug_assert!(template.is_some(), "cannot read {line:?}");
        let Some((class, weight, wording)) = template else { continue };
        wanted = plan.class.is_none_or(|only| only == class)
            && plan.severity.contains(&wording.severity);
        if wanted {
            sum += weight;
            all.push((sum, wording));
        }
    }
    all
}

fn template(line: &'static str) -> Option<(Class, u32, Wording)> {
    let (class, rest) = line.split_once('\t')?;
    let (weight, wording) = rest.split_once('\t')?;
    let class = match class {
        "config" => Class::Config,
        "license" => Class::License,
        "resource" => Class::Resource,
        "other" => Class::Other,
        _ => return None,
    };
    Some((class, weight.parse().ok()?, Wording::read(wording)?))
}

fn write(out: &mut Vec<u8>, wording: &Wording, clock: &Clock, pids: &[u32], rng: &mut ChaCha8Rng) {
    let stamp = clock.stamp.bytes();
    out.extend_from_slice(&stamp);
    out.extend_from_slice(b" (");
    decimal(out, pids.get(wording.role as usize).copied().unwrap_or_default());
    out.extend_from_slice(&[b')', b' ', wording.severity.digit(), b' ', b'[']);
    out.extend_from_slice(wording.category.as_bytes());
    out.extend_from_slice(b"] ");
    wording.fill(out, rng, stamp.get(9..17).unwrap_or_default());
}

/// Time that only goes forward, with the part of a millisecond that no stamp shows.
#[derive(Debug)]
struct Clock {
    at: DateTime,
    stamp: Stamp,
    rest_ms: f64,
}

impl Clock {
    fn at(at: DateTime) -> Self {
        Self { at, stamp: at.into(), rest_ms: 0.0 }
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "`as` saturates: a gap of 10^8 years is none"
    )]
    fn advance(&mut self, ms: f64) {
        self.rest_ms += ms;
        if self.rest_ms < 1.0 {
            return;
        }
        let whole = self.rest_ms.floor();
        self.rest_ms -= whole;
        self.at = self.at.saturating_add(SignedDuration::from_millis(whole as i64));
        self.stamp = self.at.into();
    }
}
