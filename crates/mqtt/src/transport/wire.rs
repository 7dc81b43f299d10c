//! One connection: opening it, the handshake, packets in and bytes out.

mod ends;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use bytes::BytesMut;
use mqtt5::packet::Packet;
use mqtt5::packet::connack::ConnAckPacket;
use mqtt5::packet::disconnect::DisconnectPacket;
use mqtt5::transport::packet_io::encode_packet_to_buffer;
use mqtt5::transport::tls::{TlsConfig, TlsTransport};
use mqtt5::transport::websocket::{WebSocketConfig, WebSocketTransport};
use mqtt5::types::ReasonCode;
use mqtt5::{MqttError, PropertyId, PropertyValue, Transport as _};
use tokio::net::TcpStream;

use super::{Refusal, Will, packets};
use crate::config::{ConfigError, MqttConfig, Protocol, Transport};
use ends::{Reader, Writer};

/// Opening, TLS and the broker's answer to CONNECT must be done within this time.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);
/// The largest packet of the protocol: header and 268,435,455 bytes.
pub(crate) const LARGEST_PACKET: usize = 268_435_460;

/// How the broker is reached: the parts of the configuration that were checked and loaded once.
pub(crate) struct Dialer {
    pub(crate) config: MqttConfig,
    pub(crate) will: Option<Will>,
    tls: Option<TlsConfig>,
}

/// A connection after its handshake.
pub(crate) struct Wire {
    pub(super) reader: Reader,
    pub(super) writer: Writer,
    pub(crate) connack: ConnAckPacket,
}

impl Dialer {
    pub(crate) fn new(config: MqttConfig, will: Option<Will>) -> Result<Self, ConfigError> {
        let tls = config.address.transport.is_secure().then(|| tls(&config)).transpose()?;
        Ok(Self { config, will, tls })
    }

    /// Tries once.
    pub(crate) async fn dial(&self, clean_start: bool) -> Result<Wire, Refusal> {
        // Before the broker's clock runs: whoever is asked has limits of his own.
        let password = self.password().await.map_err(Refusal::Later)?;
        let opening = Box::pin(self.open_session(password.as_deref(), clean_start));
        match tokio::time::timeout(HANDSHAKE_LIMIT, opening).await {
            Ok(opened) => opened.map_err(|error| self.refusal(&error)),
            Err(_) => Err(Refusal::Later(format!("no answer within {HANDSHAKE_LIMIT:?}"))),
        }
    }

    async fn password(&self) -> Result<Option<String>, String> {
        match &self.config.password_source {
            Some(source) => source.ask().await.map(Some),
            None => Ok(self.config.address.password.clone()),
        }
    }

    async fn open_session(
        &self,
        password: Option<&str>,
        clean_start: bool,
    ) -> Result<Wire, MqttError> {
        if self.config.protocol == Protocol::V5 {
            return self.handshake(password, clean_start).await;
        }
        // Before MQTT 5 a session that begins clean ends with its connection. One that a former process left is
        // wiped instead, by a clean connection before the one to keep.
        let wire = self.handshake(password, false).await?;
        if !clean_start || !wire.connack.session_present {
            return Ok(wire);
        }
        wire.leave(None).await;
        self.handshake(password, true).await?.leave(None).await;
        self.handshake(password, false).await
    }

    async fn handshake(
        &self,
        password: Option<&str>,
        clean_start: bool,
    ) -> Result<Wire, MqttError> {
        let (mut reader, mut writer) = self.open().await?;
        let version = packets::version(self.config.protocol);
        let mut connect = packets::connect(&self.config, self.will.as_ref(), clean_start);
        connect.password = password.map(|password| password.as_bytes().to_vec());
        let mut out = BytesMut::new();
        encode_packet_to_buffer(&Packet::Connect(Box::new(connect)), &mut out)?;
        writer.write_all(&mut out).await?;
        let answer = reader.read(version).await?;
        let Packet::ConnAck(connack) = answer else {
            let name = answer.packet_type_name();
            return Err(MqttError::ProtocolError(format!("{name} before CONNACK")));
        };
        if connack.reason_code != ReasonCode::Success {
            return Err(MqttError::ConnectionRefused(connack.reason_code));
        }
        Ok(Wire { reader, writer, connack })
    }

