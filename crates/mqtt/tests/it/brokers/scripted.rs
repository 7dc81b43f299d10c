//! A broker that a test speaks for, packet by packet: it says what no real one can be brought to say at the right moment.

use bytes::BytesMut;
use mqtt5::packet::Packet;
use mqtt5::packet::connack::ConnAckPacket;
use mqtt5::packet::suback::SubAckPacket;
use mqtt5::transport::packet_io::{encode_packet_to_buffer, read_packet_from_stream};
use mqtt5::types::ReasonCode;
use steward_mqtt::MqttConfig;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};

use crate::support::soon;

/// MQTT 5 on the wire.
const VERSION: u8 = 5;
const LARGEST: usize = 1024 * 1024;

pub(crate) struct Scripted(TcpListener);

impl Scripted {
    pub(crate) async fn start() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    pub(crate) fn config(&self, client_id: &str) -> MqttConfig {
        let port = self.0.local_addr().unwrap().port();
        crate::support::config(&format!("mqtt://127.0.0.1:{port}"), client_id)
    }

    /// Takes the next connection and answers its CONNECT.
    pub(crate) async fn accept(&self, connack: ConnAckPacket) -> Peer {
        let (stream, _) = soon(self.0.accept()).await.unwrap();
        let mut peer = Peer { stream, buffer: BytesMut::new() };
        let first = peer.read().await;
        assert!(matches!(first, Packet::Connect(_)), "{first:?}");
        peer.write(&Packet::ConnAck(connack)).await;
        peer
    }

    /// The same with a session that is new, or one that it kept.
    pub(crate) async fn welcome(&self, session_present: bool) -> Peer {
        self.accept(ConnAckPacket::new(session_present, ReasonCode::Success)).await
    }
}

/// One client, from the broker's side.
pub(crate) struct Peer {
    stream: TcpStream,
    buffer: BytesMut,
}

impl Peer {
    pub(crate) async fn read(&mut self) -> Packet {
        soon(read_packet_from_stream(&mut self.stream, VERSION, &mut self.buffer, LARGEST))
            .await
            .unwrap()
    }

    pub(crate) async fn write(&mut self, packet: &Packet) {
        let mut out = BytesMut::new();
        encode_packet_to_buffer(packet, &mut out).unwrap();
        soon(self.stream.write_all(&out)).await.unwrap();
    }

    /// Agrees to the next subscription; its filter.
    pub(crate) async fn agree(&mut self) -> String {
        let Packet::Subscribe(subscribe) = self.read().await else { panic!("no SUBSCRIBE") };
        let granted = mqtt5::QoS::AtLeastOnce;
        let ack = SubAckPacket::new(subscribe.packet_id).add_granted_qos(granted);
        self.write(&Packet::SubAck(ack)).await;
        subscribe.filters[0].filter.clone()
    }

    /// The next publish.
    pub(crate) async fn publish(&mut self) -> mqtt5::packet::publish::PublishPacket {
        let packet = self.read().await;
        let Packet::Publish(publish) = packet else { panic!("no PUBLISH: {packet:?}") };
        publish
    }
}
