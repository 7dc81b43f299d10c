//! What the broker shall send, and whether it knows.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::BytesMut;
use mqtt5::packet::Packet;
use mqtt5::packet::suback::SubAckPacket;
use tokio::sync::oneshot;

use super::flights::LAST_PUBLISH_ID;
use super::put;
use crate::error::SubscribeError;
use crate::message::QoS;
use crate::transport::{Loss, packets};

type Done = oneshot::Sender<Result<(), SubscribeError>>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// The broker must be told.
    Unsaid,
    /// It was told in this packet.
    Asked(u16),
    /// It has agreed.
    Stands,
}

struct Subscription {
    qos: QoS,
    identifier: Option<u32>,
    standing: Standing,
    done: Option<Done>,
}

struct Leaving {
    filter: Arc<str>,
    standing: Standing,
    done: Done,
}

#[derive(Default)]
pub(super) struct Subscriptions {
    wanted: BTreeMap<Arc<str>, Subscription>,
    leaving: Vec<Leaving>,
    next_id: u16,
}

impl Subscriptions {
    /// Whether the broker agreed to all.
    pub(super) fn stand(&self) -> bool {
        self.wanted.values().all(|subscription| subscription.standing == Standing::Stands)
    }

    pub(super) fn add(
        &mut self,
        filter: Arc<str>,
        (qos, identifier): (QoS, Option<u32>),
        done: Done,
    ) {
        let standing = Standing::Unsaid;
        self.wanted.insert(filter, Subscription { qos, identifier, standing, done: Some(done) });
    }

    pub(super) fn remove(&mut self, filter: &Arc<str>, done: Done) {
        self.wanted.remove(filter);
        self.leaving.push(Leaving { filter: Arc::clone(filter), standing: Standing::Unsaid, done });
    }

    /// The broker knows nothing.
    pub(super) fn forget(&mut self) {
        for subscription in self.wanted.values_mut() {
            subscription.standing = Standing::Unsaid;
        }
    }

    /// What was asked on a connection that is lost must be asked again.
    pub(super) fn connection_lost(&mut self) {
        let asked = |standing: &mut Standing| {
            if let Standing::Asked(_) = standing {
                *standing = Standing::Unsaid;
            }
        };
        self.wanted.values_mut().for_each(|subscription| asked(&mut subscription.standing));
        self.leaving.iter_mut().for_each(|leaving| asked(&mut leaving.standing));
    }

    /// Tells the broker what it does not know.
    pub(super) fn restore(
        &mut self,
        version: u8,
        identifiers: bool,
        out: &mut BytesMut,
    ) -> Result<(), Loss> {
        for (filter, subscription) in &mut self.wanted {
            if subscription.standing == Standing::Unsaid {
                let packet_id = next(&mut self.next_id);
                let identifier = subscription.identifier.filter(|_| identifiers);
                let packet =
                    packets::subscribe(version, packet_id, filter, subscription.qos, identifier);
                put(out, &Packet::Subscribe(packet))?;
                subscription.standing = Standing::Asked(packet_id);
            }
        }
        for leaving in &mut self.leaving {
            if leaving.standing == Standing::Unsaid {
                let packet_id = next(&mut self.next_id);
                put(
                    out,
                    &Packet::Unsubscribe(packets::unsubscribe(version, packet_id, &leaving.filter)),
                )?;
                leaving.standing = Standing::Asked(packet_id);
            }
        }
        Ok(())
    }

    pub(super) fn acknowledged(&mut self, ack: &SubAckPacket) {
        let asked = Standing::Asked(ack.packet_id);
        let Some((filter, subscription)) =
            self.wanted.iter_mut().find(|(_, wanted)| wanted.standing == asked)
        else {
            return;
        };
        let refusal = ack.reason_codes.iter().find(|code| code.granted_qos().is_none());
        subscription.standing = Standing::Stands;
        let done = subscription.done.take();
        let Some(code) = refusal else {
            answer(done, Ok(()));
            return;
        };
        let filter = Arc::clone(filter);
        let error =
            SubscribeError::Refused { filter: filter.to_string(), reason: format!("{code:?}") };
        tracing::error!(%error, "a subscription does not stand");
        self.wanted.remove(&filter);
        answer(done, Err(error));
    }

    pub(super) fn left(&mut self, packet_id: u16) {
        let asked = Standing::Asked(packet_id);
        if let Some(position) = self.leaving.iter().position(|leaving| leaving.standing == asked) {
            answer(Some(self.leaving.swap_remove(position).done), Ok(()));
        }
    }

    /// Takes leave of every filter, without waiting for an answer: an old session that nobody reads must not fill up.
    pub(super) fn leave_all(&mut self, version: u8, out: &mut BytesMut) {
        for filter in self.wanted.keys() {
            let packet = packets::unsubscribe(version, next(&mut self.next_id), filter);
            if put(out, &Packet::Unsubscribe(packet)).is_err() {
                tracing::debug!(%filter, "cannot be left");
            }
        }
    }
}

fn next(id: &mut u16) -> u16 {
    *id = id.checked_add(1).unwrap_or(0).max(LAST_PUBLISH_ID + 1);
    *id
}

fn answer(done: Option<Done>, result: Result<(), SubscribeError>) {
    if let Some(Err(_)) = done.map(|done| done.send(result)) {
        tracing::trace!("nobody waits for this subscription");
    }
}
