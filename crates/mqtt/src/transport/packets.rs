//! Between the types of this crate and those of the crate underneath.

use bytes::Bytes;
use mqtt5::packet::connect::ConnectPacket;
use mqtt5::packet::publish::PublishPacket;
use mqtt5::packet::subscribe::{SubscribePacket, SubscriptionOptions, TopicFilter};
use mqtt5::packet::unsubscribe::UnsubscribePacket;
use mqtt5::types::ReasonCode;
use mqtt5::{MessageProperties, ProtocolVersion, PublishProperties, WillMessage};

use super::Will;
use crate::config::{MqttConfig, Protocol};
use crate::error::Reason;
use crate::message::{Message, Properties, QoS};

/// How long the broker keeps the session of a client that is away: longer than an outage, shorter than a retirement.
const SESSION_EXPIRY_SECONDS: u32 = 3600;

pub(super) fn version(protocol: Protocol) -> u8 {
    match protocol {
        Protocol::V5 => ProtocolVersion::V5.as_u8(),
        Protocol::V311 => ProtocolVersion::V311.as_u8(),
    }
}

pub(super) fn connect(
    config: &MqttConfig,
    will: Option<&Will>,
    clean_start: bool,
) -> ConnectPacket {
    let mut properties = mqtt5::Properties::default();
    if config.protocol == Protocol::V5 {
        properties.set_session_expiry_interval(SESSION_EXPIRY_SECONDS);
        properties.set_receive_maximum(config.receive_maximum);
    }
    let will = will.map(|Will { topic, payload }| {
        WillMessage::new(topic, payload.as_slice())
            .with_qos(mqtt5::QoS::AtLeastOnce)
            .with_retain(true)
    });
    ConnectPacket {
        protocol_version: version(config.protocol),
        clean_start,
        keep_alive: u16::try_from(config.keep_alive.as_secs()).unwrap_or(u16::MAX),
        client_id: config.client_id.clone(),
        username: config.address.user.clone(),
        password: None, // the dialer's to add
        will,
        properties,
        will_properties: mqtt5::Properties::default(),
    }
}

/// A message to publish, without a packet identifier yet.
pub(crate) fn publish(
    protocol: Protocol,
    topic: &str,
    payload: Bytes,
    (qos, retain): (QoS, bool),
    properties: Properties,
) -> PublishPacket {
    let properties = match protocol {
        Protocol::V5 => mqtt5::Properties::from(PublishProperties {
            content_type: properties.content_type,
            response_topic: properties.response_topic,
            correlation_data: properties.correlation_data.map(Vec::from),
            message_expiry_interval: properties.expiry_seconds,
            user_properties: properties.user,
            ..PublishProperties::default()
        }),
        Protocol::V311 => mqtt5::Properties::default(),
    };
    PublishPacket {
        topic_name: topic.to_owned(),
        packet_id: None,
        payload,
        qos: to_level(qos),
        retain,
        dup: false,
        properties,
        protocol_version: version(protocol),
        stream_id: None,
    }
}

pub(super) fn subscribe(
    version: u8,
    packet_id: u16,
    filter: &str,
    qos: QoS,
    identifier: Option<u32>,
) -> SubscribePacket {
    let mut properties = mqtt5::Properties::default();
    if let Some(identifier) = identifier {
        properties.set_subscription_identifier(identifier);
    }
    let options = SubscriptionOptions::new(to_level(qos));
    let filters = vec![TopicFilter::with_options(filter, options)];
    SubscribePacket { packet_id, filters, properties, protocol_version: version }
}

pub(super) fn unsubscribe(version: u8, packet_id: u16, filter: &str) -> UnsubscribePacket {
    UnsubscribePacket {
        packet_id,
        filters: vec![filter.to_owned()],
        properties: mqtt5::Properties::default(),
        protocol_version: version,
    }
}

/// The message in a packet, and the identifiers of the subscriptions it is for.
pub(super) fn message(packet: PublishPacket) -> (Message, Vec<u32>) {
    let properties = MessageProperties::from(packet.properties);
    let message = Message {
        topic: packet.topic_name,
        payload: packet.payload,
        qos: from_level(packet.qos),
        retain: packet.retain,
        properties: Properties {
            content_type: properties.content_type,
            response_topic: properties.response_topic,
            correlation_data: properties.correlation_data.map(Bytes::from),
            expiry_seconds: properties.message_expiry_interval,
            user: properties.user_properties,
        },
    };
    (message, properties.subscription_identifiers)
}

pub(super) fn reason(code: ReasonCode) -> Reason {
    Reason { code: code as u8, name: format!("{code:?}") }
}

pub(super) fn to_level(qos: QoS) -> mqtt5::QoS {
    match qos {
        QoS::AtMostOnce => mqtt5::QoS::AtMostOnce,
        QoS::AtLeastOnce => mqtt5::QoS::AtLeastOnce,
        QoS::ExactlyOnce => mqtt5::QoS::ExactlyOnce,
    }
}

pub(super) fn from_level(qos: mqtt5::QoS) -> QoS {
    match qos {
        mqtt5::QoS::AtMostOnce => QoS::AtMostOnce,
        mqtt5::QoS::AtLeastOnce => QoS::AtLeastOnce,
        mqtt5::QoS::ExactlyOnce => QoS::ExactlyOnce,
    }
}
