//! Why the configuration cannot be used. No message holds a value: it could be a secret in the wrong place.

use std::io;
use std::path::PathBuf;

use super::Origin;
use crate::datadir::secret;

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A value has the wrong form.
    #[error("{name} ({origin}): {reason}")]
    Value {
        /// The setting.
        name: String,
        /// Where the value came from.
        origin: Origin,
        /// What is wrong with it.
        reason: String,
    },
    /// The file has a key that is no setting.
    #[error("{path}:{line}: there is no setting {key}{nearest}; `steward config` lists all")]
    Unknown {
        /// The file.
        path: PathBuf,
        /// Its line, from 1.
        line: usize,
        /// The key.
        key: String,
        /// The nearest name, as part of a sentence.
        nearest: String,
    },
    /// The file is no TOML.
    #[error("{path}:{line}: {reason}")]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Its line, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// The file cannot be read.
    #[error("the settings file {path} cannot be read: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// Two ways to say one thing in one place.
    #[error("{0} and {0}-file are both set in the same place: leave one out")]
    Both(&'static str),
    /// Settings that do not go together.
    #[error("{0}")]
    Disagree(&'static str),
    /// A file that a setting names.
    #[error(transparent)]
    Secret(#[from] secret::Error),
    /// No place for data.
    #[error("there is no home folder to keep data in: set --data-dir")]
    NoHome,
    /// The command line, in clap's words.
    #[error(transparent)]
    Usage(clap::Error),
}
