//! The Budget Analyst: what everything costs, what is kept back, what may be saved, who must agree.

mod baseline;
mod explain;
mod lines;
mod moved;
mod options;
mod quantities;
mod reserve;
mod savings;

use crate::{
    agent::Desk,
    approval::Question,
    artifact::{
        Amount, ApprovalKind, BudgetDecision, CostModel, Kind, LineItem, Variance, VarianceRules,
    },
    brief::{Fault, Scope},
    instruction::Agent,
};

use savings::Fit;

const ME: Agent = Agent::BudgetAnalyst;

/// Baseline, cost model, and the question whether to spend it.
///
/// # Errors
/// When amounts are beyond what is counted with.
pub fn budget(desk: &mut Desk<'_>) -> Result<(), Vec<Fault>> {
    let priced = lines::priced(desk)?;
    let fit = savings::fit(desk, &priced)?;
    let items = items(desk, &fit);
    let baseline = baseline::baseline(desk, &items)?;
    let variances = baseline::variances(desk, &baseline, &items);
    let model = cost_model(desk, &fit, items, variances);
    let moved = moved::moved(desk, &model);
    let decision = decision(desk, moved.is_some());
    desk.publish(ME, baseline, &[Kind::EventBrief]);
    let rests_on = [Kind::BudgetBaseline, Kind::VenueScorecard, Kind::RiskRegister];
    desk.publish(ME, model, &rests_on);
    desk.publish(ME, decision, &[Kind::CostModel]);
    let mut asked: Vec<String> = ask(desk, &fit).into_iter().collect();
    if let Some(moved) = moved {
        asked.extend(moved.ask(desk));
        moved.record(desk, asked);
    }
    explain::explain(desk, &fit);
    desk.trace(ME, &[Kind::EventBrief, Kind::VenueScorecard, Kind::VenueShortlist]);
    Ok(())
}

/// What people are asked to approve: the same as before, unless total or lines have moved beyond the threshold.
fn decision(desk: &Desk<'_>, has_moved: bool) -> BudgetDecision {
    let budget = desk.scope().budget;
    let before = desk.before::<BudgetDecision>().cloned();
    if let Some(same) = before.clone().filter(|it| !has_moved && it.approved_total == budget) {
        return same;
    }
    let earlier = before.map(|before| before.change_log_ids).unwrap_or_default();
    let new = has_moved.then(|| desk.next_change());
    BudgetDecision {
        approved_total: budget,
        approved_date: None,
        approvals: Vec::new(),
        change_log_ids: earlier.into_iter().chain(new).collect(),
    }
}

/// All lines: what is bought, its service and tax, what is kept back.
fn items(desk: &Desk<'_>, fit: &Fit) -> Vec<LineItem> {
    let bought = fit.priced.iter().map(|priced| priced.line.clone());
    let mut items: Vec<LineItem> =
        bought.chain(lines::charges(desk.scope(), &fit.priced)).collect();
    items.extend(reserve::kept_back(desk, &fit.reserve));
    items
}

fn cost_model(
    desk: &Desk<'_>,
    fit: &Fit,
    line_items: Vec<LineItem>,
    variances: Vec<Variance>,
) -> CostModel {
    let scope = desk.scope();
    let looks_for_savings = desk.number(ME, "savings_percent") > 0;
    let savings = fit.savings.iter().filter(|saving| saving.is_taken || looks_for_savings);
    CostModel {
        line_items,
        variance_rules: VarianceRules {
            max_variance_percent: desk.number(ME, "max_variance_percent").into(),
            require_approval_threshold: usd(scope, desk.number(ME, "approval_threshold")),
        },
        variances,
        savings: savings.cloned().collect(),
        first_estimate: fit.first_estimate,
        reserve: fit.reserve.clone(),
        options_when_over: options::options(desk, fit),
        hedges: explain::hedges(desk, fit),
    }
}

/// So many dollars at the prices of the event's city.
fn usd(scope: &Scope, dollars: u32) -> Amount {
    let one = Amount::parse("1").unwrap_or_default();
    one.times(dollars).at_price(lines::rate(scope), scope.currency)
}

/// Asks for the budget; where the plan does not fit, for more of it: half a plan is not put to anybody.
fn ask(desk: &mut Desk<'_>, fit: &Fit) -> Option<String> {
    let question = if fit.gap > Amount::ZERO { for_more(desk, fit) } else { for_all(desk, fit) };
    desk.ask(Kind::BudgetDecision, question)
}

fn for_all(desk: &Desk<'_>, fit: &Fit) -> Question {
    let scope = desk.scope();
    let shown = |amount: Amount| amount.shown(scope.currency);
    let mut consequences = vec!["contracts may be signed within the lines".to_owned()];
    consequences.extend(explain::taken(&fit.savings));
    Question {
        kind: ApprovalKind::BudgetDecision,
        item: None,
        question: format!(
            "Approve {}: {} to spend and {} in reserve?",
            shown(scope.budget),
            shown(fit.reserve.base_cost),
            shown(fit.reserve.amount)
        ),
        amount: Some(scope.budget),
        consequences,
    }
}

fn for_more(desk: &Desk<'_>, fit: &Fit) -> Question {
    let scope = desk.scope();
    let shown = |amount: Amount| amount.shown(scope.currency);
    let ways = options::options(desk, fit).into_iter();
    let other = ways.filter(|way| way.saves != fit.gap).map(|way| way.option);
    Question {
        kind: ApprovalKind::BudgetChange,
        item: None,
        question: format!(
            "Raise the budget by {} to {}? Even at the least prices the plan costs {}, reserve included",
            shown(fit.gap),
            shown(scope.budget.plus(fit.gap)),
            shown(fit.reserve.base_cost.plus(fit.reserve.amount))
        ),
        amount: Some(fit.gap),
        consequences: other.map(|option| format!("otherwise: {option}")).collect(),
    }
}
