//! Everything a client can be told, from a builder or from the environment, checked before anything is sent.

mod address;
mod password;
mod settings;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

pub use address::{ConnectionParams, Transport};
pub(crate) use password::PasswordSource;
use settings::{SETTINGS, Setting};

use crate::system;

/// The version of the protocol that is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// MQTT 5.
    #[default]
    V5,
    /// MQTT 3.1.1, for brokers without MQTT 5.
    V311,
}

/// A setting that cannot be used. Nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A setting without a default was not given.
    #[error("{name} is not set; set it to {accepted}")]
    Missing {
        /// Name of the variable.
        name: &'static str,
        /// What it takes.
        accepted: &'static str,
    },
    /// A value outside of what is accepted.
    #[error("{name}={value:?} is refused; accepted: {accepted}")]
    Refused {
        /// Name of the variable.
        name: &'static str,
        /// The value, credentials blotted out.
        value: String,
        /// What it takes.
        accepted: &'static str,
    },
    /// A certificate or key that cannot be read.
    #[error(
        "{name}: cannot use {path}: {reason}; give the path of a PEM file that this process may read"
    )]
    File {
        /// Name of the variable.
        name: &'static str,
        /// The path as given.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
}

impl ConfigError {
    pub(crate) fn refused(
        name: &'static str,
        value: impl fmt::Display,
        accepted: &'static str,
    ) -> Self {
        Self::Refused { name, value: value.to_string(), accepted }
    }
}

/// The configuration of one client: [`MqttConfig::new`] and its setters, or [`MqttConfig::from_env`].
///
/// Setters take anything; [`MqttConfig::validate`], which [`MqttClient::new`](crate::MqttClient::new) calls,
/// refuses what cannot work.
#[derive(Clone, Debug)]
pub struct MqttConfig {
    pub(crate) address: ConnectionParams,
    pub(crate) client_id: String,
    pub(crate) source_name: Option<String>,
    pub(crate) keep_alive: Duration,
    pub(crate) health: bool,
    pub(crate) heartbeat: bool,
    pub(crate) heartbeat_interval: Duration,
    pub(crate) dedupe_ttl: Duration,
    pub(crate) dedupe_max_entries: usize,
    pub(crate) reconnect_min_delay: Duration,
    pub(crate) reconnect_max_delay: Duration,
    pub(crate) protocol: Protocol,
    pub(crate) publish_retries: u32,
    pub(crate) connect_timeout: Duration,
    pub(crate) receive_maximum: u16,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) cert_file: Option<PathBuf>,
    pub(crate) key_file: Option<PathBuf>,
    pub(crate) password_source: Option<PasswordSource>,
}

impl MqttConfig {
    /// The defaults for the broker at `url`, as `client_id`.
    pub fn new(url: &str, client_id: impl Into<String>) -> Result<Self, ConfigError> {
        let config = Self::defaults(url.parse()?, client_id.into());
        config.validate()?;
        Ok(config)
    }

    /// Reads the variables listed in `docs/CONFIGURATION.md`; one that is unset or empty has its default.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_lookup(system::env)
    }

    /// The same, from any source of variables.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let required = |setting: &Setting| {
            lookup(setting.name)
                .ok_or(ConfigError::Missing { name: setting.name, accepted: setting.accepted })
        };
        let url = required(&settings::URL)?;
        let mut config = Self::defaults(url.parse()?, required(&settings::CLIENT_ID)?);
        for setting in SETTINGS {
            if let Some(value) = lookup(setting.name) {
                (setting.apply)(&mut config, &value)
                    .ok_or_else(|| ConfigError::refused(setting.name, &value, setting.accepted))?;
            }
        }
        config.validate()?;
        Ok(config)
    }

    fn defaults(address: ConnectionParams, client_id: String) -> Self {
        Self {
            address,
            client_id,
            source_name: None,
            keep_alive: Duration::from_mins(1),
            health: false,
            heartbeat: false,
            heartbeat_interval: Duration::from_secs(5),
            dedupe_ttl: Duration::ZERO,
            dedupe_max_entries: 0,
            reconnect_min_delay: Duration::from_millis(500),
            reconnect_max_delay: Duration::from_secs(5),
            protocol: Protocol::V5,
            publish_retries: 3,
            connect_timeout: Duration::from_secs(30),
            receive_maximum: 1024,
            ca_file: None,
            cert_file: None,
            key_file: None,
            password_source: None,
        }
    }

    /// Refuses what cannot work, naming the variable that holds the same setting.
    pub fn validate(&self) -> Result<(), ConfigError> {
        settings::validate(self)
    }

    /// Where the broker is.
    pub fn address(&self) -> &ConnectionParams {
        &self.address
    }

    /// The client id.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// What envelopes name as their source.
    pub fn source(&self) -> &str {
        self.source_name.as_deref().unwrap_or(&self.client_id)
    }

    /// `docs/CONFIGURATION.md`, made from the table that reads the variables.
    pub fn documentation() -> String {
        settings::documentation()
    }
}

