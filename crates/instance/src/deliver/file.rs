//! Files: one a message where a file is named, one more line where a directory is.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use super::{Destination, Fault, Sending, Transport};
use crate::beneath::Root;

/// The file in a directory that gets the lines.
const LINES: &str = "messages.jsonl";
const MODE: u32 = 0o640;

/// Writes files. Links are not followed.
#[derive(Clone, Copy, Debug)]
pub struct Files;

impl Transport for Files {
    fn send<'a>(&'a self, to: &'a Destination, message: &'a str) -> Sending<'a> {
        let path = to.path().ok_or_else(|| Fault::Never(format!("{} names no file", to.as_str())));
        let written = path.and_then(|path| {
            write(&path, message)
                .map_err(|e| Fault::Later(format!("cannot write to {}: {e}", path.display())))
        });
        Box::pin(std::future::ready(written))
    }
}

fn write(path: &Path, message: &str) -> io::Result<()> {
    let line = format!("{message}\n");
    if path.is_dir() {
        let place = Root::open(path)?.place(Path::new(LINES))?;
        return place.append(MODE)?.write_all(line.as_bytes());
    }
    let name = path.file_name().map(PathBuf::from).unwrap_or_default();
    let directory = path.parent().unwrap_or_else(|| Path::new("/"));
    Root::open(directory)?.place(&name)?.replace(line.as_bytes(), MODE)
}
