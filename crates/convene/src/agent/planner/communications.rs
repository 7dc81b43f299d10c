//! Who hears what, and who decides when somebody does not answer.

use crate::{
    approval::HOURS_DEFAULT,
    artifact::{ApprovalKind, Cadence, Communication, CommunicationsPlan, Escalation, OWNER},
    brief::{Level, Scope},
    instruction::Agent,
    library,
};

/// Days before the event within which approvals must come faster than usual.
const HOURS_SHORT: u32 = 24;
/// An event nearer than this has no two days for an answer.
const SHORT_LEAD_DAYS: i32 = 28;

/// Those who may decide something, first the one asked first; the owner when nobody else may.
pub(crate) fn deciders(scope: &Scope, approval: ApprovalKind) -> Vec<String> {
    let may = |with_owner: bool| {
        let people = scope.stakeholders.iter().filter(move |who| (who.role == OWNER) == with_owner);
        people.filter(|who| who.decision_rights.contains(&approval)).map(|who| who.name.clone())
    };
    let mut chain: Vec<String> = may(false).chain(may(true)).collect();
    if chain.is_empty() {
        chain.extend(
            scope.stakeholders.iter().filter(|who| who.role == OWNER).map(|who| who.name.clone()),
        );
    }
    chain.dedup();
    chain
}

/// The plan: every role of the stakeholder map is covered, and the attendees.
pub(super) fn plan(scope: &Scope) -> CommunicationsPlan {
    let mut communications: Vec<Communication> = Vec::new();
    for who in &scope.stakeholders {
        if !communications.iter().any(|known| known.audience == who.role) {
            communications.push(for_role(scope, &who.role));
        }
    }
    communications.push(for_attendees(scope));
    if scope.level == Level::Advanced {
        communications.extend(for_many(scope));
    }
    CommunicationsPlan { communications, escalations: escalations(scope) }
}

fn said(audience: &str, channel: &str, cadence: Cadence, message: String) -> Communication {
    let owner = Agent::EventPlanner.name().to_owned();
    Communication {
        audience: audience.to_owned(),
        channel: channel.to_owned(),
        cadence,
        message,
        owner,
    }
}

fn for_role(scope: &Scope, role: &str) -> Communication {
    let cadence = match scope.level {
        Level::Beginner => Cadence::MilestoneBased,
        Level::Intermediate => Cadence::Biweekly,
        Level::Advanced => Cadence::Weekly,
    };
    let message = format!(
        "State of {}: milestones, budget against {}, open approvals, risks rated eight or more",
        scope.title,
        scope.budget.shown(scope.currency)
    );
    said(role, "e-mail", cadence, message)
}

fn for_attendees(scope: &Scope) -> Communication {
    let message = format!(
        "{}, {} in {}: programme, access, how to reach us",
        scope.title,
        library::dates_in_words(scope),
        scope.city.name
    );
    said("Attendees", "e-mail", Cadence::MilestoneBased, message)
}

fn for_many(scope: &Scope) -> Vec<Communication> {
    let mut more = vec![
        said(
            "Speakers",
            "e-mail",
            Cadence::Biweekly,
            "Slot, room, technology, travel, and whom to call on the day".to_owned(),
        ),
        said(
            "Vendors",
            "e-mail and call",
            Cadence::Weekly,
            "Numbers, delivery times, changes since the last week".to_owned(),
        ),
        said(
            "Staff",
            "briefing",
            Cadence::MilestoneBased,
            "Posts, times, contingencies and their triggers".to_owned(),
        ),
        said(
            "Press and neighbours",
            "notice",
            Cadence::Monthly,
            format!(
                "{} people on {}: traffic, noise, contact",
                scope.audience,
                library::dates_in_words(scope)
            ),
        ),
    ];
    if scope.is_hybrid {
        more.push(said(
            "Remote participants",
            "platform",
            Cadence::MilestoneBased,
            "Access, captions, time zone, what to do when the stream breaks".to_owned(),
        ));
    }
    more
}

fn escalations(scope: &Scope) -> Vec<Escalation> {
    let lead =
        scope.planning_start.until(scope.dates.start.date()).map_or(0, |span| span.get_days());
    let hours = if lead < SHORT_LEAD_DAYS { HOURS_SHORT } else { HOURS_DEFAULT };
    let all = ApprovalKind::ALL.iter();
    all.map(|approval| Escalation { approval: *approval, chain: deciders(scope, *approval), hours })
        .collect()
}
