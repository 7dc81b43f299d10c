use serde_json::Value;
use steward_mqtt::{Envelope, PublishOptions, QoS, State};

use crate::brokers::Broker;
use crate::support::{Seen, connected, reaches, soon};

pub(crate) async fn subscriptions_and_publishes_survive_a_restart(broker: &mut Broker) {
    let client = connected(broker.config("survivor")).await;
    let seen = Seen::default();
    client.subscribe("survivor/#", QoS::AtLeastOnce, seen.handler()).await.unwrap();
    let watcher = client.clone();
    let noticed = tokio::spawn(async move { reaches(&watcher, State::Reconnecting).await });
    broker.restart().await;
    noticed.await.unwrap();
    reaches(&client, State::Connected).await;
    soon(client.publish("survivor/1", "after", PublishOptions::default())).await.unwrap();
    seen.at_least(1).await;
    assert_eq!(seen.payloads(), ["after"]);
    client.shutdown().await;
}

pub(crate) async fn health_is_retained_and_told_again_after_a_reconnect(broker: &mut Broker) {
    let client = connected(broker.config("patient").health(true)).await;
    let observer = connected(broker.config("observer")).await;
    let seen = Seen::default();
    observer.subscribe("system/health/patient", QoS::AtLeastOnce, seen.handler()).await.unwrap();
    wait_for_event(&seen, "ready").await;

    // Cut without a DISCONNECT: the broker tells the will, the client corrects it.
    client.underlying().cut();
    wait_for_event(&seen, "reconnected").await;
    let late = Seen::default();
    let latecomer = connected(broker.config("latecomer")).await;
    latecomer.subscribe("system/health/patient", QoS::AtLeastOnce, late.handler()).await.unwrap();
    let message = late.at_least(1).await.remove(0);
    assert!(message.retain);
    assert_eq!(event_of(&message.payload), ("reconnected".to_owned(), true));

    client.shutdown().await;
    wait_for_event(&seen, "shutdown").await;
    observer.shutdown().await;
    latecomer.shutdown().await;
}

async fn wait_for_event(seen: &Seen, wanted: &str) {
    soon(async {
        for count in 1.. {
            let messages = seen.at_least(count).await;
            if event_of(&messages[count - 1].payload).0 == wanted {
                return;
            }
        }
    })
    .await;
}

fn event_of(payload: &[u8]) -> (String, bool) {
    let data = Envelope::<Value>::decode(payload).unwrap().data;
    (data["event"].as_str().unwrap_or("will").to_owned(), data["ok"].as_bool().unwrap())
}
