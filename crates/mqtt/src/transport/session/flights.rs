//! Publishes on their way to the broker, in the order in which they were asked for.

use std::collections::{HashSet, VecDeque};

use bytes::BytesMut;
use mqtt5::packet::Packet;
use mqtt5::packet::publish::PublishPacket;
use mqtt5::packet::pubrel::PubRelPacket;
use mqtt5::types::ReasonCode;
use tokio::sync::oneshot;

use super::{Limits, Outgoing, put};
use crate::error::PublishError;
use crate::message::{Ack, QoS};
use crate::transport::wire::LARGEST_PACKET;
use crate::transport::{Loss, packets};

type Done = oneshot::Sender<Result<Ack, PublishError>>;

/// Publishes and subscriptions share the identifiers: those above belong to subscriptions.
pub(super) const LAST_PUBLISH_ID: u16 = 0x7FFF;

struct Flight {
    packet_id: u16,
    packet: PublishPacket,
    /// The broker has a QoS 2 message and waits for our word that it may forget the identifier.
    received: bool,
    tries: u32,
    retries: u32,
    /// Taken when the caller was answered; a QoS 2 exchange goes on without it, because the broker knows its identifier.
    done: Option<Done>,
}

pub(super) struct Flights {
    retries: u32,
    /// The first `sent` went out on this connection.
    queue: VecDeque<Flight>,
    sent: usize,
    window: usize,
    last_id: u16,
    ids: HashSet<u16>,
    /// QoS 0 messages that the socket does not have yet.
    unconfirmed: Vec<Done>,
}

impl Flights {
    pub(super) fn new(retries: u32) -> Self {
        Self {
            retries,
            queue: VecDeque::new(),
            sent: 0,
            window: 0,
            last_id: 0,
            ids: HashSet::new(),
            unconfirmed: Vec::new(),
        }
    }

    /// Whether one more publish may be taken.
    pub(super) fn has_room(&self) -> bool {
        self.queue.len() < self.window
    }

    pub(super) fn connected(&mut self, window: usize, session_present: bool) {
        self.window = window.max(1);
        if session_present {
            return;
        }
        // The broker took these over before it forgot how far the exchange was.
        while let Some(position) = self.queue.iter().position(|flight| flight.received) {
            self.answer(position, |flight| {
                Ok(Ack { qos: QoS::ExactlyOnce, tries: flight.tries.max(1) })
            });
        }
        for flight in &mut self.queue {
            flight.packet.dup = false;
        }
    }

    pub(super) fn take(&mut self, outgoing: Outgoing, limits: &Limits, out: &mut BytesMut) {
        let Outgoing { mut packet, only, done } = outgoing;
        if only.is_some_and(|number| number != limits.number) {
            refuse(done, PublishError::NotConnected);
            return;
        }
        if done.is_closed() {
            return;
        }
        if packet.retain && !limits.retain {
            refuse(done, PublishError::Refused(packets::reason(ReasonCode::RetainNotSupported)));
            return;
        }
        packet.qos = packets::to_level(packets::from_level(packet.qos).min(limits.qos));
        if packet.qos == mqtt5::QoS::AtMostOnce {
            match write(packet, limits, out) {
                Ok(()) => self.unconfirmed.push(done),
                Err(error) => refuse(done, error),
            }
            return;
        }
        let packet_id = self.fresh_id();
        packet.packet_id = Some(packet_id);
        let retries = if only.is_some() { 1 } else { self.retries };
        let done = Some(done);
        self.queue.push_back(Flight {
            packet_id,
            packet,
            received: false,
            tries: 0,
            retries,
            done,
        });
    }

    fn fresh_id(&mut self) -> u16 {
        loop {
            self.last_id = self.last_id % LAST_PUBLISH_ID + 1;
            if self.ids.insert(self.last_id) {
                return self.last_id;
            }
        }
    }

    /// Writes what the broker's window has room for.
    pub(super) fn send(&mut self, limits: &Limits, out: &mut BytesMut) -> Result<(), Loss> {
        while self.sent < self.window {
            let Some(flight) = self.queue.get_mut(self.sent) else { break };
            if flight.tries == 0 && flight.done.as_ref().is_some_and(oneshot::Sender::is_closed) {
                // Withdrawn before it went out.
                self.answer(self.sent, |_| Err(PublishError::NotConnected));
                continue;
            }
            if flight.received {
                put(out, &Packet::PubRel(PubRelPacket::new(flight.packet_id)))?;
                self.sent += 1;
                continue;
            }
            match write(flight.packet.clone(), limits, out) {
                Ok(()) => {
                    flight.packet.dup = true;
                    self.sent += 1;
                }
                Err(error) => self.answer(self.sent, |_| Err(error)),
            }
        }
        Ok(())
    }

