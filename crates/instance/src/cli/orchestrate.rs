//! `instance orchestrate`: runs one command.

use std::{
    fs::File,
    io::{self, IsTerminal, Read},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;

use super::{Failure, print, settings::Target, tell};
use crate::{
    beneath::read_limited,
    command::{Command, MAX_BYTES, result::Trace},
    orchestrate::{self, Error, Log, Run},
};

pub(super) const EXAMPLES: &str = "\
Examples:
  instance orchestrate --dir /tmp/iris --command-file command.json --dry-run
  instance orchestrate --dir /tmp/iris --command-file command.json --yes
  instance orchestrate --dir /tmp/iris --command-file - < command.json

The trace goes to standard output as JSON. Exit codes: 0 done, 2 refused, 3 a tool failed, 4 partly done, 5 held until it is confirmed.";

/// What to run.
#[derive(Debug, Args)]
pub struct Orchestrate {
    #[command(flatten)]
    target: Target,
    /// The command; - for standard input
    #[arg(long, value_name = "FILE")]
    command_file: PathBuf,
    /// Only say what would happen
    #[arg(long)]
    dry_run: bool,
    /// What counts for a command that does not say itself whether it is a dry run
    #[arg(long, value_name = "BOOL", env = "TOOL_DRY_RUN_DEFAULT")]
    dry_run_default: Option<bool>,
    /// Confirm a restart and dangerous changes
    #[arg(long)]
    yes: bool,
    /// Die at the nth boundary of the journal, to see what a crash leaves
    #[arg(long, value_name = "N", hide = true)]
    die_at: Option<u32>,
}

pub(super) fn run(args: &Orchestrate) -> anyhow::Result<ExitCode> {
    let document = read(&args.command_file)?;
    let command =
        Command::parse(&document).map_err(|refusal| Failure::Input(refusal.to_string()))?;
    let file = args.target.file()?;
    let instance = args.target.find(&file, command.instance.as_deref())?;
    let log = Log::open(&instance)?;
    let by_default = args.dry_run_default.or(file.tool_dry_run_default).unwrap_or_default();
    let run = Run {
        instance: &instance,
        rules: args.target.rules(&file, args.yes),
        dry_run: args.dry_run || command.dry_run.unwrap_or(by_default),
        log: &log,
        die_at: args.die_at,
    };
    let trace = orchestrate::run(&run, &command, &ask).map_err(failure)?;
    answer(&trace)
}

/// Prints a trace and tells its exit code.
pub(super) fn answer(trace: &Trace) -> anyhow::Result<ExitCode> {
    print(&format!("{}\n", serde_json::to_string_pretty(trace)?))?;
    if let Some(action) = &trace.requires_user_action {
        tell(action);
    }
    Ok(ExitCode::from(trace.exit_code()))
}

/// Asks at the terminal; nobody else can be asked here.
fn ask(question: &str) -> Option<bool> {
    if !io::stdin().is_terminal() {
        return None;
    }
    tell(&format!("{question} Go on? [yes/no]"));
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).ok()?;
    Some(answer.trim() == "yes")
}

/// The exit code of an error.
pub(super) fn failure(error: Error) -> anyhow::Error {
    match error {
        Error::Journal(e) => e.into(),
        other @ (Error::Refused(_) | Error::Reused(_) | Error::Unknown(_) | Error::State(_)) => {
            Failure::Input(other.to_string()).into()
        }
    }
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let unreadable = |e: io::Error| Failure::Input(format!("cannot read the command: {e}"));
    if path == Path::new("-") {
        let mut bytes = Vec::new();
        // One byte more than allowed shows that it is too long.
        io::stdin().lock().take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        return Ok(bytes);
    }
    let file = File::open(path).map_err(unreadable)?;
    Ok(read_limited(&file, MAX_BYTES, path).map_err(unreadable)?)
}
