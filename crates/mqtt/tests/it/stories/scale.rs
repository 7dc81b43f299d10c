use futures::future::join_all;
use futures::{StreamExt as _, stream};
use steward_mqtt::{MqttClient, PublishOptions, QoS, State};

use crate::brokers::Broker;
use crate::support::{Seen, connected, reaches, soon};

pub(crate) async fn a_receive_maximum_of_one_is_kept(broker: &mut Broker) {
    let slow = connected(broker.config("one-at-a-time").receive_maximum(1)).await;
    let seen = Seen::default();
    slow.subscribe("one", QoS::AtLeastOnce, seen.handler()).await.unwrap();
    let publishes =
        (0..200).map(|number| slow.publish("one", number.to_string(), PublishOptions::default()));
    let acks: Vec<_> = soon(stream::iter(publishes).buffered(50).collect()).await;
    assert!(acks.iter().all(Result::is_ok));
    seen.at_least(200).await;
    assert_eq!(seen.payloads(), (0..200).map(|number| number.to_string()).collect::<Vec<_>>());
    slow.shutdown().await;
}

pub(crate) async fn fifty_clients_come_back_at_once(broker: &mut Broker) {
    let clients =
        join_all((0..50).map(|number| connected(broker.config(&format!("storm-{number}"))))).await;
    let seen = Seen::default();
    for client in &clients {
        client.subscribe("storm", QoS::AtLeastOnce, seen.handler()).await.unwrap();
    }
    for client in &clients {
        client.underlying().cut();
    }
    for client in &clients {
        reaches(client, State::Reconnecting).await;
    }
    for client in &clients {
        reaches(client, State::Connected).await;
    }
    soon(clients[0].publish("storm", "all here?", PublishOptions::default())).await.unwrap();
    seen.at_least(50).await;
    join_all(clients.iter().map(MqttClient::shutdown)).await;
}

pub(crate) async fn a_thousand_subscriptions_stand_again(broker: &mut Broker) {
    let client = connected(broker.config("thousand")).await;
    let seen = Seen::default();
    let filters: Vec<_> = (0..1000).map(|number| format!("thousand/{number}/+")).collect();
    let subscribing =
        filters.iter().map(|filter| client.subscribe(filter, QoS::AtLeastOnce, seen.handler()));
    let subscribed: Vec<_> = soon(stream::iter(subscribing).buffered(100).collect()).await;
    assert!(subscribed.iter().all(Result::is_ok));

    client.underlying().cut();
    reaches(&client, State::Reconnecting).await;
    reaches(&client, State::Connected).await;
    for number in [0, 499, 999] {
        soon(client.publish(&format!("thousand/{number}/x"), "x", PublishOptions::default()))
            .await
            .unwrap();
    }
    assert_eq!(seen.at_least(3).await.len(), 3);
    client.shutdown().await;
}
