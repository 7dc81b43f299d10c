//! Figures of the release binary, each beside its baseline, in one run on one machine: `cargo xtask bench`.
//!
//! A figure alone says little: it grows with the machine. So each is printed with what the same machine does without
//! Steward, at the same time: PostgreSQL alone with the same statements, the broker alone with the same bytes, a hash of
//! the same token. Load generator, server and database share the machine's cores.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::{Parser, ValueEnum};

mod http;
mod latency;
mod load;
mod machine;
mod mqtt;
mod parts;
mod postgres;
mod report;
mod server;

use parts::Bench;
use postgres::Programs;

/// Measures a release binary beside its baselines and prints the tables of docs/benchmarks.md.
#[derive(Parser)]
#[command(name = "cargo xtask bench", bin_name = "cargo xtask bench")]
struct Arguments {
    /// The binary to measure; by default the one built beside this program
    #[arg(long, value_name = "FILE")]
    steward: Option<PathBuf>,
    /// Folder on the disk to measure
    #[arg(long, value_name = "DIR", default_value = "/var/tmp")]
    dir: PathBuf,
    /// Folder of initdb, postgres, pgbench and psql; by default the newest of Debian's
    #[arg(long, value_name = "DIR")]
    postgres_bin: Option<PathBuf>,
    /// Only this part; may be given several times
    #[arg(long, value_enum)]
    part: Vec<Part>,
    /// A tenth of the time: to try the bench, not the server
    #[arg(long)]
    short: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    Start,
    Create,
    Steady,
    Delivery,
    Token,
    Bulk,
    Roster,
    Backlog,
}

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(run(Arguments::parse()))
}

async fn run(arguments: Arguments) -> Result<()> {
    let steward = match arguments.steward {
        Some(steward) => steward.canonicalize().context("--steward names no file")?,
        None => beside_this_program()?,
    };
    let programs = Programs::find(arguments.postgres_bin)?;
    let folder = tempfile::Builder::new().prefix("steward-bench.").tempdir_in(&arguments.dir)?;
    passable(folder.path())?;
    report::machine(&machine::describe(folder.path(), &programs)?);
    let wanted = |part| arguments.part.is_empty() || arguments.part.contains(&part);
    if wanted(Part::Start) {
        parts::start::measure(&steward, &programs, folder.path()).await?;
    }
    let bench = Bench::open(&steward, programs, folder.path(), arguments.short).await?;
    measured(&bench, wanted).await?;
    bench.close().await
}

async fn measured(bench: &Bench, wanted: impl Fn(Part) -> bool) -> Result<()> {
    if wanted(Part::Create) {
        parts::create::measure(bench).await?;
    }
    if wanted(Part::Steady) {
        parts::steady::measure(bench).await?;
    }
    if wanted(Part::Delivery) {
        parts::delivery::measure(bench).await?;
    }
    if wanted(Part::Token) {
        parts::token::measure(bench).await?;
    }
    if wanted(Part::Bulk) {
        parts::bulk::measure(bench).await?;
    }
    if wanted(Part::Roster) {
        parts::roster::measure(bench).await?;
    }
    // Last, because it ends the bench when the order is broken.
    if wanted(Part::Backlog) {
        parts::backlog::measure(bench).await?;
    }
    Ok(())
}

fn beside_this_program() -> Result<PathBuf> {
    let steward = std::env::current_exe()?.with_file_name("steward");
    anyhow::ensure!(
        steward.is_file(),
        "{} is missing: cargo build --release -p steward",
        steward.display()
    );
    Ok(steward)
}

/// Run as root, PostgreSQL acts as another user, who must be able to pass.
fn passable(folder: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o711))?)
}
