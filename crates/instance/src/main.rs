//! `instance`: an instance's log and its repair, from the command line.

use std::process::ExitCode;

use clap::Parser;
use instance::cli::{self, Cli};

fn main() -> ExitCode {
    cli::run(Cli::parse())
}
