//! `instance status`, `trace` and `profile`: what was done to an instance.

use std::process::ExitCode;

use clap::Args;

use super::{decide::command_id, orchestrate::failure, print, settings::Target};
use crate::{
    exec::Deadline,
    orchestrate::{State, profile as profiled, states, tree},
    tool::qlist,
};

pub(super) const STATUS: &str =
    "Examples:\n  instance status --dir /tmp/iris\n  instance status --dir /tmp/iris --json";
pub(super) const TRACE: &str =
    "Examples:\n  instance trace --dir /tmp/iris 4f6c1f0e-58d4-4c0a-9b60-3a4b6d3f2a10";
pub(super) const PROFILE: &str = "Examples:\n  instance profile --dir /tmp/iris";

/// To ask `iris` for its list.
const ASK_WITHIN: std::time::Duration = std::time::Duration::from_secs(10);

/// Which instance.
#[derive(Debug, Args)]
pub struct Status {
    #[command(flatten)]
    target: Target,
    /// As one JSON document
    #[arg(long)]
    json: bool,
}

/// Which command.
#[derive(Debug, Args)]
pub struct Trace {
    #[command(flatten)]
    target: Target,
    /// Its `command_id`
    #[arg(value_name = "COMMAND_ID", value_parser = command_id)]
    id: String,
}

pub(super) fn status(args: &Status) -> anyhow::Result<ExitCode> {
    let file = args.target.file()?;
    let instance = args.target.find(&file, None)?;
    let listed = qlist(instance.iris(), Deadline::within(ASK_WITHIN)).unwrap_or_default();
    let listed =
        listed.into_iter().find(|listed| listed.name.eq_ignore_ascii_case(instance.name()));
    let state = listed.map_or_else(|| "not listed by iris".to_owned(), |listed| listed.status);
    let commands = states(&instance).map_err(failure)?;
    if args.json {
        let document = serde_json::json!({ "instance": instance.name(), "status": state, "commands": commands });
        print(&format!("{document}\n"))?;
        return Ok(ExitCode::SUCCESS);
    }
    let lines = commands.iter().map(|command| {
        let State { command_id, received, state, recommended_action } = command;
        format!("{received}  {command_id}  {state:<16}  {recommended_action}\n")
    });
    print(&format!("{}: {state}\n{}", instance.name(), lines.collect::<Vec<_>>().concat()))?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn trace(args: &Trace) -> anyhow::Result<ExitCode> {
    let file = args.target.file()?;
    let instance = args.target.find(&file, None)?;
    print(&tree(&instance, &args.id).map_err(failure)?)?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn profile(args: &Status) -> anyhow::Result<ExitCode> {
    let file = args.target.file()?;
    let instance = args.target.find(&file, None)?;
    let parts = profiled(&instance).map_err(failure)?;
    if args.json {
        print(&format!("{}\n", serde_json::to_string(&parts)?))?;
        return Ok(ExitCode::SUCCESS);
    }
    let head =
        format!("{:<16}{:>8}{:>10}{:>10}{:>10}\n", "part", "count", "p50 ms", "p95 ms", "max ms");
    let lines = parts.iter().map(|(part, [count, median, p95, longest])| {
        format!("{part:<16}{count:>8}{median:>10}{p95:>10}{longest:>10}\n")
    });
    print(&std::iter::once(head).chain(lines).collect::<Vec<_>>().concat())?;
    Ok(ExitCode::SUCCESS)
}
