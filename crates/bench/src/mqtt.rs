//! A subscriber and a publisher at the embedded broker.

use std::path::Path;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use jiff::Timestamp;
use kernel::Clock;
use serde::Deserialize;
use steward::broker::Credentials;
use steward_mqtt::{Message, MqttClient, MqttConfig, QoS};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::server::Server;

/// A message with the time of its arrival.
pub(crate) struct Arrived {
    pub(crate) at: Timestamp,
    pub(crate) payload: Bytes,
}

/// What arrives on a filter, with the local reader's account.
pub(crate) struct Subscriber {
    arriving: UnboundedReceiver<Arrived>,
    client: MqttClient,
}

/// `broker.json`, as far as a bench needs it.
#[derive(Deserialize)]
struct Accounts {
    server: Credentials,
}

impl Subscriber {
    pub(crate) async fn open(server: &Server, filter: &str) -> Result<Self> {
        let reader = steward::broker::local_reader(&server.folder)?;
        let client =
            connect(&server.run.mqtt, &reader.context("the server never started")?).await?;
        let (sender, arriving) = unbounded_channel();
        let clock = Clock::system();
        let keep = move |message: Message| {
            let arrived = Arrived { at: clock.now(), payload: message.payload };
            // The measurement may be over.
            let _over = sender.send(arrived);
            async {}
        };
        client.subscribe(filter, QoS::AtLeastOnce, keep).await?;
        Ok(Self { arriving, client })
    }

    pub(crate) async fn next(&mut self) -> Result<Arrived> {
        self.arriving.recv().await.context("the subscriber ended")
    }

    pub(crate) async fn close(self) {
        self.client.shutdown().await;
    }
}

/// A client of the server's own account, which may publish anywhere.
pub(crate) async fn publisher(server: &Server) -> Result<MqttClient> {
    let accounts = std::fs::read(Path::new(&server.folder).join("broker.json"))?;
    let accounts: Accounts = serde_json::from_slice(&accounts)?;
    connect(&server.run.mqtt, &accounts.server).await
}

async fn connect(url: &str, account: &Credentials) -> Result<MqttClient> {
    let config = MqttConfig::new(url, format!("{}:bench", account.user))?;
    let client = MqttClient::new(config.credentials(&account.user, account.password.expose()))?;
    client.connect().await?;
    Ok(client)
}
