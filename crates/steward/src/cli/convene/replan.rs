//! `steward convene replan`: what has happened in, the plan made anew out; what is done stays.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::Args;
use convene::{
    agent::Replanned,
    change::{Change, FORMS},
    folder::{self, Folder},
    gate,
    inputs::Inputs,
    render,
};
use serde_json::{Value, json};

use crate::cli::print;

/// Shown above the help.
pub(super) const EXAMPLES: &str = "\
Examples:
  steward convene replan ./plan --change 'venue-lost:Grand Hall'
  steward convene replan ./plan --change as-of:2027-03-01 --change task-slipped:venue-booking:+5d
  steward convene replan ./plan --change 'budget:40000 USD' --change audience:250 --dry-run

Exit codes: 0 planned anew, and nothing but people's decisions is missing, 1 planned anew, but a
gate failed, 2 a change does not fit, or the folder cannot be read: then nothing is changed.";

/// Shown below the help: every form of a change.
pub(super) fn forms() -> String {
    let width = FORMS.iter().map(|(form, _)| form.len()).max().unwrap_or_default();
    let lines: Vec<String> =
        FORMS.iter().map(|(form, means)| format!("\n  {form:width$}  {means}")).collect();
    format!("Changes:{}", lines.concat())
}

/// Arguments of `steward convene replan`.
#[derive(Debug, Args)]
pub struct Replan {
    /// The folder that `plan` wrote
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// What has happened, in one of the forms below; may be given several times
    #[arg(long = "change", value_name = "CHANGE", required = true)]
    changes: Vec<Change>,
    /// Say what would come of it, and leave the folder as it is
    #[arg(long)]
    dry_run: bool,
    /// As one JSON document
    #[arg(long)]
    json: bool,
}

/// A folder that does not say what it was made from.
#[derive(Debug, thiserror::Error)]
#[error("{} does not say what it was made from: make the plan with `steward convene plan`", .0.display())]
pub(super) struct NoInputs(PathBuf);

pub(super) fn run(args: &Replan) -> anyhow::Result<ExitCode> {
    let shown = args.folder.display().to_string();
    let Folder { dossier: before, inputs, .. } = folder::read(&args.folder)
        .map_err(anyhow::Error::new)
        .context(format!("{shown} is no plan that can be changed"))?;
    let inputs = inputs.ok_or_else(|| NoInputs(args.folder.clone()))?;
    let now = inputs.replan(&before, &args.changes)?;
    if !args.dry_run {
        let inputs = Inputs { facts: now.facts.clone(), ..inputs };
        folder::replace(&args.folder, &now.dossier, Some(&inputs))?;
    }
    let text = if args.json {
        format!("{:#}\n", document(&now, args.dry_run))
    } else {
        render::difference(&before, &now) + &next(&shown, args.dry_run)
    };
    print(&text)?;
    Ok(super::by_gates(&gate::due(&now.dossier)))
}

fn next(folder: &str, is_dry_run: bool) -> String {
    if is_dry_run {
        return format!(
            "\nNothing was written: {folder} is as it was. Leave --dry-run out to change it.\n"
        );
    }
    format!(
        "\nLook at\n  {folder}/plan.md     the whole plan\n  {folder}/history     the revisions before\n\nNext\n  steward convene check {folder}\n"
    )
}

fn document(now: &Replanned, is_dry_run: bool) -> Value {
    let fired: Vec<Value> = now
        .fired
        .iter()
        .map(|it| json!({ "trigger": it.trigger, "cause": it.cause, "scenario": it.scenario }))
        .collect();
    json!({
        "dry_run": is_dry_run,
        "before": now.before,
        "after": now.after,
        "revised": now.revised,
        "confirmed": now.confirmed,
        "fired": fired,
        "asked": now.asked,
        "facts": now.facts,
        "gates": gate::due(&now.dossier),
    })
}
