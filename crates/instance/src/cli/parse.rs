//! `instance parse`: counts, selects, converts and follows the entries of a log.

use std::{
    fs::File,
    io::{self, BufWriter, Read, Write},
    ops::RangeInclusive,
    path::{Path, PathBuf},
    process::ExitCode,
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};

use super::{
    Failure,
    publish::{self, Publisher, Publishing},
};
use crate::log::{
    Filter, Filtered, Header, Line, Severity, Sink, Stamp, Stats, Summary,
    follow::{Follow, Mark},
    json::{JsonLines, Origin},
    read,
};

pub(super) const EXAMPLES: &str = "\
Examples:
  instance parse messages.log
  instance parse messages.log --stats
  instance parse messages.log --output json --severity 2-3 --since 11/14/25-09:45:55:657
  instance parse /usr/irissys/mgr/messages.log --output raw --category Utility --follow
  instance parse --follow --publish --endpoint https://monitor.example/messages /iris/*/mgr/messages.log
  zcat messages.old_20251114.gz | instance parse - --output json";

/// How long a follower waits when nothing has come: people do not notice, a core does not either.
const PAUSE: Duration = Duration::from_millis(200);
/// Then the last entry is taken for complete: processes write an entry's lines one after the other, without such pauses.
const SETTLED: Duration = Duration::from_secs(1);
const OUT_BYTES: usize = 256 * 1024;

/// What to read, and what to make of it.
#[derive(Debug, Args)]
pub struct Parse {
    /// A messages.log, or - for standard input; several to publish
    #[arg(value_name = "FILE|-", required = true)]
    logs: Vec<PathBuf>,
    /// Counts, an object a line, or the entries byte for byte
    #[arg(long, value_enum, default_value_t = Output::Summary)]
    output: Output,
    /// A severity or a range of them: 0 information, 1 warning, 2 severe, 3 fatal
    #[arg(long, value_name = "A-B", value_parser = severities)]
    severity: Option<RangeInclusive<Severity>>,
    /// A category or the first words of one, such as Database or Database.MountedRW
    #[arg(long, value_name = "CATEGORY")]
    category: Option<String>,
    /// Entries from this time on, as the log writes it
    #[arg(long, value_name = "MM/DD/YY-hh:mm:ss:mmm", value_parser = stamp)]
    since: Option<Stamp>,
    /// Stay and read what is written, through roll-over; with --output json or raw
    #[arg(long)]
    follow: bool,
    /// Tell the rhythm, the processes and the oddities too
    #[arg(long)]
    stats: bool,
    /// Settings of --publish; without this, instance.toml when it is there
    #[arg(long, value_name = "FILE", env = "INSTANCE_CONFIG")]
    config: Option<PathBuf>,
    #[command(flatten)]
    publishing: Publishing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    Summary,
    Json,
    Raw,
}

pub(crate) fn severities(text: &str) -> Result<RangeInclusive<Severity>, String> {
    let (from, to) = text.split_once('-').unwrap_or((text, text));
    let one = |text: &str| match text.as_bytes() {
        [digit] => Severity::ALL.into_iter().find(|severity| severity.digit() == *digit),
        _ => None,
    };
    match (one(from), one(to)) {
        (Some(from), Some(to)) if from <= to => Ok(from..=to),
        _ => Err("give one of 0, 1, 2, 3 or a range such as 2-3".to_owned()),
    }
}

pub(crate) fn stamp(text: &str) -> Result<Stamp, String> {
    let line = format!("{text} (0) 0 [A]");
    Header::parse(line.as_bytes()).map(|header| header.stamp).map_err(|fault| fault.to_string())
}

pub(super) fn run(args: &Parse) -> Result<ExitCode> {
    let filter = Filter {
        severity: args.severity.clone(),
        category: args.category.clone(),
        since: args.since,
    };
    if args.publishing.publish {
        publish(args, &filter)?;
        return Ok(ExitCode::SUCCESS);
    }
    let [log] = args.logs.as_slice() else {
        bail!(Failure::Input("one log at a time; several with --publish".into()))
    };
    convert(args, log, filter)
}

/// Each log is a source; one thread for each.
fn publish(args: &Parse, filter: &Filter) -> Result<()> {
    let (sender, to) = args.publishing.open(args.config.as_deref())?;
    let mut publishers = Vec::new();
    for log in &args.logs {
        let publisher = args.publishing.publisher(&sender, &to, log)?;
        publishers.push((log, Filtered::new(filter.clone(), publisher)));
    }
    thread::scope(|scope| {
        let run = |(log, mut sink): (&PathBuf, Filtered<Publisher>)| -> Result<()> {
            stream(args, log, &mut sink)?;
            sink.sink().settle()?;
            sink.sink().tell_leading();
            Ok(())
        };
        let readers: Vec<_> =
            publishers.into_iter().map(|of| scope.spawn(move || run(of))).collect();
        let ended = readers.into_iter().map(|reader| {
            reader.join().unwrap_or_else(|_| Err(anyhow::anyhow!("a reading thread ended")))
        });
        ended.collect::<Result<Vec<()>>>()
    })?;
    publish::close(sender)
}

