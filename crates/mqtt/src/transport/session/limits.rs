//! What one connection allows.

use std::time::Duration;

use mqtt5::{PropertyId, PropertyValue};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use crate::message::QoS;
use crate::system;
use crate::transport::wire::{LARGEST_PACKET, Wire};

/// What the broker allows, from its CONNACK.
pub(super) struct Limits {
    pub(super) number: u64,
    pub(super) receive_maximum: usize,
    pub(super) packet: usize,
    pub(super) qos: QoS,
    pub(super) retain: bool,
    pub(super) identifiers: bool,
    pub(super) keep_alive: Option<Duration>,
}

impl Limits {
    pub(super) fn of(wire: &Wire, keep_alive: Duration, number: u64) -> Self {
        let refused = |id| matches!(wire.property(id), Some(PropertyValue::Byte(0)));
        let properties = &wire.connack.properties;
        let keep_alive = match properties.get_server_keep_alive() {
            Some(seconds) => Duration::from_secs(seconds.into()),
            None => keep_alive,
        };
        Self {
            number,
            receive_maximum: properties.get_receive_maximum().unwrap_or(u16::MAX).into(),
            packet: properties
                .get_maximum_packet_size()
                .map_or(LARGEST_PACKET, |size| size as usize),
            qos: properties.get_maximum_qos().and_then(QoS::from_level).unwrap_or(QoS::ExactlyOnce),
            retain: !refused(PropertyId::RetainAvailable),
            identifiers: wire.connack.protocol_version == 5
                && !refused(PropertyId::SubscriptionIdentifierAvailable),
            keep_alive: (!keep_alive.is_zero()).then_some(keep_alive),
        }
    }
    /// When to send PINGREQ: early enough that a slow network does not end the connection.
    pub(super) fn ticks(&self) -> Interval {
        let period = self.keep_alive.map_or(system::NEVER, |interval| interval.mul_f32(0.75));
        let mut ticks = interval_at(Instant::now() + period, period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks
    }
}
