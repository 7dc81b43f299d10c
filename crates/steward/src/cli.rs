//! The command line. Data goes to standard output, everything else to standard error; exit codes are documented.

pub mod audit;
pub mod config;
pub mod convene;
pub mod database;
pub mod doctor;
pub mod keys;
pub mod mqtt;
pub mod openapi;
pub mod outbox;
pub mod roster;
pub mod serve;
pub mod token;

use std::{
    io::{IsTerminal, Write},
    process::ExitCode,
};

use clap::{ArgMatches, CommandFactory, Parser, Subcommand};
use kernel::{Clock, migrate::Level};

use crate::{
    MIGRATORS, broker, cluster,
    config::{self as settings, Config, Settings},
    datadir, tls,
};

const EXAMPLES: &str = "\
Examples:
  steward serve                                   everything on this machine, nothing to configure
  steward serve --data-dir ./data --demo          the same with a demo district
  steward token --data-dir ./data --role PlatformAdmin
  steward doctor --data-dir ./data                what is wrong, and what to do about it

Exit codes: 0 done, 1 failed, 2 usage or bad input, 3 not found or check failed, 4 denied, 5 conflict, 6 unavailable, 7 partly done.";

/// Steward: rosters, interventions, events and instances, each change accounted for.
#[derive(Debug, Parser)]
#[command(name = "steward", version, before_help = EXAMPLES, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server
    #[command(before_help = serve::EXAMPLES)]
    Serve(serve::ServeArgs),
    /// Make a token of the developer identity
    Token(token::TokenArgs),
    /// Bring the database's schema up to date
    #[command(before_help = database::EXAMPLES)]
    Migrate(Box<Settings>),
    /// Show the effective configuration and where each value came from
    #[command(
        before_help = "Examples:\n  steward config --data-dir ./data\n  steward config --json"
    )]
    Config(Shown),
    /// Look at everything the server rests on and say what to do about what is wrong
    #[command(
        before_help = "Examples:\n  steward doctor --data-dir ./data\n  steward doctor --json"
    )]
    Doctor(Shown),
    /// Prove that the audit trail is whole
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// The tenants' data keys
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Events that wait or were refused by the broker
    #[command(subcommand)]
    Outbox(outbox::OutboxCommand),
    /// Import, export and invent rosters
    #[command(subcommand)]
    Roster(roster::RosterCommand),
    /// Plan events on this machine: a brief in, a whole plan out
    #[command(subcommand)]
    Convene(convene::ConveneCommand),
    /// Speak with any MQTT broker
    #[command(subcommand)]
    Mqtt(mqtt::MqttCommand),
    /// Print the contracts, or write them into a checkout
    Openapi(openapi::OpenapiArgs),
    /// Print completions for a shell
    #[command(
        before_help = "Examples:\n  steward completions bash > /etc/bash_completion.d/steward"
    )]
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, clap::Args)]
struct Shown {
    #[command(flatten)]
    settings: Box<Settings>,
    /// As one JSON document
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub async fn run(cli: Cli, matches: &ArgMatches) -> ExitCode {
    match dispatch(cli.command, innermost(matches)).await {
        Ok(code) => code,
        Err(e) => failed(&e),
    }
}

async fn dispatch(command: Command, flags: &ArgMatches) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve(args) => serve::run(args, settings::of_process(flags)?).await?,
        Command::Token(args) => token::run(args)?,
        Command::Migrate(_) => database::migrate(&settings::of_process(flags)?).await?,
        Command::Config(args) => print(&config::render(&settings::of_process(flags)?, args.json)?)?,
        Command::Doctor(args) => return examine(&settings::of_process(flags)?, args.json).await,
        Command::Audit(command) => return audit::run(command, &settings::of_process(flags)?).await,
        Command::Keys(command) => return keys::run(command, &settings::of_process(flags)?).await,
        Command::Outbox(command) => outbox::run(command, &settings::of_process(flags)?).await?,
        Command::Roster(command) => return roster::run(command).await,
        Command::Convene(command) => return convene::run(command),
        Command::Mqtt(command) => return mqtt::run(command).await,
        Command::Openapi(args) => openapi::run(&args)?,
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "steward", &mut std::io::stdout());
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The matches of the command that runs, below all its parents.
fn innermost(matches: &ArgMatches) -> &ArgMatches {
    matches.subcommand().map_or(matches, |(_, inner)| innermost(inner))
}

async fn examine(config: &Config, json: bool) -> anyhow::Result<ExitCode> {
    let findings = doctor::examine(config, &MIGRATORS, &Clock::system()).await;
    let colour = std::io::stdout().is_terminal();
    print(&if json { doctor::json(&findings) } else { doctor::table(&findings, colour) })?;
    let broken = doctor::worst(&findings) == Level::Red;
    Ok(if broken { ExitCode::from(doctor::BROKEN) } else { ExitCode::SUCCESS })
}

/// Writes data to standard output.
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

/// Says what went wrong, with its causes, and which exit code that is.
pub fn failed(error: &anyhow::Error) -> ExitCode {
    let mut text = format!("steward: {error}");
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    tell(&text);
    exit_code(error)
}

fn exit_code(error: &anyhow::Error) -> ExitCode {
    if let Some(code) = mqtt::exit_code(error)
        .or_else(|| roster::exit_code(error))
        .or_else(|| convene::exit_code(error))
    {
        return ExitCode::from(code);
    }
    let certificate =
        error.is::<tls::Error>() || matches!(error.downcast_ref(), Some(broker::Error::Tls(_)));
    let usage = error.is::<settings::Error>() || certificate;
    let conflict = matches!(error.downcast_ref(), Some(datadir::Error::Busy { .. }));
    let unavailable =
        error.is::<sqlx::Error>() || error.is::<cluster::Error>() || error.is::<settings::Untold>();
    match (usage, conflict, unavailable) {
        (true, ..) => ExitCode::from(2),
        (_, true, _) => ExitCode::from(5),
        (.., true) => ExitCode::from(6),
        _ => ExitCode::FAILURE,
    }
}
