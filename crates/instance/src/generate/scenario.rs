//! Whole stories: entries in the order and at the distance in which an instance writes them.

use std::time::Duration;

use clap::ValueEnum;

use super::{Role, template::Wording};
use crate::log::Severity;

/// A story.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Scenario {
    /// A wrong line in the configuration file stops the start.
    CpfMistake,
    /// Huge pages are not to be had; the start goes on with standard pages.
    HugePagesMissing,
    /// Memory is short: buffers are cut by an eighth.
    MemoryShort,
    /// The journal directory cannot be written to; the start stops.
    JournalNotWritable,
    /// The write daemon hangs, users are paused, the instance is forced down.
    WriteDaemonStuck,
    /// A certificate has expired: told each day.
    CertificateExpiry,
    /// More users than the license has units.
    LicenseExhaustion,
    /// A daemon dies, the instance is forced down and recovers at the next start.
    AbnormalShutdown,
}

/// An entry of a story.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// After the one before.
    pub(super) delay: Duration,
    /// Whether the instance starts here: every role has a new process.
    pub(super) starts: bool,
    pub(super) role: Role,
    pub(super) wording: Wording,
}

/// What several stories share: starts and stops.
const PARTS: [(&str, &str); 9] = [
    ("memory", include_str!("scenarios/parts/memory.txt")),
    ("boot", include_str!("scenarios/parts/boot.txt")),
    ("journal", include_str!("scenarios/parts/journal.txt")),
    ("journal-restored", include_str!("scenarios/parts/journal-restored.txt")),
    ("up", include_str!("scenarios/parts/up.txt")),
    ("stop", include_str!("scenarios/parts/stop.txt")),
    ("abort", include_str!("scenarios/parts/abort.txt")),
    ("exits", include_str!("scenarios/parts/exits.txt")),
    ("recovery", RECOVERY),
];
/// The lines that follow the last entry before a start.
const RECOVERY: &str = include_str!("scenarios/parts/recovery.txt");

impl Scenario {
    const fn source(self) -> &'static str {
        match self {
            Self::CpfMistake => include_str!("scenarios/cpf-mistake.txt"),
            Self::HugePagesMissing => include_str!("scenarios/huge-pages-missing.txt"),
            Self::MemoryShort => include_str!("scenarios/memory-short.txt"),
            Self::JournalNotWritable => include_str!("scenarios/journal-not-writable.txt"),
            Self::WriteDaemonStuck => include_str!("scenarios/write-daemon-stuck.txt"),
            Self::CertificateExpiry => include_str!("scenarios/certificate-expiry.txt"),
            Self::LicenseExhaustion => include_str!("scenarios/license-exhaustion.txt"),
            Self::AbnormalShutdown => include_str!("scenarios/abnormal-shutdown.txt"),
        }
    }

    /// Its entries, in order.
    pub(super) fn steps(self) -> Vec<Step> {
        let mut told = Told::default();
        told.all(self.source());
        told.steps
    }
}

/// The sources of all stories.
pub(super) fn texts() -> impl Iterator<Item = &'static str> {
    let stories = Scenario::value_variants().iter().map(|story| story.source());
    stories.chain(PARTS.iter().map(|(_, source)| *source))
}

/// The lines of a recovery, which follow any entry.
pub(super) fn recovery() -> Wording {
    let mut wording = Wording::new(Severity::Info, "".into());
    for line in RECOVERY.lines().filter_map(|line| line.strip_prefix('|')) {
        let read = wording.continued(line);
        debug_assert!(read.is_ok(), "cannot read {line:?}");
    }
    wording
}

/// A story while it is read.
#[derive(Default)]
struct Told {
    steps: Vec<Step>,
    starts: bool,
}

impl Told {
    fn all(&mut self, source: &'static str) {
        for line in source.lines().filter(|line| !line.starts_with('#')) {
            let read = self.line(line);
            debug_assert!(read.is_some(), "cannot read {line:?}");
        }
    }

    fn line(&mut self, line: &'static str) -> Option<()> {
        if let Some(more) = line.strip_prefix('|') {
            return self.steps.last_mut()?.wording.continued(more).ok();
        }
        if line == "@processes" {
            self.starts = true;
            return Some(());
        }
        if let Some(part) = line.strip_prefix('@') {
            return self.part(part);
        }
        let (delay, wording) = line.split_once('\t')?;
        let (role, wording) = Wording::read(wording)?;
        let starts = std::mem::take(&mut self.starts);
        self.steps.push(Step { delay: millis(delay)?, starts, role, wording });
        Some(())
    }

    /// `name`, or `name delay`.
    fn part(&mut self, part: &str) -> Option<()> {
        let (name, delay) = part.split_once(' ').map_or((part, None), |(a, b)| (a, Some(b)));
        let (_, source) = PARTS.iter().find(|(own, _)| *own == name)?;
        let first = self.steps.len();
        self.all(source);
        if let Some(delay) = delay {
            self.steps.get_mut(first)?.delay = millis(delay)?;
        }
        Some(())
    }
}

fn millis(text: &str) -> Option<Duration> {
    Some(Duration::from_millis(text.parse().ok()?))
}
