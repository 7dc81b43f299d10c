//! Monte-Carlo simulation of durations and costs, with a seed that is kept.
//!
//! Sources: Beta-PERT (D. Vose, *Risk Analysis*, 3rd edition, 2008); the criticality index (R. M. Van Slyke,
//! *Operations Research* 11, 1963); standard errors of quantiles (W. J. Conover, *Practical Nonparametric
//! Statistics*, 1999). The generator is `ChaCha8`, whose numbers are the same everywhere.

use std::collections::BTreeMap;

use rand::rngs::ChaCha8Rng;
use rand::{RngExt as _, SeedableRng as _};
use rand_distr::{Distribution as _, Pert, Triangular};
use serde::{Deserialize, Serialize};

use super::cpm::{self, Anchor, Network};
use super::money::Minor;
use super::risk::{Error, Estimate};

/// Runs that are usually enough: the 80th percentile is then sure to a few percent of the spread.
pub const RUNS: u32 = 5_000;
/// Runs of one simulation; more only cost time.
pub const RUNS_MAX: u32 = 1_000_000;

/// How values lie between the three points.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// Beta-PERT: most near the likely value.
    #[default]
    Pert,
    /// Straight to both ends: more caution.
    Triangular,
}

/// How often, and from what seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setup {
    /// The stored seed.
    pub seed: u64,
    /// How many runs.
    pub runs: u32,
    /// How values are spread.
    pub shape: Shape,
}

/// A percentile and how sure it is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Percentile {
    /// The value below which this share of the runs lies.
    pub value: f64,
    /// Its standard error, from the spread of the runs around it.
    pub error: f64,
}

/// What the runs gave.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    /// With what it was made.
    pub setup: Setup,
    /// The mean of all runs.
    pub mean: f64,
    /// The median.
    pub p50: Percentile,
    /// What four of five runs stay below.
    pub p80: Percentile,
    /// What nine of ten runs stay below.
    pub p90: Percentile,
    /// The share of runs within the limit, when one was given.
    pub within: Option<f64>,
    /// The share of runs in which each task was critical; empty for costs.
    pub criticality: BTreeMap<String, f64>,
}

/// A cost that is not certain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CostItem {
    /// Names it.
    pub id: String,
    /// Its cost in minor units.
    pub estimate: Estimate,
}

/// A loss that may come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Threat {
    /// Names it.
    pub id: String,
    /// How likely it is, 0 to 1.
    pub probability: f64,
    /// What it costs when it comes, in minor units.
    pub loss: Estimate,
}

/// Simulates when all tasks are done, in units after `start`. Tasks without an estimate keep their duration.
///
/// Durations are rounded to whole units, because tasks begin on whole units.
pub fn durations(
    network: &Network,
    estimates: &BTreeMap<String, Estimate>,
    (start, limit): (i64, Option<i64>),
    setup: Setup,
) -> Result<Outcome, Error> {
    let mut random = begin(setup)?;
    let uncertain = numbered(network, estimates)?;
    let mut network = network.clone();
    let mut finishes = Vec::with_capacity(setup.runs as usize);
    let mut critical = vec![0_u32; network.tasks().len()];
    for _ in 0..setup.runs {
        for (number, estimate) in &uncertain {
            network.set_duration(*number, whole(draw(*estimate, setup.shape, &mut random)?))?;
        }
        let plan = cpm::schedule(&network, Anchor::Start(start))?;
        finishes.push(super::ratio(plan.finish - start, 1));
        for (count, times) in critical.iter_mut().zip(&plan.tasks) {
            *count += u32::from(times.critical);
        }
    }
    let limit = limit.map(|unit| super::ratio(unit - start, 1));
    let mut outcome = outcome(setup, finishes, limit);
    let share = |count: u32| f64::from(count) / f64::from(setup.runs);
    let ids = network.tasks().iter().map(|task| task.id.clone());
    outcome.criticality = ids.zip(critical.into_iter().map(share)).collect();
    Ok(outcome)
}

/// The estimates by the numbers of their tasks.
fn numbered(
    network: &Network,
    estimates: &BTreeMap<String, Estimate>,
) -> Result<Vec<(usize, Estimate)>, Error> {
    let number = |id: &String| {
        let at = network.tasks().binary_search_by(|task| task.id.cmp(id));
        at.map_err(|_| Error::NoTask(id.clone()))
    };
    estimates.iter().map(|(id, estimate)| Ok((number(id)?, *estimate))).collect()
}

