//! Habits of the crate's broker.

use std::time::Duration;

use mqtt5::broker::MqttBroker;
use mqtt5::broker::config::{BrokerConfig, StorageConfig};
use steward_mqtt::{MqttClient, PublishOptions, QoS};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use crate::brokers::free_port;
use crate::support::{Seen, client, soon};

/// A broker on threads of its own, so that it can die as a process does: in the middle of everything.
struct Mortal {
    folder: TempDir,
    port: u16,
    storage: fn(StorageConfig) -> StorageConfig,
    life: Option<Runtime>,
}

impl Mortal {
    async fn start(storage: fn(StorageConfig) -> StorageConfig) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut broker = Self { folder, port: free_port(), storage, life: None };
        broker.live().await;
        broker
    }

    async fn live(&mut self) {
        let life = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let storage = StorageConfig::new().with_base_dir(self.folder.path().to_owned());
        let config = BrokerConfig::default()
            .with_bind_address(([127, 0, 0, 1], self.port))
            .with_max_packet_size(1024 * 1024)
            .with_storage((self.storage)(storage));
        let (sender, started) = tokio::sync::oneshot::channel();
        life.spawn(async move {
            let mut broker = MqttBroker::with_config(config).await.unwrap();
            sender.send(broker.ready_receiver()).unwrap();
            broker.run().await.unwrap();
        });
        soon(started).await.unwrap().wait_for(|ready| *ready).await.unwrap();
        self.life = Some(life);
    }

    /// Its tasks are dropped where they stand; the port is free afterwards.
    fn die(&mut self) {
        let life = self.life.take().unwrap();
        let dying = std::thread::spawn(|| life.shutdown_timeout(Duration::from_secs(5)));
        dying.join().unwrap();
    }

    fn url(&self) -> String {
        format!("mqtt://127.0.0.1:{}", self.port)
    }
}

impl Drop for Mortal {
    fn drop(&mut self) {
        if let Some(life) = self.life.take() {
            life.shutdown_background();
        }
    }
}

/// Somebody who subscribed to `away` and left, but wants to come back.
async fn absent(broker: &Mortal) -> (MqttClient, Seen) {
    let client = client(&broker.url(), "absent").await;
    let seen = Seen::default();
    client.subscribe("away", QoS::AtLeastOnce, seen.handler()).await.unwrap();
    client.disconnect().await;
    (client, seen)
}

async fn publish(speaker: &MqttClient, count: usize) {
    for number in 0..count {
        soon(speaker.publish("away", number.to_string(), PublishOptions::default())).await.unwrap();
    }
}

/// What came before a last message that is published now.
async fn what_was_kept(absent: &MqttClient, seen: &Seen) -> Vec<String> {
    soon(absent.connect()).await.unwrap();
    soon(absent.publish("away", "last", PublishOptions::default())).await.unwrap();
    soon(async {
        while seen.payloads().last().is_none_or(|last| last != "last") {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    let mut kept = seen.payloads();
    kept.pop();
    kept
}

#[test]
fn it_announces_a_packet_size_that_the_standard_forbids() {
    const LARGEST: usize = 268_435_455;
    assert!(BrokerConfig::default().max_packet_size > LARGEST);
}

#[test]
fn it_writes_below_the_current_folder() {
    assert_eq!(StorageConfig::default().base_dir, std::path::Path::new("./mqtt_storage"));
}

#[tokio::test]
async fn it_keeps_what_it_acknowledged_for_who_is_away() {
    let broker = Mortal::start(|storage| storage).await;
    let (absent, seen) = absent(&broker).await;
    publish(&client(&broker.url(), "speaker").await, 10).await;
    let numbers: Vec<_> = (0..10).map(|number| number.to_string()).collect();
    assert_eq!(what_was_kept(&absent, &seen).await, numbers);
}

#[tokio::test]
async fn without_persistence_it_acknowledges_and_keeps_nothing() {
    let broker = Mortal::start(|storage| storage.with_persistence(false)).await;
    let (absent, seen) = absent(&broker).await;
    publish(&client(&broker.url(), "speaker").await, 10).await;
    assert_eq!(what_was_kept(&absent, &seen).await, [""; 0], "it keeps them now");
}

#[tokio::test]
async fn over_its_limit_it_acknowledges_and_forgets_the_oldest() {
    assert_eq!(StorageConfig::default().max_queued_messages_per_client, 10_000);
    let few = |mut storage: StorageConfig| {
        storage.max_queued_messages_per_client = 10;
        storage
    };
    let broker = Mortal::start(few).await;
    let (absent, seen) = absent(&broker).await;
    publish(&client(&broker.url(), "speaker").await, 20).await;
    // The last message may push one more out, when it comes before the first was fetched.
    let youngest: Vec<_> = (11..20).map(|number| number.to_string()).collect();
    let kept = what_was_kept(&absent, &seen).await;
    assert!(kept.ends_with(&youngest) && kept.len() <= 10, "{kept:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_acknowledges_before_it_has_written() {
    const COUNT: usize = 50;
    let mut losses = Vec::new();
    // It writes every quarter of a second; a death right after that would lose nothing.
    for _ in 0..5 {
        let mut broker = Mortal::start(|storage| storage).await;
        let (absent, seen) = absent(&broker).await;
        let speaker = client(&broker.url(), "speaker").await;
        publish(&speaker, COUNT).await;
        broker.die();
        broker.live().await;
        let lost = COUNT - what_was_kept(&absent, &seen).await.len();
        losses.push(lost);
        speaker.shutdown().await;
        if lost > 0 {
            return;
        }
    }
    panic!("nothing was lost, so it writes first now: {losses:?}");
}

#[tokio::test]
async fn it_tells_receivers_who_published() {
    let broker = Mortal::start(|storage| storage).await;
    let listener = client(&broker.url(), "listener").await;
    let seen = Seen::default();
    listener.subscribe("who", QoS::AtLeastOnce, seen.handler()).await.unwrap();
    let speaker = client(&broker.url(), "speaker").await;
    soon(speaker.publish("who", "x", PublishOptions::default())).await.unwrap();
    let message = seen.at_least(1).await.remove(0);
    assert_eq!(message.properties.user("x-mqtt-client-id"), Some("speaker"));
}
