//! What the client says to a broker at moments that only a script can bring about.

use std::sync::Arc;
use std::time::Duration;

use mqtt5::packet::Packet;
use mqtt5::packet::connack::ConnAckPacket;
use mqtt5::packet::disconnect::DisconnectPacket;
use mqtt5::packet::puback::PubAckPacket;
use mqtt5::packet::publish::PublishPacket;
use mqtt5::packet::pubrec::PubRecPacket;
use mqtt5::types::ReasonCode;
use steward_mqtt::{
    AckWhen, ConnectError, MqttClient, MqttConfig, PublishError, PublishOptions, QoS, State,
};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::brokers::{Peer, Scripted};
use crate::support::{Seen, reaches, soon};

/// A client that is connecting, to be answered by the script.
fn connecting(config: MqttConfig) -> MqttClient {
    let client = MqttClient::new(config).unwrap();
    client.start().unwrap();
    client
}

fn publishing(
    client: &MqttClient,
    payload: &'static str,
    qos: QoS,
) -> JoinHandle<Result<steward_mqtt::Ack, PublishError>> {
    let client = client.clone();
    tokio::spawn(async move { client.publish("t", payload, PublishOptions::qos(qos)).await })
}

async fn puback(peer: &mut Peer, packet_id: Option<u16>) {
    peer.write(&Packet::PubAck(PubAckPacket::new(packet_id.unwrap()))).await;
}

#[tokio::test]
async fn after_any_last_word_but_one_the_client_comes_back() {
    let broker = Scripted::start().await;
    let client = connecting(broker.config("told"));
    let last_words = [
        ReasonCode::UnspecifiedError,
        ReasonCode::NotAuthorized,
        ReasonCode::ServerBusy,
        ReasonCode::ServerShuttingDown,
        ReasonCode::KeepAliveTimeout,
        ReasonCode::QuotaExceeded,
        ReasonCode::ReceiveMaximumExceeded,
        ReasonCode::AdministrativeAction,
        ReasonCode::UseAnotherServer,
        ReasonCode::MessageRateTooHigh,
        ReasonCode::ConnectionRateExceeded,
    ];
    for code in last_words {
        let mut peer = broker.welcome(true).await;
        reaches(&client, State::Connected).await;
        peer.write(&Packet::Disconnect(DisconnectPacket::new(code))).await;
        reaches(&client, State::Reconnecting).await;
    }
    let mut peer = broker.welcome(true).await;
    reaches(&client, State::Connected).await;
    let taken_over = DisconnectPacket::new(ReasonCode::SessionTakenOver);
    peer.write(&Packet::Disconnect(taken_over)).await;
    reaches(&client, State::Disconnected).await;
    let refused = client.publish("t", "?", PublishOptions::default()).await;
    assert!(matches!(refused, Err(PublishError::NotConnected)), "{refused:?}");
}

#[tokio::test]
async fn a_service_ends_when_its_session_is_taken_over() {
    let broker = Scripted::start().await;
    let serving = tokio::spawn(MqttClient::run(
        broker.config("twin"),
        async |_| -> Result<(), anyhow::Error> { std::future::pending().await },
    ));
    let mut peer = broker.welcome(false).await;
    let taken_over = DisconnectPacket::new(ReasonCode::SessionTakenOver);
    peer.write(&Packet::Disconnect(taken_over)).await;
    let ended = soon(serving).await.unwrap().unwrap_err();
    assert!(ended.is::<ConnectError>() && ended.to_string().contains("\"twin\""), "{ended}");
}

#[tokio::test]
async fn refusals_that_will_not_change_end_the_first_connection() {
    for (code, is_final) in [
        (ReasonCode::BadUsernameOrPassword, true),
        (ReasonCode::NotAuthorized, true),
        (ReasonCode::Banned, true),
        (ReasonCode::ClientIdentifierNotValid, true),
        (ReasonCode::UnsupportedProtocolVersion, true),
        (ReasonCode::ServerBusy, false),
        (ReasonCode::ServerUnavailable, false),
        (ReasonCode::QuotaExceeded, false),
    ] {
        let broker = Scripted::start().await;
        let client = MqttClient::new(broker.config("refused")).unwrap();
        let connecting = tokio::spawn(async move { client.connect().await });
        broker.accept(ConnAckPacket::new(false, code)).await;
        if is_final {
            let refused = soon(connecting).await.unwrap();
            assert!(matches!(refused, Err(ConnectError::Refused { .. })), "{code:?} {refused:?}");
        } else {
            broker.welcome(false).await;
            soon(connecting).await.unwrap().unwrap();
        }
    }
}

