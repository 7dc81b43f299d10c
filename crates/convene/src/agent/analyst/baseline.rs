//! How the budget is shared out before anything is priced, and how far the prices are from that.

use std::collections::BTreeMap;

use super::{ME, reserve::RESERVE};
use crate::{
    agent::{Desk, rounded},
    artifact::{Allocation, Amount, BudgetBaseline, LineItem, Signal, Variance},
    brief::Fault,
    library,
    math::budget::{self, Light},
};

/// The share of a category that the table of shares does not know.
const UNKNOWN_SHARE: u64 = 5;
/// The row of all categories but the reserve.
const TOTAL: &str = "total";

/// The baseline: the reserve by the level's share, the rest by the table of shares over the categories that are needed.
///
/// # Errors
/// When the total is more money than is counted with.
pub(super) fn baseline(desk: &Desk<'_>, lines: &[LineItem]) -> Result<BudgetBaseline, Vec<Fault>> {
    let scope = desk.scope();
    let currency = scope.currency;
    let percent = desk.number(ME, "reserve_percent");
    let reserve = scope.budget.percent(percent, currency);
    let known = library::SHARES.get(&scope.event_type);
    let share = |category: &str| {
        known.and_then(|known| known.get(category)).copied().unwrap_or(UNKNOWN_SHARE)
    };
    let shares: BTreeMap<String, u64> =
        by_category(lines).keys().map(|name| ((*name).to_owned(), share(name))).collect();
    let rest = scope.budget.minus(reserve).minor(currency);
    let parts = budget::allocate(rest, &shares)
        .map_err(|e| vec![Fault::new("/budget/total", e.to_string())])?;
    let allocation = |(category, allocated): (String, Amount)| Allocation {
        percentage: rounded(allocated.share_of(scope.budget)),
        category,
        allocated,
    };
    let parts = parts.into_iter().map(|(name, minor)| (name, Amount::of(minor, currency)));
    Ok(BudgetBaseline {
        total_budget: scope.budget,
        currency,
        category_allocations: parts
            .chain([(RESERVE.to_owned(), reserve)])
            .map(allocation)
            .collect(),
        assumptions: vec![
            format!("{percent} % is kept back, as planning at the {} level does", scope.level),
            format!(
                "the rest is shared out as a {} usually spends it, over the categories that this one needs",
                scope.event_type
            ),
        ],
    })
}

/// What each category comes to, without what is kept back.
fn by_category(lines: &[LineItem]) -> BTreeMap<&str, Amount> {
    let mut sums: BTreeMap<&str, Amount> = BTreeMap::new();
    for line in lines.iter().filter(|line| line.category != RESERVE) {
        let sum = sums.entry(line.category.as_str()).or_insert(Amount::ZERO);
        *sum = sum.plus(line.total);
    }
    sums
}

/// Forecast against allocation: each category, then all of them. The reserve is in neither side, so that it hides nothing.
pub(super) fn variances(
    desk: &Desk<'_>,
    baseline: &BudgetBaseline,
    lines: &[LineItem],
) -> Vec<Variance> {
    let forecast = by_category(lines);
    let planned = baseline.category_allocations.iter().filter(|it| it.category != RESERVE);
    let of = |category: &str| forecast.get(category).copied().unwrap_or_default();
    let mut all: Vec<Variance> = planned
        .clone()
        .map(|it| variance(desk, &it.category, it.allocated, of(&it.category)))
        .collect();
    let allocated = planned.map(|it| it.allocated).sum();
    all.push(variance(desk, TOTAL, allocated, forecast.into_values().sum()));
    all
}

fn variance(desk: &Desk<'_>, category: &str, allocated: Amount, forecast: Amount) -> Variance {
    let currency = desk.scope().currency;
    let found = budget::variance(allocated.minor(currency), forecast.minor(currency));
    Variance {
        category: category.to_owned(),
        allocated,
        forecast,
        variance: rounded(forecast.minus(allocated).share_of(allocated)),
        signal: match found.light {
            Light::Green => Signal::Green,
            Light::Amber => Signal::Amber,
            Light::Red => Signal::Red,
        },
    }
}
