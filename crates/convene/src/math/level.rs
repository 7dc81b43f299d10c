//! Levelling: work that waits until whoever does it is free.
//!
//! Source: the serial and the parallel schedule generation schemes of the resource-constrained project scheduling
//! problem (R. Kolisch, *European Journal of Operational Research* 90, 1996), jobs in the order of their latest finish,
//! then float, then id. The shorter of both plans is taken. No plan is shorter than the critical path, nor than the
//! work that one resource has to do (lower bound). Times are whole units on one line, half open.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::cpm::{self, Anchor, Link, Network, Task};

/// Jobs that are levelled together: the work grows with their square.
pub const JOBS_MAX: usize = 5_000;

/// A piece of work.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Names it; unique.
    pub id: String,
    /// Units of time.
    pub duration: i64,
    /// Jobs that must have ended before it begins.
    #[serde(default)]
    pub after: BTreeSet<String>,
    /// How many of each resource it takes, all the time.
    #[serde(default)]
    pub needs: BTreeMap<String, u32>,
    /// It cannot begin before this unit.
    #[serde(default)]
    pub not_before: i64,
}

/// A job with its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Levelled {
    /// The job.
    pub id: String,
    /// Its first unit.
    pub start: i64,
    /// The unit after its last.
    pub finish: i64,
    /// Units that it waits beyond the end of what comes before it.
    pub delay: i64,
    /// The resource that it waits for; none when it does not wait.
    pub waits_for: Option<String>,
}

/// All jobs with their times.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// By id.
    pub jobs: Vec<Levelled>,
    /// The end of the last.
    pub finish: i64,
    /// No plan ends before this.
    pub lower_bound: i64,
}

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A job takes more than there is.
    #[error(
        "{job} needs {needed} of {resource} at once, and there are {capacity}: split it or have more"
    )]
    TooFew {
        /// The job.
        job: String,
        /// The resource.
        resource: String,
        /// How many it needs.
        needed: u32,
        /// How many there are.
        capacity: u32,
    },
    /// More than can be levelled.
    #[error("{0} jobs: at most {JOBS_MAX} are levelled together")]
    TooMany(usize),
    /// The jobs are no network.
    #[error(transparent)]
    Network(#[from] cpm::Error),
}

/// Levels the jobs over their resources. The order of the jobs changes nothing.
///
/// # Errors
/// Jobs that wait for each other or for what there is not, and jobs that no number of hours gives enough hands.
pub fn level(jobs: &[Job], capacity: &BTreeMap<String, u32>) -> Result<Plan, Error> {
    if jobs.len() > JOBS_MAX {
        return Err(Error::TooMany(jobs.len()));
    }
    enough(jobs, capacity)?;
    let order = priorities(jobs)?;
    let ranked: Vec<&Job> = order.iter().filter_map(|(at, _)| jobs.get(*at)).collect();
    let least = bound(&ranked, capacity, order.iter().map(|(_, finish)| *finish).max());
    let serial = Board::new(capacity).serial(&ranked);
    let parallel = Board::new(capacity).parallel(&ranked);
    let (serial, parallel) = (plan(serial, least), plan(parallel, least));
    Ok(if parallel.finish < serial.finish { parallel } else { serial })
}

fn enough(jobs: &[Job], capacity: &BTreeMap<String, u32>) -> Result<(), Error> {
    for job in jobs {
        for (resource, needed) in &job.needs {
            let there = capacity.get(resource).copied().unwrap_or(0);
            if *needed > there {
                let (job, resource) = (job.id.clone(), resource.clone());
                return Err(Error::TooFew { job, resource, needed: *needed, capacity: there });
            }
        }
    }
    Ok(())
}

/// The jobs by urgency, each with its earliest finish when nothing is short.
fn priorities(jobs: &[Job]) -> Result<Vec<(usize, i64)>, Error> {
    let task = |job: &Job| Task {
        id: job.id.clone(),
        duration: job.duration,
        calendar: 0,
        not_before: Some(job.not_before),
        due: None,
    };
    let links = jobs
        .iter()
        .flat_map(|job| job.after.iter().map(|before| Link::after(before, &job.id)))
        .collect::<Vec<_>>();
    let network = Network::new(jobs.iter().map(task).collect(), &links, Vec::new())?;
    let start = jobs.iter().map(|job| job.not_before).min().unwrap_or(0);
    let schedule = cpm::schedule(&network, Anchor::Start(start))?;
    let mut order: Vec<(i64, i64, &str, usize, i64)> = jobs
        .iter()
        .enumerate()
        .filter_map(|(at, job)| {
            let times = schedule.task(&job.id)?;
            Some((
                times.latest_finish,
                times.total_float,
                job.id.as_str(),
                at,
                times.earliest_finish,
            ))
        })
        .collect();
    order.sort_unstable();
    Ok(order.into_iter().map(|(.., at, finish)| (at, finish)).collect())
}

