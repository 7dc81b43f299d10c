//! `instance approve`, `reject` and `rollback`: what people decide.

use std::process::ExitCode;

use clap::Args;

use super::{
    orchestrate::{answer, failure},
    print,
    settings::Target,
};
use crate::orchestrate::{self, Decision, Log, Run};

pub(super) const APPROVE: &str = "\
Examples:
  instance status --dir /tmp/iris
  instance approve --dir /tmp/iris 4f6c1f0e-58d4-4c0a-9b60-3a4b6d3f2a10 --reason \"agreed with the clinic\"";
pub(super) const REJECT: &str = "Examples:\n  instance reject --dir /tmp/iris 4f6c1f0e-58d4-4c0a-9b60-3a4b6d3f2a10 --reason \"not before the weekend\"";
pub(super) const ROLLBACK: &str =
    "Examples:\n  instance rollback --dir /tmp/iris 4f6c1f0e-58d4-4c0a-9b60-3a4b6d3f2a10";

/// A command that waits.
#[derive(Debug, Args)]
pub struct Decide {
    #[command(flatten)]
    target: Target,
    /// Its `command_id`
    #[arg(value_name = "COMMAND_ID", value_parser = command_id)]
    id: String,
    /// Why, for the trace
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
}

/// A command that is finished.
#[derive(Debug, Args)]
pub struct Rollback {
    #[command(flatten)]
    target: Target,
    /// Its `command_id`
    #[arg(value_name = "COMMAND_ID", value_parser = command_id)]
    id: String,
}

/// Ids are names of files: nothing else than a UUID gets there.
pub(super) fn command_id(text: &str) -> Result<String, String> {
    let shaped =
        text.len() == 36 && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    if shaped {
        Ok(text.to_ascii_lowercase())
    } else {
        Err("expected the UUID of a command".to_owned())
    }
}

pub(super) fn approve(args: &Decide) -> anyhow::Result<ExitCode> {
    decided(args, Decision::Approve)
}

pub(super) fn reject(args: &Decide) -> anyhow::Result<ExitCode> {
    decided(args, Decision::Reject)?;
    Ok(ExitCode::SUCCESS)
}

fn decided(args: &Decide, decision: Decision) -> anyhow::Result<ExitCode> {
    let file = args.target.file()?;
    let instance = args.target.find(&file, None)?;
    let log = Log::open(&instance)?;
    let rules = args.target.rules(&file, false);
    let run = Run { instance: &instance, rules, dry_run: false, log: &log, die_at: None };
    let trace = orchestrate::decide(&run, &args.id, decision, &args.reason).map_err(failure)?;
    answer(&trace)
}

pub(super) fn rollback(args: &Rollback) -> anyhow::Result<ExitCode> {
    let file = args.target.file()?;
    let instance = args.target.find(&file, None)?;
    let log = Log::open(&instance)?;
    let rules = args.target.rules(&file, true);
    let run = Run { instance: &instance, rules, dry_run: false, log: &log, die_at: None };
    let texts = orchestrate::roll_back(&run, &args.id).map_err(failure)?;
    print(&format!("{}\n", texts.join("\n")))?;
    Ok(ExitCode::SUCCESS)
}
