//! What networkx, numpy and OR-Tools need for the same (`oracles/bench.py`).

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context as _, ensure};
use convene::math::{
    cpm::{Link, Task},
    timetable::Instance,
};
use serde::{Deserialize, Serialize};

/// What they are given.
#[derive(Serialize)]
pub(crate) struct Question<'a> {
    pub(crate) tasks: &'a [Task],
    pub(crate) links: &'a [Link],
    pub(crate) few: &'a [Task],
    pub(crate) few_links: &'a [Link],
    pub(crate) conference: &'a Instance,
}

/// What they needed.
pub(crate) struct Baseline {
    pub(crate) graph: Duration,
    pub(crate) longest: Duration,
    pub(crate) simulation: Duration,
    /// What CP-SAT found, in words.
    pub(crate) solver: String,
}

#[derive(Deserialize)]
struct Answer {
    graph: f64,
    longest: f64,
    simulation: f64,
    seconds: f64,
    status: String,
    cost: Option<u64>,
    bound: u64,
}

impl Baseline {
    pub(crate) fn ask(python: Option<&Path>, question: &Question<'_>) -> anyhow::Result<Self> {
        let oracles = Path::new(env!("CARGO_MANIFEST_DIR")).join("oracles");
        let python =
            python.map_or_else(|| environment(&oracles), |python| Ok(python.to_owned()))?;
        let file = std::env::temp_dir().join(format!("convene-bench-{}.json", std::process::id()));
        fs::write(&file, serde_json::to_vec(&[question])?)?;
        let output = Command::new(&python).arg(oracles.join("bench.py")).arg(&file).output();
        fs::remove_file(&file)?;
        let output = output.with_context(|| format!("cannot run {}", python.display()))?;
        let complaint = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "bench.py: {complaint}");
        let answers: Vec<Answer> = serde_json::from_slice(&output.stdout)?;
        let answer = answers.into_iter().next().context("one question has one answer")?;
        let Answer { graph, longest, simulation, seconds, status, cost, bound } = answer;
        let cost =
            cost.map_or_else(|| "no timetable".to_owned(), |cost| format!("a cost of {cost}"));
        let solver = format!(
            "CP-SAT, in one house, on all cores: {status} after {seconds:.0} s with {cost}, none less than {bound}"
        );
        let time = Duration::from_secs_f64;
        Ok(Self {
            graph: time(graph),
            longest: time(longest),
            simulation: time(simulation),
            solver,
        })
    }
}

fn environment(oracles: &Path) -> anyhow::Result<PathBuf> {
    let folder = std::env::temp_dir().join("convene-bench-python");
    let output = Command::new(oracles.join("setup")).arg(&folder).output()?;
    ensure!(output.status.success(), "setup: {}", String::from_utf8_lossy(&output.stderr));
    Ok(PathBuf::from(String::from_utf8(output.stdout)?.trim()))
}
