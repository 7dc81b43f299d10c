//! Cuts bytes into lines and says which of them begin an entry, in memory that does not grow with the entry or the line.

use std::io;

use super::{Header, MAX_LINE_BYTES};

/// A line, or a piece of one that is longer than [`MAX_LINE_BYTES`].
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// As it stands in the log, with its line end when this is there.
    pub raw: &'a [u8],
    /// The entry that begins here; nothing for a continuation.
    pub header: Option<Header<'a>>,
    /// Whether the line begins here: false for the later pieces of a long one.
    pub begins: bool,
    /// Whether the line ends here: false for the earlier pieces of a long one.
    pub ends: bool,
}

impl<'a> Line<'a> {
    /// The line without its end.
    #[must_use]
    pub fn content(&self) -> &'a [u8] {
        self.raw.strip_suffix(b"\n").unwrap_or(self.raw)
    }
}

/// Who takes the lines.
pub trait Sink {
    /// Takes the next line.
    ///
    /// # Errors
    /// When what it writes to fails; scanning stops.
    fn line(&mut self, line: Line<'_>) -> io::Result<()>;
}

/// Takes bytes in chunks of any size and gives lines away; keeps at most one unfinished line.
#[derive(Debug, Default)]
pub struct Scanner {
    carry: Vec<u8>,
    inside: bool,
}

impl Scanner {
    /// Gives the lines that end in `chunk` to `sink` and keeps what comes after the last of them.
    ///
    /// # Errors
    /// The sink's.
    pub fn feed(&mut self, chunk: &[u8], sink: &mut impl Sink) -> io::Result<()> {
        let mut from = 0;
        for end in memchr::memchr_iter(b'\n', chunk) {
            let raw = chunk.get(from..=end).unwrap_or_default();
            from = end + 1;
            if self.carry.is_empty() && !self.inside {
                give(raw, sink)?;
            } else {
                self.extend(raw, sink)?;
                self.finish(sink)?;
            }
        }
        self.extend(chunk.get(from..).unwrap_or_default(), sink)
    }

    /// Gives away the last line, which has no end.
    ///
    /// # Errors
    /// The sink's.
    pub fn finish(&mut self, sink: &mut impl Sink) -> io::Result<()> {
        if !self.carry.is_empty() {
            if self.inside {
                sink.line(Line { raw: &self.carry, header: None, begins: false, ends: true })?;
            } else {
                give(&self.carry, sink)?;
            }
        }
        self.carry.clear();
        self.inside = false;
        Ok(())
    }

    /// Keeps `bytes`; what outgrows a line's limit leaves as a piece.
    fn extend(&mut self, bytes: &[u8], sink: &mut impl Sink) -> io::Result<()> {
        for piece in bytes.chunks(MAX_LINE_BYTES) {
            if self.carry.len() + piece.len() > MAX_LINE_BYTES + 1 {
                sink.line(Line {
                    raw: &self.carry,
                    header: None,
                    begins: !self.inside,
                    ends: false,
                })?;
                self.carry.clear();
                self.inside = true;
            }
            self.carry.extend_from_slice(piece);
        }
        Ok(())
    }
}

#[inline]
fn give(raw: &[u8], sink: &mut impl Sink) -> io::Result<()> {
    sink.line(Line { raw, header: header(raw), begins: true, ends: true })
}

#[inline]
fn header(raw: &[u8]) -> Option<Header<'_>> {
    // A header begins with a digit; three of four lines do not, and are not looked at further.
    if !raw.first()?.is_ascii_digit() || raw.len() > MAX_LINE_BYTES {
        return None;
    }
    Header::shaped(raw.strip_suffix(b"\n").unwrap_or(raw)).ok()
}
