//! What the instance's log says since a moment: a position in it, and the entries after.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use super::Instance;
use crate::{
    beneath::{Place, Root},
    log::{Header, Severity},
    redact,
};

/// What is read after a start: a real one writes about 10 KB.
const READ_MAX: u64 = 4 * 1024 * 1024;
/// Lines of the tail in a result.
const TAIL_LINES: usize = 30;

/// A position in the log: which file, and how far.
#[derive(Clone, Copy, Debug)]
pub(super) struct Position {
    inode: u64,
    bytes: u64,
}

/// What the log says since a position.
#[derive(Debug)]
pub(super) struct Since(String);

impl Since {
    pub(super) fn logons_are_enabled(&self) -> bool {
        self.headers().any(|header| header.text == b"Enabling logons")
    }

    /// The first fatal entry.
    pub(super) fn fatal(&self) -> Option<String> {
        let fatal = self.headers().find(|header| header.severity == Severity::Fatal)?;
        Some(redact::text(&String::from_utf8_lossy(fatal.text)))
    }

    fn headers(&self) -> impl Iterator<Item = Header<'_>> {
        self.0.lines().filter_map(|line| Header::parse(line.as_bytes()).ok())
    }

    /// The last lines, secrets hidden.
    pub(super) fn tail(&self) -> Vec<String> {
        let lines: Vec<&str> = self.0.lines().collect();
        lines.iter().rev().take(TAIL_LINES).rev().map(|line| redact::text(line)).collect()
    }
}

/// The end of the log, now.
pub(super) fn end(instance: &Instance) -> io::Result<Position> {
    let data = place(instance)?.open()?.metadata()?;
    Ok(Position { inode: data.ino(), bytes: data.len() })
}

/// Everything after a position; a log that rolled over meanwhile counts from its beginning.
pub(super) fn since(instance: &Instance, position: Position) -> io::Result<Since> {
    let mut file = place(instance)?.open()?;
    let data = file.metadata()?;
    let same = data.ino() == position.inode && data.len() >= position.bytes;
    file.seek(SeekFrom::Start(if same { position.bytes } else { 0 }))?;
    read(file).map(Since)
}

fn read(file: File) -> io::Result<String> {
    let mut bytes = Vec::new();
    file.take(READ_MAX).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// `mgr/messages.log`, or where `console` of the CPF puts it.
pub(super) fn place(instance: &Instance) -> io::Result<Place> {
    let elsewhere = instance.configuration().ok().and_then(|cpf| {
        let value = cpf.get("config", "console").ok()??;
        let path = std::str::from_utf8(value).ok()?.strip_prefix(',')?.to_owned();
        (!path.is_empty()).then(|| PathBuf::from(path))
    });
    match elsewhere {
        Some(path) => {
            let (Some(dir), Some(name)) = (path.parent(), path.file_name()) else {
                return Err(io::Error::other("console of the CPF names no file"));
            };
            Root::open(dir)?.place(Path::new(name))
        }
        None => instance.root().place(Path::new("mgr/messages.log")),
    }
}
