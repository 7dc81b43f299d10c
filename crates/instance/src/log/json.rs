//! Entries as JSON, an object a line, written while they are read: an entry of any size takes no memory.

use std::io::{self, Write};

use super::{Header, Line, Sink};

/// Writes each entry as an object. Bytes that are no UTF-8 become U+FFFD; [`super::Line::raw`] keeps them.
#[derive(Debug)]
pub struct JsonLines<W> {
    out: W,
    entry: bool,
    continued: bool,
}

impl<W: Write> JsonLines<W> {
    /// Writes to `out`.
    pub const fn new(out: W) -> Self {
        Self { out, entry: false, continued: false }
    }

    /// Ends the last object.
    ///
    /// # Errors
    /// What writing says.
    pub fn finish(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.entry) {
            self.out.write_all(b"]}\n")?;
        }
        self.continued = false;
        self.out.flush()
    }

    fn open(&mut self, header: &Header<'_>) -> io::Result<()> {
        if self.entry {
            self.out.write_all(b"]}\n")?;
        }
        let stamp = header.stamp;
        self.out.write_all(b"{\"timestamp\":\"")?;
        self.out.write_all(&stamp.bytes())?;
        self.out.write_all(b"\",\"time\":\"")?;
        self.out.write_all(&stamp.iso())?;
        write!(self.out, "\",\"process_id\":{},\"severity\":", header.pid)?;
        self.out.write_all(&[header.severity.digit()])?;
        self.out.write_all(b",\"category\":\"")?;
        self.out.write_all(header.category.as_bytes())?;
        self.out.write_all(b"\",\"message_text\":\"")?;
        escape(&mut self.out, header.text)?;
        self.out.write_all(b"\",\"continuation\":[")?;
        (self.entry, self.continued) = (true, false);
        Ok(())
    }
}

impl<W: Write> Sink for JsonLines<W> {
    fn line(&mut self, line: Line<'_>) -> io::Result<()> {
        if let Some(header) = &line.header {
            return self.open(header);
        }
        if !self.entry {
            // The rest of an entry whose header went before, or is not in this log.
            self.out.write_all(b"{\"continuation\":[")?;
            (self.entry, self.continued) = (true, false);
        }
        if line.begins {
            self.out.write_all(if self.continued { b",\"" } else { b"\"" })?;
            self.continued = true;
        }
        escape(&mut self.out, line.content())?;
        if line.ends {
            self.out.write_all(b"\"")?;
        }
        Ok(())
    }
}

/// Writes `bytes` as the inside of a JSON string.
pub(crate) fn escape(out: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    if let Ok(text) = str::from_utf8(bytes) {
        return escape_text(out, text.as_bytes());
    }
    for chunk in bytes.utf8_chunks() {
        escape_text(out, chunk.valid().as_bytes())?;
        if !chunk.invalid().is_empty() {
            out.write_all("\u{FFFD}".as_bytes())?;
        }
    }
    Ok(())
}

fn escape_text(out: &mut impl Write, mut text: &[u8]) -> io::Result<()> {
    let special = |byte: &u8| *byte < b' ' || matches!(byte, b'"' | b'\\');
    while let Some((plain, byte, rest)) = text
        .iter()
        .position(special)
        .and_then(|at| Some((text.get(..at)?, text.get(at)?, text.get(at + 1..)?)))
    {
        out.write_all(plain)?;
        match byte {
            b'"' => out.write_all(b"\\\"")?,
            b'\\' => out.write_all(b"\\\\")?,
            b'\t' => out.write_all(b"\\t")?,
            b'\r' => out.write_all(b"\\r")?,
            other => write!(out, "\\u{other:04x}")?,
        }
        text = rest;
    }
    out.write_all(text)
}
