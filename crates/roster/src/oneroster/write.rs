//! Writing a package: the same rows that are read, as a zip whose bytes depend on nothing but them.

mod cells;
mod columns;

use std::{
    collections::BTreeMap,
    io::{self, Seek, Write},
};

use csv::{QuoteStyle, WriterBuilder};
use zip::{CompressionMethod, DateTime, ZipWriter, result::ZipError, write::SimpleFileOptions};

use super::{File, RoleOf, State, User, Version};
pub use cells::Record;

/// Bytes of CSV that are made before they go into the zip: a compressor is called for pieces, not for cells.
const PIECE: usize = 64 * 1024;

/// Why a package could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The place that it is written to.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The zip.
    #[error(transparent)]
    Zip(#[from] ZipError),
    /// The CSV.
    #[error(transparent)]
    Csv(#[from] csv::Error),
}

/// Writes a bulk package, file after file. The times of its entries are fixed, so that equal rows are equal bytes.
pub struct PackageWriter<W: Write + Seek> {
    zip: ZipWriter<W>,
    version: Version,
    rows: BTreeMap<File, u64>,
    open: Option<Open>,
}

/// The file that is being written.
struct Open {
    file: File,
    csv: csv::Writer<Vec<u8>>,
}

impl<W: Write + Seek> PackageWriter<W> {
    /// A package of this version.
    pub fn new(target: W, version: Version) -> Self {
        Self { zip: ZipWriter::new(target), version, rows: BTreeMap::new(), open: None }
    }

    /// Its version.
    pub const fn version(&self) -> Version {
        self.version
    }

    /// Writes a row. Rows of one file follow each other; a file that has none is absent from the package.
    ///
    /// # Errors
    /// When the target takes no more, or the rows of a file do not follow each other.
    pub fn row<R: Record>(&mut self, sourced_id: &str, row: &R) -> Result<(), WriteError> {
        let columns = columns::of(R::FILE, self.version);
        if self.open.as_ref().is_none_or(|open| open.file != R::FILE) {
            self.begin(R::FILE, columns)?;
        }
        let Some(open) = &mut self.open else { return Ok(()) };
        for column in columns {
            let cell = if *column == "sourcedId" { sourced_id.into() } else { row.cell(column) };
            open.csv.write_field(&*cell)?;
        }
        open.csv.write_record(None::<&[u8]>)?;
        if open.csv.get_ref().len() >= PIECE {
            self.pass_on()?;
        }
        *self.rows.entry(R::FILE).or_default() += 1;
        Ok(())
    }

    /// Writes all rows of a file.
    ///
    /// # Errors
    /// As [`PackageWriter::row`].
    pub fn rows<'r, R: Record + 'r>(
        &mut self,
        rows: impl IntoIterator<Item = &'r (String, R)>,
    ) -> Result<(), WriteError> {
        rows.into_iter().try_for_each(|(sourced_id, row)| self.row(sourced_id, row))
    }

    /// Writes the manifest and ends the package.
    ///
    /// # Errors
    /// When the target takes no more.
    pub fn finish(mut self) -> Result<W, WriteError> {
        self.end()?;
        self.zip.start_file("manifest.csv", options())?;
        let manifest = self.manifest();
        self.zip.write_all(manifest.as_bytes())?;
        Ok(self.zip.finish()?)
    }

    fn begin(&mut self, file: File, columns: &[&str]) -> Result<(), WriteError> {
        self.end()?;
        self.zip.start_file(format!("{}.csv", file.name()), options())?;
        let mut csv = WriterBuilder::new()
            .quote_style(QuoteStyle::Necessary)
            .from_writer(Vec::with_capacity(PIECE));
        csv.write_record(columns)?;
        self.open = Some(Open { file, csv });
        Ok(())
    }

    /// What is made so far goes into the zip.
    fn pass_on(&mut self) -> Result<(), WriteError> {
        let Some(open) = self.open.take() else { return Ok(()) };
        let made = open.csv.into_inner().map_err(|error| io::Error::other(error.to_string()))?;
        self.zip.write_all(&made)?;
        let csv = WriterBuilder::new()
            .quote_style(QuoteStyle::Necessary)
            .from_writer(Vec::with_capacity(PIECE));
        self.open = Some(Open { file: open.file, csv });
        Ok(())
    }

    fn end(&mut self) -> Result<(), WriteError> {
        self.pass_on()?;
        self.open = None;
        Ok(())
    }

    fn manifest(&self) -> String {
        let version = self.version.name();
        let head =
            format!("propertyName,value\nmanifest.version,1.0\noneroster.version,{version}\n");
        let mode = |name: &str| {
            let file = File::ALL.into_iter().find(|file| file.name() == name);
            let here = file.is_some_and(|file| self.rows.contains_key(&file));
            format!("file.{name},{}\n", if here { "bulk" } else { "absent" })
        };
        let files: String = columns::files(self.version).iter().map(|name| mode(name)).collect();
        format!("{head}{files}source.systemName,Steward\nsource.systemCode,steward\n")
    }
}

fn options() -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644)
}

/// The roles of a person, for a package of 1.2: each of them at each of their organisations, the first as their main one.
pub fn roles_of(sourced_id: &str, user: &User) -> Vec<(String, RoleOf)> {
    let roles = if user.roles.is_empty() { user.role.as_slice() } else { &user.roles };
    let places = roles.iter().flat_map(|role| user.orgs.iter().map(move |org| (*role, org)));
    let row = |(n, (role, org)): (usize, (_, &String))| {
        let row = RoleOf {
            state: State::Active,
            user: sourced_id.to_owned(),
            is_primary: n == 0,
            role,
            org: org.clone(),
        };
        (format!("{sourced_id}.{}", n + 1), row)
    };
    places.enumerate().map(row).collect()
}
