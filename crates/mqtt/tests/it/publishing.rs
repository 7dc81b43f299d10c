//! Publishing: acknowledged, in order, honest about what it does not know.

use std::pin::pin;

use futures::stream::FuturesUnordered;
use futures::{StreamExt as _, poll, stream};
use steward_mqtt::{MqttClient, PublishError, PublishOptions, QoS, State};
use tokio::task::coop;

use crate::brokers::Mosquitto;
use crate::support::{Seen, client, config, reaches, soon};

#[tokio::test]
async fn a_message_goes_out_and_comes_back() {
    let broker = Mosquitto::start();
    let client = client(&broker.url(), "both-ways").await;
    let seen = Seen::default();
    client.subscribe("greeting/+", QoS::AtLeastOnce, seen.handler()).await.unwrap();

    for qos in [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce] {
        let options =
            PublishOptions::qos(qos).content_type("text/plain").user_property("colour", "red");
        let ack = soon(client.publish("greeting/en", "hello", options)).await.unwrap();
        assert_eq!((ack.qos, ack.tries), (qos, 1));
    }
    let messages = seen.at_least(3).await;
    assert_eq!(messages[1].topic, "greeting/en");
    assert_eq!(messages[1].payload, "hello");
    assert_eq!(messages[1].properties.content_type.as_deref(), Some("text/plain"));
    assert_eq!(messages[1].properties.user("colour"), Some("red"));
    client.shutdown().await;
    assert_eq!(*client.state().borrow(), State::Disconnected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_in_flight_arrive_in_the_order_of_the_calls() {
    let broker = Mosquitto::start();
    let client = client(&broker.url(), "pipeline").await;
    let seen = Seen::default();
    client.subscribe("numbers", QoS::AtLeastOnce, seen.handler()).await.unwrap();

    let publishes = (0..5000)
        .map(|number| client.publish("numbers", number.to_string(), PublishOptions::default()));
    let acks = stream::iter(publishes).buffered(100).collect::<Vec<_>>();
    assert!(soon(acks).await.iter().all(Result::is_ok));
    seen.at_least(5000).await;
    in_order(&seen, 5000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_published_during_an_outage_waits_and_keeps_its_order() {
    let mut broker = Mosquitto::start();
    let client = client(&broker.url(), "outage").await;
    let seen = Seen::default();
    client.subscribe("numbers", QoS::AtLeastOnce, seen.handler()).await.unwrap();
    broker.kill();
    reaches(&client, State::Reconnecting).await;

    let refused = client.publish("numbers", "no", PublishOptions::default().no_wait()).await;
    assert!(matches!(refused, Err(PublishError::NotConnected)), "{refused:?}");
    let publishes = (0..300)
        .map(|number| client.publish("numbers", number.to_string(), PublishOptions::default()));
    let waiting = stream::iter(publishes).buffered(100).collect::<Vec<_>>();
    let (acks, ()) = soon(async { tokio::join!(waiting, async { broker.restart() }) }).await;
    assert!(acks.iter().all(Result::is_ok), "{acks:?}");
    seen.at_least(300).await;
    in_order(&seen, 300);
}

#[tokio::test]
async fn the_first_poll_hands_over_also_when_the_task_has_no_budget_left() {
    let broker = Mosquitto::start();
    let client = client(&broker.url(), "budget").await;
    let seen = Seen::default();
    client.subscribe("numbers", QoS::AtLeastOnce, seen.handler()).await.unwrap();
    // As after handling many acknowledgements at one go: the runtime wants the task to yield.
    while coop::has_budget_remaining() {
        assert!(poll!(pin!(coop::consume_budget())).is_ready());
    }
    let mut flight = FuturesUnordered::new();
    for number in 0..200 {
        let payload = number.to_string();
        let mut publish =
            Box::pin(client.publish("numbers", payload, PublishOptions::default().no_wait()));
        assert!(poll!(publish.as_mut()).is_pending());
        flight.push(publish);
    }
    while let Some(ack) = soon(flight.next()).await {
        ack.unwrap();
    }
    seen.at_least(200).await;
    in_order(&seen, 200);
}

#[tokio::test]
async fn the_first_connection_is_tried_until_the_broker_is_there() {
    let mut broker = Mosquitto::start();
    broker.kill();
    let early = MqttClient::new(config(&broker.url(), "early")).unwrap();
    early.start().unwrap();
    let waiting = early.publish("early/bird", "worm", PublishOptions::default());
    let (ack, ()) = soon(async { tokio::join!(waiting, async { broker.restart() }) }).await;
    assert_eq!(ack.unwrap().tries, 1);
}

/// Says where the order breaks instead of printing thousands of numbers.
fn in_order(seen: &Seen, count: usize) {
    let payloads = seen.payloads();
    let wrong = payloads.iter().enumerate().find(|(place, payload)| **payload != place.to_string());
    assert_eq!((payloads.len(), wrong), (count, None));
}
