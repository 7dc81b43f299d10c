//! What client and broker remember of each other, across connections: messages in flight both ways, subscriptions.
//!
//! One task owns it and handles one event after the other, so there is nothing to lock, and what is published first is
//! written first. [`Session::run`] serves one connection; what it leaves is taken up by the next.

mod flights;
mod inbound;
mod limits;
mod subscriptions;

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use mqtt5::MqttError;
use mqtt5::packet::Packet;
use mqtt5::packet::publish::PublishPacket;
use mqtt5::transport::packet_io::encode_packet_to_buffer;
use mqtt5::types::ReasonCode;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::Interval;
use tokio_util::sync::CancellationToken;

use super::wire::Wire;
use super::{Incoming, Loss, packets};
use crate::config::MqttConfig;
use crate::error::{PublishError, SubscribeError};
use crate::message::{Ack, QoS};
use flights::Flights;
use inbound::Inbound;
use limits::Limits;
use subscriptions::Subscriptions;

/// How many bytes may wait for the socket before no more publishes are taken: some hundred packets of usual size.
const OUT_LIMIT: usize = 256 * 1024;
/// How many publishes wait for their acknowledgement at most, whatever the broker allows: bounds the memory.
const WINDOW: usize = 4096;

/// What the client asks of its session.
pub(crate) enum Command {
    Publish(Outgoing),
    Subscribe {
        filter: Arc<str>,
        qos: QoS,
        identifier: u32,
        done: oneshot::Sender<Result<(), SubscribeError>>,
    },
    Unsubscribe {
        filter: Arc<str>,
        done: oneshot::Sender<Result<(), SubscribeError>>,
    },
    Send(Packet),
}

/// A message to publish.
pub(crate) struct Outgoing {
    pub(crate) packet: PublishPacket,
    /// Only on the connection of this number.
    pub(crate) only: Option<u64>,
    pub(crate) done: oneshot::Sender<Result<Ack, PublishError>>,
}

/// What a session is told from outside while a connection stands.
pub(crate) struct Controls<'a> {
    pub(crate) commands: &'a mut mpsc::Receiver<Command>,
    /// Leave in good order.
    pub(crate) end: &'a CancellationToken,
    /// Whether the end is for good.
    pub(crate) stop: &'a CancellationToken,
    /// Break the connection.
    pub(crate) cut: &'a Notify,
    /// Where messages go.
    pub(crate) deliver: &'a (dyn Fn(Incoming) + Send + Sync),
    /// Called when every subscription stands.
    pub(crate) ready: &'a mut (dyn FnMut() + Send),
    /// The number of the connection.
    pub(crate) number: u64,
}

enum Event {
    Packet(Result<Packet, MqttError>),
    Written(Result<(), MqttError>),
    Released((u64, u16)),
    Command(Command),
    Tick,
    Cut,
    End,
}

pub(crate) struct Session {
    version: u8,
    keep_alive: Duration,
    began: bool,
    out: BytesMut,
    flights: Flights,
    inbound: Inbound,
    subscriptions: Subscriptions,
    releases: mpsc::UnboundedReceiver<(u64, u16)>,
}

impl Session {
    pub(crate) fn new(config: &MqttConfig) -> Self {
        let (sender, releases) = mpsc::unbounded_channel();
        Self {
            version: packets::version(config.protocol),
            keep_alive: config.keep_alive,
            began: false,
            out: BytesMut::new(),
            flights: Flights::new(config.publish_retries),
            inbound: Inbound::new(sender),
            subscriptions: Subscriptions::default(),
            releases,
        }
    }

    /// Whether the broker must forget what it may know of this client.
    pub(crate) fn is_new(&self) -> bool {
        !self.began
    }

    /// Serves one connection until it ends.
    pub(crate) async fn run(&mut self, mut wire: Wire, mut controls: Controls<'_>) -> Loss {
        let limits = Limits::of(&wire, self.keep_alive, controls.number);
        let loss = match self.serve(&mut wire, &limits, &mut controls).await {
            Ok(()) => {
                let forget = controls.stop.is_cancelled();
                if forget {
                    self.subscriptions.leave_all(self.version, &mut self.out);
                }
                wire.leave_after(self.out.split(), forget.then_some(0)).await;
                Loss::Ended
            }
            Err(loss) => loss,
        };
        self.out.clear();
        self.flights.connection_lost();
        self.subscriptions.connection_lost();
        loss
    }

    /// Gives up what was never acknowledged.
    pub(crate) fn abandon(&mut self) {
        self.flights.abandon();
    }

