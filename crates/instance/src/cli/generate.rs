//! `instance generate`: entries that an instance would write.

mod log;
mod target;

use std::{fs, io::Read, ops::RangeInclusive, path::PathBuf, process::ExitCode, thread};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use jiff::civil::DateTime;

use super::{
    Failure,
    model::Model,
    parse::{severities, stamp},
    publish::{Publication, Publishing},
};
use crate::{
    clock,
    generate::{Class, Generator, Likeness, Plan, Scenario},
    log::{Header, Severity, Stamp, json::Origin},
    profile::{self, Profile},
    writer::{ENTRIES_A_QUESTION, Writer},
};
use target::Target;

pub(super) const EXAMPLES: &str = "\
Examples:
  instance generate --count 20
  instance generate --category resource --severity 2-3 --count 100 --output json
  instance generate --scenario huge-pages-missing
  instance generate --seed 7 --start 11/14/25-09:45:55:657 --rate 50 --count 100000 > messages.log
  instance generate --count 1000 --rate 5 --live --follow mgr/messages.log
  instance generate --count 1000 --rate 5 --live --publish --endpoint https://monitor.example/messages
  OPENAI_API_KEY=… instance generate --count 40 --llm --llm-model NAME
  instance generate --count 40 --llm --llm-url http://127.0.0.1:11434/v1 --llm-model NAME
  instance learn messages.log --output site.toml && instance generate --profile site.toml --count 10000";

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
    /// Entries a second, on average [default: 1; with --profile as in its log]
    #[arg(long, value_parser = rate)]
    rate: Option<f64>,
    /// Entries that come at the same moment; the average rate stays
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    burst: u32,
    /// Wait for each entry's time
    #[arg(long)]
    live: bool,
    /// Write in the likeness of a log, from what `instance learn` took from it
    #[arg(long, value_name = "FILE", conflicts_with_all = ["category", "burst", "scenario"])]
    profile: Option<PathBuf>,
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
    #[command(flatten)]
    publishing: Publishing,
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

impl Generate {
    /// The same seed and start give the same bytes, ids of messages too.
    fn origin(&self) -> Origin {
        self.seed.filter(|_| !self.live).map_or_else(Origin::real, Origin::seeded)
    }
}

/// Where entries come from.
enum Source {
    Templates(Generator),
    Likeness(Box<Likeness>),
    Scenario(Generator, Scenario),
}

impl Source {
    fn of(args: &Generate, plan: &Plan) -> Result<Self> {
        if let Some(path) = &args.profile {
            return likeness(args, plan, path);
        }
        let generator = Generator::new(plan).ok_or_else(|| {
            Failure::Input("no entry of this category has such a severity: widen --severity".into())
        })?;
        Ok(match args.scenario {
            Some(scenario) => Self::Scenario(generator, scenario),
            None => Self::Templates(generator),
        })
    }

    /// When the next entry will be.
    const fn now(&self) -> DateTime {
        match self {
            Self::Templates(generator) | Self::Scenario(generator, _) => generator.now(),
            Self::Likeness(likeness) => likeness.now(),
        }
    }

    fn write(&mut self, out: &mut Vec<u8>) {
        match self {
            Self::Templates(generator) => generator.entry(out),
            Self::Scenario(generator, scenario) => generator.scenario(*scenario, out),
            Self::Likeness(likeness) => likeness.entry(out),
        }
    }
}

