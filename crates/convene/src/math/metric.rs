//! The metrics of the four agents: what each is, what it must reach, and when it says nothing.
//!
//! A projected value comes from the plan, an actual one from what happened; they are never mixed. A metric that a level
//! does not produce is `n/a`, not passed.

use serde::{Deserialize, Serialize};

use super::money::Minor;
use super::risk::NEEDS_MITIGATION;
use crate::brief::Level;

/// The metrics, in the order in which they are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Name {
    /// Planner: how far the forecast end lies behind the baseline's, by its length.
    TimelineSlippage,
    /// Planner: risks rated 8 or more with mitigation, owner and scenario.
    RiskCoverage,
    /// Planner: the mean of the survey.
    StakeholderSatisfaction,
    /// Venue: the mean score of the shortlist.
    ShortlistQuality,
    /// Venue: shortlisted venues within the range.
    BudgetFit,
    /// Venue: holds that stand.
    ConfirmedHolds,
    /// Budget: the distance of the forecast from the plan.
    BudgetVariance,
    /// Budget: savings with a source, by the first estimate.
    SavingsIdentified,
    /// Budget: how much of the wanted reserve there is.
    ReserveAdequacy,
    /// Logistics: tasks done when due.
    OnTimeTaskRate,
    /// Logistics: minutes from the trigger to the end of the incident, the longest.
    IncidentResolution,
    /// Logistics: how evenly people are used.
    UtilisationBalance,
    /// Logistics, Advanced: contingencies that were resolved in time.
    ContingencyEffectiveness,
}

impl Name {
    /// All, in order.
    pub const ALL: [Self; 13] = [
        Self::TimelineSlippage,
        Self::RiskCoverage,
        Self::StakeholderSatisfaction,
        Self::ShortlistQuality,
        Self::BudgetFit,
        Self::ConfirmedHolds,
        Self::BudgetVariance,
        Self::SavingsIdentified,
        Self::ReserveAdequacy,
        Self::OnTimeTaskRate,
        Self::IncidentResolution,
        Self::UtilisationBalance,
        Self::ContingencyEffectiveness,
    ];

    /// What it must reach. Shares are 0 to 1, times are minutes.
    pub fn threshold(self) -> Threshold {
        match self {
            Self::TimelineSlippage => Threshold::AtMost(0.10),
            Self::BudgetVariance => Threshold::AtMost(0.05),
            Self::IncidentResolution => Threshold::AtMost(15.0),
            Self::RiskCoverage | Self::ReserveAdequacy => Threshold::AtLeast(0.90),
            Self::StakeholderSatisfaction | Self::ShortlistQuality | Self::UtilisationBalance => {
                Threshold::AtLeast(0.80)
            }
            Self::BudgetFit | Self::OnTimeTaskRate => Threshold::AtLeast(0.95),
            Self::ConfirmedHolds => Threshold::AtLeast(2.0),
            Self::SavingsIdentified => Threshold::AtLeast(0.10),
            Self::ContingencyEffectiveness => Threshold::AtLeast(1.0),
        }
    }

    /// The first level whose agents produce what it measures.
    pub fn first_level(self) -> Level {
        match self {
            Self::TimelineSlippage
            | Self::StakeholderSatisfaction
            | Self::ShortlistQuality
            | Self::BudgetFit
            | Self::BudgetVariance
            | Self::OnTimeTaskRate
            | Self::IncidentResolution => Level::Beginner,
            Self::RiskCoverage
            | Self::ConfirmedHolds
            | Self::SavingsIdentified
            | Self::ReserveAdequacy
            | Self::UtilisationBalance => Level::Intermediate,
            Self::ContingencyEffectiveness => Level::Advanced,
        }
    }

    /// Whether a plan can say nothing about it: only what happened can.
    pub fn is_actual_only(self) -> bool {
        matches!(
            self,
            Self::StakeholderSatisfaction
                | Self::IncidentResolution
                | Self::ContingencyEffectiveness
        )
    }
}

/// The side of the value that is good.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Threshold {
    /// Not more than this.
    AtMost(f64),
    /// Not less than this.
    AtLeast(f64),
}

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// From the plan.
    Projected,
    /// From what happened.
    Actual,
}

/// What a value means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// The threshold is reached.
    #[serde(rename = "pass")]
    Pass,
    /// It is not.
    #[serde(rename = "fail")]
    Fail,
    /// There is nothing to judge.
    #[serde(rename = "n/a")]
    NotApplicable,
}