    async fn serve(
        &mut self,
        wire: &mut Wire,
        limits: &Limits,
        controls: &mut Controls<'_>,
    ) -> Result<(), Loss> {
        self.begin(wire.connack.session_present, limits)?;
        let mut ticks = limits.ticks();
        let mut unanswered = false;
        let mut ready = false;
        loop {
            self.flights.send(limits, &mut self.out)?;
            if !ready && self.subscriptions.stand() {
                ready = true;
                (controls.ready)();
            }
            match self.next(wire, ready, &mut ticks, controls).await {
                Event::Packet(packet) => {
                    unanswered = false;
                    self.handle(packet.map_err(broken)?, controls.deliver)?;
                }
                Event::Written(result) => {
                    result.map_err(broken)?;
                    self.flights.written(self.out.is_empty());
                }
                Event::Released(released) => self.inbound.released(released, &mut self.out)?,
                Event::Command(command) => self.obey(command, limits)?,
                Event::Tick if unanswered => {
                    return Err(Loss::Broken("the broker is silent".to_owned()));
                }
                Event::Tick => {
                    unanswered = true;
                    put(&mut self.out, &Packet::PingReq)?;
                }
                Event::Cut => return Err(Loss::Broken("cut to make a new connection".to_owned())),
                Event::End => return Ok(()),
            }
        }
    }

    /// Waits for whatever happens first. Every branch may be cancelled without loss.
    async fn next(
        &mut self,
        wire: &mut Wire,
        ready: bool,
        ticks: &mut Interval,
        controls: &mut Controls<'_>,
    ) -> Event {
        let takes_commands = ready && self.out.len() < OUT_LIMIT && self.flights.has_room();
        let Wire { reader, writer, .. } = wire;
        tokio::select! {
            packet = reader.read(self.version) => Event::Packet(packet),
            written = writer.write_some(&mut self.out), if !self.out.is_empty() => Event::Written(written),
            Some(released) = self.releases.recv() => Event::Released(released),
            Some(command) = controls.commands.recv(), if takes_commands => Event::Command(command),
            _ = ticks.tick() => Event::Tick,
            () = controls.cut.notified() => Event::Cut,
            () = controls.end.cancelled() => Event::End,
        }
    }

    /// Takes up what former connections left.
    fn begin(&mut self, session_present: bool, limits: &Limits) -> Result<(), Loss> {
        self.began = true;
        self.flights.connected(limits.receive_maximum.min(WINDOW), session_present);
        if !session_present {
            self.inbound.forget();
            self.subscriptions.forget();
        }
        self.subscriptions.restore(self.version, limits.identifiers, &mut self.out)
    }

    fn obey(&mut self, command: Command, limits: &Limits) -> Result<(), Loss> {
        match command {
            Command::Publish(outgoing) => {
                self.flights.take(outgoing, limits, &mut self.out);
                Ok(())
            }
            Command::Subscribe { filter, qos, identifier, done } => {
                let identifier = limits.identifiers.then_some(identifier);
                self.subscriptions.add(filter, (qos, identifier), done);
                self.subscriptions.restore(self.version, limits.identifiers, &mut self.out)
            }
            Command::Unsubscribe { filter, done } => {
                self.subscriptions.remove(&filter, done);
                self.subscriptions.restore(self.version, limits.identifiers, &mut self.out)
            }
            Command::Send(packet) => put(&mut self.out, &packet),
        }
    }

    fn handle(
        &mut self,
        packet: Packet,
        deliver: &(dyn Fn(Incoming) + Send + Sync),
    ) -> Result<(), Loss> {
        match packet {
            Packet::Publish(publish) => {
                if let Some(incoming) = self.inbound.publish(publish, &mut self.out)? {
                    deliver(incoming);
                }
                Ok(())
            }
            Packet::PubRel(rel) => self.inbound.release(rel.packet_id, &mut self.out),
            Packet::PubAck(ack) => {
                self.flights.acknowledged(ack.packet_id, ack.reason_code, QoS::AtLeastOnce);
                Ok(())
            }
            Packet::PubRec(rec) => {
                self.flights.received(rec.packet_id, rec.reason_code, &mut self.out)
            }
            Packet::PubComp(comp) => {
                // Whatever the code says, the broker owned the message since its PUBREC.
                self.flights.acknowledged(comp.packet_id, ReasonCode::Success, QoS::ExactlyOnce);
                Ok(())
            }
            Packet::SubAck(ack) => {
                self.subscriptions.acknowledged(&ack);
                Ok(())
            }
            Packet::UnsubAck(ack) => {
                self.subscriptions.left(ack.packet_id);
                Ok(())
            }
            Packet::PingResp => Ok(()),
            Packet::Disconnect(disconnect) => Err(farewell(disconnect.reason_code)),
            packet @ (Packet::Connect(_)
            | Packet::ConnAck(_)
            | Packet::Subscribe(_)
            | Packet::Unsubscribe(_)
            | Packet::PingReq
            | Packet::Auth(_)) => {
                Err(Loss::Broken(format!("unexpected {}", packet.packet_type_name())))
            }
        }
    }
}

/// The broker's last word. Only a client that took the session over ends it for good; whatever else a broker says may
/// have passed when the connection is made again, and if not, CONNECT is refused.
fn farewell(code: ReasonCode) -> Loss {
    if code == ReasonCode::SessionTakenOver {
        return Loss::TakenOver;
    }
    Loss::Broken(format!("the broker disconnected: {code:?}"))
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn broken(error: MqttError) -> Loss {
    Loss::Broken(error.to_string())
}

/// Appends a packet to what the socket gets.
fn put(out: &mut BytesMut, packet: &Packet) -> Result<(), Loss> {
    encode_packet_to_buffer(packet, out).map_err(broken)
}
