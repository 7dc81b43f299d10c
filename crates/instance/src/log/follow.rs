//! Reads a log that is still written, through roll-over, truncation and replacement.

use std::{
    collections::VecDeque,
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use super::{Line, Scanner, Sink, read::CHUNK_BYTES};

/// A place in a log that outlives the process and the roll-over: which file, and which byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Device and inode.
    pub file: (u64, u64),
    /// Bytes before it.
    pub offset: u64,
}

/// A log by name. The file that is open is read to its end before the one that took its name.
#[derive(Debug)]
pub struct Follow {
    path: PathBuf,
    open: Option<File>,
    read: u64,
    scanner: Scanner,
    chunk: Vec<u8>,
    place: Place,
    /// Rolled over since the mark: each is read before the log itself, the oldest first.
    rolled: VecDeque<File>,
}

/// Offsets in the open file.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    /// Behind the last line that was given away.
    line: u64,
    /// Where the entry begins that it belongs to; more lines may follow.
    entry: u64,
}

impl Follow {
    /// Follows `path` from its beginning; it may appear later.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        let (scanner, chunk) = (Scanner::default(), vec![0; CHUNK_BYTES]);
        let (place, rolled) = (Place::default(), VecDeque::new());
        Self { path: path.to_owned(), open: None, read: 0, scanner, chunk, place, rolled }
    }

    /// Goes on at a mark, also in a file that was rolled over since; from the beginning when that file is gone.
    ///
    /// # Errors
    /// When the log's directory cannot be read.
    pub fn resume(path: &Path, mark: Mark) -> io::Result<Self> {
        let mut follow = Self::new(path);
        let mut files = generations(path)?;
        let is_it = |data: &fs::Metadata| {
            (data.dev(), data.ino()) == mark.file && data.len() >= mark.offset
        };
        let Some(at) = files.iter().position(|(data, _)| is_it(data)) else { return Ok(follow) };
        follow.rolled = files.split_off(at).into_iter().map(|(_, file)| file).collect();
        if let Some(mut marked) = follow.rolled.pop_front() {
            marked.seek(SeekFrom::Start(mark.offset))?;
            follow.open = Some(marked);
            follow.read = mark.offset;
            follow.place = Place { line: mark.offset, entry: mark.offset };
        }
        Ok(follow)
    }

    /// Where the last entry begins: more of its lines may come. Behind it once it [is complete](Follow::settle).
    ///
    /// # Errors
    /// When the system cannot tell which file is open.
    pub fn mark(&self) -> io::Result<Option<Mark>> {
        let data = match &self.open {
            Some(open) => open.metadata(),
            None => fs::metadata(&self.path),
        };
        match data {
            Ok(data) => Ok(Some(Mark { file: (data.dev(), data.ino()), offset: self.place.entry })),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// The last entry is taken for complete.
    pub const fn settle(&mut self) {
        self.place.entry = self.place.line;
    }

    /// Gives every finished line that has come since the last call to `sink`, and says whether bytes came.
    ///
    /// # Errors
    /// When the log cannot be read, or the sink's.
    pub fn poll(&mut self, sink: &mut impl Sink) -> io::Result<bool> {
        let mut any = self.drain(sink)?;
        match self.change()? {
            Change::None => {}
            Change::Truncated => {
                // What was written over is gone; a line that had no end yet has none now.
                self.scanner.finish(sink)?;
                self.open = None;
                any |= self.reopen(sink)?;
            }
            Change::Replaced => {
                any |= self.drain(sink)?; // written between the last read and the renaming
                self.scanner.finish(sink)?;
                any |= self.reopen(sink)?;
            }
        }
        Ok(any)
    }

    fn reopen(&mut self, sink: &mut impl Sink) -> io::Result<bool> {
        self.read = 0;
        self.place = Place::default();
        self.open = match self.rolled.pop_front().map_or_else(|| File::open(&self.path), Ok) {
            Ok(file) => Some(file),
            Err(e) if e.kind() == io::ErrorKind::NotFound => None,
            Err(e) => return Err(e),
        };
        self.drain(sink)
    }

    fn change(&self) -> io::Result<Change> {
        let now = match fs::metadata(&self.path) {
            Ok(now) => now,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Change::None),
            Err(e) => return Err(e),
        };
        let Some(open) = &self.open else { return Ok(Change::Replaced) };
        let open = open.metadata()?;
        if (open.dev(), open.ino()) != (now.dev(), now.ino()) {
            return Ok(Change::Replaced);
        }
        Ok(if now.len() < self.read { Change::Truncated } else { Change::None })
    }

    fn drain(&mut self, sink: &mut impl Sink) -> io::Result<bool> {
        let Some(file) = &mut self.open else { return Ok(false) };
        let mut any = false;
        loop {
            let n = file.read(&mut self.chunk)?;
            if n == 0 {
                return Ok(any);
            }
            any = true;
            self.read += n as u64;
            let mut placed = Placed { sink, place: &mut self.place };
            self.scanner.feed(self.chunk.get(..n).unwrap_or_default(), &mut placed)?;
        }
    }
}

/// The log and the files that it was rolled over into (`messages.old_<date>`), the oldest first.
fn generations(path: &Path) -> io::Result<Vec<(fs::Metadata, File)>> {
    let directory = path.parent().filter(|dir| !dir.as_os_str().is_empty());
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let mut found = Vec::new();
    for entry in fs::read_dir(directory.unwrap_or_else(|| Path::new(".")))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let rolled = name.strip_prefix(&*stem).is_some_and(|rest| rest.starts_with(".old"));
        let current = path.file_name() == Some(entry.file_name().as_os_str());
        if (rolled || current) && entry.file_type()?.is_file() {
            let file = File::open(entry.path())?;
            found.push((current, name, file.metadata()?, file));
        }
    }
    // The clock of files ticks every few milliseconds: of two with the same time, `_10` comes after `_9`.
    found.sort_by(|(current, name, data, _), (other, next, later, _)| {
        let key = |data: &fs::Metadata| (data.mtime(), data.mtime_nsec());
        let names = (name.len(), name).cmp(&(next.len(), next));
        current.cmp(other).then(key(data).cmp(&key(later))).then(names)
    });
    Ok(found.into_iter().map(|(_, _, data, file)| (data, file)).collect())
}

/// Passes lines on and keeps their place.
struct Placed<'a, S> {
    sink: &'a mut S,
    place: &'a mut Place,
}

impl<S: Sink> Sink for Placed<'_, S> {
    fn line(&mut self, line: Line<'_>) -> io::Result<()> {
        if line.header.is_some() {
            self.place.entry = self.place.line;
        }
        self.place.line += line.raw.len() as u64;
        self.sink.line(line)
    }
}

enum Change {
    None,
    Truncated,
    Replaced,
}
