//! The three events of the scenarios, and how they are planned.

use convene::{
    agent::{self, Facts, Replanned, World},
    artifact::Dossier,
    brief::{self, Fault, Scope},
    catalogue::Catalogue,
    change::Change,
    instruction::Instructions,
};
use jiff::civil::{Date, date};
use serde_json::Value;

/// S-01: twenty people, an evening, $500.
pub(crate) const MEETUP: &str = include_str!("fixtures/s01.json");
/// S-02: two hundred people, three days, $50,000.
pub(crate) const CONFERENCE: &str = include_str!("fixtures/s02.json");
/// S-03: eight hundred people, three days, two houses, $500,000.
pub(crate) const CONGRESS: &str = include_str!("fixtures/s03.json");
/// The day on which everything here is planned.
pub(crate) const TODAY: Date = date(2026, 11, 2);

/// The brief, settled.
pub(crate) fn scope(text: &str) -> Scope {
    let brief = brief::parse(text).unwrap();
    brief::settle(&brief, &Catalogue::built_in(), TODAY, None).unwrap()
}

/// The plan of a brief after what happened.
pub(crate) fn run(
    text: &str,
    facts: &Facts,
    before: Option<&Dossier>,
) -> Result<Dossier, Vec<Fault>> {
    let (scope, catalogue) = (scope(text), Catalogue::built_in());
    let instructions = Instructions::built_in();
    let world = World {
        scope: &scope,
        catalogue: &catalogue,
        instructions: &instructions,
        facts,
        seed: 7,
        before,
    };
    agent::plan(world)
}

/// The plan of a brief.
pub(crate) fn planned(text: &str) -> Dossier {
    run(text, &Facts::default(), None).unwrap()
}

/// A brief with one field changed.
pub(crate) fn changed(text: &str, field: &str, value: Value) -> String {
    let mut brief: Value = serde_json::from_str(text).unwrap();
    brief[field] = value;
    brief.to_string()
}

/// The plan after changes, made from the plan before and what had happened by then.
pub(crate) fn replanned(
    text: &str,
    (facts, before): (&Facts, &Dossier),
    changes: &[&str],
) -> Result<Replanned, Vec<Fault>> {
    let (scope, catalogue) = (scope(text), Catalogue::built_in());
    let instructions = Instructions::built_in();
    let (scope, catalogue, instructions) = (&scope, &catalogue, &instructions);
    let world = World { scope, catalogue, instructions, facts, seed: 7, before: None };
    let changes: Vec<Change> = changes.iter().map(|text| text.parse().unwrap()).collect();
    agent::replan(world, before, &changes)
}

/// The plan after changes to a plan to which nothing had happened.
pub(crate) fn after(text: &str, before: &Dossier, changes: &[&str]) -> Replanned {
    replanned(text, (&Facts::default(), before), changes).unwrap()
}
