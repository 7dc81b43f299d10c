//! `instance generate`: entries that an instance would write.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, IsTerminal, Write},
    ops::RangeInclusive,
    path::{Path, PathBuf},
    process::ExitCode,
    thread,
};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use jiff::civil::DateTime;

use super::{
    Failure,
    model::Model,
    parse::{severities, stamp},
};
use crate::{
    clock,
    generate::{Class, Generator, Plan, Scenario},
    log::{
        Header, Line, Scanner, Severity, Sink, Stamp,
        json::{JsonLines, Origin},
    },
    writer::{ENTRIES_A_QUESTION, Writer},
};

pub(super) const EXAMPLES: &str = "\
Examples:
  instance generate --count 20
  instance generate --category resource --severity 2-3 --count 100 --output json
  instance generate --scenario huge-pages-missing
  instance generate --seed 7 --start 11/14/25-09:45:55:657 --rate 50 --count 100000 > messages.log
  instance generate --count 1000 --rate 5 --live --follow mgr/messages.log
  OPENAI_API_KEY=… instance generate --count 40 --llm --llm-model NAME
  instance generate --count 40 --llm --llm-url http://127.0.0.1:11434/v1 --llm-model NAME";

/// The first time when a seed is given and no start: the same seed gives the same bytes.
const EPOCH: DateTime = jiff::civil::datetime(2026, 1, 1, 0, 0, 0, 0);
/// Entries are handed over in pieces of this size.
const BATCH_BYTES: usize = 64 * 1024;

/// What to write, and where to.
#[derive(Debug, Args)]
pub struct Generate {
    /// The kind of trouble; all without
    #[arg(long, value_enum)]
    category: Option<Class>,
    /// Entries, or times that a scenario is told
    #[arg(long, value_name = "N", default_value_t = 1)]
    count: u64,
    /// A severity or a range of them: 0 information, 1 warning, 2 severe, 3 fatal
    #[arg(long, value_name = "A-B", value_parser = severities, default_value = "0-3")]
    severity: RangeInclusive<Severity>,
    /// Lines of a log, or an object a line
    #[arg(long, value_enum, default_value_t = Output::Raw)]
    output: Output,
    /// A number: the same seed and start give the same bytes
    #[arg(long)]
    seed: Option<u64>,
    /// The first entry's time, as the log writes it [default: now; with --seed 01/01/26-00:00:00:000]
    #[arg(long, value_name = "MM/DD/YY-hh:mm:ss:mmm", value_parser = stamp, conflicts_with = "live")]
    start: Option<Stamp>,
    /// Entries a second, on average
    #[arg(long, default_value_t = 1.0, value_parser = rate)]
    rate: f64,
    /// Entries that come at the same moment; the average rate stays
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    burst: u32,
    /// Wait for each entry's time
    #[arg(long)]
    live: bool,
    /// Tell a whole story
    #[arg(long, value_enum, value_name = "NAME", conflicts_with_all = ["category", "severity", "live"])]
    scenario: Option<Scenario>,
    /// Append to this log; it is renamed to `messages.old_<date>` when it is full, as IRIS does
    #[arg(long, value_name = "FILE")]
    follow: Option<PathBuf>,
    /// The size at which the log is full, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = 5_242_880, requires = "follow")]
    max_size: u64,
    #[command(flatten)]
    model: Model,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    Raw,
    Json,
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok().filter(|rate: &f64| rate.is_finite() && *rate > 0.0);
    rate.ok_or_else(|| "give entries a second, more than 0, such as 0.5 or 100".to_owned())
}

