//! `steward roster`: the registrar's commands. They speak with a running server, as everybody does.

mod api;
mod import;
mod show;

use std::{io::Write as _, path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::{Args, Subcommand, ValueEnum};
use jiff::tz::TimeZone;
use kernel::Clock;
use roster::{
    oneroster,
    seed::{District, STUDENTS_MAX, Shape, school_year},
};

use crate::cli::tell;
pub(super) use api::exit_code;
use api::{Api, Reach};

/// What to do.
#[derive(Debug, Subcommand)]
pub enum RosterCommand {
    /// Bring in a OneRoster package and show what it changes
    #[command(
        before_help = "Examples:\n  steward roster import sis.zip --data-dir ./data --source sis --dry-run\n  \
                       steward roster import sis.zip --data-dir ./data --source sis\n  \
                       steward roster import sis.zip --url https://steward.example.org --token-file token --tenant 018f…\n\n\
                       Exit codes: 0 done, 2 a package that cannot be read, 4 denied, 5 held until somebody approves, or another\n\
                       import of the source is open, 7 done but for some rows."
    )]
    Import(import::Import),
    /// Write the roster as a OneRoster package
    #[command(
        before_help = "Examples:\n  steward roster export --data-dir ./data --source sis > sis.zip\n  \
                       steward roster export --data-dir ./data --source sis --oneroster 1.1 --output sis.zip"
    )]
    Export(Export),
    /// Invent a district and bring it in, or write it as a package
    #[command(
        before_help = "Examples:\n  steward roster seed --students 5000 --data-dir ./data\n  \
                       steward roster seed --students 500 --output district.zip"
    )]
    Seed(Seed),
}

/// Arguments of `steward roster export`.
#[derive(Debug, Args)]
pub struct Export {
    #[command(flatten)]
    reach: Reach,
    /// Whose ids the rows carry; what has none there goes by our own id
    #[arg(long, value_name = "NAME", default_value = "sis")]
    source: String,
    /// The version of the standard
    #[arg(long, value_name = "VERSION", value_enum, default_value = "1.2")]
    oneroster: Version,
    /// Where to write it; standard output when left out
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Arguments of `steward roster seed`.
#[derive(Debug, Args)]
pub struct Seed {
    #[command(flatten)]
    reach: Reach,
    /// How many students
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=i64::from(STUDENTS_MAX)))]
    students: u32,
    /// What makes it this district and not another
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// The year in which its school year begins; this one when left out
    #[arg(long, value_name = "YEAR")]
    year: Option<i16>,
    /// The source that its ids are of
    #[arg(long, value_name = "NAME", default_value = "sis")]
    source: String,
    /// Write the package to a file instead of bringing it in
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// As one JSON document
    #[arg(long)]
    json: bool,
}

/// A version of the standard.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Version {
    /// One role a user.
    #[value(name = "1.1")]
    V1p1,
    /// Roles in a file of their own.
    #[value(name = "1.2")]
    V1p2,
}

/// Runs the command.
///
/// # Errors
/// When the server cannot be reached, or refuses.
pub async fn run(command: RosterCommand) -> anyhow::Result<ExitCode> {
    match command {
        RosterCommand::Import(args) => import::run(args).await,
        RosterCommand::Export(args) => export(args).await,
        RosterCommand::Seed(args) => seed(args).await,
    }
}

async fn export(args: Export) -> anyhow::Result<ExitCode> {
    let api = Api::connect(&args.reach).await?;
    let version = match args.oneroster {
        Version::V1p1 => "1.1",
        Version::V1p2 => "1.2",
    };
    let package = api.export(&args.source, version).await?;
    match &args.output {
        Some(path) => write(path, &package)?,
        None => std::io::stdout().lock().write_all(&package)?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn seed(args: Seed) -> anyhow::Result<ExitCode> {
    let shape = Shape {
        students: args.students,
        seed: args.seed,
        year: args.year.unwrap_or_else(this_year),
    };
    let district = District::of(shape);
    let package = district.package(oneroster::Version::V1p2)?;
    tell(&format!(
        "Invented {} schools, {} classes, {} users, {} enrolments.",
        district.orgs.len().saturating_sub(1),
        district.classes.len(),
        district.users.len(),
        district.enrollments.len()
    ));
    if let Some(path) = &args.output {
        write(path, &package)?;
        return Ok(ExitCode::SUCCESS);
    }
    let api = Api::connect(&args.reach).await?;
    let how = import::How::Ask;
    let wanted = import::Wanted { source: &args.source, how, json: args.json };
    import::bring_in(&api, package, &wanted).await
}

/// The school year that is running.
fn this_year() -> i16 {
    school_year(Clock::system().now().to_zoned(TimeZone::UTC).date())
}

fn write(path: &std::path::Path, package: &[u8]) -> anyhow::Result<()> {
    std::fs::write(path, package).with_context(|| format!("cannot write {}", path.display()))?;
    tell(&format!("Wrote {} ({} bytes).", path.display(), package.len()));
    Ok(())
}
