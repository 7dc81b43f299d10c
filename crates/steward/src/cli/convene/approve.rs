//! `steward convene approve`: a person's answer to what a plan asks, kept in its folder.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::Args;
use convene::{
    approval::{self, Approval, ApprovalStatus, Decided},
    artifact::Dossier,
    folder::{self, Folder},
    gate::{self, Verdict},
};
use kernel::Clock;
use serde_json::json;

use crate::cli::print;

/// Shown above the help.
pub(super) const EXAMPLES: &str = "\
Examples:
  steward convene approve ./plan --by Ada --reason 'within what the board gave us'
  steward convene approve ./plan apr-venue-selection-vsc-evt-20261102-gala-r1 --by Ada --reason 'seen it'
  steward convene approve ./plan apr-budget-decision-bdec-evt-20261102-gala-r1 --by Ada --reject --reason 'too much'

Exit codes: 0 recorded, 2 there is no such question, it is not this person's to answer, or it is
about an older revision: then nothing is changed.";

/// Arguments of `steward convene approve`.
#[derive(Debug, Args)]
pub struct Approve {
    /// The folder that `plan` wrote
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// The questions, by id; all that wait for this person when left out
    #[arg(value_name = "APPROVAL")]
    ids: Vec<String>,
    /// Who decides: a name from the question's chain
    #[arg(long, value_name = "NAME")]
    by: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Say no
    #[arg(long)]
    reject: bool,
    /// As one JSON document
    #[arg(long)]
    json: bool,
}

/// Nothing that this person could answer.
#[derive(Debug, thiserror::Error)]
#[error("nothing waits for {by}: {}", if .others.is_empty() { "no question is open".to_owned() } else { format!("open questions wait for {}", .others.join(", ")) })]
pub(super) struct NothingWaits {
    by: String,
    others: Vec<String>,
}

pub(super) fn run(args: &Approve) -> anyhow::Result<ExitCode> {
    let Folder { mut dossier, inputs, .. } = folder::read(&args.folder)
        .map_err(anyhow::Error::new)
        .context(format!("{} is no plan that can be decided on", args.folder.display()))?;
    let ids = if args.ids.is_empty() { waiting(&dossier, &args.by)? } else { args.ids.clone() };
    let at = Clock::system().now();
    for id in &ids {
        let decided = Decided { by: args.by.clone(), at, rationale: args.reason.clone() };
        approval::decide(&mut dossier, id, !args.reject, decided)?;
    }
    folder::replace(&args.folder, &dossier, inputs.as_ref())?;
    let decided: Vec<&Approval> =
        dossier.approvals.iter().filter(|approval| ids.contains(&approval.id)).collect();
    let text = if args.json {
        format!("{:#}\n", json!({ "decided": decided, "gates": gate::due(&dossier) }))
    } else {
        decided.iter().map(|approval| line(approval)).collect::<String>() + &left(&dossier)
    };
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn waiting(dossier: &Dossier, by: &str) -> Result<Vec<String>, NothingWaits> {
    let pending = || dossier.approvals.iter().filter(|it| it.status == ApprovalStatus::Pending);
    let theirs = pending().filter(|approval| approval.chain.iter().any(|name| name == by));
    let ids: Vec<String> = theirs.map(|approval| approval.id.clone()).collect();
    if !ids.is_empty() {
        return Ok(ids);
    }
    let mut others: Vec<String> = pending().flat_map(|it| it.chain.iter().cloned()).collect();
    others.sort();
    others.dedup();
    Err(NothingWaits { by: by.to_owned(), others })
}

fn line(approval: &Approval) -> String {
    if approval.status != ApprovalStatus::Approved {
        let about = approval.artifact_type;
        return format!(
            "no   {}\n     so the {about} is revised and asked about again\n",
            approval.question
        );
    }
    let follows: Vec<String> =
        approval.consequences.iter().map(|it| format!("     so {it}\n")).collect();
    format!("yes  {}\n{}", approval.question, follows.concat())
}

/// What still stands in the way.
fn left(dossier: &Dossier) -> String {
    let due = gate::due(dossier);
    let of = |verdict| due.iter().filter(|gate| gate.verdict == verdict).count();
    let (passed, blocked, failed) =
        (of(Verdict::Passed), of(Verdict::Blocked), of(Verdict::Failed));
    format!("\nGates: {passed} passed, {blocked} awaiting approval, {failed} failed.\n")
}
