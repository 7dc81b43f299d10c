//! Ways back into the budget when even the least prices do not fit: what is left out, who is not invited, what is paid more.

use super::{
    lines::{Priced, VENUE},
    savings::{Fit, loss},
};
use crate::{
    agent::Desk,
    artifact::{Amount, Basis, BudgetOption, VenueScorecard, VenueShortlist},
    brief::Scope,
    catalogue::Need,
    math::budget,
};

/// The ways, those that are enough alone first; none when all fits.
pub(super) fn options(desk: &Desk<'_>, fit: &Fit) -> Vec<BudgetOption> {
    if fit.gap == Amount::ZERO {
        return Vec::new();
    }
    let mut all = without(desk.scope(), fit);
    all.extend(other_venue(desk, fit));
    all.extend(fewer_guests(desk.scope(), fit));
    all.push(more_money(desk.scope(), fit.gap));
    all.sort_by_key(|option| !option.closes_gap);
    all
}

/// Sets of lines that the event can do without, those that lose least first; else all of them together.
fn without(scope: &Scope, fit: &Fit) -> Vec<BudgetOption> {
    let nice: Vec<&Priced> = fit.priced.iter().filter(|line| line.need == Need::Nice).collect();
    if nice.is_empty() {
        return Vec::new();
    }
    let saving = |(at, priced): (usize, &&Priced)| budget::Saving {
        id: format!("{at:04}"),
        amount: priced.amounts.total,
        loss: loss(priced, 1.0),
        source: Some(priced.line.source.clone()),
        must_have: false,
    };
    let savings: Vec<budget::Saving> = nice.iter().enumerate().map(saving).collect();
    let sets = budget::alternatives(&savings, fit.gap.minor(scope.currency));
    if sets.is_empty() {
        return vec![left_out(scope, &nice, fit.gap)];
    }
    let lines = |set: budget::Alternative| -> Vec<&Priced> {
        let named = nice.iter().zip(&savings).filter(|(_, it)| set.savings.contains(&it.id));
        named.map(|(line, _)| *line).collect()
    };
    sets.into_iter().map(|set| left_out(scope, &lines(set), fit.gap)).collect()
}

fn left_out(scope: &Scope, lines: &[&Priced], gap: Amount) -> BudgetOption {
    let names: Vec<&str> = lines.iter().map(|priced| priced.line.item.as_str()).collect();
    let saves: Amount = lines.iter().map(|priced| priced.total(scope)).sum();
    BudgetOption {
        option: format!("leave out: {}", names.join(", ")),
        saves,
        trade_off: format!("{} people do without it", scope.audience),
        closes_gap: saves >= gap,
    }
}

/// The cheapest house of the shortlist, where one house serves all.
fn other_venue(desk: &Desk<'_>, fit: &Fit) -> Option<BudgetOption> {
    let [selected] = desk.read::<VenueScorecard>().selection.as_slice() else { return None };
    let candidates = &desk.read::<VenueShortlist>().candidates;
    let cheapest =
        candidates.iter().min_by_key(|venue| (venue.cost_estimate, venue.venue_id.clone()))?;
    let score = |id: &str| candidates.iter().find(|venue| venue.venue_id == id);
    let lost = score(&selected.venue_id)?.initial_score - cheapest.initial_score;
    let saves = selected.cost_estimate.minus(cheapest.cost_estimate);
    (saves > Amount::ZERO).then(|| BudgetOption {
        option: format!("take {} for the {VENUE}", cheapest.venue_name),
        saves,
        trade_off: format!("a venue that scores {lost:.3} less"),
        closes_gap: saves >= fit.gap,
    })
}

/// So many guests less that what each costs closes the gap.
fn fewer_guests(scope: &Scope, fit: &Fit) -> Option<BudgetOption> {
    let by_head =
        |priced: &&Priced| matches!(priced.line.basis, Basis::PerHead | Basis::PerHeadDay);
    let all: i64 = fit.priced.iter().filter(by_head).map(|priced| priced.amounts.total).sum();
    let each = all / i64::from(scope.audience.max(1));
    let gap = fit.gap.minor(scope.currency);
    let fewer = u32::try_from((gap + each - 1).checked_div(each)?).ok()?;
    (fewer < scope.audience).then(|| BudgetOption {
        option: format!("invite {} people instead of {}", scope.audience - fewer, scope.audience),
        saves: Amount::of(each, scope.currency).times(fewer),
        trade_off: format!("{fewer} people cannot come"),
        closes_gap: true,
    })
}

fn more_money(scope: &Scope, gap: Amount) -> BudgetOption {
    BudgetOption {
        option: format!("raise the budget to {}", scope.budget.plus(gap).shown(scope.currency)),
        saves: gap,
        trade_off: format!(
            "{} more than the brief allows, {:.1} %",
            gap.shown(scope.currency),
            gap.share_of(scope.budget) * 100.0
        ),
        closes_gap: true,
    }
}
