//! Which venue: what rules a candidate out, what it scores, and what would have to change for another to win.
//!
//! Sources: simple additive weighting with anchored scales (R. L. Keeney and H. Raiffa, *Decisions with Multiple
//! Objectives*, 1976): a candidate that joins changes nobody's score; rank-order centroid weights (F. H. Barron and B.
//! E. Barrett, *Management Science* 42, 1996); sensitivity of weights (E. Triantaphyllou and A. Sánchez, *Decision
//! Sciences* 28, 1997). Utilities are millionths and weights basis points, both whole, so that scores are exact.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::money::{self, BasisPoints, Minor, WHOLE};

mod sensitivity;
mod set;

pub use sensitivity::{Flip, Sensitivity, sensitivity};
pub use set::{Choice, Function, Offer, choose_set};

/// A utility or a score in millionths: 1,000,000 is perfect.
pub type Millionths = i64;

/// Perfect.
pub const PERFECT: Millionths = 1_000_000;

/// How far given weights may be from a sum of one: what floating point loses.
const WEIGHT_TOLERANCE: f64 = 1e-6;

/// What candidates are weighed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Criterion {
    /// All-in cost within the range.
    Cost,
    /// Seats: enough, and not far too many.
    Capacity,
    /// Amenities that are wanted.
    Amenities,
    /// Distance from the preferred location.
    Distance,
    /// Preferred dates that are free.
    Availability,
}

impl Criterion {
    /// All, in order.
    pub const ALL: [Self; 5] =
        [Self::Cost, Self::Capacity, Self::Amenities, Self::Distance, Self::Availability];
}

/// What is wanted of a venue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// Seats that are needed.
    pub capacity: u32,
    /// The low end of the range: cheaper is not better.
    pub budget_min: Minor,
    /// The most that it may cost.
    pub budget_max: Minor,
    /// Amenities that would be good.
    pub amenities: BTreeSet<String>,
    /// What it must have so that everybody can come.
    pub accessibility: BTreeSet<String>,
    /// Dates that are asked for; at least one must be free.
    pub dates: BTreeSet<Date>,
    /// Metres from the preferred location at which a venue is no longer near at all.
    pub metres_max: u32,
}

/// A venue that offers itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Names it; unique.
    pub id: String,
    /// Seats.
    pub capacity: u32,
    /// All-in cost.
    pub cost: Minor,
    /// What it has.
    pub amenities: BTreeSet<String>,
    /// What it has for accessibility.
    pub accessibility: BTreeSet<String>,
    /// Dates on which it is free.
    pub free: BTreeSet<Date>,
    /// Metres from the preferred location.
    pub metres: u32,
}

/// Why a candidate is out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum KnockOut {
    /// Too small.
    #[error("{there} seats, {needed} needed: short by {}", needed - there)]
    Capacity {
        /// Needed.
        needed: u32,
        /// There.
        there: u32,
    },
    /// Too dear.
    #[error("costs {cost} minor units, at most {most}: over by {}", cost - most)]
    Cost {
        /// What it costs.
        cost: Minor,
        /// The most that it may.
        most: Minor,
    },
    /// Not for everybody.
    #[error("lacks {}", missing.join(", "))]
    Accessibility {
        /// What is missing.
        missing: Vec<String>,
    },
    /// Taken.
    #[error("is free on none of the dates asked for")]
    Dates,
}

/// A candidate with its score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Scored {
    /// The candidate.
    pub id: String,
    /// Its all-in cost, which settles ties.
    pub cost: Minor,
    /// The utility by each criterion.
    pub utilities: BTreeMap<Criterion, Millionths>,
    /// Σ weight × utility, in millionths of basis points: 10,000,000,000 is perfect.
    pub total: i64,
}

impl Scored {
    /// The total as a number from 0 to 1.
    pub fn score(&self) -> f64 {
        super::ratio(self.total, PERFECT * i64::from(WHOLE))
    }
}

/// Weights that sum to one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Weights(BTreeMap<Criterion, BasisPoints>);

/// What weights may not be.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// They sum to something else.
    #[error("the weights sum to {0}: they must sum to 1")]
    Sum(f64),
    /// Not a share.
    #[error("the weight {0} is no share: it lies between 0 and 1")]
    NoShare(f64),
    /// Nothing to rank.
    #[error("no criteria: name at least one")]
    None,
    /// More combinations than are tried.
    #[error("more than {0} combinations of venues: shorten the lists")]
    TooMany(u64),
}

impl Weights {
    /// From basis points, which must sum to 10,000.
    pub fn new(points: BTreeMap<Criterion, BasisPoints>) -> Result<Self, Error> {
        let sum: u64 = points.values().copied().map(u64::from).sum();
        if sum == u64::from(WHOLE) {
            return Ok(Self(points));
        }
        Err(Error::Sum(super::ratio(i64::try_from(sum).unwrap_or(i64::MAX), i64::from(WHOLE))))
    }

    /// From shares that sum to 1 within 1e-6; rounded to basis points so that they still do.
    pub fn from_shares(shares: &BTreeMap<Criterion, f64>) -> Result<Self, Error> {
        if let Some(share) = shares.values().find(|share| !(0.0..=1.0).contains(*share)) {
            return Err(Error::NoShare(*share));
        }
        let sum: f64 = shares.values().sum();
        if (sum - 1.0).abs() > WEIGHT_TOLERANCE {
            return Err(Error::Sum(sum));
        }
        let parts: Vec<u64> = shares.values().map(|share| parts(*share)).collect();
        Self::shared(shares.keys().copied(), &parts)
    }

