//! What an event costs, how far that is from the plan, and what to give up when it is too much.
//!
//! Sources: earned value (ANSI/EIA-748); the 0/1 knapsack by dynamic programming over losses (R. Bellman, 1957);
//! break-even analysis. All sums are exact, in minor units of one currency.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::money::{self, BasisPoints, Error, Minor, WHOLE};

/// Up to this variance, in basis points of the plan, a budget is green.
pub const GREEN: i64 = 500;
/// Up to this it is amber, above it red.
pub const AMBER: i64 = 1_000;
/// Alternatives that are offered when the budget is exceeded.
pub const ALTERNATIVES: usize = 3;
/// Options that can be weighed against each other.
pub const OPTIONS_MAX: usize = 60;
/// The largest loss of one option, in points.
pub const LOSS_MAX: u32 = 1_000;

/// How much of something is bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantity {
    /// So many, however many people come.
    Fixed(u64),
    /// So many for each person.
    PerHead(u64),
}

/// Something that costs money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Its category: `venue`, `catering`.
    pub category: String,
    /// What it is.
    pub item: String,
    /// How much of it.
    pub quantity: Quantity,
    /// The price of one.
    pub unit_cost: Minor,
    /// Service on the price.
    #[serde(default)]
    pub service: BasisPoints,
    /// Tax on price and service.
    #[serde(default)]
    pub tax: BasisPoints,
}

/// What a line comes to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Amounts {
    /// Quantity times price.
    pub net: Minor,
    /// Service on the net amount.
    pub service: Minor,
    /// Tax on both.
    pub tax: Minor,
    /// All together.
    pub total: Minor,
}

/// What all lines come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Costs {
    /// Each line, in the order given.
    pub lines: Vec<Amounts>,
    /// The totals by category.
    pub categories: BTreeMap<String, Minor>,
    /// The sum of all.
    pub total: Minor,
}

/// Computes a line for so many people.
pub fn line(line: &Line, heads: u64) -> Result<Amounts, Error> {
    let quantity = match line.quantity {
        Quantity::Fixed(quantity) => Some(quantity),
        Quantity::PerHead(each) => each.checked_mul(heads),
    };
    let net = money::times(line.unit_cost, quantity.ok_or(Error::TooLarge)?)?;
    let service = money::rate(net, line.service)?;
    let tax = money::rate(money::sum([net, service])?, line.tax)?;
    Ok(Amounts { net, service, tax, total: money::sum([net, service, tax])? })
}

/// Computes all lines for so many people.
pub fn costs(lines: &[Line], heads: u64) -> Result<Costs, Error> {
    let amounts = lines.iter().map(|it| line(it, heads)).collect::<Result<Vec<_>, _>>()?;
    let mut categories: BTreeMap<String, Minor> = BTreeMap::new();
    for (line, amounts) in lines.iter().zip(&amounts) {
        let sum = categories.entry(line.category.clone()).or_default();
        *sum = money::sum([*sum, amounts.total])?;
    }
    let total = money::sum(categories.values().copied())?;
    Ok(Costs { lines: amounts, categories, total })
}

/// The least number of people at which a price covers fixed costs; none when each person costs as much as they pay.
pub fn break_even(fixed: Minor, price: Minor, per_head: Minor) -> Option<u64> {
    let margin = u64::try_from(price - per_head).ok().filter(|margin| *margin > 0)?;
    Some(u64::try_from(fixed).unwrap_or(0).div_ceil(margin))
}

/// Shares the total out by category; the parts sum to it exactly. Ties of remainders go to the first by name.
pub fn allocate(
    total: Minor,
    shares: &BTreeMap<String, u64>,
) -> Result<BTreeMap<String, Minor>, Error> {
    let parts = money::allocate(total, &shares.values().copied().collect::<Vec<_>>())?;
    Ok(shares.keys().cloned().zip(parts).collect())
}

/// How much a variance should worry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Light {
    /// Up to 5 % over the plan, or under it.
    Green,
    /// Up to 10 %.
    Amber,
    /// More.
    Red,
}

/// The distance of a forecast from the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Variance {
    /// What was planned.
    pub baseline: Minor,
    /// What it will come to.
    pub forecast: Minor,
    /// Forecast less plan, in basis points of the plan, rounded away from zero; none when nothing was planned.
    pub basis_points: Option<i64>,
    /// What it means.
    pub light: Light,
}

/// Compares a forecast with the plan. Money for what was not planned is red.
pub fn variance(baseline: Minor, forecast: Minor) -> Variance {
    let over = i128::from(forecast) - i128::from(baseline);
    let scaled = over * i128::from(WHOLE);
    let away = |whole: i128| (scaled.abs() + whole - 1) / whole * scaled.signum();
    let basis_points =
        (baseline > 0).then(|| i64::try_from(away(i128::from(baseline))).unwrap_or(i64::MAX));
    let light = match basis_points {
        None if over > 0 => Light::Red,
        None | Some(..=GREEN) => Light::Green,
        Some(..=AMBER) => Light::Amber,
        Some(_) => Light::Red,
    };
    Variance { baseline, forecast, basis_points, light }
}

