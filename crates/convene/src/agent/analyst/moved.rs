//! Whether the money has moved so far from what people were asked about last that they are asked again.

use super::{ME, reserve::RESERVE};
use crate::{
    agent::Desk,
    approval::{ApprovalStatus, Question},
    artifact::{Amount, ApprovalKind, BudgetDecision, Change, Content, CostModel, Kind},
};

/// A move beyond the threshold.
#[derive(Debug)]
pub(super) struct Moved {
    id: String,
    total: [Amount; 2],
    spending: [Amount; 2],
}

/// The move from what the last decision was about; none within the threshold. Many small moves add up: each is measured
/// from the decision, not from the plan before.
pub(super) fn moved(desk: &Desk<'_>, model: &CostModel) -> Option<Moved> {
    let before = desk.world.before?;
    let decision = before.find(Kind::BudgetDecision)?;
    let asked_for = BudgetDecision::of(&decision.body)?.approved_total;
    let rested_on = decision.header.references.iter().find(|it| it.kind == Kind::CostModel)?;
    let then = before.at(Kind::CostModel, rested_on.revision)?;
    let then = spending(CostModel::of(&then.body)?);
    let now = spending(model);
    let threshold = model.variance_rules.require_approval_threshold;
    let is_far = |[one, other]: [Amount; 2]| other.minus(one).abs() > threshold;
    let (total, spending) = ([asked_for, desk.scope().budget], [then, now]);
    (is_far(total) || is_far(spending)).then(|| Moved { id: desk.next_change(), total, spending })
}

fn spending(model: &CostModel) -> Amount {
    let spent = model.line_items.iter().filter(|line| line.category != RESERVE);
    spent.map(|line| line.total).sum()
}

impl Moved {
    /// Where people said yes to the figures before, they are asked for the change as well as for the whole.
    pub(super) fn ask(&self, desk: &mut Desk<'_>) -> Option<String> {
        let before = desk.world.before?;
        let was = before.find(Kind::BudgetDecision)?.header.revision;
        let is_yes = before.approvals.iter().any(|approval| {
            approval.kind == ApprovalKind::BudgetDecision
                && approval.revision == was
                && approval.status == ApprovalStatus::Approved
        });
        let question = Question {
            kind: ApprovalKind::BudgetChange,
            item: Some(self.id.clone()),
            question: format!("Accept the change: {}?", self.in_words(desk)),
            amount: Some(self.most().abs()),
            consequences: vec!["the budget decision is asked for anew".to_owned()],
        };
        if is_yes { desk.ask(Kind::BudgetDecision, question) } else { None }
    }

    /// Writes it into the change log.
    pub(super) fn record(self, desk: &mut Desk<'_>, approvals: Vec<String>) {
        let touched = [Kind::BudgetBaseline, Kind::CostModel, Kind::BudgetDecision];
        let touched = touched.into_iter().filter_map(|kind| desk.dossier.find(kind));
        let change = Change {
            impacted_artifacts: touched.map(crate::artifact::Artifact::impacted).collect(),
            description: "Adjust the budget".to_owned(),
            change_type: "budget_adjustment".to_owned(),
            date: desk.now(),
            impact: self.in_words(desk),
            approvals,
            initiated_by: ME.name().to_owned(),
            id: self.id,
        };
        desk.change(change);
    }

    /// The larger of both moves.
    fn most(&self) -> Amount {
        let by = |[one, other]: [Amount; 2]| other.minus(one);
        let (total, spending) = (by(self.total), by(self.spending));
        if total.abs() > spending.abs() { total } else { spending }
    }

    fn in_words(&self, desk: &Desk<'_>) -> String {
        let currency = desk.scope().currency;
        let step = |what: &str, [one, other]: [Amount; 2]| {
            (one != other).then(|| {
                format!("{what} from {} to {}", one.shown(currency), other.shown(currency))
            })
        };
        let steps = [step("the total goes", self.total), step("the lines go", self.spending)];
        steps.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}
