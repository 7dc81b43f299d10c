//! What is kept back: a share of the budget, or what eight runs of ten need beyond the lines if that is more.

use super::{ME, lines::Priced};
use crate::{
    agent::{Desk, rounded, seed_for},
    artifact::{Amount, Basis, Grade, LineItem, Reserve, Risk, RiskRegister},
    brief::Fault,
    math::{ratio, risk, simulate},
};

/// The category of what is kept back.
pub(super) const RESERVE: &str = "reserve";

/// What the lines come to, service and tax included.
pub(super) fn spending(desk: &Desk<'_>, priced: &[Priced]) -> Amount {
    priced.iter().map(|priced| priced.total(desk.scope())).sum()
}

/// The reserve for these lines and the risks of the register.
///
/// # Errors
/// When the simulation cannot read an estimate.
pub(super) fn reserve(desk: &Desk<'_>, priced: &[Priced]) -> Result<Reserve, Vec<Fault>> {
    let scope = desk.scope();
    let currency = scope.currency;
    let base = spending(desk, priced);
    let fault = |e: risk::Error| vec![Fault::new("/budget", e.to_string())];
    let items = priced.iter().enumerate().map(|(at, priced)| cost(desk, at, priced));
    let items = items.collect::<Result<Vec<_>, _>>()?;
    let threats = threats(desk).map_err(fault)?;
    let seed = seed_for(desk.world.seed, &scope.event_id, "costs");
    let runs = desk.number(ME, "simulation_runs");
    let setup = simulate::Setup { seed, runs, shape: simulate::Shape::Pert };
    let outcome = simulate::costs(&items, &threats, None, setup).map_err(fault)?;
    #[expect(clippy::cast_possible_truncation, reason = "amounts stay far below 2^53")]
    let p80_cost = Amount::of(outcome.p80.value.ceil() as i64, currency);
    let share = desk.number(ME, "reserve_percent");
    let amount = scope.budget.percent(share, currency).max(p80_cost.minus(base));
    let minor = |amount: Amount| amount.minor(currency);
    Ok(Reserve {
        amount,
        minimum_share: f64::from(share) / 100.0,
        p80_cost,
        base_cost: base,
        adequacy: rounded(risk::adequacy(minor(amount), minor(base), minor(p80_cost))),
        runs,
        seed,
    })
}

fn cost(desk: &Desk<'_>, at: usize, priced: &Priced) -> Result<simulate::CostItem, Vec<Fault>> {
    let scope = desk.scope();
    let usual = ratio(priced.amounts.total, 1);
    let low = ratio(priced.at(scope, priced.low)?.total, 1).min(usual);
    let high = ratio(priced.at(scope, priced.high)?.total, 1).max(usual);
    let estimate = risk::Estimate::new(low, usual, high)
        .map_err(|e| vec![Fault::new("/budget", e.to_string())])?;
    Ok(simulate::CostItem { id: format!("{at:03} {}", priced.line.item), estimate })
}

/// What the risks of the register would cost, by their grades.
fn threats(desk: &Desk<'_>) -> Result<Vec<simulate::Threat>, risk::Error> {
    let currency = desk.scope().currency;
    let threat = |risk: &Risk| {
        let loss = ratio(risk.cost_impact.minor(currency), 1);
        Ok(simulate::Threat {
            id: risk.id.clone(),
            probability: f64::from(step(risk.probability).percent()) / 100.0,
            loss: risk::Estimate::new(loss / 2.0, loss, loss * 2.0)?,
        })
    };
    desk.read::<RiskRegister>().risks.iter().map(threat).collect()
}

/// A grade of the register on the scale of the simulation.
const fn step(grade: Grade) -> risk::Step {
    match grade {
        Grade::VeryLow => risk::Step::VeryLow,
        Grade::Low => risk::Step::Low,
        Grade::Medium => risk::Step::Medium,
        Grade::High => risk::Step::High,
        Grade::VeryHigh => risk::Step::VeryHigh,
    }
}

/// The reserve, and what is left of the budget, as lines.
pub(super) fn kept_back(desk: &Desk<'_>, reserve: &Reserve) -> Vec<LineItem> {
    let left = desk.scope().budget.minus(reserve.base_cost).minus(reserve.amount);
    let line = |item: &str, total: Amount, source: String| LineItem {
        category: RESERVE.to_owned(),
        item: item.to_owned(),
        basis: Basis::Reserve,
        quantity: 1,
        unit_cost: total,
        total,
        source,
    };
    let share = format!(
        "P80 of {} runs, at least {:.0} % of the budget",
        reserve.runs,
        reserve.minimum_share * 100.0
    );
    let mut lines = vec![line("Reserve", reserve.amount, share)];
    if left > Amount::ZERO {
        lines.push(line("Not committed", left, "the budget less all lines".to_owned()));
    }
    lines
}
