//! The relay's port on a real broker, and what a broker says of itself.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures::{StreamExt, poll, stream::FuturesOrdered};
use kernel::relay::{Broker, Delivery};
use steward::broker::{Embedded, Error, Features, Link, probe};

use super::desk::{Desk, HILL, until};

fn topic() -> String {
    format!("steward/{HILL}/roster/v1/SchoolCreated")
}

async fn connected(desk: &Desk) -> Link {
    let config = desk.accounts.client(&desk.broker.url(), "relay").unwrap();
    let link = Link::embedded(config).unwrap();
    until(async || link.connected()).await;
    link
}

#[tokio::test]
async fn events_arrive_in_the_order_of_the_first_poll() {
    const EVENTS: usize = 2_000;
    let desk = Desk::open().await;
    let mut inbox = desk.server("inbox").await.subscribe("steward/#").await.unwrap();
    let link = connected(&desk).await;
    assert_eq!(link.settle(), Duration::from_secs(2));
    let topic = topic();
    let mut flight = FuturesOrdered::new();
    for n in 0..EVENTS {
        let mut publish = Box::pin(link.publish(&topic, Bytes::from(n.to_string())));
        assert!(poll!(&mut publish).is_pending());
        flight.push_back(publish);
        if flight.len() == 100 {
            assert_eq!(flight.next().await, Some(Delivery::Acked));
        }
    }
    while let Some(fate) = flight.next().await {
        assert_eq!(fate, Delivery::Acked);
    }
    for n in 0..EVENTS {
        let event = inbox.next().await;
        assert_eq!(event.payload, n.to_string().into_bytes());
        assert_eq!(event.properties.content_type.as_deref(), Some("application/cloudevents+json"));
    }
    link.shutdown().await;
}

#[tokio::test]
async fn what_the_broker_refuses_for_good_is_told_from_what_is_not_known() {
    let desk = Desk::open().await;
    let link = connected(&desk).await;
    let bad_topic = link.publish("steward/+/roster", Bytes::from_static(b"{}")).await;
    assert!(matches!(bad_topic, Delivery::Refused(_)), "{bad_topic:?}");
    let too_large = link.publish(&topic(), Bytes::from(vec![b'x'; 11 * 1024 * 1024])).await;
    assert!(matches!(too_large, Delivery::Refused(_)), "{too_large:?}");
    assert_eq!(link.publish(&topic(), Bytes::from_static(b"{}")).await, Delivery::Acked);

    let address = desk.broker.address();
    let Desk { dir, accounts, broker, .. } = desk;
    broker.stop().await.unwrap();
    until(async || !link.connected()).await;
    let away = link.publish(&topic(), Bytes::from_static(b"{}")).await;
    assert!(matches!(away, Delivery::Unknown(_)), "{away:?}");

    let broker = Embedded::start(dir.path(), address, Arc::clone(&accounts)).await.unwrap();
    until(async || link.connected()).await;
    assert_eq!(link.publish(&topic(), Bytes::from_static(b"{}")).await, Delivery::Acked);
    link.shutdown().await;
    broker.stop().await.unwrap();
}

#[tokio::test]
async fn a_foreign_account_cannot_relay() {
    let desk = Desk::open().await;
    let config = steward_mqtt::MqttConfig::new(&desk.broker.url(), "risk:relay").unwrap();
    let config = config.credentials("risk", desk.token("risk", HILL));
    let link = Link::external(config).unwrap();
    until(async || link.connected()).await;
    assert_eq!(link.settle(), Duration::ZERO);
    let forged = link.publish(&topic(), Bytes::from_static(b"{}")).await;
    assert!(
        matches!(&forged, Delivery::Refused(why) if why.contains("NotAuthorized")),
        "{forged:?}"
    );
}

#[tokio::test]
async fn the_embedded_broker_says_what_it_can() {
    let desk = Desk::open().await;
    let server = desk.accounts.server();
    let url =
        format!("mqtt://{}:{}@{}", server.user, server.password.expose(), desk.broker.address());
    let features = probe(&url, "steward.server:doctor", None).await.unwrap();
    let expected = Features {
        mqtt5: true,
        retain: true,
        qos_max: 2,
        packet_bytes_max: 10 * 1024 * 1024,
        wildcards: true,
        shared: true,
    };
    assert_eq!(features, expected);
    assert!(features.lacks().is_empty());

    let wrong = format!("mqtt://steward.server:wrong@{}", desk.broker.address());
    let refused = probe(&wrong, "steward.server:doctor", None).await.unwrap_err();
    assert!(refused.to_string().contains("BadUsernameOrPassword"), "{refused}");
    assert!(!refused.to_string().contains("wrong@"), "{refused}");
    desk.broker.stop().await.unwrap();
    let gone = probe(&url, "steward.server:doctor", None).await.unwrap_err();
    assert!(matches!(gone, Error::Probe { .. }), "{gone}");
}
