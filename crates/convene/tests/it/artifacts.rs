//! Artifacts: their schemas, their digests, older versions and what is no artifact.

use std::{collections::BTreeSet, fs, path::Path};

use convene::{
    artifact::{self, Kind, Unreadable},
    brief,
};
use serde_json::{Value, json};

use crate::desk;

#[test]
fn the_schemas_in_contracts_are_those_of_the_code() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../contracts/convene");
    let mut expected: BTreeSet<String> = BTreeSet::new();
    let kinds = Kind::ALL.iter().map(|kind| (kind.name(), artifact::schema(*kind)));
    for (name, schema) in kinds.chain([("brief", brief::schema())]) {
        let file = format!("{name}.schema.json");
        let text = fs::read_to_string(folder.join(&file)).unwrap_or_default();
        let written: Value = serde_json::from_str(&text).unwrap_or_default();
        assert_eq!(
            written, schema,
            "{file}: run `cargo run -p convene --example schemas -- contracts/convene`"
        );
        expected.insert(file);
    }
    let found = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(found.collect::<BTreeSet<_>>(), expected);
    assert_eq!(Kind::ALL.len(), 26, "23 kinds, the agents' trace, the run book, the postmortem");
}

#[test]
fn what_is_sealed_reads_back_and_an_edit_is_noticed() {
    let bodies = desk::bodies();
    for (name, body) in bodies.as_object().unwrap() {
        let sealed = desk::artifact(Kind::named(name).unwrap(), body);
        assert_eq!(artifact::read(&sealed.text()).as_ref(), Ok(&sealed), "{name}");
    }
    let sealed = desk::artifact(Kind::BudgetDecision, &bodies["budget-decision"]);
    let edited = sealed.text().replace("\"approved_total\": 500", "\"approved_total\": 5000");
    let refusal = artifact::read(&edited).unwrap_err();
    assert!(matches!(refusal, Unreadable::Edited { .. }), "{refusal}");
    assert!(refusal.to_string().contains("replan"), "{refusal}");
}

#[test]
fn an_older_version_is_upgraded_and_an_unknown_one_refused() {
    let mut old = desk::artifact(Kind::LogisticsPlan, &desk::bodies()["logistics-plan"]).value();
    old["schema_version"] = json!("1.0.0");
    for field in ["task_ids", "owner", "resources"] {
        old["body"]["workflows"][0].as_object_mut().unwrap().remove(field);
    }
    let read = artifact::parse(old.clone()).unwrap();
    assert_eq!(read.header.schema_version, "1.1.0");
    old["schema_version"] = json!("9.0.0");
    let refusal = artifact::parse(old).unwrap_err().to_string();
    assert!(
        refusal.contains("/schema_version")
            && refusal.contains("9.0.0")
            && refusal.contains("1.1.0"),
        "{refusal}"
    );
}

#[test]
fn what_is_no_artifact_is_refused_with_its_place() {
    let decision = desk::artifact(Kind::BudgetDecision, &desk::bodies()["budget-decision"]).value();
    for (pointer, value, named) in [
        ("/kind", json!("budget"), "/kind"),
        ("/revision", json!(0), "/revision"),
        ("/body/approved_total", json!("much"), "/body/approved_total"),
        (
            "/body",
            json!({ "approved_total": 1, "approvals": [], "change_log_ids": [], "more": 1 }),
            "/body",
        ),
    ] {
        let mut value_of = decision.clone();
        *value_of.pointer_mut(pointer).unwrap() = value;
        let refusal = artifact::parse(value_of).unwrap_err().to_string();
        assert!(refusal.contains(named), "{pointer}: {refusal}");
    }
    assert!(matches!(artifact::read("{"), Err(Unreadable::NotJson(_))));
}

#[test]
fn a_reference_to_what_is_not_there_is_found() {
    let mut dossier = desk::dossier(&desk::bodies());
    let scorecard = dossier.find(Kind::VenueScorecard).unwrap().reference();
    let mut decision = dossier.find(Kind::BudgetDecision).unwrap().clone();
    decision.header.references.push(scorecard.clone());
    decision.header.references.push(artifact::Reference { revision: 7, ..scorecard });
    dossier.put(decision);
    let broken: Vec<_> = dossier.broken_references().iter().map(ToString::to_string).collect();
    assert_eq!(broken.len(), 1);
    assert!(
        broken.concat().contains("venue-scorecard") && broken.concat().contains("revision 7"),
        "{broken:?}"
    );
}