    /// From an order of importance: w(k) = (1/n) Σ 1/i for i from k to n.
    pub fn from_ranks(order: &[Criterion]) -> Result<Self, Error> {
        let count = u64::try_from(order.len()).unwrap_or(u64::MAX);
        let least_common: u64 = 60; // of 1 to 5 and so of all criteria that there are
        let weight = |rank: u64| (rank..=count).map(|at| least_common / at).sum();
        let parts: Vec<u64> = (1..=count).map(weight).collect();
        Self::shared(order.iter().copied(), &parts)
    }

    /// The weights by criterion.
    pub fn points(&self) -> &BTreeMap<Criterion, BasisPoints> {
        &self.0
    }

    fn shared(of: impl Iterator<Item = Criterion>, parts: &[u64]) -> Result<Self, Error> {
        let points = money::allocate(i64::from(WHOLE), parts).map_err(|_| Error::None)?;
        let points = points.into_iter().map(|it| BasisPoints::try_from(it).unwrap_or(0));
        Self::new(of.zip(points).collect())
    }
}

/// Why the candidate is out; empty when it is not.
pub fn knocked_out(wanted: &Wanted, it: &Candidate) -> Vec<KnockOut> {
    let mut reasons = Vec::new();
    if it.capacity < wanted.capacity {
        reasons.push(KnockOut::Capacity { needed: wanted.capacity, there: it.capacity });
    }
    if it.cost > wanted.budget_max {
        reasons.push(KnockOut::Cost { cost: it.cost, most: wanted.budget_max });
    }
    let missing: Vec<String> =
        wanted.accessibility.difference(&it.accessibility).cloned().collect();
    if !missing.is_empty() {
        reasons.push(KnockOut::Accessibility { missing });
    }
    if !wanted.dates.is_empty() && wanted.dates.is_disjoint(&it.free) {
        reasons.push(KnockOut::Dates);
    }
    reasons
}

/// Scores the candidates that are not knocked out, best first; ties to the cheaper, then by id.
pub fn scorecard(wanted: &Wanted, candidates: &[Candidate], weights: &Weights) -> Vec<Scored> {
    let mut scored: Vec<Scored> = candidates
        .iter()
        .filter(|candidate| knocked_out(wanted, candidate).is_empty())
        .map(|candidate| score(wanted, candidate, weights))
        .collect();
    scored.sort_by(|one, other| {
        let key = |it: &Scored| (std::cmp::Reverse(it.total), it.cost);
        key(one).cmp(&key(other)).then_with(|| one.id.cmp(&other.id))
    });
    scored
}

/// Scores one candidate, whether knocked out or not.
pub fn score(wanted: &Wanted, candidate: &Candidate, weights: &Weights) -> Scored {
    let criteria = Criterion::ALL.into_iter();
    let utilities: BTreeMap<Criterion, Millionths> =
        criteria.map(|it| (it, utility(it, wanted, candidate))).collect();
    let part = |(criterion, weight): (&Criterion, &BasisPoints)| {
        utilities.get(criterion).copied().unwrap_or(0) * i64::from(*weight)
    };
    let total = weights.0.iter().map(part).sum();
    Scored { id: candidate.id.clone(), cost: candidate.cost, utilities, total }
}

/// How well a candidate does by a criterion, on a scale that depends on what is wanted alone.
pub fn utility(criterion: Criterion, wanted: &Wanted, it: &Candidate) -> Millionths {
    match criterion {
        Criterion::Cost => cost_utility(wanted, it.cost),
        Criterion::Capacity => capacity_utility(wanted.capacity, it.capacity),
        Criterion::Amenities => {
            share(wanted.amenities.intersection(&it.amenities).count(), wanted.amenities.len())
        }
        Criterion::Distance => {
            let left = i64::from(wanted.metres_max) - i64::from(it.metres);
            clamped(left, i64::from(wanted.metres_max))
        }
        Criterion::Availability => {
            share(wanted.dates.intersection(&it.free).count(), wanted.dates.len())
        }
    }
}

/// 1 at the low end of the range, 0 at the high end; when they are one, 1 up to it.
pub(super) fn cost_utility(wanted: &Wanted, cost: Minor) -> Millionths {
    let range = wanted.budget_max - wanted.budget_min;
    if range <= 0 {
        return if cost <= wanted.budget_max { PERFECT } else { 0 };
    }
    clamped(wanted.budget_max - cost, range)
}

/// 1 from what is needed to a quarter more, then down to 0.5 at twice as much, and not below.
fn capacity_utility(needed: u32, there: u32) -> Millionths {
    let (needed, there) = (i64::from(needed), i64::from(there));
    if there < needed {
        return 0;
    }
    // From 1.25 to 2 times is three quarters of what is needed; the loss over it is a half.
    let whole = 6 * needed.max(1);
    clamped(whole - (4 * there - 5 * needed), whole).max(PERFECT / 2)
}

/// part / whole in millionths, rounded half up, between 0 and 1; 1 of nothing wanted.
fn clamped(part: i64, whole: i64) -> Millionths {
    if whole <= 0 {
        return PERFECT;
    }
    let (part, whole) = (i128::from(part.clamp(0, whole)), i128::from(whole));
    let rounded = (2 * part * i128::from(PERFECT) + whole) / (2 * whole);
    i64::try_from(rounded).unwrap_or(PERFECT)
}

fn share(part: usize, whole: usize) -> Millionths {
    clamped(i64::try_from(part).unwrap_or(0), i64::try_from(whole).unwrap_or(0))
}

/// A share as parts of 10^12: finer than what floating point distinguishes in weights.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share between 0 and 1"
)]
fn parts(share: f64) -> u64 {
    (share * 1e12).round() as u64
}
