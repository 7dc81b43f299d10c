//! The only module that knows which MQTT crate is underneath.
//!
//! It opens connections one at a time and leaves the rest to its callers: no reconnecting, no retrying, no handlers.
//! The tests in `tests/it/traps.rs` say on which habits of the crate it relies.

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use mqtt5::client::{ConnectionEvent, DisconnectReason};
use mqtt5::transport::tls::TlsConfig;
use mqtt5::transport::websocket::WebSocketConfig;
use mqtt5::types::ReasonCode;
use mqtt5::{ConnectOptions, MessageProperties, MqttError, PublishOutcome, PublishResult};
use tokio::sync::mpsc;

use crate::config::{ConfigError, ConnectionParams, MqttConfig, Protocol, Transport};
use crate::error::{Reason, SubscribeError};
use crate::message::{Message, Properties, QoS};

/// How long the broker keeps the session of a client that is away: longer than an outage, shorter than a retirement.
const SESSION_EXPIRY_SECONDS: u32 = 3600;
/// The broker must answer a CONNECT within this time.
const CONNACK_LIMIT: Duration = Duration::from_secs(10);
/// MQTT 5 forbids user-facing topics that begin with `$`, but brokers have some; the catch-all filter does not cover them.
const CATCH_ALL: &str = "#";

/// A last will: topic and payload, published by the broker retained with QoS 1.
pub(crate) struct Will {
    pub(crate) topic: String,
    pub(crate) payload: Vec<u8>,
}

/// A message on its way to the handlers. Dropping the receipt acknowledges it.
pub(crate) struct Incoming {
    pub(crate) message: Message,
    pub(crate) route: Route,
    pub(crate) receipt: Receipt,
}

/// For which subscriptions the broker sent this copy.
pub(crate) enum Route {
    /// For these identifiers.
    Identifiers(Vec<u32>),
    /// For whichever match.
    Unknown,
    /// For this filter: the crate hands out a copy for each.
    Filter(Arc<str>),
}

/// Holds back the acknowledgement of a message, and with it the broker's send window, until the last clone is dropped.
#[derive(Clone, Default)]
pub(crate) struct Receipt(
    #[expect(dead_code, reason = "acts when it is dropped")] Option<Arc<AckOnDrop>>,
);

struct AckOnDrop(Option<mqtt5::AckToken>);

impl Drop for AckOnDrop {
    fn drop(&mut self) {
        if let Some(token) = self.0.take() {
            token.ack();
        }
    }
}

/// Why an attempt to connect failed.
pub(crate) enum Refusal {
    /// The broker's last word.
    Denied(Reason),
    /// The certificate is wrong.
    Certificate(String),
    /// May work later.
    Later(String),
}

/// Why a connection ended.
#[derive(Debug)]
pub(crate) enum Loss {
    /// Another client has the session now.
    TakenOver,
    /// Anything else.
    Other(String),
}

/// What became of one publish.
pub(crate) enum Sent {
    Acknowledged(QoS),
    /// Sent, the connection was lost; resolves after a later one.
    Pending(Pin<Box<dyn Future<Output = Sent> + Send>>),
    /// Not sent, there is no connection.
    NotSent,
    /// Sent or not, nobody will ever know.
    Unknown,
    Refused(Reason),
    TooLarge {
        size: usize,
        limit: usize,
    },
}

pub(crate) type Inbox = Arc<dyn Fn(Incoming) + Send + Sync>;

/// One MQTT session with its broker.
pub(crate) struct Link {
    client: mqtt5::MqttClient,
    options: ConnectOptions,
    params: ConnectionParams,
    tls: Option<TlsConfig>,
    inbox: Inbox,
}

impl Link {
    pub(crate) fn new(
        config: &MqttConfig,
        will: Option<Will>,
        inbox: Inbox,
    ) -> Result<Self, ConfigError> {
        let options = options(config, will);
        let tls = config.address.transport.is_secure().then(|| tls(config)).transpose()?;
        let client = mqtt5::MqttClient::with_options(options.clone());
        Ok(Self { client, options, params: config.address.clone(), tls, inbox })
    }

