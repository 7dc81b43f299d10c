//! The usage patterns and the ways to extend the client, each in a file of its own, all run by the tests.
//!
//! `MQTT_URL=mqtt://localhost MQTT_CLIENT_ID=me cargo run -p steward-mqtt --example patterns -- publish`
#![expect(clippy::print_stdout, reason = "examples")]

#[path = "patterns/all.rs"]
mod all;

use steward_mqtt::MqttConfig;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    let names: Vec<_> = all::PATTERNS.iter().map(|(name, _)| *name).collect();
    let Some((_, run)) = all::PATTERNS.iter().find(|(name, _)| *name == wanted) else {
        anyhow::bail!("name one of: {}", names.join(", "));
    };
    run(MqttConfig::from_env()?).await
}
