//! The command line. Results go to standard output, everything else to standard error; exit codes are documented.
//!
//! One file a command, each with its arguments, its examples and `run`.

pub mod decide;
pub mod delivery;
pub mod emulate;
pub mod generate;
pub mod learn;
pub mod model;
pub mod orchestrate;
pub mod parse;
pub mod publish;
pub mod settings;
pub mod status;
pub mod validate;

use std::{io::Write, process::ExitCode};

use clap::{Parser, Subcommand};

const EXAMPLES: &str = "\
Examples:
  instance generate --category resource --severity 2-3 --count 100
  instance learn messages.log --output site.toml
  instance parse messages.log
  instance validate --message \"11/14/25-09:45:55:657 (50745) 0 [Utility.Event] Enabling logons\"
  instance validate --file messages.log

Exit codes: 0 done, 1 failed, 2 bad input, 3 a tool failed, 4 partly done, 5 needs confirmation, 6 something outside failed.";

/// An IRIS instance's log and its repair, without an IRIS licence.
#[derive(Debug, Parser)]
#[command(name = "instance", version, before_help = EXAMPLES, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write entries as an instance would
    #[command(before_help = generate::EXAMPLES)]
    Generate(generate::Generate),
    /// Take wording, frequencies and rhythm from a log, without what it says
    #[command(before_help = learn::EXAMPLES)]
    Learn(learn::Learn),
    /// Count, select, convert and follow the entries of a log
    #[command(before_help = parse::EXAMPLES)]
    Parse(parse::Parse),
    /// Say which rule of the grammar an entry breaks, and at which column
    #[command(before_help = validate::EXAMPLES)]
    Validate(validate::Validate),
    /// Make and start an instance that looks like the product
    #[command(before_help = emulate::EXAMPLES)]
    Emulate(emulate::Emulate),
    /// Run one remediation command
    #[command(before_help = orchestrate::EXAMPLES)]
    Orchestrate(Box<orchestrate::Orchestrate>),
    /// Let a held command run
    #[command(before_help = decide::APPROVE)]
    Approve(Box<decide::Decide>),
    /// Keep a held command from ever running
    #[command(before_help = decide::REJECT)]
    Reject(Box<decide::Decide>),
    /// Show the instance and its commands
    #[command(before_help = status::STATUS)]
    Status(Box<status::Status>),
    /// Undo what a command changed
    #[command(before_help = decide::ROLLBACK)]
    Rollback(Box<decide::Rollback>),
    /// Show what happened to a command, step by step
    #[command(before_help = status::TRACE)]
    Trace(Box<status::Trace>),
    /// Show how long commands and their parts took
    #[command(before_help = status::PROFILE)]
    Profile(Box<status::Status>),
}

/// A failure that has an exit code of its own; every other error ends with 1.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// What was given cannot be used: exit code 2.
    #[error("{0}")]
    Input(String),
    /// A tool failed: exit code 3.
    #[error("{0}")]
    Tool(String),
    /// Something was done and something not: exit code 4.
    #[error("{0}")]
    Partial(String),
    /// A person has to confirm first: exit code 5.
    #[error("{0}")]
    Unconfirmed(String),
    /// A consumer, a broker or a model does not answer as it should: exit code 6.
    #[error("{0}")]
    External(String),
}

impl Failure {
    const fn code(&self) -> u8 {
        match self {
            Self::Input(_) => 2,
            Self::Tool(_) => 3,
            Self::Partial(_) => 4,
            Self::Unconfirmed(_) => 5,
            Self::External(_) => 6,
        }
    }
}

/// Runs the command line of the process.
pub fn run(cli: Cli) -> ExitCode {
    execute(cli.command)
}

/// Runs one command; whoever has a command line of their own embeds [`Command`] and calls this.
pub fn execute(command: Command) -> ExitCode {
    let done = match command {
        Command::Generate(args) => generate::run(&args),
        Command::Learn(args) => learn::run(&args),
        Command::Parse(args) => parse::run(&args),
        Command::Validate(args) => validate::run(&args),
        Command::Emulate(args) => emulate::run(&args),
        Command::Orchestrate(args) => orchestrate::run(&args),
        Command::Approve(args) => decide::approve(&args),
        Command::Reject(args) => decide::reject(&args),
        Command::Status(args) => status::status(&args),
        Command::Rollback(args) => decide::rollback(&args),
        Command::Trace(args) => status::trace(&args),
        Command::Profile(args) => status::profile(&args),
    };
    done.unwrap_or_else(|e| failed(&e))
}

/// Writes results to standard output.
///
/// # Errors
/// When it is closed.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// Tells people on standard error.
pub(crate) fn tell(text: &str) {
    let mut err = std::io::stderr().lock();
    // Nobody reads it: then nobody needs it.
    writeln!(err, "{text}").unwrap_or_default();
}

fn failed(error: &anyhow::Error) -> ExitCode {
    if is_closed_pipe(error) {
        return ExitCode::SUCCESS; // `instance parse … | head`: the reader has enough
    }
    let mut text = format!("instance: {error}");
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    tell(&text);
    error.downcast_ref().map_or(ExitCode::FAILURE, |failure: &Failure| failure.code().into())
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let io: Option<&std::io::Error> = cause.downcast_ref();
        io.is_some_and(|io| io.kind() == std::io::ErrorKind::BrokenPipe)
    })
}
