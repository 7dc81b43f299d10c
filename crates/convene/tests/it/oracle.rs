//! The planner beside others that know nothing of it: networkx, OR-Tools' CP-SAT, fractions and numpy, in `oracles/`.
//!
//! Each test asks one script about all its inputs in one file, so that Python starts once a test.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use rand::{SeedableRng as _, rngs::ChaCha8Rng};
use serde::{Serialize, de::DeserializeOwned};

mod figures;
mod heavy;
mod networks;
mod percentiles;

/// Random inputs of a test; always the same, so that a failure can be repeated.
fn random(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// The answers of a script to all questions, in order. `about` names their file.
fn ask<A: DeserializeOwned>(script: &str, about: &str, questions: &impl Serialize) -> Vec<A> {
    let oracles = Path::new(env!("CARGO_MANIFEST_DIR")).join("oracles");
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("oracle-{about}.json"));
    fs::write(&file, serde_json::to_vec(questions).unwrap()).unwrap();
    let output =
        Command::new(python(&oracles)).arg(oracles.join(script)).arg(&file).output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script} {}: {complaint}", file.display());
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The interpreter that has the libraries: the one that is named, or one that the script makes below `target`.
#[expect(clippy::disallowed_methods, reason = "the test command names the interpreter")]
fn python(oracles: &Path) -> PathBuf {
    if let Ok(path) = std::env::var("STEWARD_TEST_PYTHON") {
        return PathBuf::from(path);
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("oracles");
    let output = Command::new(oracles.join("setup")).arg(&folder).output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "apt-get install python3-venv, and allow pip: {complaint}");
    PathBuf::from(String::from_utf8(output.stdout).unwrap().trim())
}
