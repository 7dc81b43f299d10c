//! `steward mqtt`: speak with any broker from the command line.

mod bench;
mod failure;
mod health;
mod publish;
mod subscribe;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::bail;
use clap::{Args, Subcommand};
use steward_mqtt::{MqttClient, MqttConfig, Protocol};

use crate::{broker, datadir};
pub(super) use failure::exit_code;

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
    #[command(
        before_help = "Examples:\n  steward mqtt sub --data-dir ./data 'steward/#'\n  steward mqtt sub --url mqtt://localhost '#'\n  \
                       steward mqtt sub --url mqtts://broker --json 'system/health/+' 'tts/#'"
    )]
    Sub(subscribe::Subscribe),
    /// Show the retained health of all services; exit code 3 when one is not well or says nothing
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
    #[arg(
        long,
        value_name = "URL",
        env = "MQTT_URL",
        hide_env_values = true,
        required_unless_present = "data_dir"
    )]
    url: Option<String>,
    /// The broker of the server that runs on this folder, as its local reader
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// The client id; without one, a new one is made
    #[arg(long, value_name = "ID", env = "MQTT_CLIENT_ID")]
    client_id: Option<String>,
    /// The version of the protocol
    #[arg(long, value_name = "VERSION", env = "MQTT_PROTOCOL", default_value = "5", value_parser = protocol)]
    protocol: Protocol,
    /// Trust the authorities in this PEM file instead of the well-known ones
    #[arg(long, value_name = "FILE", env = "MQTT_CA_FILE")]
    ca_file: Option<PathBuf>,
    /// How long to try to reach the broker
    #[arg(long, value_name = "SECONDS", env = "MQTT_CONNECT_TIMEOUT", default_value = "5", value_parser = seconds)]
    connect_timeout: Duration,
}

fn protocol(text: &str) -> Result<Protocol, String> {
    match text {
        "5" => Ok(Protocol::V5),
        "3.1.1" => Ok(Protocol::V311),
        _ => Err("5 or 3.1.1".to_owned()),
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let parsed = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    parsed.filter(|limit| !limit.is_zero()).ok_or_else(|| "seconds, above 0".to_owned())
}

impl Connection {
    fn config(&self) -> anyhow::Result<MqttConfig> {
        let random = || format!("steward-cli-{:08x}", rand::random::<u32>());
        let mut config = match (&self.data_dir, &self.url) {
            (Some(dir), _) => local(dir)?,
            (None, Some(url)) => {
                MqttConfig::new(url, self.client_id.clone().unwrap_or_else(random))?
            }
            (None, None) => {
                bail!("name a broker with --url, or a running server's folder with --data-dir")
            }
        };
        config = config.protocol(self.protocol).connect_timeout(self.connect_timeout);
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

/// The broker of the server that runs on `dir`: who may read the folder's credentials may read its events.
fn local(dir: &Path) -> anyhow::Result<MqttConfig> {
    let shown = dir.display();
    let Some(run) = datadir::running(dir)? else {
        bail!("no server runs on {shown}: start it with `steward serve --data-dir {shown}`");
    };
    let Some(reader) = broker::local_reader(dir)? else {
        bail!("the server on {shown} uses another broker ({}): name it with --url", run.mqtt);
    };
    let client_id = format!("{}:{:08x}", reader.user, rand::random::<u32>());
    let url = run.mqtt_local.as_ref().unwrap_or(&run.mqtt);
    Ok(MqttConfig::new(url, client_id)?.credentials(reader.user, reader.password.expose()))
}

/// Runs the command.
///
/// # Errors
/// When the broker cannot be reached, or refuses.
pub async fn run(command: MqttCommand) -> anyhow::Result<ExitCode> {
    match command {
        MqttCommand::Pub(args) => publish::run(args).await?,
        MqttCommand::Sub(args) => subscribe::run(args).await?,
        MqttCommand::Health(args) => return health::run(args).await,
        MqttCommand::Bench(args) => bench::run(args).await?,
    }
    Ok(ExitCode::SUCCESS)
}