/// The critical path, or the work of the busiest resource, whichever is longer.
fn bound(jobs: &[&Job], capacity: &BTreeMap<String, u32>, longest: Option<i64>) -> i64 {
    let start = jobs.iter().map(|job| job.not_before).min().unwrap_or(0);
    let work = |(resource, there): (&String, &u32)| {
        let units =
            |job: &&&Job| job.duration * i64::from(job.needs.get(resource).copied().unwrap_or(0));
        let sum: i64 = jobs.iter().map(|job| units(&job)).sum();
        start
            + sum.div_euclid(i64::from(*there).max(1))
            + i64::from(sum % i64::from(*there).max(1) > 0)
    };
    capacity.iter().map(work).chain(longest).max().unwrap_or(start)
}

fn plan(mut jobs: Vec<Levelled>, lower_bound: i64) -> Plan {
    jobs.sort_by(|a, b| a.id.cmp(&b.id));
    let finish = jobs.iter().map(|job| job.finish).max().unwrap_or(lower_bound);
    Plan { jobs, finish, lower_bound }
}

/// Who is busy when.
struct Board<'a> {
    capacity: &'a BTreeMap<String, u32>,
    /// By resource: from, to, how many.
    used: BTreeMap<&'a str, Vec<(i64, i64, u32)>>,
    finished: BTreeMap<&'a str, i64>,
    /// Moments at which something is freed.
    freed: BTreeSet<i64>,
}

impl<'a> Board<'a> {
    fn new(capacity: &'a BTreeMap<String, u32>) -> Self {
        Self { capacity, used: BTreeMap::new(), finished: BTreeMap::new(), freed: BTreeSet::new() }
    }

    /// Job by job, each at the first moment from which on everything is there.
    fn serial(mut self, ranked: &[&'a Job]) -> Vec<Levelled> {
        let mut left: Vec<&Job> = ranked.to_vec();
        let mut placed = Vec::with_capacity(left.len());
        while let Some(at) = left.iter().position(|job| self.ready(job).is_some()) {
            let job = left.remove(at);
            let ready = self.ready(job).unwrap_or(job.not_before);
            let mut waits_for = None;
            let mut start = ready;
            while let Some(short) = self.short(job, start) {
                waits_for = Some(short.to_owned());
                let Some(next) = self.freed.range(start + 1..).next() else { break };
                start = *next;
            }
            placed.push(self.place(job, (ready, start), waits_for));
        }
        placed
    }

    /// Moment by moment: whatever is ready and finds hands begins, the most urgent first.
    fn parallel(mut self, ranked: &[&'a Job]) -> Vec<Levelled> {
        let mut left: Vec<&Job> = ranked.to_vec();
        let mut waits: BTreeMap<&str, String> = BTreeMap::new();
        let mut placed = Vec::with_capacity(left.len());
        let mut now = left.iter().map(|job| job.not_before).min().unwrap_or(0);
        while !left.is_empty() {
            let mut later = Vec::with_capacity(left.len());
            for job in left {
                match self.ready(job) {
                    Some(ready) if ready <= now => match self.short(job, now) {
                        None => {
                            let waits_for = waits.remove(job.id.as_str());
                            placed.push(self.place(job, (ready, now), waits_for));
                        }
                        Some(short) => {
                            waits.insert(&job.id, short.to_owned());
                            later.push(job);
                        }
                    },
                    _ => later.push(job),
                }
            }
            left = later;
            let opens = left.iter().map(|job| job.not_before).filter(|at| *at > now).min();
            let frees = self.freed.range(now + 1..).next().copied();
            let Some(next) = opens.into_iter().chain(frees).min() else { break };
            now = next;
        }
        placed
    }

    /// The first unit after everything before it; none while something before it has no time yet.
    fn ready(&self, job: &Job) -> Option<i64> {
        let mut ready = job.not_before;
        for before in &job.after {
            ready = ready.max(*self.finished.get(before.as_str())?);
        }
        Some(ready)
    }

    /// A resource of which there is not enough left from this unit on for as long as the job takes.
    fn short(&self, job: &'a Job, start: i64) -> Option<&'a str> {
        let finish = start + job.duration;
        let is_short = |(resource, needed): &(&'a String, &u32)| {
            let there = self.capacity.get(*resource).copied().unwrap_or(0);
            let used = self.used.get(resource.as_str()).map(Vec::as_slice).unwrap_or_default();
            let overlapping: Vec<_> =
                used.iter().filter(|(from, to, _)| *from < finish && start < *to).collect();
            let at = |moment: i64| -> u32 {
                let busy =
                    overlapping.iter().filter(|(from, to, _)| (*from..*to).contains(&moment));
                busy.map(|(.., units)| units).sum()
            };
            // Use only grows where something begins.
            let begins = overlapping.iter().map(|(from, ..)| (*from).max(start));
            begins.map(at).max().unwrap_or(0) + **needed > there
        };
        job.needs.iter().find(is_short).map(|(resource, _)| resource.as_str())
    }

    fn place(
        &mut self,
        job: &'a Job,
        (ready, start): (i64, i64),
        waits_for: Option<String>,
    ) -> Levelled {
        let finish = start + job.duration;
        for (resource, units) in job.needs.iter().filter(|_| job.duration > 0) {
            self.used.entry(resource).or_default().push((start, finish, *units));
        }
        self.finished.insert(&job.id, finish);
        self.freed.insert(finish);
        let delay = start - ready;
        Levelled {
            id: job.id.clone(),
            start,
            finish,
            delay,
            waits_for: waits_for.filter(|_| delay > 0),
        }
    }
}
