//! The Budget Analyst on a meetup, a conference and a congress, and when there is too little money.

use convene::{
    agent::Facts,
    artifact::{
        Amount, ApprovalKind, Basis, BudgetBaseline, CostModel, DecisionLog, Dossier, LineItem,
    },
    brief,
    catalogue::Catalogue,
    gate::{self, Gate, Verdict},
    lifecycle::Phase,
};
use serde_json::{Value, json};

use crate::events::{CONFERENCE, CONGRESS, MEETUP, changed, planned, run, scope};

fn model(dossier: &Dossier) -> &CostModel {
    dossier.get().unwrap()
}

fn sum<'a>(lines: impl IntoIterator<Item = &'a LineItem>) -> Amount {
    lines.into_iter().map(|line| line.total).sum()
}

fn gates(dossier: &Dossier) -> [Gate; 2] {
    gate::of_phase(dossier, Phase::Budget).try_into().unwrap()
}

fn with_budget(text: &str, total: u32) -> Dossier {
    planned(&changed(text, "budget", json!({ "total": total, "currency": "USD" })))
}

fn usd(text: &str) -> Amount {
    Amount::parse(text).unwrap()
}

#[test]
fn every_sum_is_exact_and_the_whole_budget_is_accounted_for() {
    for text in [MEETUP, CONFERENCE, CONGRESS] {
        let dossier = planned(text);
        let (model, baseline) = (model(&dossier), dossier.get::<BudgetBaseline>().unwrap());
        let spending = model.line_items.iter().filter(|line| line.basis != Basis::Reserve);
        let taken: Amount = model.savings.iter().filter(|it| it.is_taken).map(|it| it.amount).sum();
        assert_eq!(sum(&model.line_items), scope(text).budget);
        assert_eq!(sum(spending), model.reserve.base_cost);
        assert_eq!(model.first_estimate.minus(taken), model.reserve.base_cost);
        let shares: Amount = baseline.category_allocations.iter().map(|it| it.allocated).sum();
        assert_eq!(shares, baseline.total_budget);
    }
}

#[test]
fn every_price_lies_within_the_range_of_the_catalogue() {
    let catalogue = Catalogue::built_in();
    for text in [MEETUP, CONFERENCE, CONGRESS] {
        let (scope, dossier) = (scope(text), planned(text));
        let here = |usd: Amount| usd.at_price(scope.city.price_of_one_usd, scope.currency);
        let bought = |line: &&LineItem| {
            line.source.starts_with("catalogue") && line.basis != Basis::Percentage
        };
        let lines: Vec<&LineItem> = model(&dossier).line_items.iter().filter(bought).collect();
        for line in &lines {
            let price = catalogue.prices.iter().find(|price| {
                (price.item == line.item)
                    && price.category == line.category
                    && price.levels.contains(&scope.level)
                    && price.types.contains(&scope.event_type)
            });
            let price = price.unwrap_or_else(|| panic!("{line:?} is in no catalogue"));
            assert!((here(price.low)..=here(price.high)).contains(&line.unit_cost), "{line:?}");
        }
        assert!(lines.len() >= 2, "{lines:?}");
    }
}

#[test]
fn the_sums_pass_their_gate_and_a_person_is_awaited() {
    for text in [MEETUP, CONFERENCE, CONGRESS] {
        let [costs, decision] = gates(&planned(text));
        assert_eq!(costs.verdict, Verdict::Passed, "{costs:?}");
        assert_eq!(decision.verdict.to_string(), "blocked: awaiting approval");
    }
}

#[test]
fn a_tenth_and_more_could_be_saved_and_the_reserve_is_adequate() {
    for text in [CONFERENCE, CONGRESS] {
        let dossier = planned(text);
        let model = model(&dossier);
        let found: Amount = model.savings.iter().map(|saving| saving.amount).sum();
        assert!(found.share_of(model.first_estimate) >= 0.1);
        assert!(model.savings.iter().all(|saving| !saving.source.is_empty()));
        assert!(model.reserve.adequacy >= 0.9, "{:?}", model.reserve);
    }
}

