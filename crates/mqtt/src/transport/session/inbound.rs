//! Messages from the broker: delivered once while the session lasts, acknowledged in the order of their arrival.

use std::collections::{HashSet, VecDeque};

use bytes::BytesMut;
use mqtt5::packet::Packet;
use mqtt5::packet::puback::PubAckPacket;
use mqtt5::packet::pubcomp::PubCompPacket;
use mqtt5::packet::publish::PublishPacket;
use mqtt5::packet::pubrec::PubRecPacket;
use tokio::sync::mpsc;

use super::put;
use crate::transport::{Incoming, Loss, Receipt, Release, packets};

struct Pending {
    packet_id: u16,
    exactly_once: bool,
    released: bool,
}

pub(super) struct Inbound {
    /// Not acknowledged yet. The standard wants acknowledgements in this order.
    pending: VecDeque<Pending>,
    /// QoS 2 messages that are acknowledged, but that the broker may send again.
    received: HashSet<u16>,
    generation: u64,
    releases: mpsc::UnboundedSender<(u64, u16)>,
}

impl Inbound {
    pub(super) fn new(releases: mpsc::UnboundedSender<(u64, u16)>) -> Self {
        Self { pending: VecDeque::new(), received: HashSet::new(), generation: 0, releases }
    }

    /// The broker began a new session: its identifiers mean other messages now.
    pub(super) fn forget(&mut self) {
        self.generation += 1;
        self.pending.clear();
        self.received.clear();
    }

    /// The message to hand on, unless it was handed on before.
    pub(super) fn publish(
        &mut self,
        packet: PublishPacket,
        out: &mut BytesMut,
    ) -> Result<Option<Incoming>, Loss> {
        let receipt = match packet.packet_id {
            Some(packet_id) if packet.qos != mqtt5::QoS::AtMostOnce => {
                if self.received.contains(&packet_id) {
                    put(out, &Packet::PubRec(PubRecPacket::new(packet_id)))?;
                    return Ok(None);
                }
                if self.pending.iter().any(|pending| pending.packet_id == packet_id) {
                    return Ok(None);
                }
                let exactly_once = packet.qos == mqtt5::QoS::ExactlyOnce;
                self.pending.push_back(Pending { packet_id, exactly_once, released: false });
                let (generation, releases) = (self.generation, self.releases.clone());
                Receipt::new(Release { generation, packet_id, releases })
            }
            _ => Receipt::default(),
        };
        let (message, identifiers) = packets::message(packet);
        Ok(Some(Incoming { message, identifiers, receipt }))
    }

    /// A message was taken care of: acknowledges it, and those behind it that only waited for it.
    pub(super) fn released(
        &mut self,
        (generation, packet_id): (u64, u16),
        out: &mut BytesMut,
    ) -> Result<(), Loss> {
        if generation != self.generation {
            return Ok(());
        }
        if let Some(pending) =
            self.pending.iter_mut().find(|pending| pending.packet_id == packet_id)
        {
            pending.released = true;
        }
        while let Some(Pending { packet_id, exactly_once, .. }) =
            self.pending.pop_front_if(|first| first.released)
        {
            if exactly_once {
                self.received.insert(packet_id);
                put(out, &Packet::PubRec(PubRecPacket::new(packet_id)))?;
            } else {
                put(out, &Packet::PubAck(PubAckPacket::new(packet_id)))?;
            }
        }
        Ok(())
    }

    /// The broker forgets a QoS 2 identifier, and so may we.
    pub(super) fn release(&mut self, packet_id: u16, out: &mut BytesMut) -> Result<(), Loss> {
        self.received.remove(&packet_id);
        put(out, &Packet::PubComp(PubCompPacket::new(packet_id)))
    }
}