    /// Reports the end of every connection, and prepares the way of messages to the inbox.
    pub(crate) async fn losses(&self) -> mpsc::UnboundedReceiver<Loss> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let report = move |event| {
            if let ConnectionEvent::Disconnected { reason } = event {
                // The receiver is gone only when the client is.
                sender.send(loss(&reason)).unwrap_or_default();
            }
        };
        self.client.on_connection_event(report).await.unwrap_or_default();
        // A publish while away waits for the connection with us, in its turn, not in the crate's own queue.
        self.client.set_queue_on_disconnect(false).await;
        if self.options.deferred_ack {
            self.catch(CATCH_ALL).await;
        }
        receiver
    }

    /// Takes messages to the inbox together with their acknowledgement.
    async fn catch(&self, filter: &str) {
        let inbox = Arc::clone(&self.inbox);
        let caught = self.client.register_ack_callback(filter, move |packet, token| {
            let topic = packet.topic_name.clone();
            let level = QoS::from_level(packet.qos as u8).unwrap_or_default();
            let properties = MessageProperties::from(packet.properties);
            let route = match properties.subscription_identifiers.clone() {
                ids if ids.is_empty() => Route::Unknown,
                ids => Route::Identifiers(ids),
            };
            let message = message(topic, packet.payload, level, packet.retain, properties);
            let receipt = Receipt(Some(Arc::new(AckOnDrop(Some(token)))));
            inbox(Incoming { message, route, receipt });
        });
        if let Err(error) = caught.await {
            tracing::error!(%error, filter, "cannot take messages of this filter");
        }
    }

    /// Tries once. Subscriptions made before are restored when this returns `Ok`.
    pub(crate) async fn connect(&self) -> Result<(), Refusal> {
        match self.attempt().await {
            Err(MqttError::ProtocolError(text)) if text.contains("Session Present=1") => {
                // A former process with this id left a session; its subscriptions are none of ours.
                self.forget_session().await.map_err(|error| self.refusal(error))?;
                self.attempt().await.map_err(|error| self.refusal(error))
            }
            result => result.map_err(|error| self.refusal(error)),
        }
    }

    async fn attempt(&self) -> Result<(), MqttError> {
        self.open(&self.client, self.options.clone()).await
    }

    async fn open(
        &self,
        client: &mqtt5::MqttClient,
        options: ConnectOptions,
    ) -> Result<(), MqttError> {
        let url = self.params.public_url();
        match (&self.tls, self.params.transport) {
            (Some(tls), Transport::Tls) => self.open_tls(client, tls, options).await,
            (Some(tls), _) => {
                let websocket = WebSocketConfig::new(&url)?.with_tls_config(tls.clone());
                let options = options.with_websocket_config(websocket);
                limited(client.connect_with_options(&url, options)).await
            }
            (None, _) => limited(client.connect_with_options(&url, options)).await,
        }
    }

    /// Resolves the name itself: the crate takes no IPv6 address as the name of a certificate.
    async fn open_tls(
        &self,
        client: &mqtt5::MqttClient,
        tls: &TlsConfig,
        options: ConnectOptions,
    ) -> Result<(), MqttError> {
        let addresses =
            tokio::net::lookup_host((self.params.host.as_str(), self.params.port)).await;
        let mut last = MqttError::ConnectionError("the name has no address".to_owned());
        for addr in addresses.map_err(|error| MqttError::ConnectionError(error.to_string()))? {
            let tls = TlsConfig { addr, ..tls.clone() };
            match limited(client.connect_with_tls_and_options(tls, options.clone())).await {
                Ok(()) => return Ok(()),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn forget_session(&self) -> Result<(), MqttError> {
        let mut options = self.options.clone().with_clean_start(true).with_deferred_ack(false);
        options.properties.session_expiry_interval = None;
        options.will = None;
        let client = mqtt5::MqttClient::with_options(options.clone());
        self.open(&client, options).await?;
        client.disconnect().await
    }

    fn refusal(&self, error: MqttError) -> Refusal {
        match error {
            MqttError::ConnectionRefused(code) if is_final(code) => Refusal::Denied(reason(code)),
            MqttError::AuthenticationFailed | MqttError::NotAuthorized => {
                Refusal::Denied(reason(ReasonCode::NotAuthorized))
            }
            error => {
                let text = error.to_string();
                if self.tls.is_some() && text.contains("certificate") {
                    Refusal::Certificate(text)
                } else {
                    Refusal::Later(text)
                }
            }
        }
    }

    /// Ends the connection with a DISCONNECT, so that the broker publishes no will.
    pub(crate) async fn disconnect(&self) {
        if let Err(error) = self.client.disconnect().await {
            tracing::debug!(%error, "nothing to disconnect");
        }
    }

    /// Cuts the connection, as a failure would.
    pub(crate) async fn cut(&self) {
        if let Err(error) = self.client.disconnect_abnormally().await {
            tracing::debug!(%error, "nothing to cut");
        }
    }

    pub(crate) async fn is_connected(&self) -> bool {
        self.client.is_connected().await
    }

    /// The client of the crate underneath.
    pub(crate) fn client(&self) -> &mqtt5::MqttClient {
        &self.client
    }

    pub(crate) async fn publish(
        &self,
        topic: &str,
        payload: Bytes,
        qos: QoS,
        retain: bool,
        properties: Properties,
    ) -> Sent {
        let options = mqtt5::PublishOptions {
            qos: level(qos),
            retain,
            properties: mqtt5::PublishProperties {
                content_type: properties.content_type,
                response_topic: properties.response_topic,
                correlation_data: properties.correlation_data.map(Vec::from),
                message_expiry_interval: properties.expiry_seconds,
                user_properties: properties.user,
                ..mqtt5::PublishProperties::default()
            },
            skip_codec: true,
        };
        match self.client.publish_with_options(topic, payload, options).await {
            Ok(PublishResult::Sent(delivery)) => {
                Sent::Acknowledged(from_level(delivery.qos_used()))
            }
            Ok(PublishResult::Queued(handle)) => {
                Sent::Pending(Box::pin(async move { settled(handle.outcome().await) }))
            }
            Err(MqttError::PublishFailed(code)) => Sent::Refused(reason(code)),
            Err(MqttError::PacketTooLarge { size, max }) => Sent::TooLarge { size, limit: max },
            Err(MqttError::RetainNotSupported) => {
                Sent::Refused(reason(ReasonCode::RetainNotSupported))
            }
            Err(MqttError::QoSNotSupported) => Sent::Refused(reason(ReasonCode::QoSNotSupported)),
            Err(MqttError::InvalidTopicName(_) | MqttError::StringTooLong(_)) => {
                Sent::Refused(reason(ReasonCode::TopicNameInvalid))
            }
            Err(MqttError::Io(_) | MqttError::ConnectionError(_)) if qos == QoS::AtMostOnce => {
                Sent::Unknown
            }
            Err(_) => Sent::NotSent,
        }
    }

    /// Asks for `filter`; the broker marks what it sends for it with `identifier` if it can.
    pub(crate) async fn subscribe(
        &self,
        filter: Arc<str>,
        qos: QoS,
        identifier: u32,
    ) -> Result<(), SubscribeError> {
        if self.options.deferred_ack && filter.starts_with('$') {
            self.catch(&filter).await;
        }
        let mut options =
            mqtt5::SubscribeOptions { qos: level(qos), ..mqtt5::SubscribeOptions::default() };
        if self.options.protocol_version == mqtt5::ProtocolVersion::V5 {
            options.subscription_identifier = Some(identifier);
        }
        let inbox = Arc::clone(&self.inbox);
        let (name, own) = (filter.to_string(), Arc::clone(&filter));
        // With MQTT 5 the catch-all takes precedence and this callback is never called.
        let callback = move |arrived: mqtt5::Message| {
            let level = from_level(arrived.qos);
            let payload = Bytes::from(arrived.payload);
            let message =
                message(arrived.topic, payload, level, arrived.retain, arrived.properties);
            inbox(Incoming {
                message,
                route: Route::Filter(Arc::clone(&own)),
                receipt: Receipt::default(),
            });
        };
        match self.client.subscribe_with_options(name, options, callback).await {
            Ok(_) => Ok(()),
            Err(MqttError::NotConnected) => Err(SubscribeError::NotConnected),
            Err(error) => Err(SubscribeError::Refused {
                filter: filter.to_string(),
                reason: error.to_string(),
            }),
        }
    }

    pub(crate) async fn unsubscribe(&self, filter: &str) -> Result<(), SubscribeError> {
        match self.client.unsubscribe(filter).await {
            Ok(()) => Ok(()),
            Err(MqttError::NotConnected) => Err(SubscribeError::NotConnected),
            Err(error) => Err(SubscribeError::Refused {
                filter: filter.to_owned(),
                reason: error.to_string(),
            }),
        }
    }
}

async fn limited<T>(
    connecting: impl Future<Output = Result<T, MqttError>>,
) -> Result<(), MqttError> {
    match tokio::time::timeout(CONNACK_LIMIT, Box::pin(connecting)).await {
        Ok(result) => result.map(|_| ()),
        Err(_) => Err(MqttError::Timeout),
    }
}

fn options(config: &MqttConfig, will: Option<Will>) -> ConnectOptions {
    let version = match config.protocol {
        Protocol::V5 => mqtt5::ProtocolVersion::V5,
        Protocol::V311 => mqtt5::ProtocolVersion::V311,
    };
    let mut options = ConnectOptions::new(config.client_id.clone())
        .with_protocol_version(version)
        .with_keep_alive(config.keep_alive)
        .with_clean_start(false)
        .with_automatic_reconnect(false);
    if config.protocol == Protocol::V5 {
        options = options
            .with_session_expiry_interval(SESSION_EXPIRY_SECONDS)
            .with_receive_maximum(config.receive_maximum)
            .with_deferred_ack(true);
    }
    options.username.clone_from(&config.address.user);
    options.password = config.address.password.as_ref().map(|text| text.clone().into_bytes());
    if let Some(Will { topic, payload }) = will {
        let will = mqtt5::WillMessage::new(topic, payload).with_qos(mqtt5::QoS::AtLeastOnce);
        options = options.with_will(will.with_retain(true));
    }
    options
}

fn tls(config: &MqttConfig) -> Result<TlsConfig, ConfigError> {
    // Other crates of a process may bring a second provider, and rustls refuses to choose.
    // An error means that the process has chosen already.
    rustls::crypto::ring::default_provider().install_default().unwrap_or_default();
    let unresolved = SocketAddr::from((Ipv4Addr::UNSPECIFIED, config.address.port));
    let mut tls =
        TlsConfig::new(unresolved, config.address.host.clone()).with_connect_timeout(CONNACK_LIMIT);
    if let Some(path) = &config.ca_file {
        read_pem("MQTT_CA_FILE", path, |pem| tls.load_ca_cert_pem_bytes(pem))?;
        tls.use_system_roots = false;
    }
    if let Some(path) = &config.cert_file {
        read_pem("MQTT_CERT_FILE", path, |pem| tls.load_client_cert_pem_bytes(pem))?;
    }
    if let Some(path) = &config.key_file {
        read_pem("MQTT_KEY_FILE", path, |pem| tls.load_client_key_pem_bytes(pem))?;
    }
    Ok(tls)
}

fn read_pem(
    name: &'static str,
    path: &std::path::Path,
    load: impl FnOnce(&[u8]) -> Result<(), MqttError>,
) -> Result<(), ConfigError> {
    let failed = |reason: String| ConfigError::File { name, path: path.to_owned(), reason };
    let pem = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
    load(&pem).map_err(|error| failed(error.to_string()))
}

fn message(
    topic: String,
    payload: Bytes,
    qos: QoS,
    retain: bool,
    properties: MessageProperties,
) -> Message {
    Message {
        topic,
        payload,
        qos,
        retain,
        properties: Properties {
            content_type: properties.content_type,
            response_topic: properties.response_topic,
            correlation_data: properties.correlation_data.map(Bytes::from),
            expiry_seconds: properties.message_expiry_interval,
            user: properties.user_properties,
        },
    }
}

fn settled(outcome: PublishOutcome) -> Sent {
    match outcome {
        PublishOutcome::Delivered(delivery) => Sent::Acknowledged(from_level(delivery.qos_used())),
        PublishOutcome::Rejected(mqtt5::client::PublishRejection::Refused(code)) => {
            Sent::Refused(reason(code))
        }
        PublishOutcome::Rejected(_) => Sent::Refused(reason(ReasonCode::UnspecifiedError)),
        PublishOutcome::Indeterminate(_) => Sent::Unknown,
    }
}

fn loss(reason: &DisconnectReason) -> Loss {
    match reason {
        DisconnectReason::ServerDisconnect(ReasonCode::SessionTakenOver) => Loss::TakenOver,
        other => Loss::Other(format!("{other:?}")),
    }
}

/// Whether a CONNECT with the same credentials will be refused again.
fn is_final(code: ReasonCode) -> bool {
    matches!(
        code,
        ReasonCode::BadUsernameOrPassword
            | ReasonCode::NotAuthorized
            | ReasonCode::Banned
            | ReasonCode::ClientIdentifierNotValid
            | ReasonCode::BadAuthenticationMethod
            | ReasonCode::UnsupportedProtocolVersion
    )
}

fn reason(code: ReasonCode) -> Reason {
    Reason { code: code as u8, name: format!("{code:?}") }
}

fn level(qos: QoS) -> mqtt5::QoS {
    match qos {
        QoS::AtMostOnce => mqtt5::QoS::AtMostOnce,
        QoS::AtLeastOnce => mqtt5::QoS::AtLeastOnce,
        QoS::ExactlyOnce => mqtt5::QoS::ExactlyOnce,
    }
}

fn from_level(qos: mqtt5::QoS) -> QoS {
    match qos {
        mqtt5::QoS::AtMostOnce => QoS::AtMostOnce,
        mqtt5::QoS::AtLeastOnce => QoS::AtLeastOnce,
        mqtt5::QoS::ExactlyOnce => QoS::ExactlyOnce,
    }
}
