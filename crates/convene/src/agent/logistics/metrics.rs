//! What the plan is expected to reach, by the twelve metrics of the agents; what only the event can tell stays open.

use super::crew::Crew;
use crate::{
    agent::{Desk, rounded},
    artifact::{
        BudgetBaseline, ContingencyPlan, CostModel, HoldStatus, Metric, MetricKind, MetricVerdict,
        RiskRegister, TaskRegister, Timeline, VenueAvailability, VenueCriteria, VenueShortlist,
    },
    math::metric::{self, Basis, Covered, Name, Threshold, Verdict},
};

/// One projected value for each that a plan can tell, and an open actual one for each that only the event can.
pub(super) fn metrics(desk: &Desk<'_>, crew: &Crew) -> Vec<Metric> {
    let of = |name: Name| {
        let basis = if name.is_actual_only() { Basis::Actual } else { Basis::Projected };
        written(&metric::judge(name, desk.scope().level, basis, projected(desk, crew, name)))
    };
    Name::ALL.into_iter().map(of).collect()
}

fn projected(desk: &Desk<'_>, crew: &Crew, name: Name) -> Option<f64> {
    match name {
        Name::TimelineSlippage => slippage(desk.read()),
        Name::RiskCoverage => risk_coverage(desk.read(), desk.read()),
        Name::ShortlistQuality => {
            let shortlist: &VenueShortlist = desk.read();
            let scores: Vec<f64> = shortlist.candidates.iter().map(|it| it.initial_score).collect();
            metric::shortlist_quality(&scores)
        }
        Name::BudgetFit => budget_fit(desk),
        Name::ConfirmedHolds => holds(desk.read()),
        Name::BudgetVariance => variance(desk),
        Name::SavingsIdentified => savings(desk),
        Name::ReserveAdequacy => Some(desk.read::<CostModel>().reserve.adequacy),
        Name::OnTimeTaskRate => on_time(desk.read()),
        Name::UtilisationBalance => crew.balance(),
        Name::StakeholderSatisfaction
        | Name::IncidentResolution
        | Name::ContingencyEffectiveness => None,
    }
}

/// How far eight of ten simulated plans end behind the deadline, by the length of the plan.
fn slippage(timeline: &Timeline) -> Option<f64> {
    let days = timeline.forecast.planned_days + timeline.slack_days;
    #[expect(clippy::cast_possible_truncation, reason = "working days of a plan")]
    let forecast = timeline.forecast.p80_days.ceil() as i64;
    metric::slippage(0, days, forecast)
}

fn risk_coverage(register: &RiskRegister, plan: &ContingencyPlan) -> Option<f64> {
    let covered = |risk: &crate::artifact::Risk| Covered {
        rating: risk.rating,
        complete: !risk.mitigation_strategies.is_empty()
            && !risk.owner.is_empty()
            && plan.scenarios.iter().any(|scenario| scenario.risk_id == risk.id),
    };
    metric::risk_coverage(&register.risks.iter().map(covered).collect::<Vec<_>>())
}

fn budget_fit(desk: &Desk<'_>) -> Option<f64> {
    let currency = desk.scope().currency;
    let most = desk.read::<VenueCriteria>().budget_range_max.minor(currency);
    let candidates = &desk.read::<VenueShortlist>().candidates;
    let costs: Vec<i64> = candidates.iter().map(|it| it.cost_estimate.minor(currency)).collect();
    metric::budget_fit(&costs, most)
}

/// Holds that the plan asks for: whether they are confirmed, only the venues can tell.
fn holds(availability: &VenueAvailability) -> Option<f64> {
    let holds = availability.venues.iter().flat_map(|venue| &venue.holds);
    let standing = holds.filter(|hold| hold.status != HoldStatus::Released).count();
    Some(crate::math::ratio(i64::try_from(standing).ok()?, 1))
}

fn variance(desk: &Desk<'_>) -> Option<f64> {
    let currency = desk.scope().currency;
    let lines = &desk.read::<CostModel>().line_items;
    let forecast: crate::artifact::Amount = lines.iter().map(|line| line.total).sum();
    let baseline = desk.read::<BudgetBaseline>().total_budget;
    metric::budget_variance(baseline.minor(currency), forecast.minor(currency))
}

/// What was found, taken or not: each has its source.
fn savings(desk: &Desk<'_>) -> Option<f64> {
    let model: &CostModel = desk.read();
    let found: crate::artifact::Amount = model.savings.iter().map(|saving| saving.amount).sum();
    let first = model.first_estimate;
    (first > crate::artifact::Amount::ZERO).then(|| found.share_of(first))
}

/// Tasks that are planned to end while they still may.
fn on_time(register: &TaskRegister) -> Option<f64> {
    let in_time = register.tasks.iter().filter(|task| task.slack_days >= 0).count();
    metric::on_time(in_time, register.tasks.len())
}

/// As the run book writes it.
fn written(judged: &metric::Metric) -> Metric {
    let (Threshold::AtMost(threshold) | Threshold::AtLeast(threshold)) = judged.threshold;
    Metric {
        name: in_words(judged.name).to_owned(),
        value: judged.value.map(rounded),
        threshold,
        verdict: match judged.verdict {
            Verdict::Pass => MetricVerdict::Pass,
            Verdict::Fail => MetricVerdict::Fail,
            Verdict::NotApplicable => MetricVerdict::NotApplicable,
        },
        kind: match judged.basis {
            Basis::Projected => MetricKind::Projected,
            Basis::Actual => MetricKind::Actual,
        },
    }
}

const fn in_words(name: Name) -> &'static str {
    match name {
        Name::TimelineSlippage => "timeline slippage",
        Name::RiskCoverage => "risk coverage",
        Name::StakeholderSatisfaction => "stakeholder satisfaction",
        Name::ShortlistQuality => "shortlist quality",
        Name::BudgetFit => "budget fit of the shortlist",
        Name::ConfirmedHolds => "venue holds",
        Name::BudgetVariance => "budget variance",
        Name::SavingsIdentified => "savings identified",
        Name::ReserveAdequacy => "reserve adequacy",
        Name::OnTimeTaskRate => "on-time task rate",
        Name::IncidentResolution => "incident resolution in minutes",
        Name::UtilisationBalance => "utilisation balance",
        Name::ContingencyEffectiveness => "contingency effectiveness",
    }
}
