//! `instance`: an instance's log and its repair, from the command line.

use std::process::ExitCode;

use clap::Parser;
use instance::{
    cli::{self, Cli},
    emulator::program,
};

fn main() -> ExitCode {
    // Called by a name of the product, this is a part of an emulated instance.
    program::play(std::env::args_os()).unwrap_or_else(|| cli::run(Cli::parse()))
}
