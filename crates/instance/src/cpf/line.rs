//! Where the parts of a line are.

use std::ops::Range;

/// What a line is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nothing but blanks, or a comment: `;`, `#`, `//`, or between `/*` and `*/`.
    Empty,
    /// `[name]`.
    Section(Range<usize>),
    /// `key=value`, both without outer blanks.
    Pair(Range<usize>, Range<usize>),
    /// Anything else: the product refuses it, an edit of another line keeps it.
    Other,
}

/// A line: with its end, without it, and what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) whole: Range<usize>,
    pub(crate) text: Range<usize>,
    pub(crate) kind: Kind,
}

/// Takes a file apart, line by line. Values are opaque: what looks like a comment in one is part of it.
pub(crate) fn split(bytes: &[u8]) -> Vec<Line> {
    let (mut lines, mut start, mut comment) = (Vec::new(), 0, false);
    for whole in bytes.split_inclusive(|byte| *byte == b'\n') {
        let text = whole.strip_suffix(b"\n").unwrap_or(whole);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let skipped = if start == 0 && text.starts_with(BOM) { BOM.len() } else { 0 };
        let inner = trimmed(text, skipped);
        let kind = kind(text, inner.clone(), &mut comment);
        lines.push(Line {
            whole: start..start + whole.len(),
            text: start..start + text.len(),
            kind: moved(kind, start),
        });
        start += whole.len();
    }
    lines
}

const BOM: &[u8] = b"\xef\xbb\xbf";

fn kind(text: &[u8], inner: Range<usize>, comment: &mut bool) -> Kind {
    let content = text.get(inner.clone()).unwrap_or_default();
    if *comment || content.starts_with(b"/*") {
        *comment = !content.windows(2).any(|pair| pair == b"*/");
        return Kind::Empty;
    }
    let is_comment =
        content.starts_with(b";") || content.starts_with(b"#") || content.starts_with(b"//");
    if content.is_empty() || is_comment {
        return Kind::Empty;
    }
    if content.starts_with(b"[") && content.ends_with(b"]") {
        return Kind::Section(inner.start + 1..inner.end - 1);
    }
    match equals(content) {
        Some(at) => {
            let (key, value) = (inner.start..inner.start + at, inner.start + at + 1..inner.end);
            Kind::Pair(shrunk(text, key), shrunk(text, value))
        }
        None => Kind::Other,
    }
}

/// The `=` between key and value: the first outside the quoted subscripts of a map's key, as in `Global_A("x=y")=DB`.
fn equals(content: &[u8]) -> Option<usize> {
    let (mut opened, mut quoted) = (false, false);
    for (at, byte) in content.iter().enumerate() {
        match byte {
            b'(' if !quoted => opened = true,
            b')' if !quoted => opened = false,
            b'"' if opened => quoted = !quoted,
            b'=' if !quoted => return Some(at),
            _ => {}
        }
    }
    content.iter().position(|byte| *byte == b'=') // the quotes do not close: then they are no quotes
}

fn trimmed(text: &[u8], skipped: usize) -> Range<usize> {
    shrunk(text, skipped..text.len())
}

fn shrunk(text: &[u8], mut range: Range<usize>) -> Range<usize> {
    let blank = |at: usize| text.get(at).is_some_and(|byte| matches!(byte, b' ' | b'\t'));
    while range.start < range.end && blank(range.start) {
        range.start += 1;
    }
    while range.start < range.end && blank(range.end - 1) {
        range.end -= 1;
    }
    range
}

fn moved(kind: Kind, by: usize) -> Kind {
    let shift = |range: Range<usize>| range.start + by..range.end + by;
    match kind {
        Kind::Section(name) => Kind::Section(shift(name)),
        Kind::Pair(key, value) => Kind::Pair(shift(key), shift(value)),
        other @ (Kind::Empty | Kind::Other) => other,
    }
}
