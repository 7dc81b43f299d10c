//! The machine: what it is, and what its processes use.

use std::{
    fs::File,
    io::Write as _,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use nix::unistd::{SysconfVar, sysconf};

use crate::{latency::Latencies, postgres::Programs};

/// A page of the write-ahead log: what a commit makes durable at least.
const LOG_PAGE: [u8; 8192] = [0x5A; 8192];
/// Enough for a median that repeats.
const SYNCS: usize = 200;

pub(crate) fn describe(folder: &Path, programs: &Programs) -> Result<Vec<String>> {
    let model = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = model.lines().find_map(|line| line.strip_prefix("model name\t: "));
    let syncs = sync_time(folder)?;
    Ok(vec![
        format!("{} cores, {}", std::thread::available_parallelism()?, model.unwrap_or("?")),
        first_line(Command::new("rustc").arg("--version"))?,
        first_line(Command::new(programs.path("postgres")).arg("--version"))?,
        format!("write of 8 kB and fdatasync, p50 / p95 / p99: {syncs}"),
    ])
}

fn first_line(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("cannot run {command:?}"))?;
    let output = String::from_utf8_lossy(&output.stdout);
    Ok(output.lines().next().unwrap_or_default().to_owned())
}

fn sync_time(folder: &Path) -> Result<Latencies> {
    let mut file = File::create(folder.join("sync"))?;
    let mut once = || -> Result<Duration> {
        let began = Instant::now();
        file.write_all(&LOG_PAGE)?;
        file.sync_data()?;
        Ok(began.elapsed())
    };
    (0..SYNCS).map(|_| once()).collect::<Result<_>>().map(Latencies::of)
}

pub(crate) fn load_average() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

/// What a process keeps in memory.
pub(crate) fn resident_mb(pid: u32) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = kilobytes.and_then(|text| text.trim().strip_suffix(" kB"));
    Ok(kilobytes.context("no VmRSS")?.parse::<f64>()? / 1e3)
}

/// Processor time used so far by a process, and by its children: those that live and those that ended.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Used {
    pub(crate) own: Duration,
    pub(crate) children: Duration,
}

impl Used {
    pub(crate) fn all(self) -> Duration {
        self.own + self.children
    }
}

pub(crate) fn used(pid: u32) -> Result<Used> {
    let parent = Stat::read(&format!("/proc/{pid}/stat"))?;
    let mut children = parent.ended_children;
    for entry in std::fs::read_dir("/proc")?.flatten() {
        let path = entry.path().join("stat");
        // A process may end between listing and reading.
        if let Ok(stat) = Stat::read(&path.to_string_lossy())
            && stat.parent == pid
        {
            children += stat.own;
        }
    }
    Ok(Used { own: parent.own, children })
}

struct Stat {
    parent: u32,
    own: Duration,
    ended_children: Duration,
}

impl Stat {
    fn read(path: &str) -> Result<Self> {
        let text = std::fs::read_to_string(path)?;
        // After the name in brackets, which may hold spaces: state, parent, …, and from the 12th on the times.
        let (_, rest) = text.rsplit_once(") ").context("not a stat file")?;
        let fields: Vec<&str> = rest.split(' ').collect();
        let field =
            |at: usize| -> Result<u32> { Ok(fields.get(at).context("too short")?.parse()?) };
        let ticks = |a, b| -> Result<Duration> { Ok(tick() * (field(a)? + field(b)?)) };
        Ok(Self { parent: field(1)?, own: ticks(11, 12)?, ended_children: ticks(13, 14)? })
    }
}

fn tick() -> Duration {
    let a_second = sysconf(SysconfVar::CLK_TCK).ok().flatten().and_then(|n| u32::try_from(n).ok());
    Duration::from_secs(1) / a_second.unwrap_or(100)
}
