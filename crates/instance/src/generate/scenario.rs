//! Whole stories: entries in the order and at the distance in which an instance writes them.

use std::time::Duration;

use clap::ValueEnum;

use super::template::Wording;

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
pub struct Step {
    /// After the one before.
    pub delay: Duration,
    pub(super) wording: Wording,
}

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
    #[must_use]
    pub fn steps(self) -> Vec<Step> {
        let mut steps: Vec<Step> = Vec::new();
        for line in self.source().lines().filter(|line| !line.starts_with('#')) {
            let read = match line.strip_prefix('|') {
                Some(more) => steps.last_mut().and_then(|step| step.wording.continued(more)),
                None => step(line).map(|step| steps.push(step)),
            };
            debug_assert!(read.is_some(), "cannot read {line:?} of {self:?}");
        }
        steps
    }
}

fn step(line: &'static str) -> Option<Step> {
    let (delay, wording) = line.split_once('\t')?;
    let delay = Duration::from_millis(delay.parse().ok()?);
    Some(Step { delay, wording: Wording::read(wording)? })
}
