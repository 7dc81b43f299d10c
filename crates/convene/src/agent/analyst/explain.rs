//! Why this budget, and what stands behind it should a vendor or the venue fail.

use std::collections::BTreeSet;

use super::{
    ME,
    lines::Priced,
    reserve::RESERVE,
    savings::{Fit, Other},
};
use crate::{
    agent::{Desk, Reasons},
    artifact::{
        Alternative, Amount, BudgetOption, CostModel, Kind, Saving, Signal, VenueScorecard,
        VenueShortlist,
    },
    brief::Level,
    library,
};

/// The decision about the budget.
pub(super) fn explain(desk: &mut Desk<'_>, fit: &Fit) {
    let scope = desk.scope();
    let currency = scope.currency;
    let model: &CostModel = desk.read();
    let spending = model.reserve.base_cost.shown(currency);
    let is_over = fit.gap > Amount::ZERO;
    let description = if is_over {
        format!(
            "The plan does not fit: {} are missing of {}",
            fit.gap.shown(currency),
            scope.budget.shown(currency)
        )
    } else {
        format!(
            "Spend {spending} of {} and keep {} back",
            scope.budget.shown(currency),
            model.reserve.amount.shown(currency)
        )
    };
    let kept = Some(kept(desk, model));
    let rationale = [lines(desk, model), saved(desk, model), kept, far(model)];
    let reasons = Reasons {
        kind: if is_over { "over_budget" } else { "budget" },
        description,
        rationale: rationale.into_iter().flatten().collect::<Vec<_>>().join(". "),
        alternatives: if is_over {
            model.options_when_over.iter().map(|it| way(desk, it)).collect()
        } else {
            fit.others.iter().map(|other| instead(desk, other)).collect()
        },
        touches: vec![Kind::BudgetBaseline, Kind::CostModel, Kind::BudgetDecision],
    };
    desk.decide(ME, reasons);
}

fn lines(desk: &Desk<'_>, model: &CostModel) -> Option<String> {
    let currency = desk.scope().currency;
    let largest = model
        .variances
        .iter()
        .filter(|variance| variance.category != "total")
        .max_by_key(|variance| variance.forecast)?;
    let bought = model.line_items.iter().filter(|line| line.category != RESERVE).count();
    Some(format!(
        "{} come to {}; the largest share is {} with {}",
        library::counted(i64::try_from(bought).unwrap_or(i64::MAX), "line"),
        model.reserve.base_cost.shown(currency),
        largest.category,
        largest.forecast.shown(currency)
    ))
}

/// What savings were found and what of them was needed.
fn saved(desk: &Desk<'_>, model: &CostModel) -> Option<String> {
    let currency = desk.scope().currency;
    if model.savings.is_empty() {
        return None;
    }
    let sum = |only_taken: bool| -> Amount {
        let counted = model.savings.iter().filter(|it| it.is_taken || !only_taken);
        counted.map(|saving| saving.amount).sum()
    };
    let share = sum(false).share_of(model.first_estimate) * 100.0;
    let wanted = desk.number(ME, "savings_percent");
    let short = if share < f64::from(wanted) {
        format!(", less than the {wanted} % looked for")
    } else {
        String::new()
    };
    let taken: Vec<&str> =
        model.savings.iter().filter(|it| it.is_taken).map(|it| it.item.as_str()).collect();
    let used = if taken.is_empty() {
        "none is needed".to_owned()
    } else {
        format!("{} are taken, on {}", sum(true).shown(currency), taken.join(", "))
    };
    Some(format!(
        "Of the first estimate of {}, {} could be saved, {share:.1} %{short}; {used}",
        model.first_estimate.shown(currency),
        sum(false).shown(currency)
    ))
}

fn kept(desk: &Desk<'_>, model: &CostModel) -> String {
    let reserve = &model.reserve;
    format!(
        "In eight of ten of {} simulated events it costs at most {}; the reserve covers {:.0} % of the difference",
        reserve.runs,
        reserve.p80_cost.shown(desk.scope().currency),
        reserve.adequacy * 100.0
    )
}

/// Categories that cost much more than their share.
fn far(model: &CostModel) -> Option<String> {
    let red: Vec<String> = model
        .variances
        .iter()
        .filter(|variance| variance.signal == Signal::Red)
        .map(|variance| format!("{} by {:.0} %", variance.category, variance.variance * 100.0))
        .collect();
    (!red.is_empty())
        .then(|| format!("More than a tenth over their usual share: {}", red.join(", ")))
}

fn way(desk: &Desk<'_>, option: &BudgetOption) -> Alternative {
    let enough = if option.closes_gap { "enough" } else { "not enough alone" };
    let saves = option.saves.shown(desk.scope().currency);
    Alternative {
        option: option.option.clone(),
        score: None,
        pros: vec![format!("{saves}: {enough}")],
        cons: vec![option.trade_off.clone()],
    }
}

/// A set of savings that would have been enough as well.
fn instead(desk: &Desk<'_>, other: &Other) -> Alternative {
    Alternative {
        option: format!("save on {} instead", other.items.join(", ")),
        score: None,
        pros: vec![format!("saves {}", other.amount.shown(desk.scope().currency))],
        cons: vec![format!("loses {} points", other.loss)],
    }
}

/// Money set against a venue or a vendor that fails, where the level looks at it.
pub(super) fn hedges(desk: &Desk<'_>, fit: &Fit) -> Vec<String> {
    if desk.scope().level < Level::Advanced {
        return Vec::new();
    }
    let venue = venue_hedge(desk, fit.reserve.amount);
    venue.into_iter().chain(vendor_hedges(desk, &fit.priced)).collect()
}

fn venue_hedge(desk: &Desk<'_>, reserve: Amount) -> Option<String> {
    let currency = desk.scope().currency;
    let selection = &desk.read::<VenueScorecard>().selection;
    let dearest = selection.iter().max_by_key(|venue| venue.cost_estimate)?;
    let candidates = &desk.read::<VenueShortlist>().candidates;
    let backup = candidates
        .iter()
        .find(|venue| selection.iter().all(|chosen| chosen.venue_id != venue.venue_id))?;
    let more = backup.cost_estimate.minus(dearest.cost_estimate).max(Amount::ZERO);
    let covered = if more <= reserve { "covers" } else { "does not cover" };
    Some(format!(
        "should {} be lost, {} costs {} more, which the reserve {covered}",
        dearest.venue_name,
        backup.venue_name,
        more.shown(currency)
    ))
}

/// For each service under contract: who stands in, and what that costs at the most.
fn vendor_hedges(desk: &Desk<'_>, priced: &[Priced]) -> Vec<String> {
    let scope = desk.scope();
    let services: BTreeSet<&str> =
        priced.iter().filter_map(|priced| priced.service.as_deref()).collect();
    let hedge = |service: &str| {
        let mut vendors = desk.vendors(service);
        let (first, second) = (vendors.next()?, vendors.next()?);
        let lines = priced.iter().filter(|line| line.service.as_deref() == Some(service));
        let more: Amount =
            lines.map(|line| line.high.minus(line.line.unit_cost).times(line.line.quantity)).sum();
        Some(format!(
            "should {} cancel the {service}, {} stands in at {} more at the most, service and tax apart",
            first.name,
            second.name,
            more.shown(scope.currency)
        ))
    };
    services.into_iter().filter_map(hedge).collect()
}

/// What was saved, in words for a question.
pub(super) fn taken(savings: &[Saving]) -> Vec<String> {
    let taken = savings.iter().filter(|saving| saving.is_taken);
    taken.map(|saving| format!("{}: {}", saving.item, saving.how)).collect()
}
