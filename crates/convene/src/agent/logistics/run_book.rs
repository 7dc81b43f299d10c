//! The run book: the days minute by minute, whom to call, what must be true before the doors open.

use std::collections::BTreeMap;

use super::{
    ME, Running, metrics, setup,
    timetable::{Seated, Table},
};
use crate::{
    agent::{
        Desk,
        programme::{ARRIVAL, Part, moment},
    },
    artifact::{
        ApprovalKind, ContingencyPlan, ContractStatus, RunBook, RunEntry, VendorContracts,
        VenueScorecard,
    },
    brief::Scope,
    library::counted,
};

/// Minutes to clear the rooms after the last session.
const CLEAR: i64 = 30;

pub(super) fn run_book(desk: &Desk<'_>, running: &Running) -> RunBook {
    RunBook {
        entries: entries(desk, running),
        contacts: contacts(desk),
        contingencies: desk
            .read::<ContingencyPlan>()
            .scenarios
            .iter()
            .map(|scenario| scenario.id.clone())
            .collect(),
        checklist: checklist(desk, &running.table),
        metrics: metrics::metrics(desk, &running.crew),
    }
}

/// A line of the run sheet before it has a date.
struct Line {
    from: i64,
    to: i64,
    what: String,
    place: String,
}

fn entries(desk: &Desk<'_>, running: &Running) -> Vec<RunEntry> {
    let scope = desk.scope();
    let mut lines: Vec<Line> = running.crew.setup.iter().map(of_job).collect();
    lines.extend(of_days(running));
    lines.extend(of_sessions(&running.table));
    lines.extend(clearing(&running.table));
    lines.sort_by(|a, b| (a.from, a.to, &a.what).cmp(&(b.from, b.to, &b.what)));
    let entry = |line: Line| RunEntry {
        at: moment(scope, line.from),
        minutes: u32::try_from(line.to - line.from).unwrap_or(0),
        what: line.what,
        place: line.place,
        owner: ME.name().to_owned(),
    };
    lines.into_iter().map(entry).collect()
}

fn of_job(job: &setup::Job) -> Line {
    let hands = i64::from(job.hands) + i64::from(job.technicians);
    Line {
        from: job.from,
        to: job.to,
        what: format!(
            "{} ({})",
            job.title,
            if hands == 1 { "1 person".to_owned() } else { format!("{hands} people") }
        ),
        place: job.hall.name.clone(),
    }
}

/// The desk, the doors, the breaks.
fn of_days(running: &Running) -> Vec<Line> {
    let main = &running.halls.main.name;
    let line = |from, to, what: String| Line { from, to, what, place: main.clone() };
    let mut lines = Vec::new();
    for day in &running.programme.days {
        lines.push(line(
            day.from - ARRIVAL,
            day.from,
            "Hosts at their posts, registration desk opens".to_owned(),
        ));
        lines.push(line(day.from, day.from, "Doors open".to_owned()));
        lines.extend(day.breaks.iter().map(|it| line(it.from, it.to, it.title.to_owned())));
    }
    lines
}

/// One line for sessions of the same time; what runs beside everything has its own.
fn of_sessions(table: &Table) -> Vec<Line> {
    let mut together: BTreeMap<(i64, i64), Vec<&Seated>> = BTreeMap::new();
    let (shown, held): (Vec<&Seated>, Vec<&Seated>) =
        table.seated.iter().partition(|seated| seated.item.part == Part::Exhibition);
    for seated in held {
        together.entry((seated.start, seated.end())).or_default().push(seated);
    }
    let alone = shown.into_iter().map(|seated| vec![seated]);
    together.into_values().chain(alone).filter_map(|sessions| of_slot(&sessions)).collect()
}

