//! Whatever is taken out of a real plan is missed: each required field, each reference, each sum.

use std::collections::{BTreeMap, BTreeSet};

use convene::{
    artifact::{self, Artifact, Dossier, Kind, Unreadable},
    gate,
};
use serde_json::{Value, json};

use crate::events::{CONGRESS, planned};

/// Fields that may be left out: what is not known yet, does not apply, or has a usual value.
const OPTIONAL: [&str; 10] = [
    "approved_date",
    "backup_vendor",
    "decision_rights",
    "email",
    "excluded_because",
    "levelled",
    "model",
    "optimality_gap",
    "score",
    "value",
];

/// The first place of each field in a body: `/sessions/0/title` stands for every title of a session.
fn places(value: &Value, at: &str, shape: &str, found: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(fields) => {
            for (name, inner) in fields {
                let (at, shape) = (format!("{at}/{name}"), format!("{shape}/{name}"));
                found.entry(shape.clone()).or_insert_with(|| at.clone());
                places(inner, &at, &shape, found);
            }
        }
        Value::Array(items) => {
            for (number, inner) in items.iter().enumerate() {
                places(inner, &format!("{at}/{number}"), &format!("{shape}/*"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn without(value: &Value, pointer: &str) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let mut value = value.clone();
    value.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name);
    value
}

#[test]
fn each_required_field_that_is_taken_out_is_named_with_its_pointer() {
    let (mut named, mut taken) = (0, BTreeSet::new());
    for artifact in planned(CONGRESS).artifacts() {
        let whole = artifact.value();
        let mut found = BTreeMap::new();
        places(&whole["body"], "/body", "", &mut found);
        // Scores are by criterion: which there are, the gate knows.
        for pointer in found.values().filter(|pointer| !pointer.contains("/scores/")) {
            match artifact::parse(without(&whole, pointer)) {
                Err(Unreadable::Invalid(faults)) => {
                    assert!(faults.iter().any(|(at, _)| at == pointer), "{pointer}: {faults:?}");
                    named += 1;
                }
                _ => taken.extend(pointer.rsplit('/').next().map(str::to_owned)),
            }
        }
    }
    taken.retain(|name| !OPTIONAL.contains(&name.as_str()));
    assert!(taken.is_empty() && named > 150, "{named} were missed, and these were not: {taken:?}");
}

/// References to other artifacts, and the gate and rule that miss what is not there.
const REFERENCES: &[(&str, &str, &str, &str)] = &[
    ("task-register", "/tasks/*/dependencies/0", "timeline", "dependencies"),
    ("timeline", "/critical_path/0", "timeline", "critical_path"),
    ("timeline", "/milestones/0/dependencies/0", "timeline", "milestones"),
    ("venue-scorecard", "/selection/0/venue_id", "scorecard", "selection"),
    ("venue-scorecard", "/candidate_scores/0/venue_id", "scorecard", "scores"),
    ("contingency-plan", "/scenarios/0/task_ids/0", "logistics-plan", "tasks"),
    ("contingency-plan", "/scenarios/0/risk_id", "logistics-plan", "scenarios"),
    ("logistics-plan", "/workflows/0/task_ids/0", "logistics-plan", "tasks"),
    ("logistics-plan", "/workflows/0/resources/0", "logistics-plan", "resources"),
    ("logistics-plan", "/resource_ids/0", "logistics-plan", "resources"),
    ("logistics-plan", "/vendor_ids/0", "logistics-plan", "vendors"),
    ("schedule", "/sessions/*/resources/0", "schedule", "resources"),
    ("run-book", "/contingencies/0", "readiness", "contingencies"),
];

/// Figures that others must agree with.
const SUMS: &[(&str, &str, &str, &str)] = &[
    ("budget-baseline", "/category_allocations/0/allocated", "cost-model", "allocations"),
    ("cost-model", "/line_items/0/total", "cost-model", "lines"),
    ("venue-scorecard", "/criteria_weights/0/weight", "scorecard", "weights"),
    ("venue-scorecard", "/candidate_scores/0/total", "scorecard", "totals"),
    ("risk-register", "/risks/0/rating", "risks", "rating"),
];

fn damaged(dossier: &Dossier, kind: &str, pointer: &str, value: Value) -> Dossier {
    let mut damaged = dossier.clone();
    let kind = Kind::named(kind).unwrap();
    let artifact = damaged.find(kind).unwrap();
    let mut whole = artifact.value();
    let pointer = format!("/body{pointer}");
    let first = (0..100).map(|at| pointer.replace('*', &at.to_string()));
    let first = first.into_iter().find(|pointer| whole.pointer(pointer).is_some()).unwrap();
    *whole.pointer_mut(&first).unwrap() = value;
    let Artifact { header, body } = artifact::parse(whole).unwrap();
    damaged.remove(kind);
    damaged.put(Artifact::seal(header, body));
    damaged
}

fn rules(dossier: &Dossier) -> BTreeSet<(&'static str, &'static str)> {
    let failures = gate::all(dossier).into_iter().flat_map(|gate| gate.failures);
    failures.map(|failure| (failure.gate, failure.rule)).collect()
}

#[test]
fn each_broken_reference_and_sum_of_a_real_plan_fails_its_rule_and_no_unrelated_one() {
    let whole = planned(CONGRESS);
    let before = rules(&whole);
    let nowhere = REFERENCES.iter().map(|it| (it, json!("nowhere")));
    let off = SUMS.iter().map(|it| (it, json!(0.5)));
    let off = off.map(|(it, value)| (it, if it.1.ends_with("rating") { json!(1) } else { value }));
    for ((kind, pointer, gate, rule), value) in nowhere.chain(off) {
        let after = rules(&damaged(&whole, kind, pointer, value));
        let new: Vec<_> = after.difference(&before).collect();
        assert!(new.contains(&&(*gate, *rule)), "{kind}{pointer}: {new:?}");
        assert!(new.len() <= 3, "{kind}{pointer}: {new:?}");
    }
}

#[test]
fn each_artifact_that_is_taken_out_keeps_the_event_from_being_confirmed() {
    let whole = planned(CONGRESS);
    for kind in Kind::ALL.iter().filter(|kind| **kind != Kind::Postmortem) {
        let mut dossier = whole.clone();
        dossier.remove(*kind).unwrap();
        let refusal = convene::lifecycle::transition(
            &dossier,
            convene::lifecycle::Phase::Confirm,
            convene::lifecycle::Phase::Execute,
        );
        let missing = refusal.unwrap_err().missing_artifacts;
        assert!(missing.contains(kind), "{kind}: {missing:?}");
    }
}
