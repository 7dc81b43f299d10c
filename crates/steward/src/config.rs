//! The configuration: every setting is a flag, an environment variable and a key of `steward.toml`, in that order.
//!
//! One list, [`Settings`], declares them all: `--data-dir` is also `STEWARD_DATA_DIR` and `data-dir`. Values of all three
//! sources go through the same parser, so that a mistake is told the same way, with where it stands. This is the only
//! place of the program that looks at the environment.

mod docs;
mod environment;
mod error;
mod file;
mod program;
mod settings;
mod show;
mod source;
mod value;

use std::path::PathBuf;

use clap::{ArgMatches, Args, FromArgMatches};

pub use crate::datadir::secret::Secret;
pub use docs::docs;
pub use environment::Environment;
pub use error::Error;
pub use file::File;
pub use program::{Program, Untold};
pub use settings::{ClaimNames, LogFormat, Settings};
pub use show::Shown;
pub use source::Origin;
use source::Origins;
pub use value::{Region, Url};

use crate::cluster;

/// Connections of a database that the server does not pool: migrations, `doctor`, backups and people.
const SPARE_CONNECTIONS: u32 = 20;
/// Pools of `db-connections` each: requests, and work across tenants.
const POOLS: u32 = 2;

/// The effective configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// The data folder, also when it was not set.
    pub data_dir: PathBuf,
    /// The database the server logs in to; without one it runs its own.
    pub database_url: Option<Secret>,
    /// The same database for migrations, as a role that may become the owner.
    pub migrate_database_url: Option<Secret>,
    /// The broker; without one the server runs its own.
    pub mqtt: Option<Mqtt>,
    /// The collector of traces; without one nothing is collected.
    pub otlp_endpoint: Option<String>,
    /// All settings as they were given; prefer the fields above to their parts.
    pub settings: Settings,
    origins: Origins,
    path: Option<std::ffi::OsString>,
}

/// An external broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mqtt {
    /// Where it is, without credentials.
    pub url: String,
    /// Who signs in.
    pub user: Option<String>,
    /// With what.
    pub password: Option<Secret>,
    /// Who tells the password anew for each connection, in place of a fixed one.
    pub password_command: Option<Program>,
    /// The authority that its certificate is checked against; the system's when absent.
    pub ca_file: Option<PathBuf>,
}

/// The configuration of this process: flags as the command line was parsed, environment and file as they are.
///
/// # Errors
/// See [`Error`]: each names the setting and where its value came from.
pub fn of_process(flags: &ArgMatches) -> Result<Config, Error> {
    let environment = Environment::of_process();
    let file = File::find(flags, &environment)?;
    load(flags, &environment, file.as_ref())
}

/// The configuration from these sources.
///
/// `flags` are the matches of any command that takes some of the [`Settings`]; those that it does not take come from the
/// other two sources.
///
/// # Errors
/// See [`Error`]: each names the setting and where its value came from.
pub fn load(
    flags: &ArgMatches,
    environment: &Environment,
    file: Option<&File>,
) -> Result<Config, Error> {
    let (arguments, origins) = source::merge(flags, environment, file)?;
    let matches = source::command().try_get_matches_from(arguments).map_err(Error::Usage)?;
    let settings = Settings::from_arg_matches(&matches).map_err(Error::Usage)?;
    resolve(settings, origins, environment)
}

impl Config {
    /// How to run the private database.
    pub fn cluster(&self) -> cluster::Settings {
        let pooled = self.settings.db_connections.saturating_mul(POOLS);
        let default = cluster::Settings::default();
        cluster::Settings {
            programs: self.settings.postgres_bin.clone(),
            path: self.path.clone(),
            connections: pooled.saturating_add(SPARE_CONNECTIONS).max(default.connections),
            ..default
        }
    }

    /// Where the value of a setting came from; `name` is its long flag.
    pub fn origin(&self, name: &str) -> Origin {
        self.origins.of(name)
    }
}

fn resolve(
    settings: Settings,
    origins: Origins,
    environment: &Environment,
) -> Result<Config, Error> {
    settings::agree(&settings)?;
    let data_dir = match &settings.data_dir {
        Some(dir) => dir.clone(),
        None => environment.data_dir()?,
    };
    let either = |name: &'static str, url: &Option<Url>, file: &Option<PathBuf>| {
        let url = url.as_ref().map(|url| url.secret().clone());
        origins.either(name, url, file.as_deref())
    };
    Ok(Config {
        data_dir,
        database_url: either("database-url", &settings.database_url, &settings.database_url_file)?,
        migrate_database_url: either(
            "migrate-database-url",
            &settings.migrate_database_url,
            &settings.migrate_database_url_file,
        )?,
        mqtt: mqtt(&settings)?,
        otlp_endpoint: settings.otlp_endpoint.clone().or_else(|| environment.otlp_endpoint()),
        settings,
        origins,
        path: environment.path(),
    })
}

/// Credentials may stand in the URL; those given by themselves win.
fn mqtt(settings: &Settings) -> Result<Option<Mqtt>, Error> {
    let Some(url) = &settings.mqtt_url else { return Ok(None) };
    let (url, user, password) = url.split();
    let given =
        settings.mqtt_password_file.as_deref().map(crate::datadir::secret::read).transpose()?;
    Ok(Some(Mqtt {
        url,
        user: settings.mqtt_user.clone().or(user),
        password: given.or(password),
        password_command: settings.mqtt_password_command.clone(),
        ca_file: settings.mqtt_ca_file.clone(),
    }))
}

/// All settings as a command of their own.
fn augmented(command: clap::Command) -> clap::Command {
    Settings::augment_args(command)
}
