//! The table of variables: what reads them, what documents them and what checks them stand side by side.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{ConfigError, ConnectionParams, MqttConfig, Protocol};
use crate::{health, topic};

/// One variable.
pub(super) struct Setting {
    pub(super) name: &'static str,
    default: &'static str,
    pub(super) accepted: &'static str,
    meaning: &'static str,
    /// Takes the text into the configuration; `None` when it is not a value of the kind.
    pub(super) apply: fn(&mut MqttConfig, &str) -> Option<()>,
}

pub(super) const URL: Setting = Setting {
    name: "MQTT_URL",
    default: "required",
    accepted: "mqtt://[user:password@]host[:1883], or mqtts:// (8883), ws:// (80), wss:// (443)",
    meaning: "Where the broker is. Percent-code special characters in the password.",
    apply: |_, _| Some(()),
};

pub(super) const CLIENT_ID: Setting = Setting {
    name: "MQTT_CLIENT_ID",
    default: "required",
    accepted: "1 to 65518 bytes without NUL, unique per running instance",
    meaning: "Names this client to the broker, which disconnects an older client of the same name.",
    apply: |_, _| Some(()),
};

const SOURCE_NAME: &str = "MQTT_SOURCE_NAME";
const KEEP_ALIVE: &str = "MQTT_KEEPALIVE";
const HEARTBEAT_INTERVAL: &str = "MQTT_HEARTBEAT_INTERVAL";
const DEDUPE_MAX_ENTRIES: &str = "MQTT_DEDUPE_MAX_ENTRIES";
const RECONNECT_MIN_DELAY: &str = "MQTT_RECONNECT_MIN_DELAY";
const RECONNECT_MAX_DELAY: &str = "MQTT_RECONNECT_MAX_DELAY";
const PUBLISH_RETRIES: &str = "MQTT_PUBLISH_RETRIES";
const RECEIVE_MAXIMUM: &str = "MQTT_RECEIVE_MAXIMUM";
const CONNECT_TIMEOUT: &str = "MQTT_CONNECT_TIMEOUT";
const CA_FILE: &str = "MQTT_CA_FILE";
const CERT_FILE: &str = "MQTT_CERT_FILE";
const SECONDS: &str = "seconds, at least 0";
const SWITCH: &str = "true or false";

