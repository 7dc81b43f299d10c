//! Contracts and code are the same, the documents are well formed, what is published is what is described, and no change
//! breaks a client.

mod breaking;
mod documents;
pub(crate) mod events;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use steward::contracts;

use breaking::breaking;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

#[test]
fn the_committed_contracts_are_those_of_the_code() {
    let stale: Vec<_> = contracts::files()
        .unwrap()
        .into_iter()
        .filter(|(path, content)| {
            std::fs::read_to_string(root().join(path)).ok().as_ref() != Some(content)
        })
        .map(|(path, _)| path)
        .collect();
    assert!(stale.is_empty(), "{stale:?} differ: run `cargo run -p steward -- openapi --write .`");
}

#[test]
fn no_committed_event_is_without_code() {
    let generated: Vec<_> = contracts::files().unwrap().into_iter().map(|(path, _)| path).collect();
    for entry in std::fs::read_dir(root().join("contracts/events")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let path = format!("contracts/events/{name}");
        assert!(generated.contains(&path), "{path} belongs to no event: remove it");
    }
}

#[test]
fn no_change_of_the_contract_breaks_a_client() {
    let new = steward::app::openapi().unwrap();
    for baseline in baselines() {
        let found = breaking(&baseline, &new);
        assert!(
            found.is_empty(),
            "breaks clients: {found:#?}\nKeep what is there and add beside it, or announce a new version."
        );
    }
}

/// The contract as it was: in the working tree and, in a checkout, at the last commit and where the branch began.
fn baselines() -> Vec<Value> {
    let file = std::fs::read_to_string(root().join("contracts/openapi.json")).unwrap();
    let commits = ["HEAD", "main", "origin/main"].into_iter().filter_map(committed);
    std::iter::once(file).chain(commits).map(|text| serde_json::from_str(&text).unwrap()).collect()
}

fn committed(commit: &str) -> Option<String> {
    let object = format!("{commit}:contracts/openapi.json");
    let shown = Command::new("git").arg("-C").arg(root()).args(["show", &object]).output().ok()?;
    shown.status.success().then(|| String::from_utf8(shown.stdout).unwrap())
}
