//! A slow handler: who waits for it, who does not, and what becomes of the memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::{StreamExt as _, stream};
use steward_mqtt::{AckWhen, Message, MqttClient, PublishOptions, QoS, State};
use tokio::sync::Semaphore;

use crate::brokers::Mosquitto;
use crate::support::{Seen, client, config, connected, soon};

/// Publishes that many numbers.
async fn flood(client: &MqttClient, topic: &str, count: usize, qos: QoS) {
    let publishes = (0..count)
        .map(|number| client.publish(topic, number.to_string(), PublishOptions::qos(qos)));
    let acks: Vec<_> = soon(stream::iter(publishes).buffered(100).collect()).await;
    assert!(acks.iter().all(Result::is_ok));
}

/// A handler that counts, and lets a message pass for each permit of the gate.
fn gated(
    gate: &Arc<Semaphore>,
    handled: &Arc<AtomicUsize>,
) -> impl Fn(Message) -> futures::future::BoxFuture<'static, ()> + use<> {
    let (gate, handled) = (Arc::clone(gate), Arc::clone(handled));
    move |_| {
        let (gate, handled) = (Arc::clone(&gate), Arc::clone(&handled));
        Box::pin(async move {
            gate.acquire().await.unwrap().forget();
            handled.fetch_add(1, Ordering::SeqCst);
        })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_stands_still_stops_neither_others_nor_the_keep_alive() {
    let broker = Mosquitto::start();
    let client =
        connected(config(&broker.url(), "patience").keep_alive(Duration::from_secs(1))).await;
    let (gate, handled, seen) = (Arc::new(Semaphore::new(0)), Arc::default(), Seen::default());
    client.subscribe("slow", QoS::AtLeastOnce, gated(&gate, &handled)).await.unwrap();
    client.subscribe("fast", QoS::AtLeastOnce, seen.handler()).await.unwrap();

    flood(&client, "slow", 500, QoS::AtLeastOnce).await;
    let mut state = client.state();
    state.mark_unchanged();
    // Longer than the broker waits for a client that is silent.
    for _ in 0..4 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        flood(&client, "fast", 100, QoS::AtLeastOnce).await;
    }
    seen.at_least(400).await;
    assert!(!state.has_changed().unwrap(), "the connection stood all the time");
    gate.add_permits(500);
    soon(async {
        while handled.load(Ordering::SeqCst) < 500 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

/// More than queue and window hold together: the broker keeps the rest until the handler goes on, and nothing is lost.
async fn everything_arrives_in_the_end(config: steward_mqtt::MqttConfig, broker: &Mosquitto) {
    const COUNT: usize = 3000;
    let slow = connected(config.receive_maximum(50)).await;
    let speaker = client(&broker.url(), "speaker").await;
    let (gate, handled) = (Arc::new(Semaphore::new(0)), Arc::<AtomicUsize>::default());
    let seen = Seen::default();
    let counting = gated(&gate, &handled);
    let keeping = seen.clone();
    let handler = move |message: Message| {
        let counted = counting(message.clone());
        let keeping = keeping.clone();
        async move {
            counted.await;
            keeping.push(message);
        }
    };
    slow.subscribe("flood", QoS::AtLeastOnce, handler).await.unwrap();
    flood(&speaker, "flood", COUNT, QoS::AtLeastOnce).await;
    assert_eq!(handled.load(Ordering::SeqCst), 0);
    gate.add_permits(COUNT);
    seen.at_least(COUNT).await;
    let wrong = seen
        .payloads()
        .iter()
        .enumerate()
        .find(|(place, text)| **text != place.to_string())
        .map(|(p, _)| p);
    assert_eq!((seen.len(), wrong), (COUNT, None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_holds_the_broker_back_and_loses_nothing() {
    let broker = Mosquitto::start();
    everything_arrives_in_the_end(config(&broker.url(), "flooded"), &broker).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_holds_the_broker_back_before_mqtt_5_too() {
    let broker = Mosquitto::start();
    let config = config(&broker.url(), "flooded").protocol(steward_mqtt::Protocol::V311);
    everything_arrives_in_the_end(config, &broker).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_not_handled_before_a_crash_comes_again() {
    let broker = Mosquitto::start();
    let first = client(&broker.url(), "crasher").await;
    let (gate, handled) = (Arc::new(Semaphore::new(1)), Arc::<AtomicUsize>::default());
    first
        .subscribe_acking("work", QoS::AtLeastOnce, AckWhen::Handled, gated(&gate, &handled))
        .await
        .unwrap();
    let speaker = client(&broker.url(), "speaker").await;
    flood(&speaker, "work", 3, QoS::AtLeastOnce).await;
    soon(async {
        while handled.load(Ordering::SeqCst) < 1 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    // The connection is lost while the second message is being handled. All arrive in the end; the first may do so twice,
    // when the connection took its acknowledgement along.
    first.underlying().cut();
    soon(first.state().wait_for(|state| *state == State::Reconnecting)).await.unwrap();
    soon(first.state().wait_for(|state| *state == State::Connected)).await.unwrap();
    gate.add_permits(10);
    soon(async {
        while handled.load(Ordering::SeqCst) < 3 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    flood(&speaker, "work", 1, QoS::AtLeastOnce).await;
    soon(async {
        while handled.load(Ordering::SeqCst) < 4 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}