/// What can be set, in the order of the documentation.
pub(super) const SETTINGS: &[Setting] = &[
    URL,
    CLIENT_ID,
    Setting {
        name: SOURCE_NAME,
        default: "the client id",
        accepted: "any text that is not empty",
        meaning: "The `source` of envelopes.",
        apply: |config, text| {
            config.source_name = Some(text.to_owned());
            Some(())
        },
    },
    Setting {
        name: KEEP_ALIVE,
        default: "60",
        accepted: "whole seconds, 1 to 3600",
        meaning: "How long the connection may be silent before broker or client takes it for dead.",
        apply: |config, text| {
            config.keep_alive = Duration::from_secs(text.parse().ok()?);
            Some(())
        },
    },
    Setting {
        name: "MQTT_ENABLE_HEALTH",
        default: "false",
        accepted: SWITCH,
        meaning: "Announces health and a last will, retained, on `system/health/{client_id}`.",
        apply: |config, text| {
            config.health = switch(text)?;
            Some(())
        },
    },
    Setting {
        name: "MQTT_ENABLE_HEARTBEAT",
        default: "false",
        accepted: SWITCH,
        meaning: "Beats on `system/keepalive/{client_id}`; three missed beats force a reconnect.",
        apply: |config, text| {
            config.heartbeat = switch(text)?;
            Some(())
        },
    },
    Setting {
        name: HEARTBEAT_INTERVAL,
        default: "5.0",
        accepted: "seconds, at least 1.0",
        meaning: "The time between two beats.",
        apply: |config, text| {
            config.heartbeat_interval = seconds(text)?;
            Some(())
        },
    },
    Setting {
        name: "MQTT_DEDUPE_TTL",
        default: "0 (off)",
        accepted: SECONDS,
        meaning: "How long an event is remembered, so that a handler gets it once.",
        apply: |config, text| {
            config.dedupe_ttl = seconds(text)?;
            Some(())
        },
    },
    Setting {
        name: DEDUPE_MAX_ENTRIES,
        default: "0 (off)",
        accepted: "a whole number, above 0 whenever MQTT_DEDUPE_TTL is above 0",
        meaning: "How many events are remembered; the oldest leaves first.",
        apply: |config, text| {
            config.dedupe_max_entries = text.parse().ok()?;
            Some(())
        },
    },
    Setting {
        name: RECONNECT_MIN_DELAY,
        default: "0.5",
        accepted: "seconds, at least 0.1",
        meaning: "The wait before the first attempt to come back; it doubles, with jitter.",
        apply: |config, text| {
            config.reconnect_min_delay = seconds(text)?;
            Some(())
        },
    },
    Setting {
        name: RECONNECT_MAX_DELAY,
        default: "5.0",
        accepted: "seconds, at least MQTT_RECONNECT_MIN_DELAY",
        meaning: "The longest wait between two attempts.",
        apply: |config, text| {
            config.reconnect_max_delay = seconds(text)?;
            Some(())
        },
    },
    Setting {
        name: "MQTT_PROTOCOL",
        default: "5",
        accepted: "5 or 3.1.1",
        meaning: "The version of the protocol.",
        apply: |config, text| {
            config.protocol = protocol(text)?;
            Some(())
        },
    },
    Setting {
        name: PUBLISH_RETRIES,
        default: "3",
        accepted: "a whole number, at least 1",
        meaning: "On how many connections one publish is tried before it fails with an error.",
        apply: |config, text| {
            config.publish_retries = text.parse().ok()?;
            Some(())
        },
    },
    Setting {
        name: CONNECT_TIMEOUT,
        default: "30.0",
        accepted: "seconds, above 0",
        meaning: "How long the first connection is tried before `connect` fails.",
        apply: |config, text| {
            config.connect_timeout = seconds(text)?;
            Some(())
        },
    },
    Setting {
        name: RECEIVE_MAXIMUM,
        default: "1024",
        accepted: "a whole number, 1 to 65535",
        meaning: "How many QoS 1 and 2 messages the broker may send ahead of their acknowledgement (MQTT 5).",
        apply: |config, text| {
            config.receive_maximum = text.parse().ok()?;
            Some(())
        },
    },
    Setting {
        name: CA_FILE,
        default: "the well-known authorities",
        accepted: "path of a PEM file, with an mqtts:// or wss:// URL",
        meaning: "The authorities that a broker's certificate is checked against.",
        apply: |config, text| {
            config.ca_file = Some(PathBuf::from(text));
            Some(())
        },
    },
    Setting {
        name: CERT_FILE,
        default: "none",
        accepted: "path of a PEM file, together with MQTT_KEY_FILE and an mqtts:// or wss:// URL",
        meaning: "The certificate chain that this client presents.",
        apply: |config, text| {
            config.cert_file = Some(PathBuf::from(text));
            Some(())
        },
    },
    Setting {
        name: "MQTT_KEY_FILE",
        default: "none",
        accepted: "path of a PEM file, together with MQTT_CERT_FILE and an mqtts:// or wss:// URL",
        meaning: "The private key of that certificate.",
        apply: |config, text| {
            config.key_file = Some(PathBuf::from(text));
            Some(())
        },
    },
];

