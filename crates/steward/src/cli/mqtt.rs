//! `steward mqtt`: speak with any broker from the command line.

mod bench;
mod health;
mod publish;
mod subscribe;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use steward_mqtt::{MqttClient, MqttConfig, Protocol};

/// What to do.
#[derive(Debug, Subcommand)]
pub enum MqttCommand {
    /// Publish an event from an argument, or one for each line of standard input
    #[command(
        before_help = "Examples:\n  steward mqtt pub --url mqtt://localhost --topic tts/say --type tts.say '{\"text\":\"hi\"}'\n  \
                       steward mqtt pub --url mqtt://localhost --topic log/line --type log.line - < lines.jsonl"
    )]
    Pub(publish::Publish),
    /// Follow topics
    #[command(before_help = "Examples:\n  steward mqtt sub --url mqtt://localhost '#'\n  \
                       steward mqtt sub --url mqtts://broker --json 'system/health/+' 'tts/#'")]
    Sub(subscribe::Subscribe),
    /// Show the retained health of all services
    #[command(before_help = "Examples:\n  steward mqtt health --url mqtt://localhost\n  \
                       steward mqtt health --url mqtt://rabbit --protocol 3.1.1 --client stt --client tts")]
    Health(health::Health),
    /// Measure a broker: how fast it acknowledges, how much it takes
    #[command(
        before_help = "Examples:\n  steward mqtt bench --url mqtt://localhost --messages 20000"
    )]
    Bench(bench::Bench),
}

/// Where the broker is, and who asks.
#[derive(Debug, Args)]
struct Connection {
    /// The broker: mqtt://, mqtts://, ws:// or wss://, with user and password
    #[arg(long, value_name = "URL", env = "MQTT_URL", hide_env_values = true)]
    url: String,
    /// The client id; without one, a new one is made
    #[arg(long, value_name = "ID", env = "MQTT_CLIENT_ID")]
    client_id: Option<String>,
    /// The version of the protocol
    #[arg(long, value_name = "VERSION", env = "MQTT_PROTOCOL", default_value = "5", value_parser = protocol)]
    protocol: Protocol,
    /// Trust the authorities in this PEM file instead of the well-known ones
    #[arg(long, value_name = "FILE", env = "MQTT_CA_FILE")]
    ca_file: Option<PathBuf>,
}

fn protocol(text: &str) -> Result<Protocol, String> {
    match text {
        "5" => Ok(Protocol::V5),
        "3.1.1" => Ok(Protocol::V311),
        _ => Err("5 or 3.1.1".to_owned()),
    }
}

impl Connection {
    fn config(&self) -> anyhow::Result<MqttConfig> {
        let random = || format!("steward-cli-{:08x}", rand::random::<u32>());
        let client_id = self.client_id.clone().unwrap_or_else(random);
        let mut config = MqttConfig::new(&self.url, client_id)?.protocol(self.protocol);
        if let Some(path) = &self.ca_file {
            config = config.ca_file(path);
        }
        Ok(config)
    }

    async fn connect(&self) -> anyhow::Result<MqttClient> {
        let client = MqttClient::new(self.config()?)?;
        client.connect().await?;
        Ok(client)
    }
}

/// Runs the command.
///
/// # Errors
/// When the broker cannot be reached, or refuses.
pub async fn run(command: MqttCommand) -> anyhow::Result<()> {
    match command {
        MqttCommand::Pub(args) => publish::run(args).await,
        MqttCommand::Sub(args) => subscribe::run(args).await,
        MqttCommand::Health(args) => health::run(args).await,
        MqttCommand::Bench(args) => bench::run(args).await,
    }
}
