//! A small event that passes every gate, to be damaged.

use convene::{
    approval::{self, Decided, Question},
    artifact::{self, ApprovalKind, Artifact, CommunicationsPlan, Dossier, Escalation, Kind},
};
use jiff::Timestamp;
use serde_json::{Value, json};

/// When everything here was made.
pub(crate) const NOW: Timestamp = Timestamp::UNIX_EPOCH;

/// The bodies of the small event, by kind.
pub(crate) fn bodies() -> Value {
    serde_json::from_str(include_str!("fixtures/meetup.json")).unwrap()
}

/// An artifact with this body, read as one that a person wrote.
pub(crate) fn artifact(kind: Kind, body: &Value) -> Artifact {
    let event = "evt-20270104-rust-meetup";
    let value = json!({
        "kind": kind.name(), "id": kind.id_in(event), "event_id": event, "revision": 1,
        "schema_version": kind.schema_version(), "author": { "kind": "person", "name": "Ada" },
        "correlation_id": "00000000-0000-0000-0000-000000000001", "created_at": NOW, "references": [], "digest": "", "body": body,
    });
    let Artifact { header, body } = artifact::parse(value).unwrap();
    Artifact::seal(header, body)
}

/// A dossier of these bodies; whatever only people decide is asked, and not yet decided.
pub(crate) fn dossier(bodies: &Value) -> Dossier {
    let mut dossier = Dossier::default();
    for (name, body) in bodies.as_object().unwrap() {
        dossier.put(artifact(Kind::named(name).unwrap(), body));
    }
    for (kind, about) in [
        (ApprovalKind::BudgetDecision, Kind::BudgetDecision),
        (ApprovalKind::VenueSelection, Kind::VenueScorecard),
        (ApprovalKind::VendorContract, Kind::VendorContracts),
    ] {
        let Some(about) = dossier.find(about) else { continue };
        let approval = approval::ask(question(kind), about, &escalation(&dossier, kind), NOW);
        dossier.approvals.push(approval);
    }
    dossier
}

/// The same with everything approved by Ada.
pub(crate) fn approved(bodies: &Value) -> Dossier {
    let mut dossier = dossier(bodies);
    let ids: Vec<String> = dossier.approvals.iter().map(|approval| approval.id.clone()).collect();
    for id in ids {
        let decided =
            Decided { by: "Ada".to_owned(), at: NOW, rationale: "Within the budget".to_owned() };
        approval::decide(&mut dossier, &id, true, decided).unwrap();
    }
    dossier
}

fn question(kind: ApprovalKind) -> Question {
    Question {
        kind,
        item: None,
        question: format!("Approve the {kind}?"),
        amount: None,
        consequences: Vec::new(),
    }
}

fn escalation(dossier: &Dossier, kind: ApprovalKind) -> Escalation {
    let plan = dossier.get::<CommunicationsPlan>();
    let named = plan
        .and_then(|plan| plan.escalations.iter().find(|escalation| escalation.approval == kind));
    let nobody_named = Escalation {
        approval: kind,
        chain: vec!["Ada".to_owned()],
        hours: approval::HOURS_DEFAULT,
    };
    named.cloned().unwrap_or(nobody_named)
}
