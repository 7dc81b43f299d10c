//! `steward roster import`.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use anyhow::Context as _;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::{
    api::{Api, Reach},
    show::{self, at},
};
use crate::cli::{print, tell};

/// How often it is looked how far the import is.
const LOOK: Duration = Duration::from_millis(200);
/// Rows that cannot be followed: so many are shown, all are kept with the job.
const FAULTS_SHOWN: usize = 20;
/// Held: somebody has to approve.
const HELD: u8 = 5;
/// Done but for some rows.
const PARTLY: u8 = 7;

/// Arguments of `steward roster import`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct Import {
    /// The package: a zip of OneRoster 1.1 or 1.2
    #[arg(value_name = "ZIP")]
    package: PathBuf,
    #[command(flatten)]
    reach: Reach,
    /// The system that the package is from: its ids are matched with those of earlier imports
    #[arg(long, value_name = "NAME", default_value = "sis")]
    source: String,
    /// Show what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Approve at once what would be held. With --data-dir another identity does it; a token approves nothing that it
    /// asked for itself
    #[arg(long, conflicts_with = "dry_run")]
    approve: bool,
    /// As one JSON document
    #[arg(long)]
    json: bool,
}

/// What becomes of what would be held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// Nothing: it is only a trial.
    Trial,
    /// Somebody is asked.
    Ask,
    /// It is approved at once.
    Approve,
}

/// What is wanted of an import.
pub(super) struct Wanted<'a> {
    pub(super) source: &'a str,
    pub(super) how: How,
    pub(super) json: bool,
}

pub(super) async fn run(args: Import) -> anyhow::Result<ExitCode> {
    let package = std::fs::read(&args.package)
        .with_context(|| format!("cannot read {}", args.package.display()))?;
    let api = Api::connect(&args.reach).await?;
    let Import { source, dry_run, approve, json, .. } = args;
    let how = match (dry_run, approve) {
        (true, _) => How::Trial,
        (_, true) => How::Approve,
        _ => How::Ask,
    };
    bring_in(&api, package, &Wanted { source: &source, how, json }).await
}

/// Imports a package and shows what came of it.
pub(super) async fn bring_in(
    api: &Api,
    package: Vec<u8>,
    wanted: &Wanted<'_>,
) -> anyhow::Result<ExitCode> {
    let dry_run = if wanted.how == How::Trial { "true" } else { "false" };
    let path = api.import(&[("source", wanted.source), ("dryRun", dry_run)], package).await?;
    let mut job = settled(api, &path, |status| status != "Pending" && status != "Running").await?;
    if *at(&job, "/status") == "Held" && wanted.how == How::Approve {
        tell(&show::reasons(&job));
        api.approve(at(&job, "/summary/approval")).await?;
        tell("Approved.");
        job = settled(api, &path, |status| matches!(status, "Completed" | "Failed")).await?;
    }
    let faults = api.get(&format!("{path}/results?status=Failed&pageSize=500")).await?;
    let faults = at(&faults, "/items").as_array().cloned().unwrap_or_default();
    print(&if wanted.json {
        json!({"job": job, "faults": faults}).to_string() + "\n"
    } else {
        show::import(&job, &faults, FAULTS_SHOWN)
    })?;
    Ok(ending(&job))
}

fn ending(job: &Value) -> ExitCode {
    match at(job, "/status").as_str() {
        Some("Held") => ExitCode::from(HELD),
        Some("Completed") if *at(job, "/failedRows") == 0 => ExitCode::SUCCESS,
        Some("Completed") => ExitCode::from(PARTLY),
        _ => ExitCode::FAILURE,
    }
}

/// Waits for a job, with a bar on a terminal.
async fn settled(api: &Api, path: &str, enough: impl Fn(&str) -> bool) -> anyhow::Result<Value> {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} rows  {elapsed}")?;
    let bar = ProgressBar::new(0).with_style(style);
    loop {
        let job = api.get(path).await?;
        bar.set_length(at(&job, "/totalRows").as_u64().unwrap_or_default());
        bar.set_position(at(&job, "/processedRows").as_u64().unwrap_or_default());
        if enough(at(&job, "/status").as_str().unwrap_or_default()) {
            bar.finish_and_clear();
            return Ok(job);
        }
        tokio::time::sleep(LOOK).await;
    }
}