#[tokio::test]
async fn what_is_no_broker_is_unreachable() {
    use tokio::io::AsyncWriteExt as _;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("mqtt://{}", listener.local_addr().unwrap());
    let nonsense = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.ok();
        }
    });
    let config = crate::support::config(&url, "lost").connect_timeout(Duration::from_millis(300));
    let refused = soon(MqttClient::new(config).unwrap().connect()).await;
    assert!(matches!(refused, Err(ConnectError::Unreachable { .. })), "{refused:?}");
    nonsense.abort();
}

#[tokio::test]
async fn what_was_not_acknowledged_is_sent_again_in_its_order() {
    let broker = Scripted::start().await;
    let client = connecting(broker.config("again"));
    let mut peer = broker.welcome(false).await;
    reaches(&client, State::Connected).await;
    let mut outcomes = Vec::new();
    let levels = [QoS::AtLeastOnce, QoS::ExactlyOnce, QoS::AtLeastOnce, QoS::ExactlyOnce];
    for (payload, qos) in ["0", "1", "2", "3"].into_iter().zip(levels) {
        outcomes.push(publishing(&client, payload, qos));
        let publish = peer.publish().await;
        assert!(publish.payload == payload && !publish.dup);
        match payload {
            "0" => puback(&mut peer, publish.packet_id).await,
            "1" => {
                let received = PubRecPacket::new(publish.packet_id.unwrap());
                peer.write(&Packet::PubRec(received)).await;
                assert!(matches!(peer.read().await, Packet::PubRel(_)));
            }
            _ => {}
        }
    }
    drop(peer);

    // The broker has 0, and 1 but for our last word; 2 and 3 come again, marked, after that word.
    let mut peer = broker.welcome(true).await;
    let Packet::PubRel(rel) = peer.read().await else { panic!("no PUBREL") };
    peer.write(&Packet::PubComp(mqtt5::packet::pubcomp::PubCompPacket::new(rel.packet_id))).await;
    for payload in ["2", "3"] {
        let publish = peer.publish().await;
        assert!(publish.payload == payload && publish.dup, "{publish:?}");
        if publish.qos == mqtt5::QoS::AtLeastOnce {
            puback(&mut peer, publish.packet_id).await;
        }
    }
    drop(peer);

    // It forgot everything: 3 comes as new.
    let mut peer = broker.welcome(false).await;
    let publish = peer.publish().await;
    assert!(publish.payload == "3" && !publish.dup, "{publish:?}");
    puback(&mut peer, publish.packet_id).await;
    let tries = [1, 2, 2, 3];
    for (outcome, tries) in outcomes.into_iter().zip(tries) {
        assert_eq!(soon(outcome).await.unwrap().unwrap().tries, tries);
    }
}

#[tokio::test]
async fn a_publish_is_given_up_with_an_error_after_its_tries() {
    let broker = Scripted::start().await;
    let client = connecting(broker.config("tries").publish_retries(2));
    let mut peer = broker.welcome(false).await;
    reaches(&client, State::Connected).await;
    let outcome = publishing(&client, "x", QoS::AtLeastOnce);
    peer.publish().await;
    drop(peer);
    let mut peer = broker.welcome(true).await;
    peer.publish().await;
    drop(peer);
    let given_up = soon(outcome).await.unwrap();
    assert!(matches!(given_up, Err(PublishError::Unknown { tries: 2 })), "{given_up:?}");
}

