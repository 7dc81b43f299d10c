use futures::{StreamExt as _, stream};
use serde_json::{Value, json};
use steward_mqtt::{ConnectError, MqttClient, Properties, Protocol, PublishOptions, QoS};

use crate::brokers::{Broker, CODED_PASSWORD, USER};
use crate::support::{Seen, config, connected, soon};

pub(crate) async fn a_message_reaches_another_client(broker: &mut Broker) {
    let (speaker, listener) =
        (connected(broker.config("speaker")).await, connected(broker.config("listener")).await);
    let seen = Seen::default();
    listener.subscribe("hall/door", QoS::AtLeastOnce, seen.handler()).await.unwrap();
    let options = PublishOptions::default().user_property("colour", "red");
    soon(speaker.publish("hall/door", "open", options)).await.unwrap();
    let message = seen.at_least(1).await.remove(0);
    assert_eq!((message.topic.as_str(), &message.payload[..]), ("hall/door", &b"open"[..]));
    if broker.protocol() == Protocol::V5 {
        assert_eq!(message.properties.user("colour"), Some("red"));
    } else {
        assert_eq!(message.properties, Properties::default(), "they do not travel");
    }
    speaker.shutdown().await;
    listener.shutdown().await;
}

pub(crate) async fn wildcards_cover_what_the_standard_says(broker: &mut Broker) {
    let client = connected(broker.config("wild")).await;
    let (one, all) = (Seen::default(), Seen::default());
    client.subscribe("wild/+/c", QoS::AtLeastOnce, one.handler()).await.unwrap();
    client.subscribe("tame/#", QoS::AtLeastOnce, all.handler()).await.unwrap();
    for topic in ["wild/b/c", "wild/b/d", "wild/b/b/c", "wild//c", "tame", "tame/x", "tame/x/y"] {
        soon(client.publish(topic, topic, PublishOptions::default())).await.unwrap();
    }
    one.at_least(2).await;
    all.at_least(3).await;
    assert_eq!(one.payloads(), ["wild/b/c", "wild//c"]);
    assert_eq!(all.payloads(), ["tame", "tame/x", "tame/x/y"]);
    client.shutdown().await;
}

pub(crate) async fn overlapping_filters_each_get_a_message_once(broker: &mut Broker) {
    let client = connected(broker.config("overlap")).await;
    let (one, all) = (Seen::default(), Seen::default());
    client.subscribe("overlap/+", QoS::AtLeastOnce, one.handler()).await.unwrap();
    client.subscribe("overlap/#", QoS::AtLeastOnce, all.handler()).await.unwrap();
    for number in 0..10 {
        soon(client.publish("overlap/x", number.to_string(), PublishOptions::default()))
            .await
            .unwrap();
    }
    one.at_least(10).await;
    all.at_least(10).await;
    let numbers: Vec<_> = (0..10).map(|number| number.to_string()).collect();
    assert_eq!((one.payloads(), all.payloads()), (numbers.clone(), numbers));

    // The same filter again replaces the handler.
    let other = Seen::default();
    client.subscribe("overlap/+", QoS::AtLeastOnce, other.handler()).await.unwrap();
    soon(client.publish("overlap/x", "last", PublishOptions::default())).await.unwrap();
    assert_eq!(other.at_least(1).await.len(), 1);
    assert_eq!(one.len(), 10);
    client.unsubscribe("overlap/+").await.unwrap();
    client.shutdown().await;
}

pub(crate) async fn two_clients_share_a_topic(broker: &mut Broker) {
    let (first, second) =
        (connected(broker.config("first")).await, connected(broker.config("second")).await);
    let (seen, also) = (Seen::default(), Seen::default());
    first.subscribe("both", QoS::AtLeastOnce, seen.handler()).await.unwrap();
    second.subscribe("both", QoS::AtLeastOnce, also.handler()).await.unwrap();
    for number in 0..5 {
        soon(first.publish("both", number.to_string(), PublishOptions::default())).await.unwrap();
    }
    seen.at_least(5).await;
    also.at_least(5).await;
    assert_eq!((seen.payloads(), also.payloads()), (numbers(5), numbers(5)));
    first.shutdown().await;
    second.shutdown().await;
}

fn numbers(count: usize) -> Vec<String> {
    (0..count).map(|number| number.to_string()).collect()
}

pub(crate) async fn tls_is_checked(broker: &mut Broker) {
    let tls = broker.ports().tls;
    let url = format!("mqtts://localhost:{tls}");
    let client = connected(broker.config_at(&url, "tls").ca_file(broker.ca())).await;
    let data = json!({"a": 1});
    let publishing =
        client.publish_event("tls/event", "test.event", &data, PublishOptions::default());
    soon(publishing).await.unwrap();
    client.shutdown().await;

    let unknown_authority = broker.config_at(&url, "tls");
    let wrong_name =
        broker.config_at(&format!("mqtts://127.0.0.1:{tls}"), "tls").ca_file(broker.ca());
    for config in [unknown_authority, wrong_name] {
        let refused = soon(MqttClient::new(config).unwrap().connect()).await.unwrap_err();
        assert!(matches!(refused, ConnectError::Certificate { .. }), "{refused}");
    }
}

pub(crate) async fn websockets_carry_it_too(broker: &mut Broker) {
    for secure in [false, true] {
        let config = broker.config_at(&broker.websocket_url(secure), "web");
        let config = if secure { config.ca_file(broker.ca()) } else { config };
        let client = connected(config).await;
        let seen = Seen::default();
        client.subscribe("web/#", QoS::ExactlyOnce, seen.handler()).await.unwrap();
        let publishes = (0..500)
            .map(|number| client.publish("web/x", number.to_string(), PublishOptions::default()));
        let acks: Vec<_> = soon(stream::iter(publishes).buffered(50).collect()).await;
        assert!(acks.iter().all(Result::is_ok), "{acks:?}");
        seen.at_least(500).await;
        assert_eq!(seen.payloads(), numbers(500));
        client.shutdown().await;
    }
    let unknown_authority = broker.config_at(&broker.websocket_url(true), "web");
    let refused = soon(MqttClient::new(unknown_authority).unwrap().connect()).await.unwrap_err();
    assert!(matches!(refused, ConnectError::Certificate { .. }), "{refused}");
}

pub(crate) async fn an_ipv6_host_and_a_coded_password_work(broker: &mut Broker) {
    let url = format!("mqtt://{USER}:{CODED_PASSWORD}@[::1]:{}", broker.ports().ipv6);
    let client = connected(config(&url, "six").protocol(broker.protocol())).await;
    let seen = Seen::default();
    client.subscribe("six", QoS::AtLeastOnce, seen.handler()).await.unwrap();
    client
        .publish_event("six", "test.event", &json!({"six": 6}), PublishOptions::default())
        .await
        .unwrap();
    let payload = seen.at_least(1).await.remove(0).payload;
    let envelope = steward_mqtt::Envelope::<Value>::decode(&payload).unwrap();
    assert_eq!((envelope.data, envelope.source.as_str()), (json!({"six": 6}), "six"));
    client.shutdown().await;
}
