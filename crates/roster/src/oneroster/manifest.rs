//! `manifest.csv`: the version, and which files are whole and which only tell changes.

use std::{collections::BTreeMap, io::Read};

use super::{
    File, Refused,
    package::{Lines, line_of},
};

/// The version of the package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// 1.1: a user has one role, in `users.csv`.
    V1p1,
    /// 1.2: roles are in `roles.csv`.
    V1p2,
}

impl Version {
    /// As the manifest says it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::V1p1 => "1.1",
            Self::V1p2 => "1.2",
        }
    }
}

/// What a file is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Not in the package: says nothing.
    #[default]
    Absent,
    /// The whole truth: what is missing from it has ended.
    Bulk,
    /// Changes only.
    Delta,
}

/// What a manifest says.
#[derive(Debug)]
pub(super) struct Manifest {
    pub(super) version: Version,
    pub(super) modes: BTreeMap<File, Mode>,
}

impl Manifest {
    pub(super) fn read(source: impl Read) -> Result<Self, Refused> {
        let mut reader =
            csv::ReaderBuilder::new().flexible(true).has_headers(false).from_reader(source);
        let mut found: BTreeMap<String, (u64, String)> = BTreeMap::new();
        let mut lines = Lines::default();
        for (number, record) in reader.records().enumerate() {
            let record = record.map_err(|error| unreadable(&error))?;
            let line = lines.of(record.position());
            let cell = |place: usize| record.get(place).unwrap_or_default().trim().to_owned();
            let (name, value) = (cell(0), cell(1));
            if number == 0 {
                if (name.trim_start_matches('\u{feff}'), &*value) != ("propertyName", "value") {
                    return refused(line, "the header must be: propertyName,value");
                }
            } else if found.insert(name.clone(), (line, value)).is_some() {
                return refused(line, &format!("{name} is there twice"));
            }
        }
        let version = version(&found)?;
        let modes = File::ALL.into_iter().map(|file| Ok((file, mode(&found, file)?)));
        Ok(Self { version, modes: modes.collect::<Result<_, Refused>>()? })
    }
}

fn unreadable(error: &csv::Error) -> Refused {
    Refused::Manifest {
        line: line_of(error.position()),
        message: "this is no UTF-8 CSV".to_owned(),
    }
}

fn version(found: &BTreeMap<String, (u64, String)>) -> Result<Version, Refused> {
    match found.get("oneroster.version").map(|(line, value)| (*line, value.as_str())) {
        Some((_, "1.1")) => Ok(Version::V1p1),
        Some((_, "1.2")) => Ok(Version::V1p2),
        Some((line, other)) => {
            refused(line, &format!("oneroster.version is {other:?}; 1.1 and 1.2 are read"))
        }
        None => refused(1, "oneroster.version is missing: 1.1 and 1.2 are read"),
    }
}

fn mode(found: &BTreeMap<String, (u64, String)>, file: File) -> Result<Mode, Refused> {
    let name = format!("file.{}", file.name());
    match found.get(&name).map(|(line, value)| (*line, value.as_str())) {
        None | Some((_, "absent")) => Ok(Mode::Absent),
        Some((_, "bulk")) => Ok(Mode::Bulk),
        Some((_, "delta")) => Ok(Mode::Delta),
        Some((line, other)) => {
            refused(line, &format!("{name} is {other:?}; accepted: absent, bulk, delta"))
        }
    }
}

fn refused<T>(line: u64, message: &str) -> Result<T, Refused> {
    Err(Refused::Manifest { line, message: message.to_owned() })
}
