//! A file cut into records, piece by piece: where one ends is known before what it says.

use super::Format;

/// Most bytes of one record: thirty times what every field together may hold. An open quote ends here, not at the end of
/// the file.
pub(super) const RECORD_MAX: usize = 64 << 10;

/// One record of a file: a row, or the header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// The line at which it begins, from 1.
    pub(super) line: i64,
    /// Its bytes without the end of the line.
    pub(super) bytes: Vec<u8>,
    /// The byte of the file behind it.
    pub(super) end: i64,
    /// The line behind it.
    pub(super) next_line: i64,
}

/// A record that does not end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Endless {
    /// The line at which it begins.
    pub(super) line: i64,
    /// Whether a quote is open.
    pub(super) quote: bool,
}

/// Where a byte of CSV stands (RFC 4180, and what follows a closing quote as the csv crate takes it).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    CellStart,
    Plain,
    Quoted,
    ClosingQuote,
}

/// Cuts a file into records. Empty lines are none.
#[derive(Debug)]
pub(super) struct Splitter {
    quotes: bool,
    at: At,
    record: Vec<u8>,
    line: i64,
    lines: i64,
    place: i64,
}

impl Splitter {
    /// From the byte `place` on, at which `line` begins.
    pub(super) const fn new(format: Format, place: i64, line: i64) -> Self {
        let quotes = matches!(format, Format::Csv);
        Self { quotes, at: At::CellStart, record: Vec::new(), line, lines: line, place }
    }

    /// The records that end in this piece.
    pub(super) fn push(&mut self, piece: &[u8]) -> Result<Vec<Record>, Endless> {
        let mut records = Vec::new();
        for &byte in piece {
            self.place += 1;
            if self.ends_with(byte) {
                records.extend(self.cut());
                continue;
            }
            self.record.push(byte);
            if self.record.len() > RECORD_MAX {
                return Err(Endless { line: self.line, quote: self.at == At::Quoted });
            }
        }
        Ok(records)
    }

    /// The record that no end of line ends.
    pub(super) fn finish(&mut self) -> Result<Option<Record>, Endless> {
        if self.at == At::Quoted {
            return Err(Endless { line: self.line, quote: true });
        }
        Ok(self.cut())
    }

    fn ends_with(&mut self, byte: u8) -> bool {
        let newline = byte == b'\n';
        self.lines += i64::from(newline);
        if !self.quotes {
            return newline;
        }
        self.at = match (self.at, byte) {
            (At::Quoted, b'"') => At::ClosingQuote,
            (At::CellStart | At::ClosingQuote, b'"') | (At::Quoted, _) => At::Quoted,
            (_, b',' | b'\n') => At::CellStart,
            _ => At::Plain,
        };
        newline && self.at == At::CellStart
    }

    fn cut(&mut self) -> Option<Record> {
        let line = std::mem::replace(&mut self.line, self.lines);
        let mut bytes = std::mem::take(&mut self.record);
        self.at = At::CellStart;
        while bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
        let blank = bytes.iter().all(u8::is_ascii_whitespace);
        (!blank).then_some(Record { line, bytes, end: self.place, next_line: self.lines })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cut(format: Format, pieces: &[&[u8]]) -> Vec<(i64, String)> {
        let mut splitter = Splitter::new(format, 0, 1);
        let mut found = Vec::new();
        for piece in pieces {
            found.extend(splitter.push(piece).unwrap());
        }
        found.extend(splitter.finish().unwrap());
        let text = |r: Record| (r.line, String::from_utf8(r.bytes).unwrap());
        found.into_iter().map(text).collect()
    }

    #[test]
    fn quoted_newlines_belong_to_their_record_and_lines_are_counted() {
        let found = cut(Format::Csv, &[b"a,b\r\n\r\n\"1\n", b"2\",\"say \"\"x\"\"\"\n3,O\"B\n4,5"]);
        let expected = [(1, "a,b"), (3, "\"1\n2\",\"say \"\"x\"\"\""), (5, "3,O\"B"), (6, "4,5")];
        assert_eq!(found, expected.map(|(line, text)| (line, text.to_owned())));
        assert_eq!(cut(Format::JsonLines, &[b"{\"a\":\"\n\"}"]).len(), 2);
    }

    #[test]
    fn what_does_not_end_is_named_by_its_line() {
        let mut splitter = Splitter::new(Format::Csv, 0, 1);
        splitter.push(b"a\nb,\"c\nd").unwrap();
        assert_eq!(splitter.finish(), Err(Endless { line: 2, quote: true }));
        let mut splitter = Splitter::new(Format::JsonLines, 0, 1);
        let endless = Err(Endless { line: 1, quote: false });
        assert_eq!(splitter.push(&vec![b'x'; RECORD_MAX + 1]), endless);
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference_and_every_record_can_be_gone_on_from(
            text in "[a,\"\r\n]{0,80}", size in 1_usize..9,
        ) {
            let read = |place: usize, line| {
                let mut splitter = Splitter::new(Format::Csv, i64::try_from(place).unwrap(), line);
                let mut found = Vec::new();
                for piece in text.as_bytes()[place..].chunks(size) {
                    found.extend(splitter.push(piece).unwrap());
                }
                found.extend(splitter.finish().ok().flatten());
                found
            };
            let all = read(0, 1);
            let whole = cut_whole(&text);
            prop_assert_eq!(&all, &whole);
            for (n, record) in all.iter().enumerate() {
                let rest = read(usize::try_from(record.end).unwrap(), record.next_line);
                prop_assert_eq!(&rest[..], &all[n + 1..]);
            }
        }
    }

    fn cut_whole(text: &str) -> Vec<Record> {
        let mut splitter = Splitter::new(Format::Csv, 0, 1);
        let mut found = splitter.push(text.as_bytes()).unwrap();
        found.extend(splitter.finish().ok().flatten());
        found
    }
}
