//! Reads a log that is still written, through roll-over, truncation and replacement.

use std::{
    fs::{self, File},
    io::{self, Read},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use super::{Scanner, Sink, read::CHUNK_BYTES};

/// A log by name. The file that is open is read to its end before the one that took its name.
#[derive(Debug)]
pub struct Follow {
    path: PathBuf,
    open: Option<File>,
    read: u64,
    scanner: Scanner,
    chunk: Vec<u8>,
}

impl Follow {
    /// Follows `path` from its beginning; it may appear later.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        let (scanner, chunk) = (Scanner::default(), vec![0; CHUNK_BYTES]);
        Self { path: path.to_owned(), open: None, read: 0, scanner, chunk }
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
        self.open = match File::open(&self.path) {
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
            self.scanner.feed(self.chunk.get(..n).unwrap_or_default(), sink)?;
        }
    }
}

enum Change {
    None,
    Truncated,
    Replaced,
}
