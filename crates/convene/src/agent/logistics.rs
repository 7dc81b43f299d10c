//! The Logistics Coordinator: sessions in rooms, people at posts, vendors, what is done when something fails, the run
//! book of the days.

mod crew;
mod metrics;
mod plan;
mod run_book;
mod scenarios;
mod setup;
mod timetable;
mod vendors;

use crate::{
    agent::{
        Desk,
        programme::{Halls, Programme, halls, programme},
    },
    artifact::Kind,
    brief::Fault,
    instruction::Agent,
};

const ME: Agent = Agent::LogisticsCoordinator;

/// How the event runs: what the run book is written from.
#[derive(Debug)]
pub struct Running {
    programme: Programme,
    halls: Halls,
    table: timetable::Table,
    crew: crew::Crew,
}

/// Schedule, roster, contracts, contingencies, logistics plan.
///
/// # Errors
/// When the sessions of the brief find no place: what is short, and what would help.
pub fn logistics(desk: &mut Desk<'_>) -> Result<Running, Vec<Fault>> {
    let (programme, halls) = (programme(desk), halls(desk));
    let table = timetable::timetable(desk, &programme, &halls)?;
    let crew = crew::crew(desk, &programme, &halls, &table);
    let rests_on = [Kind::EventBrief, Kind::VenueScorecard];
    desk.publish(ME, timetable::schedule(desk.scope(), &table, &crew), &rests_on);
    desk.publish(ME, crew::roster(desk, &halls, &table, &crew), &[Kind::Schedule]);
    desk.publish(ME, vendors::contracts(desk), &[Kind::EventBrief, Kind::CostModel]);
    desk.publish(ME, scenarios::plan(desk), &[Kind::RiskRegister, Kind::TaskRegister]);
    let logistics = plan::plan(desk, &programme, &table, &crew);
    desk.publish(ME, logistics, &[Kind::Schedule, Kind::ResourceRoster, Kind::TaskRegister]);
    vendors::ask(desk);
    timetable::explain(desk, &programme, &halls, &table);
    crew::explain(desk, &crew);
    vendors::explain(desk);
    desk.trace(
        ME,
        &[Kind::TaskRegister, Kind::RiskRegister, Kind::VenueScorecard, Kind::CostModel],
    );
    Ok(Running { programme, halls, table, crew })
}

/// The run book: all that people need on the days, and what the plan is expected to reach.
pub fn confirm(desk: &mut Desk<'_>, running: &Running) {
    let book = run_book::run_book(desk, running);
    desk.publish(ME, book, &[Kind::Schedule, Kind::LogisticsPlan, Kind::ContingencyPlan]);
    desk.trace(ME, &[Kind::Schedule, Kind::ResourceRoster, Kind::ContingencyPlan]);
}

/// A name as part of an id: small letters, digits and hyphens.
fn slug(name: &str) -> String {
    let mut slug = String::new();
    for letter in name.chars().flat_map(char::to_lowercase) {
        if letter.is_ascii_alphanumeric() {
            slug.push(letter);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.trim_end_matches('-').to_owned()
}