fn switch(text: &str) -> Option<bool> {
    match text {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

fn seconds(text: &str) -> Option<Duration> {
    Duration::try_from_secs_f64(text.parse().ok()?).ok()
}

fn protocol(text: &str) -> Option<Protocol> {
    match text {
        "5" => Some(Protocol::V5),
        "3.1.1" => Some(Protocol::V311),
        _ => None,
    }
}

/// Refuses what cannot work.
pub(super) fn validate(config: &MqttConfig) -> Result<(), ConfigError> {
    let id = config.client_id.as_str();
    // It is part of topics.
    let valid_id = !id.is_empty() && topic::check_topic(&health::keepalive_topic(id)).is_ok();
    // Whoever names an authority believes to be encrypted.
    let secure = config.address.transport.is_secure();
    let whole_seconds = config.keep_alive.subsec_nanos() == 0;
    let checks = [
        (CLIENT_ID.name, valid_id, config.client_id.clone()),
        (SOURCE_NAME, config.source_name.as_deref() != Some(""), String::new()),
        (
            KEEP_ALIVE,
            whole_seconds && (1..=3600).contains(&config.keep_alive.as_secs()),
            shown(config.keep_alive),
        ),
        (
            HEARTBEAT_INTERVAL,
            config.heartbeat_interval >= Duration::from_secs(1),
            shown(config.heartbeat_interval),
        ),
        (
            DEDUPE_MAX_ENTRIES,
            config.dedupe_ttl.is_zero() || config.dedupe_max_entries > 0,
            config.dedupe_max_entries.to_string(),
        ),
        (
            RECONNECT_MIN_DELAY,
            config.reconnect_min_delay >= Duration::from_millis(100),
            shown(config.reconnect_min_delay),
        ),
        (
            RECONNECT_MAX_DELAY,
            config.reconnect_max_delay >= config.reconnect_min_delay,
            shown(config.reconnect_max_delay),
        ),
        (PUBLISH_RETRIES, config.publish_retries > 0, config.publish_retries.to_string()),
        (CONNECT_TIMEOUT, !config.connect_timeout.is_zero(), shown(config.connect_timeout)),
        (RECEIVE_MAXIMUM, config.receive_maximum > 0, config.receive_maximum.to_string()),
        (CA_FILE, secure || config.ca_file.is_none(), file(config.ca_file.as_deref())),
        (
            CERT_FILE,
            config.cert_file.is_some() == config.key_file.is_some()
                && (secure || config.cert_file.is_none()),
            file(config.cert_file.as_deref()),
        ),
    ];
    match checks.into_iter().find(|(_, holds, _)| !holds) {
        Some((name, _, value)) => Err(ConfigError::refused(name, value, accepted(name))),
        None => validate_credentials(config),
    }
}

fn validate_credentials(config: &MqttConfig) -> Result<(), ConfigError> {
    let ConnectionParams { user, password, .. } = &config.address;
    let too_long = |text: &&String| text.len() > topic::MAX_BYTES;
    let accepted = if user.iter().chain(password).any(|text| too_long(&text)) {
        "a user name and a password of at most 65535 bytes each"
    } else if user.as_ref().is_some_and(|user| user.contains('\0')) {
        "a user name without NUL"
    } else if config.protocol == Protocol::V311 && user.is_none() && password.is_some() {
        "a password only with a user name, which MQTT 3.1.1 demands"
    } else {
        return Ok(());
    };
    Err(ConfigError::refused(URL.name, &config.address, accepted))
}

fn accepted(name: &str) -> &'static str {
    SETTINGS.iter().find(|setting| setting.name == name).map_or("", |setting| setting.accepted)
}

fn shown(duration: Duration) -> String {
    duration.as_secs_f64().to_string()
}

fn file(path: Option<&Path>) -> String {
    path.unwrap_or_else(|| Path::new("")).display().to_string()
}

/// The table as Markdown.
pub(super) fn documentation() -> String {
    let mut text = String::from(
        "# Configuration\n\n\
         `MqttConfig::from_env()` reads these variables; the setters of `MqttConfig` have the same names. An error names\n\
         the variable, the value (credentials blotted out) and what is accepted. This page is made by\n\
         `MqttConfig::documentation()`; a test keeps it current.\n\n\
         | variable | default | accepted | meaning |\n|---|---|---|---|\n",
    );
    for Setting { name, default, accepted, meaning, .. } in SETTINGS {
        // Writing to a String cannot fail.
        writeln!(text, "| `{name}` | {default} | {accepted} | {meaning} |").unwrap_or_default();
    }
    text
}