/// Compares all categories of both sides, in order of their names.
pub fn variances(
    baseline: &BTreeMap<String, Minor>,
    forecast: &BTreeMap<String, Minor>,
) -> BTreeMap<String, Variance> {
    let of = |side: &BTreeMap<String, Minor>, name: &String| side.get(name).copied().unwrap_or(0);
    let names = baseline.keys().chain(forecast.keys());
    names.map(|it| (it.clone(), variance(of(baseline, it), of(forecast, it)))).collect()
}

/// Progress in money.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct EarnedValue {
    /// CV: earned less spent.
    pub cost_variance: Minor,
    /// SV: earned less planned by now.
    pub schedule_variance: Minor,
    /// CPI: earned by what was spent; none before anything was.
    pub cost_index: Option<f64>,
    /// SPI: earned by what was planned by now.
    pub schedule_index: Option<f64>,
    /// EAC: what all will cost at this rate.
    pub estimate_at_completion: Option<f64>,
    /// TCPI: the rate that still meets the plan; none when all money is spent.
    pub to_complete_index: Option<f64>,
}

/// Earned value from the whole budget, the work planned by now, the work done and the money spent.
pub fn earned_value(budget: Minor, planned: Minor, earned: Minor, spent: Minor) -> EarnedValue {
    let index = |part: Minor, whole: Minor| (whole > 0).then(|| super::ratio(part, whole));
    let cost_index = index(earned, spent);
    EarnedValue {
        cost_variance: earned - spent,
        schedule_variance: earned - planned,
        cost_index,
        schedule_index: index(earned, planned),
        estimate_at_completion: cost_index
            .filter(|rate| *rate > 0.0)
            .map(|rate| super::ratio(budget, 1) / rate),
        to_complete_index: index(budget - earned, budget - spent),
    }
}

/// Something that can be given up or bought for less.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Saving {
    /// Names it.
    pub id: String,
    /// What it saves.
    pub amount: Minor,
    /// What the event loses by it, in points.
    pub loss: u32,
    /// Where the figure comes from: an offer, a price list. Without one it does not count as found.
    pub source: Option<String>,
    /// Whether it touches what the event must have: then it is not offered.
    pub must_have: bool,
}

/// Savings that close the gap together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alternative {
    /// Ids of the savings, in order.
    pub savings: Vec<String>,
    /// What they save together.
    pub amount: Minor,
    /// What the event loses together.
    pub loss: u32,
}

/// The three ways to save at least `gap` that lose least, none worse than another in both. Empty: it cannot be closed.
///
/// Exact: for each sum of losses the largest saving is kept. More than [`OPTIONS_MAX`] options are cut to those that
/// save most for their loss.
pub fn alternatives(savings: &[Saving], gap: Minor) -> Vec<Alternative> {
    let mut usable: Vec<&Saving> =
        savings.iter().filter(|it| !it.must_have && it.amount > 0 && it.loss <= LOSS_MAX).collect();
    let worth =
        |it: &Saving| std::cmp::Reverse(i128::from(it.amount) * 1_000 / i128::from(it.loss.max(1)));
    usable.sort_by_key(|it| (worth(it), it.id.clone()));
    usable.truncate(OPTIONS_MAX);
    usable.sort();
    let mut best: BTreeMap<u32, (Minor, Vec<&str>)> = BTreeMap::from([(0, (0, Vec::new()))]);
    for it in usable {
        let with: Vec<(u32, Minor, Vec<&str>)> = best
            .iter()
            .map(|(loss, (amount, ids))| {
                let ids = ids.iter().copied().chain([it.id.as_str()]).collect();
                (loss + it.loss, amount.saturating_add(it.amount), ids)
            })
            .collect();
        for (loss, amount, ids) in with {
            let kept = best.entry(loss).or_insert((-1, Vec::new()));
            if amount > kept.0 {
                *kept = (amount, ids);
            }
        }
    }
    undominated(best, gap)
}

/// Of those that close the gap, each that saves more than all that lose less.
fn undominated(best: BTreeMap<u32, (Minor, Vec<&str>)>, gap: Minor) -> Vec<Alternative> {
    let mut most = Minor::MIN;
    let mut found = Vec::new();
    for (loss, (amount, ids)) in best {
        if amount >= gap && amount > most && found.len() < ALTERNATIVES {
            most = amount;
            let savings = ids.into_iter().map(ToOwned::to_owned).collect();
            found.push(Alternative { savings, amount, loss });
        }
    }
    found
}

/// Savings that were found, as a share of the first estimate. Only those with a source count.
pub fn savings_found(first_estimate: Minor, savings: &[Saving]) -> Result<f64, Error> {
    let found = money::sum(savings.iter().filter(|it| it.source.is_some()).map(|it| it.amount))?;
    Ok(if first_estimate > 0 { super::ratio(found, first_estimate) } else { 0.0 })
}
