//! What is to be delivered, on disk: the messages of one source in order, bounded in bytes and age.
//!
//! A folder holds numbered segments of lines, `time destination message`, and the position up to which they are delivered. A
//! message is safe from a death of the process when [`Spool::append`] returns; like a log, it is not forced to the disk.

mod dropped;
mod segment;

use std::{
    collections::VecDeque,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};

pub use dropped::Dropped;
use segment::Segment;

use crate::{clock, log::follow::Mark};

/// What a spool may hold.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of all segments; the oldest goes when there are more.
    pub bytes: u64,
    /// Older messages are dropped.
    pub age: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 256 * 1024 * 1024, age: Duration::from_hours(24) }
    }
}

impl Limits {
    /// A spool has at least so many segments: dropping one loses no more than an eighth.
    const SEGMENTS: u64 = 8;

    fn segment_bytes(self) -> u64 {
        (self.bytes / Self::SEGMENTS).clamp(4 * 1024, 4 * 1024 * 1024)
    }
}

/// A message in a spool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// When it was put there.
    pub at: Timestamp,
    /// Where it goes.
    pub destination: String,
    /// JSON in one line.
    pub message: String,
    segment: u64,
    offset: u64,
    bytes: u64,
}

/// The spool of one source, held by this process alone.
#[derive(Debug)]
pub struct Spool {
    dir: PathBuf,
    name: String,
    limits: Limits,
    segments: VecDeque<Segment>,
    /// Bytes of the first segment that are delivered.
    delivered: u64,
    out: File,
    position: File,
    mark: File,
    _lock: File,
}

impl Spool {
    /// Opens the spool of a source below `dir`, with what an earlier process left in it.
    ///
    /// # Errors
    /// When another process holds it, or the disk fails.
    pub fn open(dir: &Path, name: &str, limits: Limits) -> io::Result<Self> {
        let dir = dir.join(folder(name));
        fs::create_dir_all(&dir)?;
        let lock = locked(&dir.join("lock"), name)?;
        fs::write(dir.join("name"), name)?;
        let mut segments = segment::all(&dir)?;
        if segments.is_empty() {
            segments.push_back(Segment { number: 1, bytes: 0 });
        }
        let last = segments.back().map_or(1, |segment| segment.number);
        let out = append(&segment::path(&dir, last))?;
        let (position, mark) = (kept(&dir.join("position"))?, kept(&dir.join("mark"))?);
        let (name, delivered) = (name.to_owned(), 0);
        let mut spool =
            Self { dir, name, limits, segments, delivered, out, position, mark, _lock: lock };
        spool.resume()?;
        Ok(spool)
    }

