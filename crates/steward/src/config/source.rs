//! Which of the three sources a value comes from.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use clap::error::{ContextKind, ContextValue};
use clap::parser::ValueSource;
use clap::{ArgMatches, Command};

use super::file::Entry;
use super::{Environment, Error, File, Secret, environment, value};
use crate::datadir::secret;

/// Where a value came from, weakest first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Origin {
    /// Nobody set it.
    #[default]
    Default,
    /// The settings file.
    File {
        /// The file.
        path: PathBuf,
        /// Its line, from 1.
        line: usize,
    },
    /// An environment variable, by its name.
    Environment(String),
    /// The command line.
    Flag,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Environment(variable) => f.write_str(variable),
            Self::Flag => f.write_str("command line"),
        }
    }
}

impl Origin {
    /// Higher wins; two lines of a file, or two variables, are of one rank.
    fn rank(&self) -> u8 {
        match self {
            Self::Default => 0,
            Self::File { .. } => 1,
            Self::Environment(_) => 2,
            Self::Flag => 3,
        }
    }
}

/// Raw values of one setting. Any of them could be a secret, so they do not show themselves.
#[derive(Clone, Default)]
pub(super) struct Values(pub(super) Vec<OsString>);

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} hidden", self.0.len())
    }
}

/// The settings that somebody set, by their long flags.
#[derive(Debug, Clone, Default)]
pub(super) struct Origins(BTreeMap<String, (Origin, Values)>);

impl Origins {
    pub(super) fn of(&self, name: &str) -> Origin {
        self.0.get(name).map_or(Origin::Default, |(origin, _)| origin.clone())
    }

    pub(super) fn values(&self, name: &str) -> Option<&[OsString]> {
        self.0.get(name).map(|(_, values)| values.0.as_slice())
    }

    /// A database's URL, given by itself or in a file: the stronger source wins.
    pub(super) fn either(
        &self,
        name: &'static str,
        url: Option<Secret>,
        file: Option<&Path>,
    ) -> Result<Option<Secret>, Error> {
        let Some(file) = file else { return Ok(url) };
        let in_file = self.of(&format!("{name}-file"));
        match (url.is_some(), self.of(name).rank().cmp(&in_file.rank())) {
            (true, std::cmp::Ordering::Greater) => return Ok(url),
            (true, std::cmp::Ordering::Equal) => return Err(Error::Both(name)),
            _ => {}
        }
        let read = secret::read(file)?;
        value::database_url(read.expose()).map_err(|reason| Error::Value {
            name: format!("{name}-file"),
            origin: in_file,
            reason: format!("{}: {reason}", file.display()),
        })?;
        Ok(Some(read))
    }
}

/// A command that takes every setting, and nothing else.
pub(super) fn command() -> Command {
    super::augmented(Command::new("steward").no_binary_name(true).disable_help_flag(true))
}

/// The long flags of all settings.
pub(super) fn names(command: &Command) -> impl Iterator<Item = &str> {
    command.get_arguments().filter_map(|argument| argument.get_long())
}

/// One command line of what counts, and where each part came from.
pub(super) fn merge(
    flags: &ArgMatches,
    environment: &Environment,
    file: Option<&File>,
) -> Result<(Vec<OsString>, Origins), Error> {
    let command = command();
    let mut set = Origins::default();
    if let Some(file) = file {
        for entry in file.entries() {
            let origin = Origin::File { path: file.path().to_owned(), line: entry.line };
            known(&command, file, entry)?;
            check(&command, &entry.key, &entry.values, &origin)?;
            set.0.insert(entry.key.clone(), (origin, entry.values.clone()));
        }
    }
    for name in names(&command) {
        if let Some(values) = flag(flags, name) {
            set.0.insert(name.to_owned(), (Origin::Flag, Values(values)));
        } else if let Some(text) = environment.setting(name) {
            let origin = Origin::Environment(environment::variable(name));
            let values = Values(vec![text]);
            check(&command, name, &values, &origin)?;
            set.0.insert(name.to_owned(), (origin, values));
        }
    }
    let arguments = set.0.iter().flat_map(|(name, (_, values))| arguments(name, values)).collect();
    Ok((arguments, set))
}

/// What the command line says about a setting; a command need not take it.
pub(super) fn flag(flags: &ArgMatches, name: &str) -> Option<Vec<OsString>> {
    let id = name.replace('-', "_");
    let raw = flags.try_get_raw(&id).ok()??;
    let given = flags.value_source(&id) == Some(ValueSource::CommandLine);
    given.then(|| raw.map(ToOwned::to_owned).collect())
}

fn arguments(name: &str, values: &Values) -> Vec<OsString> {
    let argument = |value: &OsString| {
        let mut argument = OsString::from(format!("--{name}="));
        argument.push(value);
        argument
    };
    values.0.iter().map(argument).collect()
}

fn known(command: &Command, file: &File, entry: &Entry) -> Result<(), Error> {
    if names(command).any(|name| name == entry.key) {
        return Ok(());
    }
    let flag = format!("--{}", entry.key);
    let similar = match command.clone().try_get_matches_from([flag]) {
        Err(error) => match error.get(ContextKind::SuggestedArg) {
            Some(ContextValue::String(flag)) => Some(flag.trim_start_matches('-').to_owned()),
            _ => None,
        },
        Ok(_) => None,
    };
    let nearest = similar.map_or_else(String::new, |name| format!(", did you mean {name}?"));
    let (path, line) = (file.path().to_owned(), entry.line);
    Err(Error::Unknown { path, line, key: entry.key.clone(), nearest })
}

fn check(command: &Command, name: &str, values: &Values, origin: &Origin) -> Result<(), Error> {
    match command.clone().try_get_matches_from(arguments(name, values)) {
        Ok(_) => Ok(()),
        Err(error) => {
            let (name, origin) = (name.to_owned(), origin.clone());
            Err(Error::Value { name, origin, reason: reason(&error) })
        }
    }
}

/// What is wrong, without the value.
fn reason(error: &clap::Error) -> String {
    if let Some(source) = std::error::Error::source(error) {
        return source.to_string();
    }
    match error.get(ContextKind::ValidValue) {
        Some(ContextValue::Strings(valid)) => format!("must be one of {}", valid.join(", ")),
        _ => error.kind().to_string(),
    }
}
