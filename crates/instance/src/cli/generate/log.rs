//! A log that rolls over when it is full, as IRIS's does.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use crate::{cli::Failure, clock};

/// The open file and its size.
pub(super) struct Log {
    path: PathBuf,
    file: File,
    size: u64,
    full: u64,
}

impl Log {
    pub(super) fn open(path: &Path, full: u64) -> anyhow::Result<Self> {
        let file = create(path).map_err(|e| {
            let shown = path.display();
            Failure::Input(format!(
                "cannot write {shown}: {e}; name a file in a directory of yours"
            ))
        })?;
        let size = file.metadata()?.len();
        Ok(Self { path: path.to_owned(), file, size, full })
    }

    /// Writes whole lines: as many as fit, one at least, so that no line is torn by the roll-over.
    pub(super) fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.size > 0 && self.size >= self.full {
            self.roll_over()?;
        }
        let room = usize::try_from(self.full.saturating_sub(self.size)).unwrap_or(usize::MAX);
        let fits = bytes.get(..room.min(bytes.len())).unwrap_or_default();
        let rest = bytes.get(fits.len()..).unwrap_or_default();
        let end = memchr::memchr(b'\n', rest).map_or(bytes.len(), |at| fits.len() + at + 1);
        let lines = if rest.is_empty() { bytes } else { bytes.get(..end).unwrap_or(bytes) };
        self.file.write_all(lines)?;
        self.size += lines.len() as u64;
        Ok(lines.len())
    }

    fn roll_over(&mut self) -> io::Result<()> {
        let date = clock::local().strftime("%Y%m%d").to_string();
        let mut old = self.path.with_file_name(format!("messages.old_{date}"));
        let mut count = 0;
        while old.exists() {
            count += 1;
            old = self.path.with_file_name(format!("messages.old_{date}_{count}"));
        }
        fs::rename(&self.path, old)?;
        self.file = create(&self.path)?;
        self.size = 0;
        Ok(())
    }
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}
