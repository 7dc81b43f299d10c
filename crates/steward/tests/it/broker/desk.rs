//! A running broker with its accounts, and clients in a line each.

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use jiff::SignedDuration;
use kernel::{Clock, Role, TenantId, token::Verifier};
use mqtt5::{
    ConnectOptions, Message, MqttClient, MqttError, ProtocolVersion, PublishOptions, QoS,
    SubscribeOptions, WillMessage,
};
use steward::{
    broker::{Accounts, Credentials, Embedded, Listen},
    identity::{self, Grant},
};
use tempfile::TempDir;
use tokio::sync::mpsc;
use uuid::Uuid;

/// Long enough for a loaded machine; nothing waits for it to pass.
pub(super) const SOON: Duration = Duration::from_secs(10);

pub(super) const HILL: TenantId = TenantId(Uuid::from_u128(0x11));
pub(super) const LAKE: TenantId = TenantId(Uuid::from_u128(0x22));

pub(super) struct Desk {
    pub(super) dir: TempDir,
    pub(super) clock: Clock,
    pub(super) accounts: Arc<Accounts>,
    pub(super) broker: Embedded,
}

impl Desk {
    pub(super) async fn open() -> Self {
        let dir = TempDir::new().unwrap();
        let clock = Clock::fixed("2026-11-20T08:00:00Z".parse().unwrap());
        let accounts = accounts(dir.path(), &clock);
        let broker = Embedded::start(dir.path(), any_port(), Arc::clone(&accounts)).await.unwrap();
        Self { dir, clock, accounts, broker }
    }

    /// Stops the broker and starts another on the same folder, as a restart of the server does.
    pub(super) async fn restart(self) -> Self {
        let Self { dir, clock, accounts: _, broker } = self;
        broker.stop().await.unwrap();
        let accounts = accounts(dir.path(), &clock);
        let broker = Embedded::start(dir.path(), any_port(), Arc::clone(&accounts)).await.unwrap();
        Self { dir, clock, accounts, broker }
    }

    /// The server's own client, called `steward.server:{suffix}`.
    pub(super) async fn server(&self, suffix: &str) -> Client {
        let Credentials { user, password } = self.accounts.server();
        self.connect(&format!("{user}:{suffix}"), user, password.expose()).await.unwrap()
    }

    /// A machine account of `tenant`, its client id its user name.
    pub(super) async fn service(&self, name: &str, tenant: TenantId) -> Client {
        self.connect(name, name, &self.token(name, tenant)).await.unwrap()
    }

    /// An hour's token of a machine account.
    pub(super) fn token(&self, subject: &str, tenant: TenantId) -> String {
        self.sign(subject, tenant, vec![], &["service"])
    }

    /// An hour's token of a person with a role.
    pub(super) fn person(&self, subject: &str, tenant: TenantId, role: Role) -> String {
        self.sign(subject, tenant, vec![role], &[])
    }

    fn sign(&self, subject: &str, tenant: TenantId, roles: Vec<Role>, scopes: &[&str]) -> String {
        let grant = Grant {
            subject: subject.to_owned(),
            roles,
            tenants: vec![tenant],
            scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
        };
        let identity = identity::open(self.dir.path()).unwrap();
        identity.sign(&grant, self.clock.now(), SignedDuration::from_hours(1)).unwrap()
    }

    pub(super) async fn connect(
        &self,
        client_id: &str,
        user: &str,
        password: &str,
    ) -> Result<Client, MqttError> {
        self.connect_as(options(client_id).with_credentials(user, password)).await
    }

    pub(super) async fn connect_as(&self, options: ConnectOptions) -> Result<Client, MqttError> {
        let client = MqttClient::with_options(options);
        client.connect(&self.broker.url()).await?;
        Ok(Client(client))
    }
}

/// Options that neither reconnect nor queue: what happens, happens once.
pub(super) fn options(client_id: &str) -> ConnectOptions {
    ConnectOptions::new(client_id).with_automatic_reconnect(false)
}

pub(super) fn v311(client_id: &str) -> ConnectOptions {
    options(client_id).with_protocol_version(ProtocolVersion::V311)
}

pub(super) fn will(topic: &str) -> WillMessage {
    WillMessage::new(topic, b"gone".to_vec()).with_qos(QoS::AtLeastOnce)
}

pub(super) fn any_port() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

pub(super) fn everywhere() -> Listen {
    Listen { address: "0.0.0.0:0".parse().unwrap(), insecure: true, tls: None }
}

/// Accounts that trust the folder's developer identity.
pub(super) fn accounts(dir: &Path, clock: &Clock) -> Arc<Accounts> {
    let trust = identity::ensure(dir).unwrap().trust();
    let verifier = Verifier::new(trust, clock.clone()).unwrap();
    Arc::new(Accounts::open(dir, verifier.into(), clock.clone()).unwrap())
}

pub(super) struct Client(pub(super) MqttClient);

impl Client {
    /// Publishes at `QoS` 1 and waits for the answer.
    pub(super) async fn publish(&self, topic: &str, payload: &str) -> Result<(), MqttError> {
        self.0.publish_qos1(topic, payload).await.map(drop)
    }

    pub(super) async fn retain(&self, topic: &str, payload: &str) -> Result<(), MqttError> {
        let options =
            PublishOptions { qos: QoS::AtLeastOnce, retain: true, ..PublishOptions::default() };
        self.0.publish_with_options(topic, payload, options).await.map(drop)
    }

    pub(super) async fn subscribe(&self, filter: &str) -> Result<Inbox, MqttError> {
        let (sender, inbox) = mpsc::unbounded_channel();
        let options = SubscribeOptions { qos: QoS::AtLeastOnce, ..SubscribeOptions::default() };
        self.0
            .subscribe_with_options(filter, options, move |message| {
                sender.send(message).unwrap_or_default();
            })
            .await?;
        Ok(Inbox(inbox))
    }

    /// Waits until the connection is closed.
    pub(super) async fn closed(&self) {
        until(async || !self.0.is_connected().await).await;
    }
}

pub(super) struct Inbox(mpsc::UnboundedReceiver<Message>);

impl Inbox {
    pub(super) async fn next(&mut self) -> Message {
        tokio::time::timeout(SOON, self.0.recv()).await.expect("a message").expect("a client")
    }

    pub(super) fn is_empty(&mut self) -> bool {
        self.0.try_recv().is_err()
    }
}

/// Waits for `condition`, looking often.
pub(super) async fn until(condition: impl AsyncFn() -> bool) {
    let looking = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(SOON, looking).await.expect("it comes true");
}