    pub(super) fn acknowledged(&mut self, packet_id: u16, code: ReasonCode, qos: QoS) {
        if let Some(position) = self.position(packet_id) {
            self.answer(position, |flight| {
                if code.is_error() {
                    return Err(PublishError::Refused(packets::reason(code)));
                }
                // A broker that answers QoS 2 with PUBACK gives it QoS 1.
                let asked = packets::from_level(flight.packet.qos);
                Ok(Ack { qos: asked.min(qos), tries: flight.tries + 1 })
            });
        }
    }

    /// The broker has a QoS 2 message.
    pub(super) fn received(
        &mut self,
        packet_id: u16,
        code: ReasonCode,
        out: &mut BytesMut,
    ) -> Result<(), Loss> {
        if code.is_error() {
            self.acknowledged(packet_id, code, QoS::ExactlyOnce);
            return Ok(());
        }
        if let Some(flight) =
            self.position(packet_id).and_then(|position| self.queue.get_mut(position))
        {
            flight.received = true;
        }
        put(out, &Packet::PubRel(PubRelPacket::new(packet_id)))
    }

    fn position(&self, packet_id: u16) -> Option<usize> {
        self.queue.iter().position(|flight| flight.packet_id == packet_id)
    }

    fn answer(
        &mut self,
        position: usize,
        result: impl FnOnce(&Flight) -> Result<Ack, PublishError>,
    ) {
        if let Some(mut flight) = self.queue.remove(position) {
            self.ids.remove(&flight.packet_id);
            if position < self.sent {
                self.sent -= 1;
            }
            if let Some(done) = flight.done.take() {
                // A caller that stopped waiting is no fault.
                done.send(result(&flight)).unwrap_or_default();
            }
        }
    }

    /// The socket took bytes; with `all`, everything that was there for it.
    pub(super) fn written(&mut self, all: bool) {
        if all {
            for done in self.unconfirmed.drain(..) {
                done.send(Ok(Ack { qos: QoS::AtMostOnce, tries: 1 })).unwrap_or_default();
            }
        }
    }

    pub(super) fn connection_lost(&mut self) {
        for done in self.unconfirmed.drain(..) {
            refuse(done, PublishError::Unknown { tries: 1 });
        }
        for (place, flight) in self.queue.iter_mut().enumerate() {
            flight.tries += u32::from(place < self.sent);
            // What goes out on one connection only must not follow on the next, sent or not.
            if (flight.tries >= flight.retries || flight.retries == 1)
                && let Some(done) = flight.done.take()
            {
                refuse(done, unfinished(flight.tries));
            }
        }
        self.queue
            .retain(|flight| flight.done.is_some() || flight.packet.qos == mqtt5::QoS::ExactlyOnce);
        self.ids = self.queue.iter().map(|flight| flight.packet_id).collect();
        self.sent = 0;
    }

    pub(super) fn abandon(&mut self) {
        for mut flight in self.queue.drain(..) {
            if let Some(done) = flight.done.take() {
                refuse(done, unfinished(flight.tries));
            }
        }
        self.ids.clear();
        self.sent = 0;
    }
}

fn unfinished(tries: u32) -> PublishError {
    match tries {
        0 => PublishError::NotConnected,
        tries => PublishError::Unknown { tries },
    }
}

fn refuse(done: Done, error: PublishError) {
    if let Err(Err(error)) = done.send(Err(error)) {
        tracing::debug!(%error, "nobody waits for this publish");
    }
}

/// Appends the packet, unless it is larger than the broker takes, or than any packet can be.
fn write(packet: PublishPacket, limits: &Limits, out: &mut BytesMut) -> Result<(), PublishError> {
    let (before, least) = (out.len(), packet.payload.len() + packet.topic_name.len());
    let written = put(out, &Packet::Publish(packet)).is_ok();
    let size = if written { out.len() - before } else { least.max(LARGEST_PACKET) };
    if written && size <= limits.packet {
        return Ok(());
    }
    out.truncate(before);
    Err(PublishError::TooLarge { size, limit: limits.packet })
}