/// Simulates the sum of all costs and of the losses that come. Items and threats are drawn in order of their ids.
pub fn costs(
    items: &[CostItem],
    threats: &[Threat],
    limit: Option<Minor>,
    setup: Setup,
) -> Result<Outcome, Error> {
    let mut random = begin(setup)?;
    let (mut items, mut threats) = (items.to_vec(), threats.to_vec());
    items.sort_by(|one, other| one.id.cmp(&other.id));
    threats.sort_by(|one, other| one.id.cmp(&other.id));
    if let Some(threat) = threats.iter().find(|it| !(0.0..=1.0).contains(&it.probability)) {
        return Err(Error::NoProbability(threat.probability));
    }
    let mut sums = Vec::with_capacity(setup.runs as usize);
    for _ in 0..setup.runs {
        let mut sum = 0.0;
        for item in &items {
            sum += draw(item.estimate, setup.shape, &mut random)?;
        }
        for threat in &threats {
            let comes = random.random::<f64>() < threat.probability;
            let loss = draw(threat.loss, setup.shape, &mut random)?;
            sum += if comes { loss } else { 0.0 };
        }
        sums.push(sum);
    }
    Ok(outcome(setup, sums, limit.map(|limit| super::ratio(limit, 1))))
}

fn begin(setup: Setup) -> Result<ChaCha8Rng, Error> {
    if !(2..=RUNS_MAX).contains(&setup.runs) {
        return Err(Error::BadRuns(setup.runs));
    }
    Ok(ChaCha8Rng::seed_from_u64(setup.seed))
}

/// A value of the estimate. Without spread there is nothing to draw.
fn draw(estimate: Estimate, shape: Shape, random: &mut ChaCha8Rng) -> Result<f64, Error> {
    let Estimate { optimistic, likely, pessimistic } =
        Estimate::new(estimate.optimistic, estimate.likely, estimate.pessimistic)?;
    let refusal = || Error::NotInOrder(format!("{optimistic}, {likely}, {pessimistic}"));
    if optimistic >= pessimistic {
        return Ok(likely);
    }
    match shape {
        Shape::Pert => {
            let pert = Pert::new(optimistic, pessimistic).with_mode(likely);
            pert.map(|pert| pert.sample(random)).map_err(|_| refusal())
        }
        Shape::Triangular => {
            let triangular = Triangular::new(optimistic, pessimistic, likely);
            triangular.map(|triangular| triangular.sample(random)).map_err(|_| refusal())
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "durations are checked against the network's limit"
)]
fn whole(duration: f64) -> i64 {
    duration.round().max(0.0) as i64
}

fn outcome(setup: Setup, mut values: Vec<f64>, limit: Option<f64>) -> Outcome {
    values.sort_by(f64::total_cmp);
    let runs = f64::from(setup.runs);
    let count = |limit: f64| values.partition_point(|value| *value <= limit);
    let count = |limit: f64| u32::try_from(count(limit)).unwrap_or(u32::MAX);
    Outcome {
        setup,
        mean: values.iter().sum::<f64>() / runs,
        p50: percentile(&values, 0.5),
        p80: percentile(&values, 0.8),
        p90: percentile(&values, 0.9),
        within: limit.map(|limit| f64::from(count(limit)) / runs),
        criticality: BTreeMap::new(),
    }
}

/// The least value that at least this share of the runs does not exceed.
///
/// Its standard error is half the distance between the order statistics one standard error of the rank to both sides.
fn percentile(values: &[f64], share: f64) -> Percentile {
    let runs = super::ratio(i64::try_from(values.len()).unwrap_or(i64::MAX), 1);
    let ranked = |rank: f64| values.get(index(rank, values.len())).copied().unwrap_or(f64::NAN);
    let (rank, step) = (runs * share, (runs * share * (1.0 - share)).sqrt());
    Percentile { value: ranked(rank), error: (ranked(rank + step) - ranked(rank - step)) / 2.0 }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "ranks of at most a million runs"
)]
fn index(rank: f64, runs: usize) -> usize {
    (rank.ceil().max(1.0) as usize).min(runs) - 1
}
