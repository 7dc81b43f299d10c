use std::time::Duration;

use steward_mqtt::{MqttClient, Protocol, PublishOptions, QoS};

use crate::brokers::Broker;
use crate::support::{Seen, connected, soon};

/// What RabbitMQ 3.10 cannot do, as docs/DESIGN.md says.
pub(crate) async fn brokers_limits(broker: &mut Broker) {
    let modern =
        broker.config("modern").protocol(Protocol::V5).connect_timeout(Duration::from_millis(300));
    assert!(
        soon(MqttClient::new(modern).unwrap().connect()).await.is_err(),
        "it does not speak MQTT 5"
    );

    let client = connected(broker.config("limits")).await;
    let seen = Seen::default();
    client.subscribe("limits/exactly", QoS::ExactlyOnce, seen.handler()).await.unwrap();
    let ack = soon(client.publish("limits/exactly", "x", PublishOptions::qos(QoS::ExactlyOnce)))
        .await
        .unwrap();
    assert_eq!(ack.qos, QoS::AtLeastOnce);
    assert_eq!(seen.at_least(1).await[0].qos, QoS::AtLeastOnce);

    soon(client.publish("limits/kept", "x", PublishOptions::default().retain())).await.unwrap();
    let (by_wildcard, by_name) = (Seen::default(), Seen::default());
    client.subscribe("limits/+", QoS::AtLeastOnce, by_wildcard.handler()).await.unwrap();
    soon(client.publish("limits/later", "x", PublishOptions::default())).await.unwrap();
    assert_eq!(
        by_wildcard.at_least(1).await[0].topic,
        "limits/later",
        "nothing that was retained came first"
    );
    client.unsubscribe("limits/+").await.unwrap();
    client.subscribe("limits/kept", QoS::AtLeastOnce, by_name.handler()).await.unwrap();
    assert!(by_name.at_least(1).await[0].retain);
    client.shutdown().await;
}