pub(super) fn run(args: &Generate) -> Result<ExitCode> {
    let plan = plan(args)?;
    let mut source = Source::of(args, &plan)?;
    let writer = args.model.writer()?;
    let mut outlet = Outlet::of(args)?;
    let origin = (clock::local().datetime(), plan.start);
    if let Some(writer) = writer {
        worded(args, source, outlet, (writer, origin))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut batch = Vec::with_capacity(BATCH_BYTES * 2);
    for _ in 0..args.count {
        if args.live {
            wait(origin, source.now());
        }
        source.write(&mut batch);
        if args.live || batch.len() >= BATCH_BYTES {
            outlet.take(&batch)?;
            batch.clear();
        }
    }
    outlet.take(&batch)?;
    outlet.finish()?;
    Ok(ExitCode::SUCCESS)
}

/// The same with texts of a model, which is asked for a few entries at a time, ahead of theirs.
fn worded(
    args: &Generate,
    mut source: Source,
    mut outlet: Outlet,
    (mut writer, origin): (Writer, (DateTime, DateTime)),
) -> Result<()> {
    let at_once = if args.scenario.is_some() { 1 } else { ENTRIES_A_QUESTION as u64 };
    let (mut left, mut batch) = (args.count, Vec::new());
    while left > 0 {
        batch.clear();
        for _ in 0..left.min(at_once) {
            source.write(&mut batch);
        }
        left = left.saturating_sub(at_once);
        let log = writer.rewrite(&batch);
        if args.live {
            one_by_one(&log, origin, &mut outlet)?;
        } else {
            outlet.take(&log)?;
        }
    }
    outlet.finish()
}

/// Each entry when its time has come.
fn one_by_one(log: &[u8], origin: (DateTime, DateTime), outlet: &mut Outlet) -> Result<()> {
    let mut entry = Vec::new();
    for line in log.split_inclusive(|byte| *byte == b'\n') {
        if let Some(at) = Header::parse(line).ok().and_then(|header| header.stamp.civil()) {
            outlet.take(&entry)?;
            entry.clear();
            wait(origin, at);
        }
        entry.extend_from_slice(line);
    }
    outlet.take(&entry)
}

/// Where the entries go: what is published is written only where a log is named.
struct Outlet {
    target: Option<Target>,
    publication: Option<Publication>,
}

impl Outlet {
    fn of(args: &Generate) -> Result<Self> {
        let publication =
            Publication::of(&args.publishing, args.model.config(), "generate", || args.origin())?;
        let written = publication.is_none() || args.follow.is_some();
        let target = written.then(|| Target::of(args)).transpose()?;
        Ok(Self { target, publication })
    }

    /// Takes whole entries.
    fn take(&mut self, batch: &[u8]) -> Result<()> {
        self.target.as_mut().map_or(Ok(()), |target| target.take(batch))?;
        self.publication.as_mut().map_or(Ok(()), |publication| publication.take(batch))
    }

    fn finish(self) -> Result<()> {
        self.target.map_or(Ok(()), |mut target| target.finish())?;
        self.publication.map_or(Ok(()), Publication::finish)
    }
}

fn likeness(args: &Generate, plan: &Plan, path: &std::path::Path) -> Result<Source> {
    let shown = path.display();
    let refused = |why: String| Failure::Input(format!("{shown}: {why}"));
    let file = fs::File::open(path).map_err(|e| refused(e.to_string()))?;
    let mut text = String::new();
    file.take(profile::MAX_BYTES + 1)
        .read_to_string(&mut text)
        .map_err(|e| refused(format!("{e}: is it a profile of `instance learn`?")))?;
    if text.len() as u64 > profile::MAX_BYTES {
        return Err(
            refused(format!("more than {} bytes: it is no profile", profile::MAX_BYTES)).into()
        );
    }
    let profile = Profile::read(&text).map_err(refused)?;
    let likeness = Likeness::new(&profile, plan.seed, plan.start, args.rate, plan.severity.clone());
    Ok(Source::Likeness(Box::new(likeness.map_err(refused)?)))
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
        rate: args.rate.unwrap_or(1.0),
        burst: args.burst,
        class: args.category,
        severity: args.severity.clone(),
    })
}

/// Sleeps until as much real time has gone as time in the log.
fn wait((began, start): (DateTime, DateTime), entry: DateTime) {
    let due = entry.duration_since(start) - clock::local().datetime().duration_since(began);
    if let Ok(left) = due.try_into() {
        thread::sleep(left);
    }
}
