//! May the doors open: all approvals in, nothing dangling, no risk that blocks? And afterwards: was it looked at?

use std::collections::BTreeSet;

use super::Findings;
use crate::{
    approval::ApprovalStatus,
    artifact::{
        ApprovalKind, CommunicationsPlan, ContingencyPlan, ContractStatus, Dossier, Kind,
        Postmortem, RiskRegister, RiskStatus, RunBook, StakeholderMap, VendorContracts,
    },
};

/// People approved budget, venue and every contract, in the revisions that exist.
pub(super) fn approvals(dossier: &Dossier, findings: &mut Findings) {
    findings.approved(dossier, ApprovalKind::BudgetDecision, Kind::BudgetDecision, true);
    findings.approved(dossier, ApprovalKind::VenueSelection, Kind::VenueScorecard, true);
    let contracts =
        dossier.get::<VendorContracts>().map(|all| all.contracts.as_slice()).unwrap_or_default();
    let current = contracts.iter().any(|contract| contract.status != ContractStatus::Cancelled);
    findings.approved(dossier, ApprovalKind::VendorContract, Kind::VendorContracts, current);
    for (kind, about) in [
        (ApprovalKind::MilestoneSlip, Kind::Timeline),
        (ApprovalKind::RiskAcceptance, Kind::RiskRegister),
    ] {
        findings.approved(dossier, kind, about, false);
    }
}

/// References hold, contracts say what they must, everybody hears what they need, and no open risk blocks.
pub(super) fn readiness(dossier: &Dossier, findings: &mut Findings) {
    for broken in dossier.broken_references() {
        findings.broken(
            "references",
            (broken.from, ""),
            broken.to_string(),
            "make it again from what there is",
        );
    }
    contracts(dossier, findings);
    contingencies(dossier, findings);
    audiences(dossier, findings);
    let Some(register) = findings.need::<RiskRegister>(dossier) else { return };
    for (at, risk) in
        register.risks.iter().enumerate().filter(|(_, r)| r.status == RiskStatus::Occurred)
    {
        let found = format!("`{}` has happened: {}", risk.id, risk.description);
        let remedy = "carry out its scenario and close it, or let a person accept it";
        findings.broken(
            "blocking_risk",
            (Kind::RiskRegister, format!("/risks/{at}")),
            found,
            remedy,
        );
    }
}

fn contracts(dossier: &Dossier, findings: &mut Findings) {
    let Some(all) = dossier.get::<VendorContracts>() else { return };
    for (at, contract) in all.contracts.iter().enumerate() {
        if contract.sla.is_empty() {
            let found = format!("`{}` measures nothing", contract.id);
            findings.broken(
                "sla",
                (Kind::VendorContracts, format!("/contracts/{at}/sla")),
                found,
                "agree what is measured",
            );
        }
        if contract.cancellation_policy.trim().is_empty() {
            let pointer = format!("/contracts/{at}/cancellation_policy");
            let remedy = "agree on notice and penalties";
            findings.broken("cancellation", (Kind::VendorContracts, pointer), "is empty", remedy);
        }
        if contract.terms.end_date < contract.terms.start_date {
            let found = format!(
                "ends {} and starts {}",
                contract.terms.end_date, contract.terms.start_date
            );
            let pointer = format!("/contracts/{at}/terms");
            findings.broken(
                "dates",
                (Kind::VendorContracts, pointer),
                found,
                "let it end after it starts",
            );
        }
    }
}

/// What the run book keeps at hand is in the contingency plan.
fn contingencies(dossier: &Dossier, findings: &mut Findings) {
    let (Some(book), Some(plan)) = (dossier.get::<RunBook>(), dossier.get::<ContingencyPlan>())
    else {
        return;
    };
    let known: BTreeSet<&str> = plan.scenarios.iter().map(|it| it.id.as_str()).collect();
    for unknown in book.contingencies.iter().filter(|id| !known.contains(id.as_str())) {
        let found = format!("`{unknown}` is no scenario");
        let remedy = "name scenarios of the contingency plan";
        findings.broken("contingencies", (Kind::RunBook, "/contingencies"), found, remedy);
    }
}

/// Every role of the stakeholder map hears something, and every question asked has somebody who is asked next.
fn audiences(dossier: &Dossier, findings: &mut Findings) {
    let Some(plan) = findings.need::<CommunicationsPlan>(dossier) else { return };
    let heard: BTreeSet<&str> = plan.communications.iter().map(|c| c.audience.as_str()).collect();
    let people =
        dossier.get::<StakeholderMap>().map(|map| map.stakeholders.as_slice()).unwrap_or_default();
    for person in people.iter().filter(|person| !heard.contains(person.role.as_str())) {
        let found = format!("nothing is said to the {}", person.role);
        let pointer = "/communications";
        findings.broken(
            "audiences",
            (Kind::CommunicationsPlan, pointer),
            found,
            "say what they hear, and from whom",
        );
    }
    let covered: BTreeSet<ApprovalKind> = plan.escalations.iter().map(|e| e.approval).collect();
    let asked =
        dossier.approvals.iter().filter(|a| a.status == ApprovalStatus::Pending).map(|a| a.kind);
    for kind in asked.collect::<BTreeSet<_>>().difference(&covered) {
        let found = format!("nobody is asked next for a {kind}");
        findings.broken(
            "escalations",
            (Kind::CommunicationsPlan, "/escalations"),
            found,
            "name a chain for it",
        );
    }
}

/// Somebody looked back: figures and lessons are there.
pub(super) fn review(dossier: &Dossier, findings: &mut Findings) {
    let Some(report) = findings.need::<Postmortem>(dossier) else { return };
    if report.metrics.is_empty() {
        findings.broken(
            "metrics",
            (Kind::Postmortem, "/metrics"),
            "there are none",
            "measure what happened",
        );
    }
    if report.lessons_learned.iter().all(|lesson| lesson.trim().is_empty()) {
        let pointer = "/lessons_learned";
        findings.broken(
            "lessons",
            (Kind::Postmortem, pointer),
            "there are none",
            "say what to do differently",
        );
    }
}
