//! The files of a spool.

use std::{
    collections::VecDeque,
    fs::{self, File, OpenOptions},
    io::{self, BufRead, BufReader, Seek, SeekFrom},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use jiff::Timestamp;

use super::{Record, id};

/// Bytes that are looked at first for the end of a message; most are shorter.
const LOOK_BYTES: usize = 4 * 1024;

#[derive(Clone, Copy, Debug)]
pub(super) struct Segment {
    pub(super) number: u64,
    pub(super) bytes: u64,
}

pub(super) fn path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{number:020}.segment"))
}

/// Every segment, the oldest first, without a line that a kill left unfinished.
pub(super) fn all(dir: &Path) -> io::Result<VecDeque<Segment>> {
    let mut numbers: Vec<u64> = Vec::new();
    for entry in fs::read_dir(dir)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let number = name.strip_suffix(".segment").and_then(|number| number.parse().ok());
        numbers.extend::<Option<u64>>(number);
    }
    numbers.sort_unstable();
    numbers.into_iter().map(|number| whole(&path(dir, number), number)).collect()
}

fn whole(path: &Path, number: u64) -> io::Result<Segment> {
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    let mut bytes = file.metadata()?.len();
    let mut last = [0];
    while bytes > 0 {
        file.read_exact_at(&mut last, bytes - 1)?;
        if last == *b"\n" {
            break;
        }
        bytes -= 1;
    }
    file.set_len(bytes)?;
    Ok(Segment { number, bytes })
}

/// The message at this place; nothing when what stands there is none.
pub(super) fn record(path: &Path, segment: u64, offset: u64) -> io::Result<Option<Record>> {
    let file = File::open(path)?;
    let (mut line, mut look) = (Vec::new(), LOOK_BYTES);
    let end = loop {
        line.resize(look, 0);
        let read = file.read_at(&mut line, offset)?;
        line.truncate(read);
        if let Some(end) = memchr::memchr(b'\n', &line) {
            break end;
        }
        if read < look {
            return Ok(None);
        }
        look *= 2;
    };
    let text = line.get(..end).and_then(|line| str::from_utf8(line).ok());
    let record = text.and_then(|text| {
        let (at, rest) = text.split_once(' ')?;
        let (destination, message) = rest.split_once(' ')?;
        let at = Timestamp::from_millisecond(at.parse().ok()?).ok()?;
        let (destination, message) = (destination.to_owned(), message.to_owned());
        Some(Record { at, destination, message, segment, offset, bytes: end as u64 + 1 })
    });
    Ok(record)
}

/// The ids of the messages from here on.
pub(super) fn ids(path: &Path, from: u64) -> io::Result<Vec<String>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(from))?;
    BufReader::new(file).lines().map(|line| line.map(|line| id(&line))).collect()
}