fn of_slot(sessions: &[&Seated]) -> Option<Line> {
    let first = sessions.first()?;
    let (from, to) = (first.start, first.end());
    if sessions.len() == 1 {
        let (what, place) = (first.item.title.clone(), first.hall.name.clone());
        return Some(Line { from, to, what, place });
    }
    let count = i64::try_from(sessions.len()).unwrap_or(0);
    let titles: Vec<&str> = sessions.iter().map(|seated| seated.item.title.as_str()).collect();
    let rooms: Vec<&str> = sessions.iter().map(|seated| seated.hall.name.as_str()).collect();
    let what = format!("{}: {}", counted(count, "session"), titles.join("; "));
    Some(Line { from, to, what, place: rooms.join("; ") })
}

fn clearing(table: &Table) -> Option<Line> {
    let end = table.seated.iter().map(Seated::end).max()?;
    let rooms = setup::used(table.seated.iter().map(|seated| &seated.hall));
    let count = i64::try_from(rooms.len()).unwrap_or(0);
    Some(Line {
        from: end,
        to: end + CLEAR,
        what: "Clear the rooms and hand them back".to_owned(),
        place: counted(count, "room"),
    })
}

/// The owner first, then whoever may decide, then vendors and who steps in for them.
fn contacts(desk: &Desk<'_>) -> Vec<String> {
    let scope = desk.scope();
    let of_person = |who: &crate::artifact::Stakeholder| match &who.email {
        Some(email) => format!("{}, {}: {email}", who.name, who.role),
        None => format!("{}, {}", who.name, who.role),
    };
    let mut people: Vec<&crate::artifact::Stakeholder> = scope.stakeholders.iter().collect();
    people.sort_by_key(|who| {
        (who.role != crate::artifact::OWNER, who.decision_rights.is_empty(), &who.name)
    });
    let mut contacts: Vec<String> = people.into_iter().map(of_person).collect();
    for venue in &desk.read::<VenueScorecard>().selection {
        let house = desk.world.catalogue.venue(&venue.venue_id);
        contacts.extend(house.map(|house| format!("{}, venue: {}", house.name, house.contact)));
    }
    let signed = desk.read::<VendorContracts>().contracts.iter();
    for contract in signed.filter(|it| it.status != ContractStatus::Cancelled) {
        let backup = contract.backup_vendor.as_deref().unwrap_or("nobody");
        contacts.push(format!(
            "{}, {}; {backup} steps in",
            contract.vendor_name, contract.service_type
        ));
    }
    let mut seen = std::collections::BTreeSet::new();
    contacts.retain(|contact| seen.insert(contact.clone()));
    contacts
}

fn checklist(desk: &Desk<'_>, table: &Table) -> Vec<String> {
    let scope = desk.scope();
    let rooms = setup::used(table.seated.iter().map(|seated| &seated.hall));
    let mut list = approvals(desk);
    list.push(format!(
        "Sound and picture were tried in {}",
        counted(i64::try_from(rooms.len()).unwrap_or(0), "room")
    ));
    list.push(format!("Seats for {} people, exits and step-free ways free", scope.audience));
    list.push("Every host knows post, times and whom to call".to_owned());
    list.push("Names, diets and access needs are at the desk".to_owned());
    list.extend(of_scope(scope));
    list
}

/// What people must have said yes to.
fn approvals(desk: &Desk<'_>) -> Vec<String> {
    let asked = |kind: ApprovalKind| {
        desk.dossier.approvals.iter().filter(move |approval| approval.kind == kind).count()
    };
    let wanted = [
        (ApprovalKind::VenueSelection, "The final venue is approved"),
        (ApprovalKind::BudgetDecision, "The budget is approved"),
        (ApprovalKind::VendorContract, "Every vendor contract is approved and signed"),
    ];
    let wanted = wanted.into_iter().filter(|(kind, _)| asked(*kind) > 0);
    wanted.map(|(_, text)| text.to_owned()).collect()
}

fn of_scope(scope: &Scope) -> Vec<String> {
    let mut list: Vec<String> = scope
        .accessibility
        .iter()
        .map(|need| format!("Access was walked through: {}", need.replace('_', " ")))
        .collect();
    if scope.is_hybrid {
        list.push("Stream, captions and the second line were tried".to_owned());
    }
    list
}
