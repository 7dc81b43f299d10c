//! The zip: which files it holds, and readers that stop before an archive made to hurt does.

use std::{
    collections::BTreeMap,
    io::{self, Read, Seek},
    path::Path,
};

use zip::{ZipArchive, result::ZipError};

use super::Refused;

/// Most bytes that a package unpacks to, all files together.
pub(super) const UNPACKED_MAX: u64 = 2 * 1024 * 1024 * 1024;
/// How many times its compressed size a file may unpack to. CSV files of rosters compress about tenfold.
const RATIO_MAX: u64 = 200;
/// Below this size the ratio means nothing: a few equal lines compress well.
const RATIO_FROM: u64 = 1024 * 1024;
/// Most files of a package; the standard knows about twenty.
const FILES_MAX: usize = 200;

/// The files of a zip by name, without a folder that they all lie in.
pub(super) struct Archive<S> {
    zip: ZipArchive<S>,
    /// Place in the zip by lower-case name.
    files: BTreeMap<String, usize>,
    left: u64,
}

impl<S: Read + Seek> Archive<S> {
    pub(super) fn open(source: S) -> Result<Self, Refused> {
        let mut zip = ZipArchive::new(source).map_err(damaged)?;
        if zip.len() > FILES_MAX {
            let limit = format!("{FILES_MAX} files");
            return Err(Refused::TooLarge { file: "The zip".to_owned(), limit });
        }
        let mut files = BTreeMap::new();
        for place in 0..zip.len() {
            if let Some(name) = name(&mut zip, place)?
                && files.insert(name.clone(), place).is_some()
            {
                return Err(Refused::Twice(name));
            }
        }
        Ok(Self { zip, files, left: UNPACKED_MAX })
    }

    pub(super) fn holds(&self, name: &str) -> bool {
        self.files.contains_key(&name.to_ascii_lowercase())
    }

    /// Reads a file; what the reader met is in its [`Bounded::broken`].
    pub(super) fn file(&mut self, name: &str) -> Result<Option<Bounded<impl Read>>, Refused> {
        let Some(place) = self.files.get(&name.to_ascii_lowercase()) else { return Ok(None) };
        let file = self.zip.by_index(*place).map_err(damaged)?;
        let honest = file.compressed_size().saturating_mul(RATIO_MAX).max(RATIO_FROM);
        let left = honest.min(self.left);
        if file.size() > left {
            return Err(TooLarge(name.to_owned()).into());
        }
        // The size that the zip tells may be a lie.
        Ok(Some(Bounded { inner: file, left, name: name.to_owned() }))
    }

    /// Counts what a file unpacked to against the whole.
    pub(super) fn used(&mut self, bytes: u64) {
        self.left = self.left.saturating_sub(bytes);
    }
}

/// The lower-case name of a file that counts; none for folders and what systems add.
fn name<S: Read + Seek>(zip: &mut ZipArchive<S>, place: usize) -> Result<Option<String>, Refused> {
    let file = zip.by_index_raw(place).map_err(damaged)?;
    let name = file.name().map_err(damaged)?.into_owned();
    let parts: Vec<_> = name.split(['/', '\\']).collect();
    let climbs = name.starts_with(['/', '\\']) || name.contains(':') || parts.contains(&"..");
    if climbs || name.contains('\0') {
        return Err(Refused::BadName(name));
    }
    let Some(base) = parts.last().filter(|base| !base.is_empty()) else { return Ok(None) };
    if parts.contains(&"__MACOSX") || base.starts_with('.') {
        return Ok(None);
    }
    if file.encrypted() {
        return Err(Refused::Encrypted(name));
    }
    let base = base.to_ascii_lowercase();
    if Path::new(&base).extension().is_some_and(|extension| extension == "zip") {
        return Err(Refused::Nested(name));
    }
    Ok(Some(base))
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn damaged(error: ZipError) -> Refused {
    Refused::NotAZip(error.to_string())
}

/// A reader that fails once a file is larger than an honest one can be.
pub(super) struct Bounded<R> {
    inner: R,
    left: u64,
    name: String,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        match self.left.checked_sub(read as u64) {
            Some(left) => self.left = left,
            None => return Err(io::Error::other(TooLarge(self.name.clone()))),
        }
        Ok(read)
    }
}

/// What [`Bounded`] fails with.
#[derive(Debug, thiserror::Error)]
#[error("{0} is too large")]
pub(super) struct TooLarge(String);

impl TooLarge {
    /// The refusal behind a failed read, if it was this.
    pub(super) fn of(error: &io::Error) -> Option<Refused> {
        let Self(file) = error.get_ref()?.downcast_ref()?;
        Some(Self(file.clone()).into())
    }
}

impl From<TooLarge> for Refused {
    fn from(TooLarge(file): TooLarge) -> Self {
        let limit =
            format!("{UNPACKED_MAX} bytes in all, or {RATIO_MAX} times its compressed size");
        Self::TooLarge { file, limit }
    }
}
