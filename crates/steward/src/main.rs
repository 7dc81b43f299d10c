//! `steward`: the server and its tools.

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};
use steward::cli::{self, Cli};

fn main() -> ExitCode {
    // Two of the libraries bring a provider of their own; TLS uses one.
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        return ExitCode::FAILURE;
    }
    let matches = Cli::command().get_matches();
    let parsed = match Cli::from_arg_matches(&matches) {
        Ok(parsed) => parsed,
        Err(e) => e.exit(),
    };
    match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(cli::run(parsed, &matches)),
        Err(e) => cli::failed(&e.into()),
    }
}