#[tokio::test]
async fn the_brokers_receive_maximum_is_kept() {
    let broker = Scripted::start().await;
    let client = connecting(broker.config("window"));
    let connack = ConnAckPacket::new(false, ReasonCode::Success).with_receive_maximum(1);
    let mut peer = broker.accept(connack).await;
    reaches(&client, State::Connected).await;
    let outcomes = ["0", "1", "2"].map(|payload| publishing(&client, payload, QoS::AtLeastOnce));
    for _ in 0..3 {
        let publish = peer.publish().await;
        let second = tokio::time::timeout(Duration::from_millis(50), peer.read()).await;
        assert!(second.is_err(), "a second one before the first is acknowledged: {second:?}");
        puback(&mut peer, publish.packet_id).await;
    }
    for outcome in outcomes {
        soon(outcome).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn nothing_is_delivered_before_every_subscription_stands_again() {
    let broker = Scripted::start().await;
    let client = connecting(broker.config("restored"));
    let mut peer = broker.welcome(false).await;
    reaches(&client, State::Connected).await;
    let seen = Seen::default();
    for filter in ["a", "b"] {
        let (subscriber, handler) = (client.clone(), seen.handler());
        let subscribing =
            tokio::spawn(
                async move { subscriber.subscribe(filter, QoS::AtLeastOnce, handler).await },
            );
        assert_eq!(peer.agree().await, filter);
        soon(subscribing).await.unwrap().unwrap();
    }
    drop(peer);
    let mut peer = broker.welcome(false).await;
    assert_eq!(peer.agree().await, "a");
    let early = PublishPacket::new("a", "early", mqtt5::QoS::AtLeastOnce).with_packet_id(1);
    peer.write(&Packet::Publish(early)).await;
    // The broker's next packet is read only after the message, and there is time to hand it on, which must not happen.
    peer.write(&Packet::PingResp).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!((seen.len(), client.is_connected()), (0, false));
    assert_eq!(peer.agree().await, "b");
    assert_eq!(seen.at_least(1).await[0].payload, "early");
    assert!(client.is_connected());
}

#[tokio::test]
async fn an_acknowledgement_waits_for_the_handler_when_it_is_told_to() {
    let broker = Scripted::start().await;
    let client = connecting(broker.config("deferred"));
    let mut peer = broker.welcome(false).await;
    reaches(&client, State::Connected).await;
    let gate = Arc::new(Semaphore::new(0));
    let (subscriber, opened) = (client.clone(), Arc::clone(&gate));
    let handler = move |_| {
        let opened = Arc::clone(&opened);
        async move { opened.acquire().await.unwrap().forget() }
    };
    let subscribing = tokio::spawn(async move {
        subscriber.subscribe_acking("t", QoS::AtLeastOnce, AckWhen::Handled, handler).await
    });
    peer.agree().await;
    soon(subscribing).await.unwrap().unwrap();
    for id in [7, 8] {
        let publish = PublishPacket::new("t", "x", mqtt5::QoS::AtLeastOnce).with_packet_id(id);
        peer.write(&Packet::Publish(publish)).await;
    }
    let early = tokio::time::timeout(Duration::from_millis(50), peer.read()).await;
    assert!(early.is_err(), "acknowledged before it was handled: {early:?}");
    for id in [7, 8] {
        gate.add_permits(1);
        let Packet::PubAck(ack) = peer.read().await else { panic!("no PUBACK") };
        assert_eq!(ack.packet_id, id);
    }
}

/// A broker that does not say which subscription a message is for: every handler gets one copy of it.
#[tokio::test]
async fn copies_are_told_from_what_is_said_again() {
    let broker = Scripted::start().await;
    let client = connecting(broker.config("overlap"));
    let connack = ConnAckPacket::new(false, ReasonCode::Success)
        .with_subscription_identifier_available(false);
    let mut peer = broker.accept(connack).await;
    reaches(&client, State::Connected).await;
    let both = [Seen::default(), Seen::default()];
    for (filter, seen) in ["o/+", "o/#"].into_iter().zip(&both) {
        let (subscriber, handler) = (client.clone(), seen.handler());
        let subscribing =
            tokio::spawn(
                async move { subscriber.subscribe(filter, QoS::AtLeastOnce, handler).await },
            );
        peer.agree().await;
        soon(subscribing).await.unwrap().unwrap();
    }
    let said = |payload| PublishPacket::new("o/x", payload, mqtt5::QoS::AtMostOnce);
    peer.write(&Packet::Publish(said("on"))).await;
    peer.write(&Packet::Publish(said("on"))).await;
    // The same again after a moment, by a broker that sends one copy for all filters.
    for count in 2..=3 {
        tokio::time::sleep(Duration::from_millis(150)).await;
        peer.write(&Packet::Publish(said("on"))).await;
        both[0].at_least(count).await;
    }
    // What was retained comes once for each subscription, and an older handler sees it again.
    for _ in 0..2 {
        peer.write(&Packet::Publish(said("kept").with_retain(true))).await;
    }
    peer.write(&Packet::Publish(said("last"))).await;
    for seen in both {
        seen.at_least(6).await;
        assert_eq!(seen.payloads(), ["on", "on", "on", "kept", "kept", "last"]);
    }
}
