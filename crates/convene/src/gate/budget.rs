//! Do the sums agree, and has a person said yes to them?

use super::Findings;
use crate::artifact::{
    Amount, ApprovalKind, Basis, BudgetBaseline, BudgetDecision, CostModel, Dossier, EventBrief,
    Kind,
};

/// Of a share, what rounding to a minor unit may take.
const SHARE_TOLERANCE: f64 = 1e-3;

/// Allocations sum to the total, lines to what they say, and all lines stay within the total.
pub(super) fn cost_model(dossier: &Dossier, findings: &mut Findings) {
    let Some(baseline) = findings.need::<BudgetBaseline>(dossier) else { return };
    allocations(dossier, baseline, findings);
    let Some(model) = findings.need::<CostModel>(dossier) else { return };
    lines(model, findings);
    let sum: Amount = model.line_items.iter().map(|line| line.total).sum();
    let total = baseline.total_budget;
    if sum > total {
        let found = format!("the lines come to {sum}, {} over the total", sum.minus(total));
        let remedy = "take one of the options: cut scope, negotiate, reallocate, or ask for more";
        findings.broken("within_total", (Kind::CostModel, "/line_items"), found, remedy);
    }
    let unexplained = total.minus(sum).share_of(total) * 100.0;
    let most = model.variance_rules.max_variance_percent;
    if unexplained > most {
        let found = format!("{unexplained:.1} % of the total has no line");
        let remedy = format!("explain all but {most} %: the reserve is a line, too");
        findings.broken("variance", (Kind::CostModel, "/line_items"), found, remedy);
    }
    if !model.line_items.iter().any(|line| line.basis == Basis::Reserve) {
        findings.broken(
            "reserve",
            (Kind::CostModel, "/line_items"),
            "nothing is kept back",
            "add a line for the reserve",
        );
    }
}

fn allocations(dossier: &Dossier, baseline: &BudgetBaseline, findings: &mut Findings) {
    let total = baseline.total_budget;
    let sum: Amount = baseline.category_allocations.iter().map(|share| share.allocated).sum();
    if sum != total {
        let found = format!("the allocations sum to {sum}, the total is {total}");
        let pointer = "/category_allocations";
        findings.broken(
            "allocations",
            (Kind::BudgetBaseline, pointer),
            found,
            "share out the total, to the last cent",
        );
    }
    for (at, share) in baseline.category_allocations.iter().enumerate() {
        if (share.allocated.share_of(total) - share.percentage).abs() > SHARE_TOLERANCE {
            let found = format!("{} of {total} is not {}", share.allocated, share.percentage);
            let pointer = format!("/category_allocations/{at}/percentage");
            findings.broken(
                "allocations",
                (Kind::BudgetBaseline, pointer),
                found,
                "compute the share again",
            );
        }
    }
    if dossier.get::<EventBrief>().is_some_and(|brief| brief.total_budget != total) {
        let found = format!("is {total}, which is not the brief's");
        findings.broken(
            "total",
            (Kind::BudgetBaseline, "/total_budget"),
            found,
            "take the total of the brief",
        );
    }
}

fn lines(model: &CostModel, findings: &mut Findings) {
    for (at, line) in model.line_items.iter().enumerate() {
        if line.unit_cost.times(line.quantity) != line.total {
            let found = format!("{} x {} is not {}", line.quantity, line.unit_cost, line.total);
            findings.broken(
                "lines",
                (Kind::CostModel, format!("/line_items/{at}/total")),
                found,
                "multiply again",
            );
        }
    }
}

/// A person approved the budget as it is, and every change beyond the threshold.
pub(super) fn decision(dossier: &Dossier, findings: &mut Findings) {
    let Some(decision) = findings.need::<BudgetDecision>(dossier) else { return };
    if let Some(baseline) = dossier.get::<BudgetBaseline>()
        && decision.approved_total > baseline.total_budget
    {
        let found = format!("asks for {} of {}", decision.approved_total, baseline.total_budget);
        findings.broken(
            "total",
            (Kind::BudgetDecision, "/approved_total"),
            found,
            "stay within the total",
        );
    }
    findings.approved(dossier, ApprovalKind::BudgetDecision, Kind::BudgetDecision, true);
    findings.approved(dossier, ApprovalKind::BudgetChange, Kind::BudgetDecision, false);
}
