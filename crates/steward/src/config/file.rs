//! `steward.toml`.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use clap::ArgMatches;
use toml::de::{DeTable, DeValue};

use super::source::{self, Values};
use super::{Environment, Error};

/// A settings file: keys are the long flags, a list sets one that can be repeated.
#[derive(Debug, Clone)]
pub struct File {
    path: PathBuf,
    entries: Vec<Entry>,
}

/// One key.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) values: Values,
    /// From 1.
    pub(super) line: usize,
}

/// Keys that would say where the file is in which they stand.
const NOT_IN_THE_FOLDERS_OWN: [&str; 2] = ["config", "data-dir"];

impl File {
    /// The file that `--config` names, else `steward.toml` of the data folder if there is one.
    ///
    /// # Errors
    /// When it cannot be read, or is not TOML.
    pub fn find(flags: &ArgMatches, environment: &Environment) -> Result<Option<Self>, Error> {
        let set = |name| {
            source::flag(flags, name)
                .and_then(|values| values.into_iter().next())
                .or_else(|| environment.setting(name))
        };
        if let Some(path) = set("config").map(PathBuf::from) {
            let text = std::fs::read_to_string(&path)
                .map_err(|source| Error::Read { path: path.clone(), source })?;
            return Self::parse(&path, &text).map(Some);
        }
        let dir = match set("data-dir") {
            Some(dir) => PathBuf::from(dir),
            None => environment.data_dir()?,
        };
        let path = dir.join("steward.toml");
        match std::fs::read_to_string(&path) {
            Ok(text) => Self::parse(&path, &text)?.inside().map(Some),
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                Ok(None)
            }
            Err(source) => Err(Error::Read { path, source }),
        }
    }

    /// The file of this text.
    ///
    /// # Errors
    /// When it is not TOML of plain keys and values.
    pub fn parse(path: &Path, text: &str) -> Result<Self, Error> {
        let line = |at: usize| text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1;
        let syntax = |at: usize, reason: &str| Error::Syntax {
            path: path.to_owned(),
            line: line(at),
            reason: reason.to_owned(),
        };
        // The parser's own rendering quotes the line, which may hold a secret.
        let table = DeTable::parse(text)
            .map_err(|e| syntax(e.span().map_or(0, |span| span.start), e.message()))?;
        let mut entries = Vec::new();
        for (key, value) in table.get_ref() {
            let values = values(key.get_ref(), value.get_ref()).ok_or_else(|| {
                syntax(
                    value.span().start,
                    "a setting is a text, a number, true or false, or a list of these",
                )
            })?;
            let at = key.span().start;
            entries.push(Entry { key: key.get_ref().to_string(), values, line: line(at) });
        }
        Ok(Self { path: path.to_owned(), entries })
    }

    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn inside(self) -> Result<Self, Error> {
        match self.entries.iter().find(|entry| NOT_IN_THE_FOLDERS_OWN.contains(&entry.key.as_str()))
        {
            None => Ok(self),
            Some(Entry { key, line, .. }) => {
                let reason = format!(
                    "{key} cannot be set in the data folder's own file: use a flag, or a file given by --config"
                );
                Err(Error::Syntax { path: self.path, line: *line, reason })
            }
        }
    }
}

/// A list is several values, but that of a command is one: the command line takes it as JSON.
fn values(key: &str, value: &DeValue<'_>) -> Option<Values> {
    if !key.ends_with("-command") || !value.is_array() {
        return scalars(value);
    }
    let words = value.as_array()?.iter().map(|word| word.get_ref().as_str().map(str::to_owned));
    let words: Vec<_> = words.collect::<Option<_>>()?;
    Some(Values(vec![OsString::from(serde_json::to_string(&words).ok()?)]))
}

/// The values as they would stand on a command line.
fn scalars(value: &DeValue<'_>) -> Option<Values> {
    if let Some(list) = value.as_array() {
        return list.iter().map(|one| scalar(one.get_ref())).collect::<Option<_>>().map(Values);
    }
    Some(Values(vec![scalar(value)?]))
}

fn scalar(value: &DeValue<'_>) -> Option<OsString> {
    let text = value.as_str().map(str::to_owned);
    let number = || value.as_integer().map(ToString::to_string);
    let truth = || value.as_bool().map(|truth| truth.to_string());
    text.or_else(number).or_else(truth).map(OsString::from)
}
