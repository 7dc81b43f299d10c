//! The list of all settings.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{ArgAction, Args, ValueEnum};

use super::value::{self, Region, Url};
use super::{Error, Program};

/// The contexts that `--services` can choose from.
const SERVICES: [&str; 2] = ["roster", "instance"];

/// Every setting of the server. A field's name is its flag, its `STEWARD_…` variable and its key in `steward.toml`.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Settings (also STEWARD_… variables and keys of steward.toml)")]
pub struct Settings {
    /// Folder for the private database, keys and state; /var/lib/steward for root, else ~/.local/share/steward
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Settings file instead of DIR/steward.toml
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Address of HTTP; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Address of the embedded MQTT broker; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:1884")]
    pub mqtt_listen: SocketAddr,
    /// Certificate for HTTPS: a PEM file with the whole chain; read again when it changes
    #[arg(long, value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,
    /// Private key of that certificate, a PEM file
    #[arg(long, value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
    /// Certificate with which the embedded MQTT broker takes TLS only; read again when it changes
    #[arg(long, value_name = "FILE")]
    pub mqtt_tls_cert: Option<PathBuf>,
    /// Private key of that certificate, a PEM file
    #[arg(long, value_name = "FILE")]
    pub mqtt_tls_key: Option<PathBuf>,
    /// Address under which people and machines reach this server, when a proxy stands in front
    #[arg(long, value_name = "URL", value_parser = value::http_url)]
    pub public_url: Option<String>,
    /// Serve plain HTTP and MQTT beyond this machine, for example to a proxy that adds TLS
    #[arg(long, action = ArgAction::Set, num_args = 0..=1, require_equals = true, value_name = "BOOL", default_missing_value = "true", default_value = "false")]
    pub insecure: bool,
    /// Add a district of 500 students who are invented, to look at
    #[arg(long, action = ArgAction::Set, num_args = 0..=1, require_equals = true, value_name = "BOOL", default_missing_value = "true", default_value = "false")]
    pub demo: bool,
    /// Contexts to run, separated by commas; all without it
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = PossibleValuesParser::new(SERVICES))]
    pub services: Vec<String>,

    /// PostgreSQL to use instead of a private one, as the role `steward_server`
    #[arg(long, value_name = "URL", value_parser = value::database_url)]
    pub database_url: Option<Url>,
    /// File that holds the URL of the database
    #[arg(long, value_name = "FILE")]
    pub database_url_file: Option<PathBuf>,
    /// Command that prints the password of the database, run anew while the server runs
    #[arg(long, value_name = "JSON")]
    pub database_password_command: Option<Program>,
    /// The same database as a role that may become `steward_owner`, for migrations
    #[arg(long, value_name = "URL", value_parser = value::database_url)]
    pub migrate_database_url: Option<Url>,
    /// File that holds the URL for migrations
    #[arg(long, value_name = "FILE")]
    pub migrate_database_url_file: Option<PathBuf>,
    /// Command that prints the password for migrations
    #[arg(long, value_name = "JSON")]
    pub migrate_database_password_command: Option<Program>,
    /// Database connections for requests, and as many again for work across tenants
    #[arg(long, value_name = "NUMBER", default_value_t = 16, value_parser = clap::value_parser!(u32).range(2..=1000))]
    pub db_connections: u32,
    /// Folder of the programs postgres and initdb, when they are in no usual place
    #[arg(long, value_name = "DIR")]
    pub postgres_bin: Option<PathBuf>,

    /// MQTT broker to use instead of the embedded one (mqtt, mqtts, ws or wss)
    #[arg(long, value_name = "URL", value_parser = value::mqtt_url)]
    pub mqtt_url: Option<Url>,
    /// Authority that the certificate of that broker is checked against, a PEM file; else the system's
    #[arg(long, value_name = "FILE")]
    pub mqtt_ca_file: Option<PathBuf>,
    /// User at that broker, instead of the one in the URL
    #[arg(long, value_name = "NAME")]
    pub mqtt_user: Option<String>,
    /// File that holds the password at that broker
    #[arg(long, value_name = "FILE")]
    pub mqtt_password_file: Option<PathBuf>,
    /// Command that prints the password at that broker, run before each connection
    #[arg(long, value_name = "JSON")]
    pub mqtt_password_command: Option<Program>,

    /// Who issues the tokens; without one, tokens of `steward token` are taken on this machine
    #[arg(long, value_name = "URL", value_parser = value::http_url)]
    pub oidc_issuer: Option<String>,
    /// Audience that tokens must name
    #[arg(long, value_name = "TEXT")]
    pub oidc_audience: Option<String>,
    /// The issuer's keys, when they are not where its discovery document says
    #[arg(long, value_name = "URL", value_parser = value::http_url)]
    pub jwks_url: Option<String>,
    /// The issuer's keys as a file
    #[arg(long, value_name = "FILE")]
    pub jwks_file: Option<PathBuf>,
    /// How the issuer names tenants, roles and scopes
    #[arg(long, value_enum, value_name = "PRESET", default_value = "generic")]
    pub claim_names: ClaimNames,
    /// The master key, when it is not DIR/master.key; the same file on every node
    #[arg(long, value_name = "FILE")]
    pub secret_key_file: Option<PathBuf>,

    /// Where tenants may live, and how many: NAME=TENANTS, several separated by commas
    #[arg(
        long,
        value_name = "NAME=TENANTS",
        value_delimiter = ',',
        default_value = "default=10000"
    )]
    pub region: Vec<Region>,
    /// File to which the signed heads of the audit trail are appended, best on another machine's disk
    #[arg(long, value_name = "FILE")]
    pub audit_heads: Option<PathBuf>,
    /// Days that events stay readable in the feed
    #[arg(long, value_name = "DAYS", default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=3650))]
    pub feed_days: u16,
    /// Things that a person may create in a minute
    #[arg(long, value_name = "NUMBER", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub rate_per_minute: u32,

    /// Collector to which traces are sent by OTLP over HTTP; also from `OTEL_EXPORTER_OTLP_ENDPOINT`
    #[arg(long, value_name = "URL", value_parser = value::http_url)]
    pub otlp_endpoint: Option<String>,
    /// How log lines look
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "auto")]
    pub log_format: LogFormat,
    /// What is logged: error, warn, info, debug or trace, also for one part (info,sqlx=warn)
    #[arg(long, value_name = "LEVEL", default_value = "info", value_parser = value::log_level)]
    pub log_level: String,
}

