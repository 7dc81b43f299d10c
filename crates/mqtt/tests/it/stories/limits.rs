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
    one_copy_for_all_filters(broker).await;
}

/// The same said twice at once is taken for a message and its copy. Where there are copies, all four would count as two.
async fn one_copy_for_all_filters(broker: &Broker) {
    let client = connected(broker.config("copies")).await;
    let seen = Seen::default();
    client.subscribe("copies/+", QoS::AtLeastOnce, seen.handler()).await.unwrap();
    client.subscribe("copies/#", QoS::AtLeastOnce, |_| std::future::ready(())).await.unwrap();
    let mut handled = Vec::new();
    // On a machine that is busy the second may come too late to be taken for a copy.
    for attempt in 1..=10 {
        let say = || client.publish("copies/x", "on", PublishOptions::default());
        let (first, second) = soon(async { tokio::join!(say(), say()) }).await;
        assert!(first.is_ok() && second.is_ok());
        soon(client.publish("copies/x", format!("last {attempt}"), PublishOptions::default()))
            .await
            .unwrap();
        soon(async {
            while seen.payloads().last().is_none_or(|last| *last != format!("last {attempt}")) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await;
        let said = seen.payloads();
        let since = said.iter().rev().skip(1).take_while(|text| *text == "on").count();
        handled.push(since);
        if since == 1 {
            client.shutdown().await;
            return;
        }
    }
    panic!("it sends a copy for each filter now: {handled:?}");
}
