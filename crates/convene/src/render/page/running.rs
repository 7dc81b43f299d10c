//! The programme, who and what is needed for it, who hears of it, and the days themselves.

use super::{Page, inline, joined, sentence};
use crate::{
    artifact::{
        CommunicationsPlan, Dossier, LogisticsPlan, Metric, Postmortem, ResourceRoster, RunBook,
        Schedule, VendorContracts,
    },
    render::text::{clock, day, percent, word},
};

pub(super) fn write(page: &mut Page, dossier: &Dossier) {
    programme(page, dossier);
    logistics(page, dossier);
    resources(page, dossier);
    vendors(page, dossier);
    communications(page, dossier);
    run_book(page, dossier);
    postmortem(page, dossier);
}

fn programme(page: &mut Page, dossier: &Dossier) {
    let Some(schedule) = dossier.get::<Schedule>() else { return };
    page.heading(2, "Programme");
    page.picture("Sessions by room and time", "schedule.svg");
    page.table(
        ["Day", "From", "To", "Session", "Track", "Room", "People", "Speakers"],
        schedule.sessions.iter().map(|session| {
            [
                day(session.start.date()),
                clock(session.start),
                clock(session.end),
                inline(&session.title),
                inline(&session.track),
                inline(&session.location),
                session.audience.to_string(),
                joined(&session.speakers),
            ]
        }),
    );
    let gap = match schedule.optimality_gap {
        None => "How far the timetable is from the best one is not known.".to_owned(),
        Some(0.0) => "No better timetable exists under these rules.".to_owned(),
        Some(gap) => format!("The timetable is within {} of the best one.", percent(gap)),
    };
    page.paragraph(&gap);
}

fn logistics(page: &mut Page, dossier: &Dossier) {
    let Some(plan) = dossier.get::<LogisticsPlan>() else { return };
    page.heading(2, "Logistics");
    for workflow in &plan.workflows {
        page.heading(3, &workflow.workflow);
        page.paragraph(&format!("{} answers for it.", inline(&workflow.owner)));
        page.list(workflow.steps.iter().map(|step| inline(step)));
    }
    page.table(
        ["Area", "Layout", "Holds"],
        plan.layouts.iter().map(|layout| {
            [inline(&layout.area), inline(&layout.layout), layout.capacity.to_string()]
        }),
    );
    page.list(plan.policies.iter().map(|policy| sentence(policy)));
}

fn resources(page: &mut Page, dossier: &Dossier) {
    let Some(roster) = dossier.get::<ResourceRoster>() else { return };
    page.heading(3, "People, equipment and rooms");
    page.table(
        ["Name", "What", "Role", "Used"],
        roster.resources.iter().map(|resource| {
            let kind = word(&resource.kind).to_lowercase();
            let used = resource.assignments.len().to_string();
            [inline(&resource.name), kind, inline(&resource.role), format!("{used} ×")]
        }),
    );
}

/// Terms are confidential: they stay in their artifact.
fn vendors(page: &mut Page, dossier: &Dossier) {
    let Some(all) = dossier.get::<VendorContracts>() else { return };
    page.heading(2, "Vendors");
    page.paragraph(
        "Prices and terms are confidential and stay in artifacts/vendor-contracts.json.",
    );
    page.table(
        ["Vendor", "Service", "State", "Steps in"],
        all.contracts.iter().map(|contract| {
            let backup = contract.backup_vendor.as_deref().map_or(String::new(), inline);
            [
                inline(&contract.vendor_name),
                inline(&contract.service_type),
                word(&contract.status),
                backup,
            ]
        }),
    );
}

fn communications(page: &mut Page, dossier: &Dossier) {
    let Some(plan) = dossier.get::<CommunicationsPlan>() else { return };
    page.heading(2, "Communications");
    page.table(
        ["To", "By", "How often", "What", "From"],
        plan.communications.iter().map(|entry| {
            [
                inline(&entry.audience),
                inline(&entry.channel),
                word(&entry.cadence),
                inline(&entry.message),
                inline(&entry.owner),
            ]
        }),
    );
    page.table(
        ["Decision", "Asked, in this order", "Hours for each"],
        plan.escalations.iter().map(|escalation| {
            let chain = escalation.chain.iter().map(|who| inline(who)).collect::<Vec<_>>();
            [escalation.approval.to_string(), chain.join(" → "), escalation.hours.to_string()]
        }),
    );
}

fn run_book(page: &mut Page, dossier: &Dossier) {
    let Some(book) = dossier.get::<RunBook>() else { return };
    page.heading(2, "Run sheet");
    page.table(
        ["Day", "At", "Minutes", "What", "Where", "Who"],
        book.entries.iter().map(|entry| {
            [
                day(entry.at.date()),
                clock(entry.at),
                entry.minutes.to_string(),
                inline(&entry.what),
                inline(&entry.place),
                inline(&entry.owner),
            ]
        }),
    );
    page.heading(3, "Before the doors open");
    page.list(book.checklist.iter().map(|line| inline(line)));
    page.heading(3, "Whom to call");
    page.list(book.contacts.iter().map(|contact| inline(contact)));
    page.heading(3, "What the plan is expected to reach");
    metrics(page, &book.metrics);
}

fn postmortem(page: &mut Page, dossier: &Dossier) {
    let Some(report) = dossier.get::<Postmortem>() else { return };
    page.heading(2, "Afterwards");
    let cost = page.money(report.actual_cost);
    page.paragraph(&format!("{} came; it cost {cost}.", report.attendance));
    metrics(page, &report.metrics);
    page.list(report.incidents.iter().map(|incident| sentence(incident)));
    page.heading(3, "Lessons");
    page.list(report.lessons_learned.iter().map(|lesson| sentence(lesson)));
}

fn metrics(page: &mut Page, metrics: &[Metric]) {
    page.table(
        ["Metric", "Value", "Must reach", "Verdict", "Kind"],
        metrics.iter().map(|metric| {
            let value = metric.value.map_or_else(|| "n/a".to_owned(), figure);
            let verdict = word(&metric.verdict).replace("not applicable", "n/a");
            [inline(&metric.name), value, figure(metric.threshold), verdict, word(&metric.kind)]
        }),
    );
}

/// A number with at most three decimals.
fn figure(value: f64) -> String {
    let shown = format!("{value:.3}");
    shown.trim_end_matches('0').trim_end_matches('.').to_owned()
}
