//! What a broker can do, asked with one CONNECT: for `steward doctor` and for the start on a broker outside.

use std::{fmt, path::Path, time::Duration};

use mqtt5::{
    ConnectOptions, MqttError, Packet, PropertyId, PropertyValue, Transport as _,
    packet::{connack::ConnAckPacket, connect::ConnectPacket, disconnect::DisconnectPacket},
    protocol::v5::reason_codes::ReasonCode,
    transport::{
        PacketIo, TcpTransport, TransportType,
        tls::{TlsConfig, TlsTransport},
        websocket::{WebSocketConfig, WebSocketTransport},
    },
};
use steward_mqtt::{ConnectionParams, Transport};
use tokio::time::timeout;

use super::Error;

/// A broker that takes longer for one packet is not fit for use.
const PATIENCE: Duration = Duration::from_secs(10);
/// The largest packet the protocol knows: what a broker without a limit of its own takes.
const PACKET_BYTES_MAX: u32 = 268_435_455;
/// The protocol levels on the wire.
const V5: u8 = 5;
const V311: u8 = 4;

/// What a broker said of itself.
#[expect(
    clippy::struct_excessive_bools,
    reason = "a report: the protocol's own yes-or-no properties"
)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Features {
    /// Whether it speaks MQTT 5; one that only speaks 3.1.1 says nothing of the rest.
    pub mqtt5: bool,
    /// Whether it keeps retained messages.
    pub retain: bool,
    /// The highest `QoS` it takes.
    pub qos_max: u8,
    /// The largest packet it takes, in bytes.
    pub packet_bytes_max: u32,
    /// Whether filters may have wildcards.
    pub wildcards: bool,
    /// Whether `$share/group/filter` spreads messages over several clients.
    pub shared: bool,
}

impl Features {
    /// What the server needs and the broker lacks, a sentence each.
    pub fn lacks(&self) -> Vec<&'static str> {
        /// The longest event with its envelope, with room to spare.
        const EVENT_BYTES: u32 = 1024 * 1024;
        let needs = [
            (
                self.mqtt5,
                "it does not speak MQTT 5: refusals are silent and times of expiry are lost",
            ),
            (self.qos_max >= 1, "it takes QoS 0 only: no event is ever acknowledged"),
            (self.wildcards, "it knows no wildcards: nobody can follow a tenant"),
            (self.packet_bytes_max >= EVENT_BYTES, "it takes packets below 1 MiB only"),
            (self.retain, "it keeps no retained messages: health of services is not shown"),
        ];
        needs.into_iter().filter(|(met, _)| !met).map(|(_, lack)| lack).collect()
    }
}

/// Connects once, reads what the broker says of itself, and disconnects.
///
/// `url` is as everywhere (`mqtt://user:password@host:1883`, `mqtts`, `ws`, `wss`); `client_id` must be one that the
/// account may use and that nobody uses now; `ca` is the authority that the broker's certificate is checked against,
/// the system's when absent.
///
/// # Errors
/// [`Error::Probe`] when it cannot be reached, does not speak MQTT or refuses the account.
pub async fn probe(url: &str, client_id: &str, ca: Option<&Path>) -> Result<Features, Error> {
    let address: ConnectionParams = url.parse()?;
    let failed = |why: &dyn fmt::Display| Error::Probe {
        address: format!("{}:{}", address.host, address.port),
        why: why.to_string(),
    };
    let asked = async {
        match ask(&address, client_id, ca, V5).await {
            Err(MqttError::ConnectionRefused(ReasonCode::UnsupportedProtocolVersion)) => {
                ask(&address, client_id, ca, V311).await
            }
            answered => answered,
        }
    };
    match timeout(PATIENCE, asked).await {
        Ok(answered) => answered.map_err(|e| failed(&e)),
        Err(_) => Err(failed(&format!("no answer within {} s", PATIENCE.as_secs()))),
    }
}

async fn ask(
    address: &ConnectionParams,
    client_id: &str,
    ca: Option<&Path>,
    version: u8,
) -> mqtt5::Result<Features> {
    let mut transport = open(address, ca).await?;
    let mut options = ConnectOptions::new(client_id).protocol_options;
    options.username.clone_from(&address.user);
    options.password = address.password.as_ref().map(|password| password.clone().into_bytes());
    let mut connect = ConnectPacket::new(options);
    connect.protocol_version = version;
    transport.write_packet(Packet::Connect(Box::new(connect))).await?;
    let Packet::ConnAck(answer) = transport.read_packet(version).await? else {
        return Err(MqttError::ProtocolError("it does not answer a CONNECT".to_owned()));
    };
    if answer.reason_code != ReasonCode::Success {
        return Err(MqttError::ConnectionRefused(answer.reason_code));
    }
    transport.write_packet(Packet::Disconnect(DisconnectPacket::normal())).await?;
    transport.close().await?;
    Ok(features(&answer, version))
}

async fn open(address: &ConnectionParams, ca: Option<&Path>) -> mqtt5::Result<TransportType> {
    let unreachable = |e: std::io::Error| MqttError::ConnectionError(e.to_string());
    let mut found = tokio::net::lookup_host((address.host.as_str(), address.port))
        .await
        .map_err(unreachable)?;
    let socket =
        found.next().ok_or_else(|| MqttError::ConnectionError("no such host".to_owned()))?;
    let tls = || {
        let mut tls = TlsConfig::new(socket, address.host.clone());
        if let Some(ca) = ca {
            tls.load_ca_cert_pem(&ca.to_string_lossy())?;
            tls.use_system_roots = false;
        }
        mqtt5::Result::Ok(tls)
    };
    let websocket = |scheme: &str| {
        WebSocketConfig::new(&format!(
            "{scheme}://{}:{}{}",
            address.host, address.port, address.path
        ))
    };
    let mut transport = match address.transport {
        Transport::Tcp => TransportType::Tcp(TcpTransport::from_addr(socket)),
        Transport::Tls => TransportType::Tls(Box::new(TlsTransport::new(tls()?))),
        Transport::WebSocket => {
            TransportType::WebSocket(Box::new(WebSocketTransport::new(websocket("ws")?)))
        }
        Transport::SecureWebSocket => {
            let config = websocket("wss")?.with_tls_config(tls()?);
            TransportType::WebSocket(Box::new(WebSocketTransport::new(config)))
        }
    };
    transport.connect().await?;
    Ok(transport)
}

/// What a property that is absent means, the standard says: everything is available.
fn features(answer: &ConnAckPacket, version: u8) -> Features {
    let has = |property| !matches!(answer.properties.get(property), Some(PropertyValue::Byte(0)));
    Features {
        mqtt5: version == V5,
        retain: has(PropertyId::RetainAvailable),
        qos_max: answer.properties.get_maximum_qos().unwrap_or(2),
        packet_bytes_max: answer.properties.get_maximum_packet_size().unwrap_or(PACKET_BYTES_MAX),
        wildcards: has(PropertyId::WildcardSubscriptionAvailable),
        shared: version == V5 && has(PropertyId::SharedSubscriptionAvailable),
    }
}
