//! Connections that look alive and are not, and how long an end may take.

use std::time::Duration;

use steward_mqtt::{MqttClient, MqttConfig, PublishOptions, QoS, State};
use tokio::time::Instant;

use crate::brokers::{Broker, Mosquitto};
use crate::support::{Seen, config, connected, reaches, soon};

/// More than the buffers of a loopback connection hold.
fn stuff(client: &MqttClient) {
    for _ in 0..32 {
        let client = client.clone();
        tokio::spawn(async move {
            client.publish("stuff", vec![0; 1024 * 1024], PublishOptions::default()).await
        });
    }
}

#[tokio::test]
async fn a_broker_that_stands_still_is_left_when_it_is_silent_too_long() {
    let broker = Mosquitto::start();
    let client =
        connected(config(&broker.url(), "silent").keep_alive(Duration::from_secs(1))).await;
    broker.freeze();
    reaches(&client, State::Reconnecting).await;
    broker.thaw();
    reaches(&client, State::Connected).await;
    soon(client.publish("alive", "again", PublishOptions::default())).await.unwrap();
}

/// The keep-alive would take a minute longer.
async fn is_left_after_three_beats(broker: &Mosquitto, config: MqttConfig) {
    let client = connected(config.heartbeat(Duration::from_secs(1))).await;
    broker.freeze();
    stuff(&client);
    let began = Instant::now();
    reaches(&client, State::Reconnecting).await;
    assert!(began.elapsed() >= Duration::from_secs(2), "{:?}", began.elapsed());
    broker.thaw();
    reaches(&client, State::Connected).await;
    soon(client.publish("alive", "again", PublishOptions::default())).await.unwrap();
    client.shutdown().await;
}

#[tokio::test]
async fn three_beats_that_do_not_get_through_force_a_reconnect() {
    let broker = Mosquitto::start();
    is_left_after_three_beats(&broker, config(&broker.url(), "watched")).await;
}

#[tokio::test]
async fn a_websocket_that_takes_nothing_more_is_left_too() {
    let broker = Broker::Mosquitto(Mosquitto::with_account());
    let config = broker.config_at(&broker.websocket_url(false), "watched");
    let Broker::Mosquitto(mosquitto) = &broker else { unreachable!() };
    is_left_after_three_beats(mosquitto, config).await;
}

/// In flight are publishes that nobody acknowledges; a handler never returns; nobody hears of the shutdown.
async fn ends_within_five_seconds(broker: &Mosquitto, config: MqttConfig) {
    let client = connected(config.health(true)).await;
    let seen = Seen::default();
    let keeping = seen.clone();
    let endless = move |message| {
        keeping.push(message);
        std::future::pending::<()>()
    };
    client.subscribe("endless", QoS::AtLeastOnce, endless).await.unwrap();
    soon(client.publish("endless", "x", PublishOptions::default())).await.unwrap();
    seen.at_least(1).await;
    broker.freeze();
    stuff(&client);
    tokio::task::yield_now().await;
    let began = Instant::now();
    client.shutdown().await;
    assert!(began.elapsed() < Duration::from_millis(5500), "{:?}", began.elapsed());
    assert_eq!(*client.state().borrow(), State::Disconnected);
    broker.thaw();
}

#[tokio::test]
async fn a_shutdown_takes_five_seconds_at_most() {
    let broker = Mosquitto::start();
    ends_within_five_seconds(&broker, config(&broker.url(), "leaving")).await;
}

#[tokio::test]
async fn a_shutdown_over_a_websocket_takes_five_seconds_at_most() {
    let broker = Broker::Mosquitto(Mosquitto::with_account());
    let config = broker.config_at(&broker.websocket_url(false), "leaving");
    let Broker::Mosquitto(mosquitto) = &broker else { unreachable!() };
    ends_within_five_seconds(mosquitto, config).await;
}

#[tokio::test]
async fn what_is_in_flight_is_drained_by_a_shutdown() {
    let broker = Mosquitto::start();
    let client = connected(config(&broker.url(), "draining").health(true)).await;
    let publishes: Vec<_> = (0..500)
        .map(|number: u32| {
            let client = client.clone();
            tokio::spawn(async move {
                client.publish("drained", number.to_string(), PublishOptions::default()).await
            })
        })
        .collect();
    tokio::task::yield_now().await;
    client.shutdown().await;
    for publish in publishes {
        soon(publish).await.unwrap().unwrap();
    }
    assert_eq!(broker.topics_received_count("drained"), 500);
    assert_eq!(broker.topics_received_count("system/health/draining"), 2, "ready and shutdown");
}
