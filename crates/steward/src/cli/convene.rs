//! `steward convene`: plans events on this machine, without a server.

mod approve;
mod check;
mod model;
mod plan;
mod replan;

use std::process::ExitCode;

use clap::Subcommand;
use convene::{
    approval,
    folder::{ReadError, SourceError, WriteError},
    gate::{Gate, Verdict},
    inputs::Refused,
};

use approve::NothingWaits;
use replan::NoInputs;

/// What to do.
#[derive(Debug, Subcommand)]
pub enum ConveneCommand {
    /// Make a whole plan of a brief: dates, venue, money, sessions, risks, and what people must decide
    #[command(before_help = plan::EXAMPLES, after_help = plan::BRIEF)]
    Plan(plan::Plan),
    /// Validate a plan's folder and say what each gate says
    #[command(before_help = check::EXAMPLES)]
    Check(check::Check),
    /// Plan anew after something has happened: what is done stays, what must change is revised
    #[command(before_help = replan::EXAMPLES, after_help = replan::forms())]
    Replan(replan::Replan),
    /// Answer what a plan asks of a person
    #[command(before_help = approve::EXAMPLES)]
    Approve(approve::Approve),
}

/// Runs the command.
///
/// # Errors
/// When what it reads is wrong, or it cannot write; nothing is changed then.
pub fn run(command: ConveneCommand) -> anyhow::Result<ExitCode> {
    match command {
        ConveneCommand::Plan(args) => plan::run(args),
        ConveneCommand::Check(args) => check::run(&args),
        ConveneCommand::Replan(args) => replan::run(&args),
        ConveneCommand::Approve(args) => approve::run(&args),
    }
}

/// Which exit code an error of these commands is.
pub(super) fn exit_code(error: &anyhow::Error) -> Option<u8> {
    let is_input = error.is::<ReadError>()
        || error.is::<SourceError>()
        || error.is::<Refused>()
        || error.is::<WriteError>()
        || error.is::<NoInputs>()
        || error.is::<NothingWaits>()
        || error.is::<approval::Error>()
        || error.is::<chat::Error>();
    is_input.then_some(2)
}

/// Success, unless a gate failed: what only waits for a person is no failure.
fn by_gates(gates: &[Gate]) -> ExitCode {
    let failed = gates.iter().any(|gate| gate.verdict == Verdict::Failed);
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
