//! The plan for people: a page, pictures and a calendar, each a pure function of the artifacts.
//!
//! What is not there yet is left out. The same artifacts give the same bytes.

mod budget;
mod calendar;
mod difference;
mod page;
mod schedule;
mod summary;
mod svg;
mod terminal;
pub(crate) mod text;
mod timeline;

use crate::{agent::Replanned, artifact::Dossier};

/// A rendering: the name of its file and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendering {
    /// The name of its file.
    pub file: &'static str,
    /// What is in it.
    pub text: String,
}

/// Every rendering that the artifacts are enough for.
pub fn all(dossier: &Dossier) -> Vec<Rendering> {
    let all = [
        ("plan.md", plan(dossier)),
        ("timeline.svg", timeline(dossier)),
        ("budget.svg", budget(dossier)),
        ("schedule.svg", schedule(dossier)),
        ("calendar.ics", calendar(dossier)),
    ];
    all.into_iter().filter_map(|(file, text)| text.map(|text| Rendering { file, text })).collect()
}

/// The whole plan as Markdown. Nothing without a brief.
pub fn plan(dossier: &Dossier) -> Option<String> {
    page::render(dossier)
}

/// Phases, milestones and tasks over time, with the critical path, as SVG. Nothing without tasks.
pub fn timeline(dossier: &Dossier) -> Option<String> {
    timeline::render(dossier)
}

/// What each category may and will cost, as SVG. Nothing without a budget.
pub fn budget(dossier: &Dossier) -> Option<String> {
    budget::render(dossier)
}

/// Sessions by room and time, as SVG. Nothing without sessions.
pub fn schedule(dossier: &Dossier) -> Option<String> {
    schedule::render(dossier)
}

/// The event, its sessions, milestones and holds as an iCalendar file. Nothing without a brief.
pub fn calendar(dossier: &Dossier) -> Option<String> {
    calendar::render(dossier)
}

/// The plan in one screen of a terminal. Nothing without a brief.
pub fn summary(dossier: &Dossier) -> Option<String> {
    summary::render(dossier)
}

/// What a plan made anew differs in from the one before it, in one screen of a terminal.
pub fn difference(before: &Dossier, now: &Replanned) -> String {
    difference::render(before, now)
}