/// Setters, one for each variable.
impl MqttConfig {
    /// User name and password, instead of those in the URL.
    #[must_use]
    pub fn credentials(mut self, user: impl Into<String>, password: impl Into<String>) -> Self {
        self.address.user = Some(user.into());
        self.address.password = Some(password.into());
        self
    }

    /// Asks for the password before each connection, in place of a fixed one: for tokens that do not live long. While it
    /// fails, the broker counts as unreachable, with these words as the reason, and is tried again.
    #[must_use]
    pub fn password_from<F>(mut self, ask: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<String, String>> + Send + 'static,
    {
        self.password_source = Some(PasswordSource::new(ask));
        self
    }

    /// What envelopes name as their source, instead of the client id.
    #[must_use]
    pub fn source_name(mut self, name: impl Into<String>) -> Self {
        self.source_name = Some(name.into());
        self
    }

    /// How long the connection may be silent: whole seconds, 1 to 3600.
    #[must_use]
    pub fn keep_alive(mut self, interval: Duration) -> Self {
        self.keep_alive = interval;
        self
    }

    /// Announces health and a last will, retained, on `system/health/{client_id}`.
    #[must_use]
    pub fn health(mut self, enabled: bool) -> Self {
        self.health = enabled;
        self
    }

    /// Beats on `system/keepalive/{client_id}` every `interval`, at least 1 second.
    #[must_use]
    pub fn heartbeat(mut self, interval: Duration) -> Self {
        self.heartbeat = true;
        self.heartbeat_interval = interval;
        self
    }

    /// Hands an event to a handler once within `ttl`, remembering the last `max_entries`.
    #[must_use]
    pub fn dedupe(mut self, ttl: Duration, max_entries: usize) -> Self {
        self.dedupe_ttl = ttl;
        self.dedupe_max_entries = max_entries;
        self
    }

    /// The wait before the first attempt to come back, and the longest one.
    #[must_use]
    pub fn reconnect_delay(mut self, min: Duration, max: Duration) -> Self {
        self.reconnect_min_delay = min;
        self.reconnect_max_delay = max;
        self
    }

    /// The version of the protocol.
    #[must_use]
    pub fn protocol(mut self, protocol: Protocol) -> Self {
        self.protocol = protocol;
        self
    }

    /// On how many connections one publish is tried before it fails as
    /// [`PublishError::Unknown`](crate::PublishError::Unknown).
    #[must_use]
    pub fn publish_retries(mut self, tries: u32) -> Self {
        self.publish_retries = tries;
        self
    }

    /// How long [`MqttClient::connect`](crate::MqttClient::connect) tries to reach the broker before it fails.
    #[must_use]
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// How many QoS 1 and 2 messages the broker may send before one is acknowledged. MQTT 5 only.
    #[must_use]
    pub fn receive_maximum(mut self, messages: u16) -> Self {
        self.receive_maximum = messages;
        self
    }

    /// Trusts the authorities in this PEM file instead of the well-known ones.
    #[must_use]
    pub fn ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.ca_file = Some(path.into());
        self
    }

    /// Presents this certificate chain and its key, both PEM files.
    #[must_use]
    pub fn client_certificate(mut self, cert: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        self.cert_file = Some(cert.into());
        self.key_file = Some(key.into());
        self
    }
}