    /// The names of the sources that have a spool below `dir`.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn names(dir: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(dir)? {
            names.extend(fs::read_to_string(entry?.path().join("name")).ok());
        }
        names.sort();
        Ok(names)
    }

    /// Whose it is.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Bytes that wait.
    #[must_use]
    pub fn waiting_bytes(&self) -> u64 {
        let all: u64 = self.segments.iter().map(|segment| segment.bytes).sum();
        all - self.delivered
    }

    /// Adds messages, each JSON in one line; tells what had to go for them.
    ///
    /// # Errors
    /// When the disk is full or fails.
    pub fn append<'a>(
        &mut self,
        destination: &str,
        messages: impl Iterator<Item = &'a str>,
    ) -> io::Result<Option<Dropped>> {
        let now = clock::now().as_millisecond();
        let mut lines = String::new();
        for message in messages {
            lines.extend([&now.to_string(), " ", destination, " ", message, "\n"]);
            if lines.len() as u64 >= self.limits.segment_bytes() {
                self.write(&lines)?;
                lines.clear();
            }
        }
        self.write(&lines)?;
        self.bound()
    }

    fn write(&mut self, lines: &str) -> io::Result<()> {
        self.out.write_all(lines.as_bytes())?;
        let Some(last) = self.segments.back_mut() else { return Ok(()) };
        last.bytes += lines.len() as u64;
        if last.bytes >= self.limits.segment_bytes() { self.roll() } else { Ok(()) }
    }

    fn roll(&mut self) -> io::Result<()> {
        let number = self.segments.back().map_or(1, |last| last.number + 1);
        self.out = append(&segment::path(&self.dir, number))?;
        self.segments.push_back(Segment { number, bytes: 0 });
        Ok(())
    }

    /// Drops the oldest segments until the rest fits.
    fn bound(&mut self) -> io::Result<Option<Dropped>> {
        let mut dropped: Option<Dropped> = None;
        while self.waiting_bytes() > self.limits.bytes && self.segments.len() > 1 {
            let ids = segment::ids(&self.first(), self.delivered)?;
            let more = Dropped::of(&self.name, "the spool is full", ids);
            match &mut dropped {
                Some(dropped) => dropped.join(more),
                None => dropped = Some(more),
            }
            self.forget_first()?;
        }
        self.note(dropped)
    }

    /// The oldest message; those that are too old go, and are told.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn head(&mut self) -> io::Result<(Option<Record>, Option<Dropped>)> {
        let age = SignedDuration::try_from(self.limits.age).unwrap_or(SignedDuration::MAX);
        let oldest = clock::now().saturating_sub(age).unwrap_or(Timestamp::MIN);
        let mut late = Vec::new();
        let head = loop {
            match self.peek()? {
                Some(record) if record.at < oldest => {
                    late.push(id(&record.message));
                    self.advance(&record)?;
                }
                other => break other,
            }
        };
        let dropped = (!late.is_empty())
            .then(|| Dropped::of(&self.name, "it waited longer than it is kept", late));
        Ok((head, self.note(dropped)?))
    }

    fn peek(&mut self) -> io::Result<Option<Record>> {
        loop {
            let Some(first) = self.segments.front().copied() else { return Ok(None) };
            if self.delivered < first.bytes {
                let (number, offset) = (first.number, self.delivered);
                let Some(record) = segment::record(&self.first(), number, offset)? else {
                    // Somebody wrote into it: nobody can read what follows.
                    self.delivered = first.bytes;
                    continue;
                };
                return Ok(Some(record));
            }
            if self.segments.len() == 1 {
                return Ok(None);
            }
            self.forget_first()?;
        }
    }

    /// A message is delivered; nothing happens when it went meanwhile.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn advance(&mut self, record: &Record) -> io::Result<()> {
        let first = self.segments.front().map(|segment| segment.number);
        if first != Some(record.segment) || self.delivered != record.offset {
            return Ok(());
        }
        self.delivered += record.bytes;
        self.keep_position()
    }

    /// Gives a message up for a reason.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn give_up(&mut self, record: &Record, why: &str) -> io::Result<Option<Dropped>> {
        self.advance(record)?;
        self.note(Some(Dropped::of(&self.name, why, vec![id(&record.message)])))
    }

    fn note(&self, dropped: Option<Dropped>) -> io::Result<Option<Dropped>> {
        dropped.map(|dropped| dropped.noted(&self.dir)).transpose()
    }

    fn first(&self) -> PathBuf {
        segment::path(&self.dir, self.segments.front().map_or(0, |segment| segment.number))
    }

    fn forget_first(&mut self) -> io::Result<()> {
        let path = self.first();
        self.segments.pop_front();
        self.delivered = 0;
        self.keep_position()?;
        fs::remove_file(path)
    }

    fn keep_position(&self) -> io::Result<()> {
        let number = self.segments.front().map_or(1, |segment| segment.number);
        keep(&self.position, &[number, self.delivered])
    }

    /// Remembers up to where a source was read.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn keep_mark(&self, mark: Mark) -> io::Result<()> {
        keep(&self.mark, &[mark.file.0, mark.file.1, mark.offset])
    }

    /// Up to where the source was read.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn mark(&mut self) -> io::Result<Option<Mark>> {
        let numbers = numbers(&mut self.mark)?;
        let [device, inode, offset] = numbers.as_slice() else { return Ok(None) };
        Ok(Some(Mark { file: (*device, *inode), offset: *offset }))
    }

    fn resume(&mut self) -> io::Result<()> {
        let numbers = numbers(&mut self.position)?;
        let [number, delivered] = numbers.as_slice() else { return Ok(()) };
        while self.segments.len() > 1
            && self.segments.front().is_some_and(|first| first.number < *number)
        {
            self.forget_first()?;
        }
        let first = self.segments.front().copied();
        if let Some(first) = first.filter(|first| first.number == *number) {
            self.delivered = (*delivered).min(first.bytes);
        }
        Ok(())
    }
}

/// A file of a few numbers.
fn kept(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path)
}

/// One write of a fixed length: a kill leaves the former numbers or the new ones.
fn keep(file: &File, numbers: &[u64]) -> io::Result<()> {
    let text: Vec<_> = numbers.iter().map(|number| format!("{number:020}")).collect();
    file.write_all_at(format!("{}\n", text.join(" ")).as_bytes(), 0)
}

fn numbers(file: &mut File) -> io::Result<Vec<u64>> {
    let mut text = String::new();
    file.rewind()?;
    file.read_to_string(&mut text)?;
    Ok(text.split_whitespace().filter_map(|word| word.parse().ok()).collect())
}

/// The id of a message, to name it by.
fn id(message: &str) -> String {
    let rest = message.split_once("\"trace_id\":\"").map_or("", |(_, rest)| rest);
    rest.split('"').next().unwrap_or_default().chars().take(32).collect()
}

/// A folder's name: what is readable of the source, and a number so that no two sources share one.
fn folder(name: &str) -> String {
    use sha2::{Digest, Sha256};
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    let readable: String = name.chars().map(plain).take(48).collect();
    let hash = Sha256::digest(name.as_bytes());
    let number = u32::from_be_bytes(hash.first_chunk().copied().unwrap_or_default());
    format!("{readable}-{number:08x}")
}

/// Takes the lock, and leaves the process's number in it for the next who comes.
fn locked(path: &Path, name: &str) -> io::Result<File> {
    let mut lock = kept(path)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            lock.read_to_string(&mut holder)?;
            let text = format!("source {name} is published by process {}", holder.trim());
            return Err(io::Error::new(io::ErrorKind::WouldBlock, text));
        }
        Err(TryLockError::Error(e)) => return Err(e),
    }
    lock.set_len(0)?;
    writeln!(lock, "{}", std::process::id())?;
    Ok(lock)
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}
