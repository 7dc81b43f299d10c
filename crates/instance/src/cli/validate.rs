//! `instance validate`: which rule of the grammar an entry breaks.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result};
use clap::Args;

use super::Failure;
use crate::log::{Header, MAX_LINE_BYTES};

pub(super) const EXAMPLES: &str = "\
Examples:
  instance validate --message \"11/14/25-09:45:55:657 (50745) 0 [Utility.Event] Enabling logons\"
  instance validate --file messages.log";

/// What to check.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Validate {
    /// One entry; the first line must be a header, what follows are its continuation lines
    #[arg(long, value_name = "ENTRY")]
    message: Option<String>,
    /// A log; each line that begins like a header must be one
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

pub(super) fn run(args: &Validate) -> Result<ExitCode> {
    match (&args.message, &args.file) {
        (Some(entry), _) => message(entry),
        (None, Some(path)) => file(path),
        (None, None) => Ok(ExitCode::SUCCESS), // clap demands one of them
    }
}

fn message(entry: &str) -> Result<ExitCode> {
    let first = entry.lines().next().unwrap_or_default();
    Header::parse(first.as_bytes()).map_err(|fault| Failure::Input(fault.pointing_at(first)))?;
    super::print("valid\n")?;
    Ok(ExitCode::SUCCESS)
}

/// Every fault with its line; continuation lines are free.
fn file(path: &Path) -> Result<ExitCode> {
    let shown = path.display();
    let log = File::open(path).with_context(|| format!("cannot read {shown}"))?;
    let (mut lines, mut entries, mut faults) = (0_u64, 0_u64, 0_u64);
    let mut reader = BufReader::with_capacity(MAX_LINE_BYTES, log);
    let mut line = Vec::new();
    while read_line(&mut reader, &mut line)? {
        lines += 1;
        match Header::parse(&line) {
            Ok(_) => entries += 1,
            Err(fault) if Header::begins(&line) => {
                faults += 1;
                super::print(&format!("{shown}:{lines}: {fault}\n"))?;
            }
            Err(_) => {}
        }
    }
    super::print(&format!("{entries} entries in {lines} lines, {faults} faults\n"))?;
    Ok(if faults == 0 { ExitCode::SUCCESS } else { ExitCode::from(2) })
}

/// The next line without its end; only the first [`MAX_LINE_BYTES`] of it are kept.
fn read_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> Result<bool> {
    line.clear();
    let mut any = false;
    loop {
        let chunk = reader.fill_buf()?;
        let end = memchr::memchr(b'\n', chunk);
        let taken = end.map_or(chunk.len(), |at| at + 1);
        any |= taken > 0;
        let kept = chunk.iter().take(end.unwrap_or(taken)).take(MAX_LINE_BYTES - line.len());
        line.extend(kept);
        reader.consume(taken);
        if end.is_some() || taken == 0 {
            return Ok(any);
        }
    }
}
