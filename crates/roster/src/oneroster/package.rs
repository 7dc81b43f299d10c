//! A package: opened, its manifest checked against its files, its rows read one after the other.

use std::{
    collections::BTreeMap,
    io::{Read, Seek},
};

use csv::{ByteRecord, ReaderBuilder, StringRecord};

use super::{
    Cells, File, Mode, Refused, RowError, Version,
    archive::{Archive, TooLarge},
    cells::{Header, Source},
    manifest::Manifest,
};

/// A row of one of the files.
pub trait Row: Sized {
    /// Where it stands.
    const FILE: File;

    /// The columns that its file must have.
    fn columns(version: Version) -> &'static [&'static str];

    /// Reads it. What is wrong is noted in `cells`; the value is then not used.
    fn read(cells: &mut Cells<'_>) -> Self;
}

/// A row that was read, or what is wrong with it.
#[derive(Debug)]
pub struct Line<T> {
    /// From 1, the header included; of the row's first line.
    pub line: u64,
    /// Its id. Seen, whatever else is wrong.
    pub sourced_id: String,
    /// The row, or every fault of it.
    pub row: Result<T, Vec<RowError>>,
}

/// A OneRoster package.
pub struct Package<S> {
    archive: Archive<S>,
    version: Version,
    modes: BTreeMap<File, Mode>,
}

impl<S: Read + Seek> Package<S> {
    /// Opens a package and checks that manifest and files agree.
    ///
    /// # Errors
    /// What makes the package as a whole unusable.
    pub fn open(source: S) -> Result<Self, Refused> {
        let mut archive = Archive::open(source)?;
        let manifest = archive.file("manifest.csv")?.ok_or(Refused::NoManifest)?;
        let Manifest { version, modes } = Manifest::read(manifest)?;
        for (file, mode) in &modes {
            match (archive.holds(&format!("{}.csv", file.name())), mode) {
                (true, Mode::Absent) => return Err(Refused::Unannounced(file.name())),
                (false, Mode::Bulk | Mode::Delta) => return Err(Refused::Missing(file.name())),
                (true, Mode::Bulk | Mode::Delta) | (false, Mode::Absent) => {}
            }
        }
        let package = Self { archive, version, modes };
        let people = package.mode(File::Users) != Mode::Absent;
        if version == Version::V1p2 && people && package.mode(File::Roles) == Mode::Absent {
            return Err(Refused::NoRoles);
        }
        Ok(package)
    }

    /// The package's version.
    pub const fn version(&self) -> Version {
        self.version
    }

    /// What a file of the package is.
    pub fn mode(&self, file: File) -> Mode {
        self.modes.get(&file).copied().unwrap_or_default()
    }

    /// Hands over every row of a file, in its order; none when the file is absent.
    ///
    /// # Errors
    /// A missing column, text that is not UTF-8 or not CSV, a file that is too large: the rows before it were handed over.
    pub fn each<T: Row>(&mut self, mut each: impl FnMut(Line<T>)) -> Result<(), Refused> {
        let (mode, version) = (self.mode(T::FILE), self.version);
        if mode == Mode::Absent {
            return Ok(());
        }
        let name = T::FILE.name();
        let from = Source { file: name, mode, version };
        let csv = format!("{name}.csv");
        let source = self.archive.file(&csv)?.ok_or(Refused::Missing(name))?;
        let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(source);
        let mut bytes = ByteRecord::new();
        let mut header: Option<Header> = None;
        let mut lines = Lines::default();
        while reader.read_byte_record(&mut bytes).map_err(|error| broken(name, &error))? {
            let line = lines.of(bytes.position());
            let record = StringRecord::from_byte_record(bytes.clone())
                .map_err(|_| Refused::Encoding { file: name, line })?;
            match &header {
                None => header = Some(Header::of(name, &record, T::columns(version))?),
                Some(header) if record.len() != header.len() => {
                    let message =
                        format!("{} cells, but the header has {}", record.len(), header.len());
                    return Err(Refused::Csv { file: name, line, message });
                }
                Some(header) => each(read(Cells::of(from, line, header, &record))),
            }
        }
        let unpacked = reader.position().byte();
        drop(reader);
        self.archive.used(unpacked);
        match header {
            Some(_) => Ok(()),
            None => Header::of(name, &StringRecord::new(), T::columns(version)).map(drop),
        }
    }
}

fn read<T: Row>(mut cells: Cells<'_>) -> Line<T> {
    let (line, sourced_id) = (cells.line(), cells.sourced_id());
    let row = T::read(&mut cells);
    let errors = cells.into_errors();
    Line { line, sourced_id, row: if errors.is_empty() { Ok(row) } else { Err(errors) } }
}

fn broken(file: &'static str, error: &csv::Error) -> Refused {
    if let csv::ErrorKind::Io(io) = error.kind()
        && let Some(refused) = TooLarge::of(io)
    {
        return refused;
    }
    Refused::Csv { file, line: line_of(error.position()), message: error.to_string() }
}

/// The lines of rows. Behind the first row of a file whose lines end in CR LF, the reader stands between the two and
/// counts one line less than an editor.
#[derive(Debug, Default)]
pub(super) struct Lines {
    rows: u64,
    late: u64,
}

impl Lines {
    /// The line of the next row, from 1.
    pub(super) fn of(&mut self, position: Option<&csv::Position>) -> u64 {
        let line = line_of(position);
        self.rows += 1;
        if self.rows == 2 {
            self.late = u64::from(line == 1);
        }
        line + self.late
    }
}

/// The line of a position, from 1.
pub(super) fn line_of(position: Option<&csv::Position>) -> u64 {
    position.map_or(1, csv::Position::line)
}
