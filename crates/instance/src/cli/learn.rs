//! `instance learn`: what a log looks like, without what it says.

use std::{fs::File, io::Write, path::PathBuf, process::ExitCode};

use anyhow::{Context, Result};
use clap::Args;

use super::{Failure, parse, print, tell};
use crate::{learn::Learner, log::read};

pub(super) const EXAMPLES: &str = "\
Examples:
  instance learn messages.log --output site.toml
  instance generate --profile site.toml --count 10000
  zcat messages.old_20251114.gz | instance learn - > site.toml";

/// What to learn from, and where to put it.
#[derive(Debug, Args)]
pub struct Learn {
    /// A messages.log, or - for standard input
    #[arg(value_name = "FILE|-")]
    log: PathBuf,
    /// Write the profile to this file; without, to standard output
    #[arg(long, value_name = "PROFILE")]
    output: Option<PathBuf>,
}

pub(super) fn run(args: &Learn) -> Result<ExitCode> {
    let mut learner = Learner::default();
    read::stream(parse::source(&args.log)?, &mut learner)
        .with_context(|| format!("cannot read {}", args.log.display()))?;
    let profile = learner.profile().ok_or_else(|| {
        Failure::Input(format!("{} holds no entry: is it a messages.log?", args.log.display()))
    })?;
    let text = profile.write()?;
    let Some(path) = &args.output else {
        print(&text)?;
        return Ok(ExitCode::SUCCESS);
    };
    File::create(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|e| Failure::Input(format!("cannot write {}: {e}", path.display())))?;
    tell(&format!(
        "{}: {} wordings and {} minutes",
        path.display(),
        profile.template.len(),
        profile.minute.len()
    ));
    Ok(ExitCode::SUCCESS)
}
