//! Where generated entries go, and in which form.

use std::io::{self, IsTerminal, Write};

use anyhow::Result;

use super::{Generate, Output, log::Log};
use crate::log::{Header, Line, Scanner, Severity, Sink, json::JsonLines};

/// Where the entries go.
pub(super) enum Target {
    Json(Scanner, Box<JsonLines<Destination>>),
    Colour(Scanner, Colour),
    Plain(Destination),
}

impl Target {
    pub(super) fn of(args: &Generate) -> Result<Self> {
        let to = match &args.follow {
            Some(path) => Destination::Log(Log::open(path, args.max_size)?),
            None => Destination::Stdout(io::stdout()),
        };
        let colour = args.follow.is_none() && io::stdout().is_terminal();
        Ok(match args.output {
            Output::Json => {
                Self::Json(Scanner::default(), Box::new(JsonLines::new(to, args.origin())))
            }
            Output::Raw if colour => Self::Colour(Scanner::default(), Colour(io::stdout())),
            Output::Raw => Self::Plain(to),
        })
    }

    /// Takes whole entries.
    pub(super) fn take(&mut self, batch: &[u8]) -> Result<()> {
        match self {
            Self::Json(scanner, json) => {
                scanner.feed(batch, &mut **json)?;
                json.finish()?;
            }
            Self::Colour(scanner, colour) => scanner.feed(batch, colour)?,
            Self::Plain(to) => to.write_all(batch)?,
        }
        Ok(())
    }

    pub(super) fn finish(&mut self) -> Result<()> {
        match self {
            Self::Json(_, json) => json.finish()?,
            Self::Colour(_, Colour(out)) => out.flush()?,
            Self::Plain(to) => to.flush()?,
        }
        Ok(())
    }
}

/// Severities in colour, for people.
pub(super) struct Colour(io::Stdout);

impl Sink for Colour {
    fn line(&mut self, line: Line<'_>) -> io::Result<()> {
        let colour = match line.header.as_ref().map(|header: &Header<'_>| header.severity) {
            Some(Severity::Warning) => "\x1b[33m",
            Some(Severity::Severe) => "\x1b[31m",
            Some(Severity::Fatal) => "\x1b[1;31m",
            Some(Severity::Info) | None => "",
        };
        let mut out = self.0.lock();
        out.write_all(colour.as_bytes())?;
        out.write_all(line.content())?;
        out.write_all(if colour.is_empty() { b"\n" } else { b"\x1b[0m\n" })
    }
}

pub(super) enum Destination {
    Stdout(io::Stdout),
    Log(Log),
}

impl Write for Destination {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(out) => out.lock().write(bytes),
            Self::Log(log) => log.append(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(out) => out.flush(),
            Self::Log(_) => Ok(()), // nothing is kept back
        }
    }
}
