//! `steward openapi`: the contracts.

use std::path::PathBuf;

use clap::Args;

use crate::{cli::print, contracts};

/// Arguments of `steward openapi`.
#[derive(Debug, Args)]
#[command(
    before_help = "Examples:\n  steward openapi > openapi.json\n  steward openapi --events > asyncapi.json\n  steward openapi --write ."
)]
pub struct OpenapiArgs {
    /// The AsyncAPI document of the events instead
    #[arg(long, conflicts_with = "write")]
    events: bool,
    /// Write every generated contract and page into this checkout
    #[arg(long, value_name = "DIR")]
    write: Option<PathBuf>,
}

/// Prints or writes the contracts.
///
/// # Errors
/// When an operation has no permission or a file cannot be written.
pub fn run(args: &OpenapiArgs) -> anyhow::Result<()> {
    if let Some(root) = &args.write {
        return contracts::write(root);
    }
    let document = if args.events {
        contracts::asyncapi()
    } else {
        crate::app::openapi().map_err(anyhow::Error::msg)?
    };
    print(&(serde_json::to_string_pretty(&document)? + "\n"))
}
