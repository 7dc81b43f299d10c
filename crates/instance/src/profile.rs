//! What a log looks like, without what it says: a file that people can read and change, written by `instance learn`.
//!
//! A profile holds the wording of entries with slots in place of everything that is the source's own, and the minutes in
//! which the log had entries: which ones, in which order, from how many processes. Its schema is
//! `contracts/instance/profile.schema.json`.

use serde::{Deserialize, Serialize};

/// What this version reads and writes.
pub const FORMAT: &str = "instance-profile/1";
/// A larger file is none: a learned one has at most some megabytes.
pub const MAX_BYTES: u64 = 64 * 1024 * 1024;
/// No minute holds more entries: a log of 5 MB has about 12,000.
pub const MAX_ENTRIES_A_MINUTE: u32 = 1_000_000;
/// A quiet time is never longer, in minutes: a week.
pub const MAX_QUIET_MINUTES: u32 = 7 * 24 * 60;
/// The last millisecond of a minute.
pub const MAX_SPAN_MS: u32 = 59_999;
/// No minute has more processes of its own.
pub const MAX_PROCESSES: u32 = 100_000;

/// A profile as it stands in its file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// [`FORMAT`].
    pub format: String,
    /// How many processes are the same in several minutes; they are numbered from 0, those of one minute alone follow.
    pub processes: u32,
    /// Entries with slots, numbered from 0.
    pub template: Vec<Template>,
    /// The minutes in which there were entries.
    pub minute: Vec<Minute>,
}

/// The wording of entries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// 0 to 3.
    pub severity: u8,
    /// As in the log.
    pub category: String,
    /// Behind the category; `{slots}` are filled, `{{` and `}}` are braces.
    pub text: String,
    /// Its continuation lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<String>,
    /// It ends in `...(repeated N times)`, with N up to this.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub repeated: u32,
    /// A recovery of the write image journal is told behind it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub recovery: bool,
}

/// A minute in which there were entries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Minute {
    /// From the first entry to the last, in milliseconds.
    pub span_ms: u32,
    /// Minutes to the next that has entries.
    pub next: u32,
    /// `process.template`, or `process.templatexTIMES`, in order.
    pub entries: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// Entries of one process and one template that follow one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its number.
    pub process: u32,
    /// Its number.
    pub template: u32,
    /// How often.
    pub times: u32,
}

impl Run {
    /// As in [`Minute::entries`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (process, rest) = text.split_once('.')?;
        let (template, times) = rest.split_once('x').unwrap_or((rest, "1"));
        let run = Self {
            process: process.parse().ok()?,
            template: template.parse().ok()?,
            times: times.parse().ok()?,
        };
        (run.times > 0).then_some(run)
    }
}

impl std::fmt::Display for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { process, template, times } = self;
        if *times == 1 {
            write!(f, "{process}.{template}")
        } else {
            write!(f, "{process}.{template}x{times}")
        }
    }
}

impl Profile {
    /// Reads the file's text; what it says is checked by [`crate::generate::Likeness`] when it is used.
    ///
    /// # Errors
    /// Where it is not TOML of this shape, or that it is of another version.
    pub fn read(text: &str) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Version {
            format: Option<String>,
        }
        let version: Version = toml::from_str(text).map_err(|e| e.to_string())?;
        match version.format {
            Some(format) if format == FORMAT => toml::from_str(text).map_err(|e| e.to_string()),
            Some(format) => Err(format!(
                "its format is {format:?}, this program reads {FORMAT:?}: learn it anew from the log"
            )),
            None => Err(format!("it has no `format = {FORMAT:?}`: is it a profile?")),
        }
    }

    /// The file's text.
    ///
    /// # Errors
    /// Never for a learned one.
    pub fn write(&self) -> Result<String, toml::ser::Error> {
        Ok(format!("{HEAD}\n{}", toml::to_string(self)?))
    }
}

const HEAD: &str = "\
# The likeness of a messages.log, for `instance generate --profile`.
# Words that are neither the product's nor plain technical English, numbers, paths, names and addresses of the source are slots:
# {n:3} a number of three digits, {n:1-3} of one to three, {name} {dir} {path} {ip} {date} {hms}, {text} some words; {{ is a brace.
# A minute's entries are process.template (x times), both numbered from 0, in their order; `next` is the minutes until the log went on.
";