#[test]
fn who_buys_the_food_pays_tax_and_only_a_caterer_adds_service() {
    let charges = |dossier: &Dossier| -> Vec<String> {
        let lines = model(dossier).line_items.iter();
        lines.filter(|it| it.basis == Basis::Percentage).map(|it| it.item.clone()).collect()
    };
    assert_eq!(charges(&planned(MEETUP)), ["Tax on catering"]);
    assert_eq!(charges(&planned(CONFERENCE)), ["Service on catering", "Tax on catering"]);
}

#[test]
fn a_congress_that_costs_too_much_takes_the_savings_that_lose_least() {
    let dossier = with_budget(CONGRESS, 430_000);
    let model = model(&dossier);
    assert_eq!(gates(&dossier)[0].verdict, Verdict::Passed);
    assert!(model.first_estimate.plus(model.reserve.amount) > usd("430000"));
    let taken = model.savings.iter().filter(|saving| saving.is_taken).count();
    assert!(taken > 0 && taken < model.savings.len(), "{taken} of {}", model.savings.len());
    let decisions = &dossier.get::<DecisionLog>().unwrap().decisions;
    let budget = decisions.iter().find(|decision| decision.decision_type == "budget").unwrap();
    assert!(!budget.alternatives_considered.is_empty() && budget.rationale.contains("are taken"));
}

#[test]
fn what_cannot_be_saved_is_put_to_a_person_with_ways_out() {
    let dossier = with_budget(CONGRESS, 300_000);
    let model = model(&dossier);
    let missing = sum(&model.line_items).minus(usd("300000"));
    let [costs, decision] = gates(&dossier);
    assert!(costs.failures.iter().any(|failure| failure.rule == "within_total"), "{costs:?}");
    assert_eq!(decision.verdict, Verdict::Failed);
    assert!(model.savings.iter().all(|saving| saving.is_taken));
    let options = &model.options_when_over;
    assert!(
        options.is_sorted_by_key(|option| !option.closes_gap) && options.len() >= 3,
        "{options:#?}"
    );
    for option in options {
        assert_eq!(option.closes_gap, option.saves >= missing, "{option:?}");
    }
    let asked = dossier.approvals.iter().find(|it| it.kind == ApprovalKind::BudgetChange).unwrap();
    assert_eq!(asked.amount, Some(missing));
}

#[test]
fn money_of_another_currency_buys_no_venue_and_the_most_is_reckoned_with() {
    let euros = json!({ "total": 50_000, "currency": "EUR", "venue_maximum": 9_000 });
    let dossier = planned(&changed(CONFERENCE, "budget", euros));
    let venue = model(&dossier).line_items.iter().find(|line| line.category == "venue").unwrap();
    assert_eq!((venue.item.as_str(), venue.total), ("No venue yet", usd("9000")));
}

#[test]
fn an_unknown_currency_is_refused() {
    let unknown: Value = json!({ "total": 500, "currency": "QQQ" });
    let faults = brief::parse(&changed(MEETUP, "budget", unknown)).unwrap_err();
    assert_eq!(faults[0].pointer, "/budget/currency");
}

#[test]
fn a_congress_says_what_stands_behind_a_venue_or_vendor_that_fails() {
    let dossier = planned(CONGRESS);
    let hedges = &model(&dossier).hedges;
    assert!(hedges.iter().any(|hedge| hedge.contains("costs USD")), "{hedges:?}");
    assert!(hedges.iter().any(|hedge| hedge.contains("cancel the catering")), "{hedges:?}");
    assert!(model(&planned(CONFERENCE)).hedges.is_empty());
}

#[test]
fn a_vendor_that_cancels_costs_what_the_next_may_ask() {
    let before = planned(CONFERENCE);
    let facts =
        Facts { cancelled_vendors: ["Model Stagecraft".to_owned()].into(), ..Facts::default() };
    let after = run(CONFERENCE, &facts, Some(&before)).unwrap();
    let price = |dossier: &Dossier| {
        let lines = &model(dossier).line_items;
        lines.iter().find(|line| line.item == "Projection and sound").unwrap().clone()
    };
    assert!(price(&after).unit_cost > price(&before).unit_cost);
    assert!(price(&after).source.contains("Example Sound and Light stands in"));
}