/// A metric with its verdict.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Metric {
    /// Which.
    pub name: Name,
    /// Its value; none when there is nothing to measure.
    pub value: Option<f64>,
    /// What it must reach.
    pub threshold: Threshold,
    /// What the value means.
    pub verdict: Verdict,
    /// Where the value comes from.
    pub basis: Basis,
}

/// Judges a value. Without one, at a level that does not produce it, or projected where only facts count: `n/a`.
pub fn judge(name: Name, level: Level, basis: Basis, value: Option<f64>) -> Metric {
    let is_judged =
        level >= name.first_level() && (basis == Basis::Actual || !name.is_actual_only());
    let value = value.filter(|value| is_judged && value.is_finite());
    let threshold = name.threshold();
    let verdict = match (value, threshold) {
        (None, _) => Verdict::NotApplicable,
        (Some(value), Threshold::AtMost(most)) if value <= most => Verdict::Pass,
        (Some(value), Threshold::AtLeast(least)) if value >= least => Verdict::Pass,
        (Some(_), Threshold::AtMost(_) | Threshold::AtLeast(_)) => Verdict::Fail,
    };
    Metric { name, value, threshold, verdict, basis }
}

/// max(0, forecast end − baseline end) / baseline length; none without a length.
pub fn slippage(baseline_start: i64, baseline_end: i64, forecast_end: i64) -> Option<f64> {
    let length = baseline_end - baseline_start;
    (length > 0).then(|| super::ratio((forecast_end - baseline_end).max(0), length))
}

/// A risk, as far as coverage asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Covered {
    /// Probability times impact.
    pub rating: u8,
    /// Whether it has mitigation, owner and scenario.
    pub complete: bool,
}

/// The share of risks rated 8 or more that are complete; none when there is no such risk.
pub fn risk_coverage(risks: &[Covered]) -> Option<f64> {
    let high = || risks.iter().filter(|risk| risk.rating >= NEEDS_MITIGATION);
    share(high().filter(|risk| risk.complete).count(), high().count())
}

/// The mean of answers from 1 to 5, by 5.
pub fn satisfaction(answers: &[u8]) -> Option<f64> {
    let sum: i64 = answers.iter().map(|answer| i64::from(*answer)).sum();
    let count = i64::try_from(answers.len()).ok()?;
    (count > 0).then(|| super::ratio(sum, count * 5))
}

/// The mean of scores from 0 to 1.
pub fn shortlist_quality(scores: &[f64]) -> Option<f64> {
    let count = super::ratio(i64::try_from(scores.len()).ok()?, 1);
    (!scores.is_empty()).then(|| scores.iter().sum::<f64>() / count)
}

/// The share of all-in costs within the range.
pub fn budget_fit(costs: &[Minor], most: Minor) -> Option<f64> {
    share(costs.iter().filter(|cost| **cost <= most).count(), costs.len())
}

/// |forecast − baseline| / baseline.
pub fn budget_variance(baseline: Minor, forecast: Minor) -> Option<f64> {
    (baseline > 0).then(|| super::ratio((forecast - baseline).abs(), baseline))
}

/// Done by their due date / due.
pub fn on_time(done_in_time: usize, due: usize) -> Option<f64> {
    share(done_in_time, due)
}

/// The longest time from firing to resolution, in minutes, from pairs of seconds. Without incidents none.
pub fn incident_resolution(incidents: &[(i64, i64)]) -> Option<f64> {
    let longest = incidents.iter().map(|(fired, resolved)| resolved - fired).max()?;
    Some(super::ratio(longest, 60))
}

/// 1 − standard deviation / mean of the people's utilisation, not below 0; none when nobody is used.
pub fn utilisation_balance(used: &[f64]) -> Option<f64> {
    let count = super::ratio(i64::try_from(used.len()).ok()?, 1);
    let mean = used.iter().sum::<f64>() / count;
    if used.is_empty() || mean <= 0.0 {
        return None;
    }
    let variance = used.iter().map(|one| (one - mean) * (one - mean)).sum::<f64>() / count;
    Some((1.0 - variance.sqrt() / mean).max(0.0))
}

/// Resolved within the limit / fired; none when nothing fired.
pub fn contingency_effectiveness(resolved_in_time: usize, fired: usize) -> Option<f64> {
    share(resolved_in_time, fired)
}

fn share(part: usize, whole: usize) -> Option<f64> {
    let (part, whole) = (i64::try_from(part).ok()?, i64::try_from(whole).ok()?);
    (whole > 0).then(|| super::ratio(part, whole))
}