fn convert(args: &Parse, log: &Path, filter: Filter) -> Result<ExitCode> {
    let plain = filter.severity.is_none() && filter.category.is_none() && filter.since.is_none();
    let out = BufWriter::with_capacity(OUT_BYTES, io::stdout().lock());
    match args.output {
        Output::Summary if args.follow => {
            bail!(Failure::Input(
                "a summary has no end to wait for: follow with --output json or raw".into()
            ))
        }
        Output::Summary if args.stats => {
            let mut stats = Filtered::new(filter, Stats::default());
            stream(args, log, &mut stats)?;
            super::print(&stats.sink().to_string())?;
        }
        Output::Summary if plain && log.as_os_str() != "-" => {
            super::print(&count(log)?.to_string())?;
        }
        Output::Summary => {
            let mut summary = Filtered::new(filter, Summary::default());
            stream(args, log, &mut summary)?;
            super::print(&summary.sink().to_string())?;
        }
        Output::Json if args.stats => {
            let mut stats = Filtered::new(filter, Stats::default());
            stream(args, log, &mut stats)?;
            super::print(&format!("{}\n", serde_json::to_string(stats.sink())?))?;
        }
        Output::Json => {
            let mut json = Filtered::new(filter, JsonLines::new(out, Origin::real()));
            stream(args, log, &mut json)?;
            json.sink().finish()?;
        }
        Output::Raw => {
            let mut raw = Filtered::new(filter, Raw(out));
            stream(args, log, &mut raw)?;
            raw.sink().0.flush()?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The bytes as they are.
struct Raw<W>(W);

impl<W: Write> Sink for Raw<W> {
    fn line(&mut self, line: Line<'_>) -> io::Result<()> {
        self.0.write_all(line.raw)
    }
}

impl<W: Write> Flush for Raw<W> {
    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// What a follower does when nothing has come.
trait Flush {
    fn flush(&mut self) -> io::Result<()>;

    /// The last entry is complete.
    fn settle(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// What stands before this mark need not be read again.
    fn keep(&mut self, _mark: Mark) -> io::Result<()> {
        Ok(())
    }

    /// Where an earlier follower stood.
    fn mark(&self) -> io::Result<Option<Mark>> {
        Ok(None)
    }
}

impl<W: Write> Flush for JsonLines<W> {
    fn flush(&mut self) -> io::Result<()> {
        self.out().flush()
    }

    fn settle(&mut self) -> io::Result<()> {
        self.finish()
    }
}

impl Flush for Publisher {
    fn flush(&mut self) -> io::Result<()> {
        self.hand_over()
    }

    fn settle(&mut self) -> io::Result<()> {
        Self::settle(self)
    }

    fn keep(&mut self, mark: Mark) -> io::Result<()> {
        self.lane().keep_mark(mark)
    }

    fn mark(&self) -> io::Result<Option<Mark>> {
        self.lane().mark()
    }
}

impl Flush for Stats {
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Flush for Summary {
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn count(path: &Path) -> Result<Summary> {
    let log = open(path)?;
    read::summarize(&log).with_context(|| format!("cannot read {}", path.display()))
}

fn open(path: &Path) -> Result<File> {
    let log = File::open(path).map_err(|e| missing(path, &e))?;
    if log.metadata()?.is_dir() {
        let text = format!("{} is a directory: name the messages.log in it", path.display());
        bail!(Failure::Input(text));
    }
    Ok(log)
}

fn missing(path: &Path, e: &io::Error) -> Failure {
    let shown = path.display();
    Failure::Input(format!(
        "cannot read {shown}: {e}; an instance keeps its log at <directory>/mgr/messages.log"
    ))
}

fn stream<S: Sink + Flush>(args: &Parse, path: &Path, sink: &mut Filtered<S>) -> Result<()> {
    if args.follow {
        return follow(path, sink);
    }
    read::stream(source(path)?, sink).with_context(|| format!("cannot read {}", path.display()))
}

/// A log by name, or standard input.
pub(super) fn source(path: &Path) -> Result<Box<dyn Read>> {
    Ok(if path.as_os_str() == "-" { Box::new(io::stdin().lock()) } else { Box::new(open(path)?) })
}

fn follow<S: Sink + Flush>(path: &Path, sink: &mut Filtered<S>) -> Result<()> {
    if path.as_os_str() == "-" {
        bail!(Failure::Input("standard input ends by itself: leave out --follow".into()));
    }
    let mut log = match sink.sink().mark()? {
        Some(mark) => Follow::resume(path, mark)?,
        None => Follow::new(path),
    };
    keep(&log, sink)?;
    let mut quiet = Duration::ZERO;
    loop {
        if log.poll(sink)? {
            quiet = Duration::ZERO;
            continue;
        }
        sink.sink().flush()?;
        if quiet >= SETTLED {
            sink.sink().settle()?;
            log.settle();
        }
        keep(&log, sink)?;
        thread::sleep(PAUSE);
        quiet += PAUSE;
    }
}

fn keep<S: Sink + Flush>(log: &Follow, sink: &mut Filtered<S>) -> Result<()> {
    let mark = log.mark()?;
    Ok(mark.map_or(Ok(()), |mark| sink.sink().keep(mark))?)
}
