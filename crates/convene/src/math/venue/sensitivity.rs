//! What would have to change for another venue to win.

use serde::Serialize;

use super::{Criterion, Minor, PERFECT, Scored, Wanted, Weights, cost_utility};
use crate::math::money::WHOLE;

/// A change of one weight at which two venues change places; the other weights shrink or grow in proportion.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Flip {
    /// The weight that changes.
    pub criterion: Criterion,
    /// The venue that then wins.
    pub rival: String,
    /// By how many basis points of all weights; positive: it matters more.
    pub points: f64,
}

/// How sure the winner is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sensitivity {
    /// The winner.
    pub winner: String,
    /// The changes of weights that another would win by, the smallest first.
    pub flips: Vec<Flip>,
    /// For each rival the highest cost at which it would win, when there is one.
    pub costs_to_win: Vec<(String, Minor)>,
}

impl Sensitivity {
    /// In words, for the rationale.
    pub fn text(&self) -> String {
        match self.flips.first() {
            None => format!("{} stays first whatever single weight changes", self.winner),
            Some(flip) if flip.points == 0.0 => {
                format!(
                    "{} and {} score the same: the cheaper is first, then the first by name",
                    self.winner, flip.rival
                )
            }
            Some(flip) => format!(
                "{} stays first unless the weight of {} {} by {:.1} points; then {} wins",
                self.winner,
                name(flip.criterion),
                if flip.points > 0.0 { "rises" } else { "falls" },
                flip.points.abs() / 100.0,
                flip.rival,
            ),
        }
    }
}

/// Looks at a scorecard, best first. Without candidates there is no winner.
pub fn sensitivity(wanted: &Wanted, scored: &[Scored], weights: &Weights) -> Option<Sensitivity> {
    let (winner, rivals) = scored.split_first()?;
    let mut flips: Vec<Flip> = rivals
        .iter()
        .flat_map(|rival| {
            weights.points().keys().filter_map(|it| flip(*it, winner, rival, weights))
        })
        .collect();
    flips.sort_by(|one, other| {
        one.points
            .abs()
            .total_cmp(&other.points.abs())
            .then_with(|| (one.criterion, &one.rival).cmp(&(other.criterion, &other.rival)))
    });
    let cost_to_win =
        |rival: &Scored| Some((rival.id.clone(), cost_to_win(wanted, winner, rival, weights)?));
    let costs_to_win = rivals.iter().filter_map(cost_to_win).collect();
    Some(Sensitivity { winner: winner.id.clone(), flips, costs_to_win })
}

/// δ = −D / ((x₁ − x₂) − (R₁ − R₂) / (1 − w)), with D the lead, x the utilities and R the scores without the criterion.
///
/// Whole numbers below 2^53 until the one division, so the result is the correctly rounded quotient.
fn flip(criterion: Criterion, winner: &Scored, rival: &Scored, weights: &Weights) -> Option<Flip> {
    let whole = i64::from(WHOLE);
    let weight = i64::from(*weights.points().get(&criterion)?);
    let others = whole - weight;
    let lead = winner.total - rival.total;
    let utility = |of: &Scored| of.utilities.get(&criterion).copied().unwrap_or(0);
    let apart = utility(winner) - utility(rival);
    let rest = lead - weight * apart;
    let slope = apart * others - rest;
    if slope == 0 || others == 0 {
        return None;
    }
    let points = if lead == 0 { 0.0 } else { crate::math::ratio(-lead * others, slope) };
    let flip = Flip { criterion, rival: rival.id.clone(), points };
    // Where they meet, times the slope: between no weight and all of it, or there when the rival has the tie.
    let (at, end) = (weight * slope - lead * others, whole * slope);
    let (at, end) = if slope < 0 { (-at, -end) } else { (at, end) };
    let wins_ties = (rival.cost, &rival.id) < (winner.cost, &winner.id);
    let is_edge = at == 0 || at == end;
    ((0 < at && at < end) || (is_edge && wins_ties)).then_some(flip)
}

/// The highest cost at which the rival scores at least as much as the winner, by halving: less is never worse.
fn cost_to_win(
    wanted: &Wanted,
    winner: &Scored,
    rival: &Scored,
    weights: &Weights,
) -> Option<Minor> {
    let weight = i64::from(*weights.points().get(&Criterion::Cost)?);
    let now = rival.utilities.get(&Criterion::Cost).copied().unwrap_or(PERFECT);
    let wins = |cost: Minor| {
        let total = rival.total + weight * (cost_utility(wanted, cost) - now);
        (total, winner.cost) >= (winner.total, cost)
    };
    let (mut low, mut high) = (0, rival.cost);
    if !wins(low) {
        return None;
    }
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if wins(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    Some(if wins(high) { high } else { low })
}

fn name(criterion: Criterion) -> &'static str {
    match criterion {
        Criterion::Cost => "cost",
        Criterion::Capacity => "capacity",
        Criterion::Amenities => "amenities",
        Criterion::Distance => "distance",
        Criterion::Availability => "availability",
    }
}