pub(super) fn run(args: &Generate) -> Result<ExitCode> {
    let plan = plan(args)?;
    let mut generator = Generator::new(&plan).ok_or_else(|| {
        Failure::Input("no entry of this category has such a severity: widen --severity".into())
    })?;
    let writer = args.model.writer()?;
    let mut target = Target::of(args)?;
    let origin = (clock::local().datetime(), plan.start);
    if let Some(writer) = writer {
        worded(args, generator, target, (writer, origin))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut batch = Vec::with_capacity(BATCH_BYTES * 2);
    for _ in 0..args.count {
        if args.live {
            wait(origin, generator.now());
        }
        match args.scenario {
            Some(scenario) => generator.scenario(scenario, &mut batch),
            None => generator.entry(&mut batch),
        }
        if args.live || batch.len() >= BATCH_BYTES {
            target.take(&batch)?;
            batch.clear();
        }
    }
    target.take(&batch)?;
    target.finish()?;
    Ok(ExitCode::SUCCESS)
}

/// The same with texts of a model, which is asked for a few entries at a time, ahead of theirs.
fn worded(
    args: &Generate,
    mut generator: Generator,
    mut target: Target,
    (mut writer, origin): (Writer, (DateTime, DateTime)),
) -> Result<()> {
    let at_once = if args.scenario.is_some() { 1 } else { ENTRIES_A_QUESTION as u64 };
    let (mut left, mut batch) = (args.count, Vec::new());
    while left > 0 {
        batch.clear();
        for _ in 0..left.min(at_once) {
            match args.scenario {
                Some(scenario) => generator.scenario(scenario, &mut batch),
                None => generator.entry(&mut batch),
            }
        }
        left = left.saturating_sub(at_once);
        let log = writer.rewrite(&batch);
        if args.live {
            line_by_line(&log, origin, &mut target)?;
        } else {
            target.take(&log)?;
        }
    }
    target.finish()
}

/// Each entry when its time has come.
fn line_by_line(log: &[u8], origin: (DateTime, DateTime), target: &mut Target) -> Result<()> {
    for line in log.split_inclusive(|byte| *byte == b'\n') {
        if let Some(at) = Header::parse(line).ok().and_then(|header| header.stamp.civil()) {
            wait(origin, at);
        }
        target.take(line)?;
    }
    Ok(())
}

fn plan(args: &Generate) -> Result<Plan> {
    let now = clock::local().datetime();
    let start = match args.start {
        Some(start) => start.civil().context("a time that does not exist")?,
        None if args.seed.is_some() && !args.live => EPOCH,
        None => now,
    };
    Ok(Plan {
        seed: args.seed.unwrap_or_else(rand::random),
        start,
        rate: args.rate,
        burst: args.burst,
        class: args.category,
        severity: args.severity.clone(),
    })
}

/// The same seed and start give the same bytes, ids of messages too.
fn origin(args: &Generate) -> Origin {
    args.seed.filter(|_| !args.live).map_or_else(Origin::real, Origin::seeded)
}

/// Sleeps until as much real time has gone as time in the log.
fn wait((began, start): (DateTime, DateTime), entry: DateTime) {
    let due = entry.duration_since(start) - clock::local().datetime().duration_since(began);
    if let Ok(left) = due.try_into() {
        thread::sleep(left);
    }
}

/// Where the entries go.
enum Target {
    Json(Scanner, Box<JsonLines<Destination>>),
    Colour(Scanner, Colour),
    Plain(Destination),
}

impl Target {
    fn of(args: &Generate) -> Result<Self> {
        let to = match &args.follow {
            Some(path) => Destination::Log(Log::open(path, args.max_size)?),
            None => Destination::Stdout(io::stdout()),
        };
        let colour = args.follow.is_none() && io::stdout().is_terminal();
        Ok(match args.output {
            Output::Json => {
                Self::Json(Scanner::default(), Box::new(JsonLines::new(to, origin(args))))
            }
            Output::Raw if colour => Self::Colour(Scanner::default(), Colour(io::stdout())),
            Output::Raw => Self::Plain(to),
        })
    }

    /// Takes whole entries.
    fn take(&mut self, batch: &[u8]) -> Result<()> {
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

    fn finish(&mut self) -> Result<()> {
        match self {
            Self::Json(_, json) => json.finish()?,
            Self::Colour(_, Colour(out)) => out.flush()?,
            Self::Plain(to) => to.flush()?,
        }
        Ok(())
    }
}

/// Severities in colour, for people.
struct Colour(io::Stdout);

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

enum Destination {
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
            Self::Log(log) => log.file.flush(),
        }
    }
}

/// A log that rolls over when it is full.
struct Log {
    path: PathBuf,
    file: File,
    size: u64,
    full: u64,
}

impl Log {
    fn open(path: &Path, full: u64) -> Result<Self> {
        let file = create(path).map_err(|e| {
            let shown = path.display();
            Failure::Input(format!(
                "cannot write {shown}: {e}; name a file in a directory of yours"
            ))
        })?;
        let size = file.metadata()?.len();
        Ok(Self { path: path.to_owned(), file, size, full })
    }

    /// Writes whole lines: as many as fit, one at least, so that no line is torn by the roll-over.
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.size > 0 && self.size >= self.full {
            self.roll_over()?;
        }
        let room = usize::try_from(self.full.saturating_sub(self.size)).unwrap_or(usize::MAX);
        let fits = bytes.get(..room.min(bytes.len())).unwrap_or_default();
        let rest = bytes.get(fits.len()..).unwrap_or_default();
        let end = memchr::memchr(b'\n', rest).map_or(bytes.len(), |at| fits.len() + at + 1);
        let lines = if rest.is_empty() { bytes } else { bytes.get(..end).unwrap_or(bytes) };
        self.file.write_all(lines)?;
        self.size += lines.len() as u64;
        Ok(lines.len())
    }

    fn roll_over(&mut self) -> io::Result<()> {
        let date = clock::local().strftime("%Y%m%d").to_string();
        let mut old = self.path.with_file_name(format!("messages.old_{date}"));
        let mut count = 0;
        while old.exists() {
            count += 1;
            old = self.path.with_file_name(format!("messages.old_{date}_{count}"));
        }
        fs::rename(&self.path, old)?;
        self.file = create(&self.path)?;
        self.size = 0;
        Ok(())
    }
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}
