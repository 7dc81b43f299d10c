//! Habits of the crate underneath that this library is built around. An upgrade that changes one is noticed here.

mod embedded;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::{StreamExt as _, stream};
use mqtt5::packet::publish::PublishPacket;
use mqtt5::{
    AckToken, ConnectOptions, MqttClient, ProtocolVersion, PublishOptions, PublishResult, QoS,
    SubscribeOptions,
};

use crate::brokers::{Mosquitto, free_port};
use crate::support::{Seen, client, soon};

fn level(qos: QoS) -> PublishOptions {
    PublishOptions { qos, ..PublishOptions::default() }
}

async fn bare(broker: &Mosquitto, client_id: &str) -> MqttClient {
    let client = MqttClient::with_options(ConnectOptions::new(client_id));
    client.connect(&broker.url()).await.unwrap();
    client
}

#[tokio::test]
async fn its_first_connection_is_tried_once() {
    let client =
        MqttClient::with_options(ConnectOptions::new("once").with_automatic_reconnect(false));
    let refused = client.connect(&format!("mqtt://127.0.0.1:{}", free_port())).await;
    assert!(refused.is_err());
    assert!(!client.is_connected().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_handlers_share_one_task() {
    let broker = Mosquitto::start();
    let client = bare(&broker, "one-task").await;
    let fast = Arc::new(AtomicUsize::new(0));
    let options = || SubscribeOptions { qos: QoS::AtLeastOnce, ..SubscribeOptions::default() };
    let (sender, mut ends) = tokio::sync::mpsc::unbounded_channel();
    let (counting, watching) = (Arc::clone(&fast), Arc::clone(&fast));
    let slow = move |_| {
        std::thread::sleep(Duration::from_millis(500)); // what it must not do, and what is tried here
        sender.send(watching.load(Ordering::SeqCst)).unwrap();
    };
    client.subscribe_with_options("slow", options(), slow).await.unwrap();
    let count = move |_| {
        counting.fetch_add(1, Ordering::SeqCst);
    };
    client.subscribe_with_options("fast", options(), count).await.unwrap();
    let speaker = crate::support::client(&broker.url(), "speaker").await;
    let options = steward_mqtt::PublishOptions::default;
    let (first, second) = tokio::join!(
        speaker.publish("slow", "x", options()),
        speaker.publish("fast", "x", options())
    );
    assert!(first.is_ok() && second.is_ok());
    assert_eq!(soon(ends.recv()).await, Some(0), "a blocked handler blocks the others");
    soon(async {
        while fast.load(Ordering::SeqCst) == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn overlapping_filters_multiply_calls() {
    let broker = Mosquitto::start();
    let client = bare(&broker, "multiply").await;
    let calls = Arc::new(AtomicUsize::new(0));
    for filter in ["o/+", "o/#"] {
        let calls = Arc::clone(&calls);
        let options = SubscribeOptions { qos: QoS::AtLeastOnce, ..SubscribeOptions::default() };
        let count = move |_| {
            calls.fetch_add(1, Ordering::SeqCst);
        };
        client.subscribe_with_options(filter, options, count).await.unwrap();
    }
    client.publish_with_options("o/x", "x", level(QoS::AtLeastOnce)).await.unwrap();
    soon(async {
        while calls.load(Ordering::SeqCst) < 4 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    // For a fifth call, which must not come.
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(calls.load(Ordering::SeqCst), 4, "two copies, each to both handlers");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_disconnect_does_not_drain() {
    let broker = Mosquitto::start();
    let client = bare(&broker, "no-drain").await;
    let publishes: Vec<_> = (0..500)
        .map(|number| {
            let client = client.clone();
            tokio::spawn(async move {
                client.publish_with_options("d", number.to_string(), level(QoS::AtLeastOnce)).await
            })
        })
        .collect();
    tokio::task::yield_now().await;
    client.disconnect().await.unwrap();
    let mut sent = 0;
    for publish in publishes {
        if let Ok(Ok(Ok(PublishResult::Sent(_)))) =
            tokio::time::timeout(Duration::from_secs(1), publish).await
        {
            sent += 1;
        }
    }
    assert!(sent < 500, "all {sent} were sent: it drains now");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_concurrent_publishes_lose_their_order() {
    let broker = Mosquitto::start();
    let observer = client(&broker.url(), "observer").await;
    let seen = Seen::default();
    observer.subscribe("numbers", steward_mqtt::QoS::AtLeastOnce, seen.handler()).await.unwrap();
    let client = bare(&broker, "pipeline").await;
    let publishes = (0..5000).map(|number: u32| {
        client.publish_with_options("numbers", number.to_string(), level(QoS::AtLeastOnce))
    });
    let acks: Vec<_> = soon(stream::iter(publishes).buffered(100).collect()).await;
    assert!(acks.iter().all(Result::is_ok));
    seen.at_least(5000).await;
    let numbers: Vec<u32> = seen.payloads().iter().map(|text| text.parse().unwrap()).collect();
    let inversions = numbers.windows(2).filter(|pair| pair[0] > pair[1]).count();
    println!("{inversions} of 5000 were written after a later one");
    assert!(inversions > 0, "it keeps the order now: its client could be used");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_in_a_handler_is_caught_and_later_ones_run() {
    let broker = Mosquitto::start();
    let client = bare(&broker, "panics").await;
    let (sender, mut calls) = tokio::sync::mpsc::unbounded_channel();
    let handler = move |message: mqtt5::Message| {
        assert_ne!(&message.payload[..], b"panic", "as asked");
        sender.send(()).unwrap();
    };
    let options = SubscribeOptions { qos: QoS::AtLeastOnce, ..SubscribeOptions::default() };
    client.subscribe_with_options("p", options, handler).await.unwrap();
    for payload in ["panic", "fine"] {
        client.publish_with_options("p", payload, level(QoS::AtLeastOnce)).await.unwrap();
    }
    assert_eq!(soon(calls.recv()).await, Some(()));
}

#[tokio::test]
async fn a_session_of_a_former_process_must_be_asked_for() {
    let broker = Mosquitto::start();
    let options = |resumes| {
        ConnectOptions::new("heir")
            .with_clean_start(false)
            .with_session_expiry_interval(3600)
            .with_resume_existing_session(resumes)
    };
    let former = MqttClient::with_options(options(false));
    former.connect(&broker.url()).await.unwrap();
    former.disconnect().await.unwrap();
    let unasked = MqttClient::with_options(options(false).with_automatic_reconnect(false));
    assert!(unasked.connect(&broker.url()).await.is_err());
    MqttClient::with_options(options(true)).connect(&broker.url()).await.unwrap();
}

#[test]
fn it_withholds_acknowledgements_with_mqtt_5_only() {
    let options = || {
        ConnectOptions::new("deferring")
            .with_clean_start(false)
            .with_session_expiry_interval(3600)
            .with_receive_maximum(10)
            .with_deferred_ack(true)
    };
    assert!(options().validate_deferred_ack().is_ok());
    let before = options().with_protocol_version(ProtocolVersion::V311);
    assert!(before.validate_deferred_ack().is_err());
    assert!(options().with_clean_start(true).validate_deferred_ack().is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_acknowledges_late_when_it_is_told_to() {
    let broker = Mosquitto::with("");
    let options = ConnectOptions::new("deferring")
        .with_clean_start(false)
        .with_session_expiry_interval(3600)
        .with_receive_maximum(1)
        .with_deferred_ack(true);
    let client = MqttClient::with_options(options);
    client.connect(&broker.url()).await.unwrap();
    let (sender, mut tokens) = tokio::sync::mpsc::unbounded_channel();
    let options = SubscribeOptions { qos: QoS::AtLeastOnce, ..SubscribeOptions::default() };
    let keep = move |publish: PublishPacket, token: AckToken| {
        sender.send((publish.payload, token)).unwrap();
    };
    client.subscribe_with_ack("d", options, keep).await.unwrap();
    let speaker = crate::support::client(&broker.url(), "speaker").await;
    for payload in ["0", "1"] {
        speaker.publish("d", payload, steward_mqtt::PublishOptions::default()).await.unwrap();
    }
    let (payload, token) = soon(tokens.recv()).await.unwrap();
    assert_eq!(&payload[..], b"0");
    let early = tokio::time::timeout(Duration::from_millis(100), tokens.recv()).await;
    assert!(early.is_err(), "the window is one message");
    token.ack();
    assert_eq!(&soon(tokens.recv()).await.unwrap().0[..], b"1");
}

#[tokio::test]
async fn an_outcome_does_not_come_while_there_is_no_connection() {
    let mut broker = Mosquitto::start();
    let options = ConnectOptions::new("waits")
        .with_clean_start(false)
        .with_session_expiry_interval(3600)
        .with_resume_existing_session(true);
    let client = MqttClient::with_options(options);
    client.connect(&broker.url()).await.unwrap();
    broker.kill();
    soon(async {
        while client.is_connected().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    let sent = client.publish_with_options("w", "x", level(QoS::AtLeastOnce)).await.unwrap();
    assert!(matches!(sent, PublishResult::Queued(_)));
    let outcome = tokio::time::timeout(Duration::from_millis(200), sent.outcome()).await;
    assert!(outcome.is_err(), "whoever waits needs a limit: {outcome:?}");
}
