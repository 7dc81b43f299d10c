//! A plan's folder: whole or not at all, and read back with every mistake named.

use std::{fs, path::Path};

use convene::{
    artifact::{Artifact, Kind, digest_of},
    folder::{self, ReadError, WriteError},
};

use serde_json::Value;

use crate::desk;

/// A folder with the small event in it.
fn written() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    folder::write(folder.path(), &desk::dossier(&desk::bodies()), None).unwrap();
    folder
}

fn edit(folder: &Path, file: &str, from: &str, to: &str) {
    let text = fs::read_to_string(folder.join(file)).unwrap();
    assert!(text.contains(from), "{file} has no {from}");
    fs::write(folder.join(file), text.replace(from, to)).unwrap();
}

#[track_caller]
fn refused(folder: &Path, named: &[&str]) {
    let told = folder::read(folder).unwrap_err().to_string();
    for word in named {
        assert!(told.contains(word), "{word} in: {told}");
    }
}

#[test]
fn what_is_written_reads_back_the_same() {
    let parent = tempfile::tempdir().unwrap();
    let place = parent.path().join("plan");
    let mut dossier = desk::approved(&desk::bodies());
    let mut revised = dossier.find(Kind::BudgetDecision).unwrap().clone();
    revised.header.revision = 2;
    dossier.put(Artifact::seal(revised.header, revised.body));
    folder::write(&place, &dossier, None).unwrap();
    let read = folder::read(&place).unwrap();
    assert_eq!(read.dossier, dossier);
    assert!(read.stale.is_empty(), "{:?}", read.stale);
    assert!(place.join("history/budget-decision-r1.json").is_file());
    let beside = fs::read_dir(parent.path()).unwrap().count();
    assert_eq!(beside, 1, "nothing is left beside it");
}

#[test]
fn a_folder_with_something_in_it_is_refused_and_stays_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("notes.txt"), "mine").unwrap();
    let dossier = desk::dossier(&desk::bodies());
    let refusal = folder::write(folder.path(), &dossier, None).unwrap_err();
    assert!(matches!(refusal, WriteError::NotEmpty(_)), "{refusal}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    let file = folder::write(&folder.path().join("notes.txt"), &dossier, None).unwrap_err();
    assert!(matches!(file, WriteError::NotAFolder(_)), "{file}");
    let nowhere = folder::write(&folder.path().join("a/b"), &dossier, None).unwrap_err();
    assert!(matches!(nowhere, WriteError::NoParent(_)), "{nowhere}");
}

#[test]
fn a_plan_is_replaced_whole() {
    let folder = written();
    let mut changed = desk::dossier(&desk::bodies());
    changed.remove(Kind::Postmortem);
    folder::replace(folder.path(), &changed, None).unwrap();
    assert_eq!(folder::read(folder.path()).unwrap().dossier, changed);
}

#[test]
fn an_edit_by_hand_is_named_with_its_file() {
    let folder = written();
    let file = "artifacts/budget-decision.json";
    edit(folder.path(), file, "\"approved_total\": 500", "\"approved_total\": 5000");
    refused(folder.path(), &[file, "/digest", "replan"]);
}

#[test]
fn every_broken_file_is_named_at_once() {
    let folder = written();
    fs::write(folder.path().join("artifacts/timeline.json"), "{").unwrap();
    edit(folder.path(), "artifacts/schedule.json", "\"audience\": 20", "\"audience\": \"all\"");
    fs::rename(
        folder.path().join("artifacts/schedule.json"),
        folder.path().join("artifacts/programme.json"),
    )
    .unwrap();
    edit(folder.path(), "artifacts/requirements.json", "\"1.0.0\"", "\"9.0.0\"");
    edit(folder.path(), "approvals.json", "\"pending\"", "\"perhaps\"");
    fs::copy(
        folder.path().join("artifacts/stakeholder-map.json"),
        folder.path().join("artifacts/people.json"),
    )
    .unwrap();
    fs::write(folder.path().join("artifacts/notes.txt"), "mine").unwrap();
    refused(
        folder.path(),
        &[
            "artifacts/timeline.json: not JSON",
            "artifacts/programme.json /body/sessions/0/audience",
            "artifacts/requirements.json /schema_version: schema version 9.0.0",
            "approvals.json /0/status",
            "artifacts/people.json: is stakeholder-map revision 1, whose file is called stakeholder-map.json",
            "artifacts/notes.txt: not JSON",
        ],
    );
}

#[test]
fn an_older_schema_is_upgraded_and_sealed_anew() {
    let folder = written();
    let file = folder.path().join("artifacts/logistics-plan.json");
    let mut old: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    old["schema_version"] = "1.0.0".into();
    old["body"]["workflows"][0].as_object_mut().unwrap().remove("owner");
    old.as_object_mut().unwrap().remove("digest");
    old["digest"] = digest_of(&old).into();
    fs::write(&file, old.to_string()).unwrap();
    let read = folder::read(folder.path()).unwrap().dossier;
    let upgraded = read.find(Kind::LogisticsPlan).unwrap();
    assert_eq!(upgraded.header.schema_version, "1.1.0");
    assert_eq!(upgraded.header.digest, upgraded.computed_digest());
}

#[test]
fn what_belongs_to_another_event_is_refused() {
    let folder = written();
    let mut other = desk::artifact(Kind::Schedule, &desk::bodies()["schedule"]);
    other.header.event_id = "evt-20270104-other".to_owned();
    let other = Artifact::seal(other.header, other.body);
    fs::write(folder.path().join("artifacts/schedule.json"), other.text()).unwrap();
    refused(folder.path(), &["artifacts/schedule.json /event_id", "evt-20270104-other"]);
}

#[test]
fn a_picture_that_no_longer_fits_the_artifacts_is_told() {
    let folder = written();
    fs::remove_file(folder.path().join("budget.svg")).unwrap();
    fs::write(folder.path().join("plan.md"), "# Another").unwrap();
    assert_eq!(folder::read(folder.path()).unwrap().stale, ["plan.md", "budget.svg"]);
}

#[test]
fn a_folder_without_a_plan_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let refusal = folder::read(folder.path()).unwrap_err();
    assert!(matches!(refusal, ReadError::NoPlan(_)), "{refusal}");
    refused(&folder.path().join("nowhere"), &["plan --out"]);
}
