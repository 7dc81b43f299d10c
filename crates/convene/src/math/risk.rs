//! Ratings of risks, three-point estimates, and whether a reserve is enough.
//!
//! Sources: the probability and impact matrix and expected monetary value (PMI, *Standard for Risk Management*, 2019);
//! PERT (D. G. Malcolm et al., *Operations Research* 7, 1959).

use serde::{Deserialize, Serialize};

use super::money::{self, Minor};

/// From this rating on a risk needs a mitigation.
pub const NEEDS_MITIGATION: u8 = 8;
/// From this rating on a risk blocks the event's confirmation until a person accepts it.
pub const BLOCKS: u8 = 15;

/// One of five steps, of probability or of impact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// 1
    VeryLow,
    /// 2
    Low,
    /// 3
    Medium,
    /// 4
    High,
    /// 5
    VeryHigh,
}

impl Step {
    /// Its number, 1 to 5.
    pub fn number(self) -> u8 {
        match self {
            Self::VeryLow => 1,
            Self::Low => 2,
            Self::Medium => 3,
            Self::High => 4,
            Self::VeryHigh => 5,
        }
    }

    /// The probability that it stands for, in percent.
    pub fn percent(self) -> u32 {
        match self {
            Self::VeryLow => 5,
            Self::Low => 15,
            Self::Medium => 35,
            Self::High => 60,
            Self::VeryHigh => 85,
        }
    }
}

/// Probability times impact, 1 to 25.
pub fn rating(probability: Step, impact: Step) -> u8 {
    probability.number() * impact.number()
}

/// What a risk costs on the average: probability times loss, rounded as money is.
pub fn expected_loss(probability: Step, loss: Minor) -> Result<Minor, money::Error> {
    money::rate(loss, probability.percent() * 100)
}

/// What is wrong with an estimate.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// Not in order, or not a number.
    #[error(
        "the estimate {0} must be finite and in order: optimistic, then likely, then pessimistic"
    )]
    NotInOrder(String),
    /// A probability outside of 0 to 1.
    #[error("{0} is no probability: it lies between 0 and 1")]
    NoProbability(f64),
    /// Nothing to simulate with.
    #[error("{0} runs: at least 2 and at most {max} are made", max = super::simulate::RUNS_MAX)]
    BadRuns(u32),
    /// The network cannot be planned.
    #[error(transparent)]
    Network(#[from] super::cpm::Error),
    /// An estimate names no task.
    #[error("there is an estimate for {0}, which is no task")]
    NoTask(String),
}

/// A three-point estimate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// When all goes well.
    pub optimistic: f64,
    /// Most likely.
    pub likely: f64,
    /// When much goes wrong.
    pub pessimistic: f64,
}

impl Estimate {
    /// Checks the order.
    pub fn new(optimistic: f64, likely: f64, pessimistic: f64) -> Result<Self, Error> {
        let in_order = optimistic <= likely && likely <= pessimistic;
        if in_order && optimistic.is_finite() && pessimistic.is_finite() {
            return Ok(Self { optimistic, likely, pessimistic });
        }
        Err(Error::NotInOrder(format!("{optimistic}, {likely}, {pessimistic}")))
    }

    /// (o + 4m + p) / 6
    pub fn mean(self) -> f64 {
        (self.optimistic + 4.0 * self.likely + self.pessimistic) / 6.0
    }

    /// ((p − o) / 6)²
    pub fn variance(self) -> f64 {
        let deviation = (self.pessimistic - self.optimistic) / 6.0;
        deviation * deviation
    }
}

/// The chance that a chain of tasks ends within `limit`, by the normal distribution of its sum.
///
/// It knows nothing of other chains that merge into it, so it is too confident: [`super::simulate`] is not.
pub fn chance_within(chain: &[Estimate], limit: f64) -> f64 {
    let mean: f64 = chain.iter().map(|estimate| estimate.mean()).sum();
    let variance: f64 = chain.iter().map(|estimate| estimate.variance()).sum();
    if variance == 0.0 {
        return if mean <= limit { 1.0 } else { 0.0 };
    }
    normal((limit - mean) / variance.sqrt())
}

/// Φ, the standard normal distribution function.
pub fn normal(z: f64) -> f64 {
    0.5 * libm::erfc(-z / std::f64::consts::SQRT_2)
}

/// The share of what is wanted that a reserve covers, at most 1: reserve / (P80 − base).
///
/// Nothing wanted is fully covered.
pub fn adequacy(reserve: Minor, base: Minor, p80: Minor) -> f64 {
    let wanted = p80 - base;
    if wanted <= 0 { 1.0 } else { super::ratio(reserve.max(0), wanted).min(1.0) }
}
