//! The worst case: the broker dies again and again while thousands of events are on their way.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::{StreamExt as _, stream};
use serde::{Deserialize, Serialize};
use steward_mqtt::{Event, MqttClient, PublishError, PublishOptions, QoS, State};

use crate::brokers::Mosquitto;
use crate::support::{config, connected, reaches, soon};

const EVENTS: u32 = 10_000;
const TASKS: u32 = 4;
const DEATHS: u32 = 10;

#[derive(Clone, Serialize, Deserialize)]
struct Numbered {
    number: u32,
}

/// One publish with its own topic, so that the broker's log tells it from others.
async fn publish(
    client: &MqttClient,
    number: u32,
) -> (u32, Result<steward_mqtt::Ack, PublishError>) {
    let topic = format!("chaos/{number}");
    let data = Numbered { number };
    (number, client.publish_event(&topic, "test.numbered", &data, PublishOptions::default()).await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_called_delivered_that_the_broker_never_saw_and_nothing_is_handled_twice() {
    let mut broker = Mosquitto::start();
    let publisher = connected(config(&broker.url(), "publisher").publish_retries(20)).await;
    let dedupe = config(&broker.url(), "consumer").dedupe(Duration::from_mins(10), 20_000);
    let consumer = connected(dedupe).await;
    let handled = Arc::new(Mutex::new(HashMap::<u32, u32>::new()));
    let counting = Arc::clone(&handled);
    let handler = move |event: Event<Numbered>| {
        *counting.lock().unwrap().entry(event.data.number).or_default() += 1;
        std::future::ready(())
    };
    consumer.subscribe_events("chaos/+", QoS::AtLeastOnce, handler).await.unwrap();

    let publishing: Vec<_> = (0..TASKS)
        .map(|task| {
            let client = publisher.clone();
            tokio::spawn(async move {
                let numbers = (0..EVENTS).filter(|number| number % TASKS == task);
                stream::iter(numbers.map(|number| publish(&client, number)))
                    .buffered(25)
                    .collect::<Vec<_>>()
                    .await
            })
        })
        .collect();
    for death in 1..=DEATHS {
        // The broker dies at different places of its work, whatever the speed of the machine.
        let goal = EVENTS as usize * death as usize / (DEATHS as usize + 2);
        soon(async {
            while broker.received() < goal {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        })
        .await;
        broker.kill();
        broker.restart();
    }
    let mut outcomes = Vec::new();
    for task in publishing {
        outcomes.extend(
            tokio::time::timeout(Duration::from_mins(1), task).await.expect("in time").unwrap(),
        );
    }
    let delivered: HashSet<u32> =
        outcomes.iter().filter(|(_, outcome)| outcome.is_ok()).map(|(number, _)| *number).collect();
    let seen = broker.topics_received();
    let never_seen =
        delivered.iter().filter(|number| !seen.contains(&format!("chaos/{number}"))).count();
    assert_eq!((outcomes.len(), never_seen), (EVENTS as usize, 0));
    let twice = handled.lock().unwrap().values().filter(|count| **count > 1).count();
    assert_eq!(twice, 0);
    assert_eq!(delivered.len(), EVENTS as usize, "with tries enough, all are delivered in the end");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_publish_that_may_not_outlive_its_connection_says_so() {
    let mut broker = Mosquitto::start();
    let client = connected(config(&broker.url(), "honest")).await;
    broker.freeze();
    let frozen: Vec<_> = (0..50)
        .map(|number| {
            let client = client.clone();
            tokio::spawn(async move {
                client
                    .publish("honest", number.to_string(), PublishOptions::default().no_wait())
                    .await
            })
        })
        .collect();
    // Time to be written: nothing tells what is on its way to a broker that reads nothing.
    tokio::time::sleep(Duration::from_millis(50)).await;
    broker.kill();
    for publish in frozen {
        let outcome =
            tokio::time::timeout(Duration::from_secs(5), publish).await.expect("in time").unwrap();
        assert!(
            matches!(outcome, Err(PublishError::Unknown { tries: 1 } | PublishError::NotConnected)),
            "{outcome:?}"
        );
    }
    broker.restart();
    reaches(&client, State::Connected).await;
    client.publish("honest", "again", PublishOptions::default().no_wait()).await.unwrap();
    assert_eq!(
        broker.topics_received_count("honest"),
        1,
        "what failed is not sent on the next connection"
    );
}
