//! `steward convene check`: whether a folder is the plan that was written, and what its gates say.

use std::{fmt::Write as _, path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::Args;
use convene::{
    folder,
    gate::{self, Gate, Verdict},
};
use serde_json::json;

use crate::cli::print;

/// Shown above the help.
pub(super) const EXAMPLES: &str = "\
Examples:
  steward convene check ./plan
  steward convene check ./plan --json

Exit codes: 0 every gate passed or waits for a person only, 1 a gate failed, 2 the folder cannot
be read.";

/// Arguments of `steward convene check`.
#[derive(Debug, Args)]
pub struct Check {
    /// The folder
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// As one JSON document
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Check) -> anyhow::Result<ExitCode> {
    let read = folder::read(&args.folder)
        .map_err(anyhow::Error::new)
        .context(format!("{} is no plan that can be checked", args.folder.display()))?;
    let gates = gate::due(&read.dossier);
    let text = if args.json {
        let passed = gates.iter().all(|gate| gate.verdict != Verdict::Failed);
        let all = json!({ "gates": gates, "approvals": read.dossier.approvals, "stale": read.stale, "passed": passed });
        format!("{all:#}\n")
    } else {
        table(&gates, &read.stale)
    };
    print(&text)?;
    Ok(super::by_gates(&gates))
}

/// A line a gate; below it, what does not hold and what would satisfy it.
fn table(gates: &[Gate], stale: &[&str]) -> String {
    let mut out = String::new();
    for gate in gates {
        let (phase, verdict) = (gate.phase.to_string(), gate.verdict.to_string());
        put(&mut out, format_args!("{:<16} {phase:<11} {verdict}", gate.name));
        for failure in &gate.failures {
            put(
                &mut out,
                format_args!(
                    "  {} {}{}: {}",
                    failure.rule, failure.artifact, failure.pointer, failure.found
                ),
            );
            put(&mut out, format_args!("    -> {}", failure.satisfied_by));
        }
    }
    let of = |verdict| gates.iter().filter(|gate| gate.verdict == verdict).count();
    let (passed, blocked) = (of(Verdict::Passed), of(Verdict::Blocked));
    let failed = of(Verdict::Failed);
    put(&mut out, format_args!("\n{passed} passed, {blocked} awaiting approval, {failed} failed."));
    if !stale.is_empty() {
        put(&mut out, format_args!("Not as the artifacts are now: {}.", stale.join(", ")));
    }
    out
}

fn put(out: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing into a String cannot fail.
    writeln!(out, "{line}").unwrap_or_default();
}
