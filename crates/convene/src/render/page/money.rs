//! Shares, lines, reserve, savings, and ways back into the budget.

use std::collections::BTreeMap;

use super::{Page, inline, sentence};
use crate::{
    artifact::{Amount, BudgetBaseline, CostModel, Dossier, LineItem},
    render::text::{percent, word},
};

pub(super) fn write(page: &mut Page, dossier: &Dossier) {
    let Some(baseline) = dossier.get::<BudgetBaseline>() else { return };
    page.heading(2, "Budget");
    page.picture("Allocation and forecast by category", "budget.svg");
    let model = dossier.get::<CostModel>();
    let lines = model.map(|model| model.line_items.as_slice()).unwrap_or_default();
    categories(page, baseline, lines);
    page.list(baseline.assumptions.iter().map(|assumption| sentence(assumption)));
    if let Some(model) = model {
        costs(page, model);
        reserve(page, model);
        savings(page, model);
        options(page, model);
    }
}

fn categories(page: &mut Page, baseline: &BudgetBaseline, lines: &[LineItem]) {
    let mut forecasts: BTreeMap<&str, Amount> = BTreeMap::new();
    for line in lines {
        let sum = forecasts.entry(&line.category).or_default();
        *sum = sum.plus(line.total);
    }
    let rows: Vec<_> = baseline
        .category_allocations
        .iter()
        .map(|allocation| {
            let forecast = forecasts.get(allocation.category.as_str()).copied().unwrap_or_default();
            [
                inline(&allocation.category),
                percent(allocation.percentage),
                page.money(allocation.allocated),
                page.money(forecast),
            ]
        })
        .collect();
    let total = [
        "**Total**".to_owned(),
        percent(1.0),
        page.money(baseline.total_budget),
        page.money(lines.iter().map(|line| line.total).sum()),
    ];
    page.table(["Category", "Share", "Allocated", "Forecast"], rows.into_iter().chain([total]));
}

fn costs(page: &mut Page, model: &CostModel) {
    page.heading(3, "Lines");
    let rows: Vec<_> = model
        .line_items
        .iter()
        .map(|line| {
            [
                inline(&line.category),
                inline(&line.item),
                format!("{} ({})", line.quantity, word(&line.basis)),
                page.money(line.unit_cost),
                page.money(line.total),
                inline(&line.source),
            ]
        })
        .collect();
    page.table(["Category", "Item", "Quantity", "For one", "Total", "Price from"], rows);
    page.paragraph(&format!(
        "A change of more than {} needs an approval.",
        page.money(model.variance_rules.require_approval_threshold)
    ));
}

fn reserve(page: &mut Page, model: &CostModel) {
    let reserve = &model.reserve;
    page.heading(3, "Reserve");
    page.paragraph(&format!(
        "{} is kept back, at least {} of the total. Without it the plan costs {}; eight in ten of {} simulated events (seed {}) \
         cost no more than {}. The reserve covers {} of that difference.",
        page.money(reserve.amount),
        percent(reserve.minimum_share),
        page.money(reserve.base_cost),
        reserve.runs,
        reserve.seed,
        page.money(reserve.p80_cost),
        percent(reserve.adequacy),
    ));
    page.list(model.hedges.iter().map(|hedge| sentence(hedge)));
}

fn savings(page: &mut Page, model: &CostModel) {
    if model.savings.is_empty() {
        return;
    }
    page.heading(3, "Savings");
    page.paragraph(&format!("The first estimate came to {}.", page.money(model.first_estimate)));
    let rows: Vec<_> = model
        .savings
        .iter()
        .map(|saving| {
            let taken = if saving.is_taken { "taken" } else { "possible" };
            [
                inline(&saving.item),
                inline(&saving.how),
                page.money(saving.amount),
                inline(&saving.source),
                taken.to_owned(),
            ]
        })
        .collect();
    page.table(["Line", "How", "Saves", "Source", ""], rows);
}

fn options(page: &mut Page, model: &CostModel) {
    if model.options_when_over.is_empty() {
        return;
    }
    page.heading(3, "Ways back into the budget");
    let rows: Vec<_> = model
        .options_when_over
        .iter()
        .map(|option| {
            let enough = if option.closes_gap { "yes" } else { "no" };
            [
                inline(&option.option),
                page.money(option.saves),
                inline(&option.trade_off),
                enough.to_owned(),
            ]
        })
        .collect();
    page.table(["Option", "Saves", "At the price of", "Enough alone"], rows);
}