    async fn open(&self) -> Result<(Reader, Writer), MqttError> {
        let address = &self.config.address;
        match (address.transport, &self.tls) {
            (Transport::Tcp | Transport::Tls, None) => {
                let stream = TcpStream::connect((address.host.as_str(), address.port)).await?;
                stream.set_nodelay(true)?;
                let (reader, writer) = stream.into_split();
                Ok((Reader::stream(reader), Writer::stream(writer)))
            }
            (Transport::Tcp | Transport::Tls, Some(tls)) => self.open_tls(tls).await,
            (Transport::WebSocket | Transport::SecureWebSocket, tls) => {
                let mut config = WebSocketConfig::new(&address.public_url())?;
                if let Some(tls) = tls {
                    config = config.with_tls_config(tls.clone());
                }
                let mut transport = WebSocketTransport::new(config);
                transport.connect().await?;
                let (reader, writer) = transport.into_split()?;
                Ok((Reader::websocket(reader), Writer::websocket(writer)))
            }
        }
    }

    async fn open_tls(&self, tls: &TlsConfig) -> Result<(Reader, Writer), MqttError> {
        let address = &self.config.address;
        let mut last = MqttError::ConnectionError("the name has no address".to_owned());
        for addr in tokio::net::lookup_host((address.host.as_str(), address.port)).await? {
            let mut transport = TlsTransport::new(TlsConfig { addr, ..tls.clone() });
            match transport.connect().await {
                Ok(()) => {
                    let (reader, writer) = transport.into_split()?;
                    return Ok((Reader::stream(reader), Writer::stream(writer)));
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn refusal(&self, error: &MqttError) -> Refusal {
        if let MqttError::ConnectionRefused(code) = error
            && is_final(*code)
        {
            return Refusal::Denied(packets::reason(*code));
        }
        let text = error.to_string();
        if self.tls.is_some() && text.contains("certificate") {
            Refusal::Certificate(text)
        } else {
            Refusal::Later(text)
        }
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

impl Wire {
    /// Sends DISCONNECT after what is left in `out`. With `expiry` 0, an MQTT 5 broker forgets the session at once.
    pub(crate) async fn leave(self, expiry: Option<u32>) {
        self.leave_after(BytesMut::new(), expiry).await;
    }

    pub(super) async fn leave_after(mut self, mut out: BytesMut, expiry: Option<u32>) {
        let mut disconnect = DisconnectPacket::normal();
        if let (Some(seconds), 5) = (expiry, self.connack.protocol_version) {
            disconnect.properties.set_session_expiry_interval(seconds);
        }
        let encoded = encode_packet_to_buffer(&Packet::Disconnect(disconnect), &mut out);
        let leaving = async {
            encoded?;
            self.writer.write_all(&mut out).await?;
            self.writer.close().await
        };
        match tokio::time::timeout(Duration::from_secs(1), leaving).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "the broker did not wait for DISCONNECT"),
            Err(_) => tracing::debug!("the broker does not take DISCONNECT"),
        }
    }

    pub(super) fn property(&self, id: PropertyId) -> Option<&PropertyValue> {
        self.connack.properties.get(id)
    }
}

fn tls(config: &MqttConfig) -> Result<TlsConfig, ConfigError> {
    // Other crates of a process may bring a second provider, and rustls refuses to choose.
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        tracing::trace!("the process has chosen its cryptography");
    }
    let unresolved = SocketAddr::from((Ipv4Addr::UNSPECIFIED, config.address.port));
    let mut tls = TlsConfig::new(unresolved, config.address.host.clone());
    if let Some(path) = &config.ca_file {
        load_pem("MQTT_CA_FILE", path, |pem| tls.load_ca_cert_pem_bytes(pem))?;
        tls.use_system_roots = false;
    }
    if let Some(path) = &config.cert_file {
        load_pem("MQTT_CERT_FILE", path, |pem| tls.load_client_cert_pem_bytes(pem))?;
    }
    if let Some(path) = &config.key_file {
        load_pem("MQTT_KEY_FILE", path, |pem| tls.load_client_key_pem_bytes(pem))?;
    }
    Ok(tls)
}

fn load_pem(
    name: &'static str,
    path: &Path,
    load: impl FnOnce(&[u8]) -> Result<(), MqttError>,
) -> Result<(), ConfigError> {
    let failed = |reason: String| ConfigError::File { name, path: path.to_owned(), reason };
    let pem = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
    load(&pem).map_err(|error| failed(error.to_string()))
}
