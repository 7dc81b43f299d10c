//! The broker of the crate underneath, inside the test's process.

use std::net::{Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use mqtt5::broker::auth::{AuthProvider, AuthResult};
use mqtt5::broker::config::{
    BrokerConfig, StorageBackend, StorageConfig, TlsConfig, WebSocketConfig,
};
use mqtt5::broker::{BrokerShutdownHandle, MqttBroker};
use mqtt5::packet::connect::ConnectPacket;
use mqtt5::types::ReasonCode;
use tempfile::TempDir;
use tokio::task::JoinHandle;

use super::{Certificates, PASSWORD, Ports, USER};

pub(crate) struct Embedded {
    folder: TempDir,
    pub(crate) ports: Ports,
    pub(crate) certificates: Certificates,
    running: Option<(BrokerShutdownHandle, JoinHandle<()>)>,
}

impl Embedded {
    pub(crate) async fn start() -> Self {
        // The workspace brings two providers of cryptography, and the broker's TLS leaves the choice to the process. Each
        // test is a process of its own; another broker in it may have chosen already.
        rustls::crypto::ring::default_provider().install_default().ok();
        let folder = tempfile::tempdir().unwrap();
        let mut broker = Self {
            folder,
            ports: Ports::free(),
            certificates: Certificates::make(),
            running: None,
        };
        broker.run().await;
        broker
    }

    /// Not every habit of its defaults is fit for use: the largest packet and where files go must be set.
    fn config(&self) -> BrokerConfig {
        let local = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
        let tls = TlsConfig::new(self.certificates.server(), self.certificates.key());
        let websocket = |port| WebSocketConfig {
            bind_addresses: vec![local(port)],
            ..WebSocketConfig::default()
        };
        BrokerConfig::default()
            .with_bind_addresses(vec![
                local(self.ports.plain),
                SocketAddr::from((Ipv6Addr::LOCALHOST, self.ports.ipv6)),
            ])
            .with_max_packet_size(1024 * 1024)
            .with_tls(tls.with_bind_addresses(vec![local(self.ports.tls)]))
            .with_websocket(websocket(self.ports.websocket))
            .with_websocket_tls(websocket(self.ports.secure_websocket))
            .with_storage(
                StorageConfig::new()
                    .with_backend(StorageBackend::Memory)
                    .with_base_dir(self.folder.path().to_owned()),
            )
    }

    async fn run(&mut self) {
        let broker = MqttBroker::with_config(self.config()).await.unwrap();
        let mut broker = broker.with_auth_provider(Arc::new(OneAccount));
        let (shutdown, mut ready) = (broker.shutdown_handle(), broker.ready_receiver());
        let running = tokio::spawn(async move { broker.run().await.unwrap() });
        ready.wait_for(|ready| *ready).await.unwrap();
        self.running = Some((shutdown, running));
    }

    pub(crate) async fn restart(&mut self) {
        let (shutdown, running) = self.running.take().unwrap();
        shutdown.shutdown();
        running.await.unwrap();
        self.run().await;
    }
}

struct OneAccount;

type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

impl AuthProvider for OneAccount {
    fn authenticate<'a>(
        &'a self,
        connect: &'a ConnectPacket,
        _: SocketAddr,
    ) -> Answer<'a, mqtt5::Result<AuthResult>> {
        let known = connect.username.as_deref() == Some(USER)
            && connect.password.as_deref() == Some(PASSWORD.as_bytes());
        let result = if known {
            AuthResult::success_with_user(USER)
        } else {
            AuthResult::fail(ReasonCode::BadUsernameOrPassword)
        };
        Box::pin(async { Ok(result) })
    }

    fn authorize_publish<'a>(
        &'a self,
        _: &str,
        _: Option<&'a str>,
        topic: &'a str,
    ) -> Answer<'a, bool> {
        Box::pin(async move { !topic.starts_with("forbidden/") })
    }

    fn authorize_subscribe<'a>(
        &'a self,
        _: &str,
        _: Option<&'a str>,
        filter: &'a str,
    ) -> Answer<'a, bool> {
        Box::pin(async move { !filter.starts_with("forbidden/") })
    }
}
