//! Outages of every length, with the delays that a service has when nobody chose others.

use std::time::Duration;

use futures::future::join_all;
use steward_mqtt::{MqttClient, MqttConfig, PublishOptions, QoS, State};
use tokio::time::{Instant, sleep};

use crate::brokers::Mosquitto;
use crate::support::{Seen, client, reaches, soon};

const CLIENTS: usize = 20;
/// From a hiccup to longer than any wait between two attempts.
const OUTAGES: [Duration; 5] = [
    Duration::ZERO,
    Duration::from_secs(1),
    Duration::from_secs(3),
    Duration::from_secs(6),
    Duration::from_secs(11),
];
/// How long after the broker's return everybody must be back.
const BACK_WITHIN: Duration = Duration::from_secs(10);

async fn resident(broker: &Mosquitto, number: usize) -> (MqttClient, Seen) {
    let config = MqttConfig::new(&broker.url(), format!("resident-{number}")).unwrap();
    let client = crate::support::connected(config).await;
    let seen = Seen::default();
    client.subscribe("calls/#", QoS::AtLeastOnce, seen.handler()).await.unwrap();
    (client, seen)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_of_a_hundred_come_back_after_an_outage() {
    let mut broker = Mosquitto::start();
    let residents = join_all((0..CLIENTS).map(|number| resident(&broker, number))).await;
    let mut times = Vec::new();
    for (call, outage) in OUTAGES.into_iter().enumerate() {
        broker.kill();
        for (client, _) in &residents {
            reaches(client, State::Reconnecting).await;
        }
        sleep(outage).await; // what is tried: everybody's delays grow with it
        broker.restart();
        let returned = Instant::now();
        let coming = residents.iter().map(|(client, _)| async {
            reaches(client, State::Connected).await;
            returned.elapsed()
        });
        times.extend(join_all(coming).await);
        let caller = client(&broker.url(), "caller").await;
        soon(caller.publish(&format!("calls/{call}"), "here?", PublishOptions::default()))
            .await
            .unwrap();
        for (_, seen) in &residents {
            assert_eq!(seen.at_least(call + 1).await.len(), call + 1, "all subscriptions stand");
        }
        caller.shutdown().await;
    }
    let longest = times.iter().max().unwrap();
    println!("{} came back, the last one after {longest:?}", times.len());
    let in_time = times.iter().filter(|time| **time <= BACK_WITHIN).count();
    assert_eq!((times.len(), in_time), (100, 100), "{times:?}");
}
