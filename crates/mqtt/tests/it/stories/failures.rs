use mqtt5::packet::connect::ConnectPacket;
use serde::Deserialize;
use serde_json::json;
use steward_mqtt::{
    ConnectError, Event, MqttClient, PublishError, PublishOptions, QoS, State, SubscribeError,
};

use crate::brokers::{Broker, USER};
use crate::support::{Seen, connected, reaches, soon};

pub(crate) async fn a_wrong_password_is_refused_at_once(broker: &mut Broker) {
    let client = MqttClient::new(broker.config("intruder").credentials(USER, "guess")).unwrap();
    let refused = soon(client.connect()).await.unwrap_err();
    assert!(matches!(refused, ConnectError::Refused { .. }), "{refused}");
    assert!(!refused.to_string().contains("guess"));
    assert_eq!(*client.state().borrow(), State::Disconnected);
}

/// RabbitMQ has no word for it before MQTT 5, and ends the connection.
pub(crate) async fn what_is_forbidden_is_told(broker: &mut Broker) {
    const NOT_AUTHORIZED: u8 = 0x87;
    let client = connected(broker.config("curious")).await;
    for qos in [QoS::AtLeastOnce, QoS::ExactlyOnce] {
        let refused = soon(client.publish("forbidden/x", "x", PublishOptions::qos(qos))).await;
        let Err(PublishError::Refused(reason)) = refused else { panic!("{refused:?}") };
        assert_eq!(reason.code, NOT_AUTHORIZED);
    }
    if let Broker::Embedded(_) = broker {
        let seen = Seen::default();
        let refused = soon(client.subscribe("forbidden/#", QoS::AtLeastOnce, seen.handler())).await;
        assert!(matches!(refused, Err(SubscribeError::Refused { .. })), "{refused:?}");
    }
    soon(client.publish("allowed", "x", PublishOptions::default())).await.unwrap();
    client.shutdown().await;
}

pub(crate) async fn a_twin_takes_over(broker: &mut Broker) {
    let first = connected(broker.config("twin")).await;
    let second = connected(broker.config("twin")).await;
    if let Broker::Embedded(_) = broker {
        // The older one is told why, and does not fight back.
        reaches(&first, State::Disconnected).await;
        let refused = first.publish("twin", "?", PublishOptions::default()).await;
        assert!(matches!(refused, Err(PublishError::NotConnected)), "{refused:?}");
    } else {
        // MQTT 3.1.1 has no way to tell, and Mosquitto 2.0.11 does not: the older one sees the connection end, and both
        // come back again and again, ever more slowly, until one of them goes.
        reaches(&first, State::Reconnecting).await;
        first.shutdown().await;
        reaches(&second, State::Connected).await;
    }
    soon(second.publish("twin", "!", PublishOptions::default())).await.unwrap();
    second.shutdown().await;
}

pub(crate) async fn a_disconnect_by_the_broker_is_survived(broker: &mut Broker) {
    let client = connected(broker.config("rude")).await;
    let seen = Seen::default();
    client.subscribe("rude", QoS::AtLeastOnce, seen.handler()).await.unwrap();
    // No client may send a second CONNECT: the broker ends the connection, with a reason where the protocol has one.
    let connect = ConnectPacket::new(mqtt5::ConnectOptions::new("rude").protocol_options);
    client.underlying().send(mqtt5::Packet::Connect(Box::new(connect))).await.unwrap();
    reaches(&client, State::Reconnecting).await;
    reaches(&client, State::Connected).await;
    soon(client.publish("rude", "still here", PublishOptions::default())).await.unwrap();
    seen.at_least(1).await;
    client.shutdown().await;
}

pub(crate) async fn an_oversized_payload_is_refused(broker: &mut Broker) {
    let client = connected(broker.config("big")).await;
    let limit = client.underlying().connack().unwrap().properties.get_maximum_packet_size();
    if let Some(limit) = limit {
        let refused = client
            .publish("big", vec![0; limit as usize], PublishOptions::default())
            .await
            .unwrap_err();
        assert!(matches!(refused, PublishError::TooLarge { .. }), "{refused}");
    }
    assert_eq!(limit.is_some(), matches!(broker, Broker::Embedded(_)), "who announces a limit");
    soon(client.publish("big", vec![0; 100_000], PublishOptions::default())).await.unwrap();
    client.shutdown().await;
}

#[derive(Deserialize)]
struct Count {
    count: u32,
}

pub(crate) async fn a_malformed_envelope_hurts_nobody(broker: &mut Broker) {
    let client = connected(broker.config("malformed")).await;
    let (sender, mut counts) = tokio::sync::mpsc::unbounded_channel();
    let handler = move |event: Event<Count>| {
        sender.send(event.data.count).unwrap();
        std::future::ready(())
    };
    client.subscribe_events("malformed", QoS::AtLeastOnce, handler).await.unwrap();
    let options = PublishOptions::default;
    for bytes in [
        &b"\xff\xfe"[..],
        b"{}",
        b"",
        br#"{"id":"1","type":"t","ts":1,"source":"s","data":{},"more":1}"#,
    ] {
        soon(client.publish("malformed", bytes.to_vec(), options())).await.unwrap();
    }
    soon(client.publish_event("malformed", "test.count", &json!({"count": 7}), options()))
        .await
        .unwrap();
    assert_eq!(soon(counts.recv()).await, Some(7));
    client.shutdown().await;
}

pub(crate) async fn a_panicking_handler_hurts_nobody(broker: &mut Broker) {
    let client = connected(broker.config("panic")).await;
    let (sender, mut handled) = tokio::sync::mpsc::unbounded_channel();
    let handler = move |message: steward_mqtt::Message| {
        let sender = sender.clone();
        async move {
            match &message.payload[..] {
                b"panic" => panic!("as asked"),
                b"error" => Err("as asked"),
                _ => {
                    sender.send(message).unwrap();
                    Ok(())
                }
            }
        }
    };
    client.subscribe("panic", QoS::AtLeastOnce, handler).await.unwrap();
    for payload in ["panic", "error", "fine"] {
        soon(client.publish("panic", payload, PublishOptions::default())).await.unwrap();
    }
    assert_eq!(soon(handled.recv()).await.unwrap().payload, "fine");
    client.shutdown().await;
}
