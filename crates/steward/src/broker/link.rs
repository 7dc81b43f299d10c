//! The relay's way to a broker: its port, over the MQTT client.

use std::time::Duration;

use bytes::Bytes;
use kernel::relay::{Broker, Delivery};
use steward_mqtt::{MqttClient, MqttConfig, PublishError, PublishOptions, Reason};

use super::Error;

/// The embedded broker acknowledges up to half a second before its disk has the message, and dies with the server: what
/// it acknowledged in the last two seconds is sent again after a restart.
const EMBEDDED_SETTLE: Duration = Duration::from_secs(2);
/// One connection per try: what a lost connection leaves open comes out unknown, in order, and the relay sends it again.
const TRIES: u32 = 1;
/// CloudEvents in structured mode, as its MQTT binding wants it.
const CLOUD_EVENT: &str = "application/cloudevents+json";

/// A connection for publishing, made again whenever it is lost. Clones share it.
#[derive(Clone)]
pub struct Link {
    client: MqttClient,
    settle: Duration,
}

impl Link {
    /// To the embedded broker.
    ///
    /// # Errors
    /// When the configuration cannot work. Nobody listening is no error: it is tried for ever.
    pub fn embedded(config: MqttConfig) -> Result<Self, Error> {
        Self::start(config, EMBEDDED_SETTLE)
    }

    /// To a broker outside, which acknowledges what it answers for: with its queue on several machines, or not at all.
    ///
    /// # Errors
    /// As [`Link::embedded`].
    pub fn external(config: MqttConfig) -> Result<Self, Error> {
        Self::start(config, Duration::ZERO)
    }

    fn start(config: MqttConfig, settle: Duration) -> Result<Self, Error> {
        let client = MqttClient::new(config.publish_retries(TRIES))?;
        client.start()?;
        Ok(Self { client, settle })
    }

    /// The client underneath, for subscriptions.
    pub const fn client(&self) -> &MqttClient {
        &self.client
    }

    /// Waits for the publishes in flight and disconnects.
    pub async fn shutdown(&self) {
        self.client.shutdown().await;
    }
}

impl Broker for Link {
    async fn publish(&self, topic: &str, body: Bytes) -> Delivery {
        let options = PublishOptions::default().content_type(CLOUD_EVENT).no_wait();
        match self.client.publish(topic, body, options).await {
            Ok(_) => Delivery::Acked,
            Err(PublishError::Refused(reason)) if !is_final(&reason) => {
                Delivery::Unknown(reason.to_string())
            }
            Err(error @ (PublishError::NotConnected | PublishError::Unknown { .. })) => {
                Delivery::Unknown(error.to_string())
            }
            Err(error) => Delivery::Refused(error.to_string()),
        }
    }

    fn settle(&self) -> Duration {
        self.settle
    }

    fn connected(&self) -> bool {
        self.client.is_connected()
    }
}

/// Whether the broker will refuse the same message again: it says why the message is wrong, not that it is busy.
fn is_final(reason: &Reason) -> bool {
    const NOT_AUTHORIZED: u8 = 0x87;
    const TOPIC_NAME_INVALID: u8 = 0x90;
    const PACKET_TOO_LARGE: u8 = 0x95;
    const PAYLOAD_FORMAT_INVALID: u8 = 0x99;
    const RETAIN_NOT_SUPPORTED: u8 = 0x9A;
    const QOS_NOT_SUPPORTED: u8 = 0x9B;
    matches!(
        reason.code,
        NOT_AUTHORIZED
            | TOPIC_NAME_INVALID
            | PACKET_TOO_LARGE
            | PAYLOAD_FORMAT_INVALID
            | RETAIN_NOT_SUPPORTED
            | QOS_NOT_SUPPORTED
    )
}
