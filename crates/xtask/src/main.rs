//! Chores of this workspace: `cargo xtask tidy`, `cargo xtask prepare`, `cargo xtask bench`.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};

mod bench;
mod prepare;
mod tidy;

/// Chores of this workspace.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Checks the rules that the compiler does not know: who depends on whom, whose tables a query names, dead links.
    Tidy,
    /// Writes .sqlx anew: what the compiler needs to check the queries without a database.
    Prepare {
        /// Changes nothing; fails when .sqlx differs from what the queries and migrations give.
        #[arg(long)]
        check: bool,
    },
    /// Measures the release binary beside its baselines: docs/benchmarks.md. `bench -- --help` lists what it takes.
    #[command(disable_help_flag = true)]
    Bench {
        /// Handed on to the bench.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<std::ffi::OsString>,
    },
}

fn main() -> ExitCode {
    let done = match Arguments::parse().chore {
        Chore::Tidy => tidy::run(workspace()),
        Chore::Prepare { check } => prepare::run(workspace(), check),
        Chore::Bench { arguments } => bench::run(workspace(), &arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&error);
            ExitCode::FAILURE
        }
    }
}

/// The folder of the workspace: this crate's grandparent.
fn workspace() -> &'static Path {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.ancestors().nth(2).unwrap_or(manifest)
}

#[expect(clippy::print_stderr, reason = "a command line tool")]
fn report(error: &anyhow::Error) {
    eprintln!("{error:#}");
}

/// The output of `git` in `folder`, as text.
fn git(folder: &Path, arguments: &[&str]) -> Result<String> {
    let output = std::process::Command::new("git")
        .current_dir(folder)
        .args(arguments)
        .output()
        .context("git does not run: install it")?;
    anyhow::ensure!(
        output.status.success(),
        "git {}: {}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).context("git's output is not text")
}
