//! The way to what this library does not cover: the packets of the crate underneath.

use mqtt5::packet::Packet;
use mqtt5::packet::connack::ConnAckPacket;

use crate::client::MqttClient;
use crate::error::PublishError;
use crate::transport::session::Command;

/// The connection underneath a client, in the packets of [`mqtt5`].
pub struct Underlying<'a>(&'a MqttClient);

impl MqttClient {
    /// The connection underneath.
    pub fn underlying(&self) -> Underlying<'_> {
        Underlying(self)
    }
}

impl Underlying<'_> {
    /// What the broker said to the last CONNECT: its limits, and what it can do.
    pub fn connack(&self) -> Option<ConnAckPacket> {
        self.0.shared.connack.borrow().clone()
    }

    /// Sends a packet as it is, after those that wait. What needs an identifier is not for this: the session gives them.
    pub async fn send(&self, packet: Packet) -> Result<(), PublishError> {
        let shared = &self.0.shared;
        if !shared.may_ask(true) {
            return Err(PublishError::NotConnected);
        }
        shared.tell(Command::Send(packet)).await.map_err(|()| PublishError::NotConnected)
    }

    /// Cuts the connection, as a failure would; it is made again. To see how a service takes it.
    pub fn cut(&self) {
        self.0.shared.cut.notify_one();
    }
}
