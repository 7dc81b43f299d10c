//! Reads logs: files in two threads where only counts are wanted, anything else from beginning to end.

use std::{
    fs::File,
    io::{self, Read},
    os::unix::fs::FileExt,
    thread,
};

use super::{Scanner, Sink, Summary};

/// Bytes read at once: they stay in a core's second cache while they are scanned.
pub const CHUNK_BYTES: usize = 256 * 1024;
/// Below this size a second thread costs more than it saves.
const PARALLEL_FROM_BYTES: u64 = 8 * 1024 * 1024;

/// Gives each line of `log` to `sink`.
///
/// # Errors
/// What reading or the sink says.
pub fn stream(mut log: impl Read, sink: &mut impl Sink) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut scanner = Scanner::default();
    loop {
        match log.read(&mut chunk) {
            Ok(0) => return scanner.finish(sink),
            Ok(n) => scanner.feed(chunk.get(..n).unwrap_or_default(), sink)?,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}

/// Counts a regular file; a large one in two threads.
///
/// # Errors
/// What reading says.
pub fn summarize(log: &File) -> io::Result<Summary> {
    let size = log.metadata()?.len();
    if size < PARALLEL_FROM_BYTES {
        return part(log, 0, size);
    }
    let middle = line_from(log, size / 2, size)?;
    thread::scope(|scope| {
        let second = scope.spawn(|| part(log, middle, size));
        let mut whole = part(log, 0, middle)?;
        let second = second.join().map_err(|_| io::Error::other("a counting thread ended"))??;
        whole.append(second);
        Ok(whole)
    })
}

/// Where the first line begins at or after `from`.
fn line_from(log: &File, mut from: u64, size: u64) -> io::Result<u64> {
    let mut chunk = vec![0; CHUNK_BYTES];
    while from < size {
        let n = log.read_at(&mut chunk, from)?;
        let read = chunk.get(..n).unwrap_or_default();
        if let Some(at) = memchr::memchr(b'\n', read) {
            return Ok(from + at as u64 + 1);
        }
        if n == 0 {
            break;
        }
        from += n as u64;
    }
    Ok(size)
}

fn part(log: &File, from: u64, to: u64) -> io::Result<Summary> {
    let mut summary = Summary::default();
    stream(Part { log, at: from, to }, &mut summary)?;
    Ok(summary)
}

/// A range of a file, read without moving the file's own position.
struct Part<'a> {
    log: &'a File,
    at: u64,
    to: u64,
}

impl Read for Part<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.to - self.at).unwrap_or(usize::MAX);
        let wanted = left.min(buffer.len());
        let n = self.log.read_at(buffer.get_mut(..wanted).unwrap_or_default(), self.at)?;
        self.at += n as u64;
        Ok(n)
    }
}