/// How an identity provider names its claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ClaimNames {
    /// `tenants`, `roles`, `scope`.
    Generic,
    /// Microsoft Entra ID.
    Entra,
    /// Keycloak.
    Keycloak,
    /// Auth0.
    Auth0,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Pretty on a terminal, JSON elsewhere.
    Auto,
    /// One JSON object a line.
    Json,
    /// For people.
    Pretty,
}

/// A combination of settings that cannot be meant, and what to do about it.
type Fault = (bool, &'static str);

/// What no single value shows: settings that do not go together.
pub(super) fn agree(settings: &Settings) -> Result<(), Error> {
    let faults = [&listeners(settings)[..], &issuer(settings), &elsewhere(settings)].concat();
    match faults.into_iter().find(|(wrong, _)| *wrong) {
        Some((_, why)) => Err(Error::Disagree(why)),
        None => Ok(()),
    }
}

fn listeners(settings: &Settings) -> [Fault; 6] {
    let outside = |address: &SocketAddr| !address.ip().is_loopback();
    let (http, mqtt) = (outside(&settings.listen), outside(&settings.mqtt_listen));
    [
        (
            settings.tls_cert.is_some() != settings.tls_key.is_some(),
            "tls-cert and tls-key go together: a certificate is of no use without its key, nor a key without it",
        ),
        (
            settings.mqtt_tls_cert.is_some() != settings.mqtt_tls_key.is_some(),
            "mqtt-tls-cert and mqtt-tls-key go together: a certificate is of no use without its key, nor a key without it",
        ),
        (
            settings.mqtt_url.is_some() && settings.mqtt_tls_cert.is_some(),
            "mqtt-tls-cert is for the embedded broker: leave it out beside mqtt-url, or write that as mqtts://",
        ),
        (
            http && !settings.insecure && settings.tls_cert.is_none(),
            "listen would serve plain HTTP beyond this machine: give --tls-cert and --tls-key, or put a proxy with TLS in front and add --insecure",
        ),
        (
            mqtt && !settings.insecure
                && settings.mqtt_url.is_none()
                && settings.mqtt_tls_cert.is_none(),
            "mqtt-listen would serve plain MQTT beyond this machine: give --mqtt-tls-cert and --mqtt-tls-key, use a broker elsewhere (--mqtt-url), or add --insecure",
        ),
        (
            http && settings.demo,
            "demo lets everybody in who reaches the server: listen on 127.0.0.1",
        ),
    ]
}

fn issuer(settings: &Settings) -> [Fault; 3] {
    let keys = (settings.jwks_url.is_some(), settings.jwks_file.is_some());
    [
        (
            settings.oidc_issuer.is_some() && settings.oidc_audience.is_none(),
            "oidc-issuer needs oidc-audience: a token for another service must not be taken here",
        ),
        (
            settings.oidc_issuer.is_none() && (keys.0 || keys.1),
            "jwks-url and jwks-file need oidc-issuer: tokens are checked against their issuer's name",
        ),
        (keys.0 && keys.1, "jwks-url and jwks-file exclude each other"),
    ]
}

fn elsewhere(settings: &Settings) -> [Fault; 4] {
    let for_a_broker = settings.mqtt_user.is_some()
        || settings.mqtt_ca_file.is_some()
        || settings.mqtt_password_file.is_some()
        || settings.mqtt_password_command.is_some();
    [
        (
            settings.mqtt_url.is_none() && for_a_broker,
            "mqtt-user, mqtt-ca-file, mqtt-password-file and mqtt-password-command are for a broker elsewhere: set mqtt-url",
        ),
        (
            settings.mqtt_password_file.is_some() && settings.mqtt_password_command.is_some(),
            "mqtt-password-file and mqtt-password-command exclude each other",
        ),
        (
            settings.database_password_command.is_some()
                && settings.database_url.is_none()
                && settings.database_url_file.is_none(),
            "database-password-command is for a database elsewhere: set database-url",
        ),
        (
            settings.migrate_database_password_command.is_some()
                && settings.migrate_database_url.is_none()
                && settings.migrate_database_url_file.is_none(),
            "migrate-database-password-command goes with migrate-database-url",
        ),
    ]
}
