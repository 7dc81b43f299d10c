//! How long after its first successful attempt a client has its subscriptions back, the waits between attempts apart.
//!
//! Both clients reach the broker through a pass-through that notes when it opens a way to it. The broker dies and
//! forgets everything in every round; a probe is published every millisecond until it arrives.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use mqtt5::{ConnectOptions, SubscribeOptions};
use steward_mqtt::{MqttClient, MqttConfig, PublishOptions, QoS};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use crate::{Broker, PORT, ours, percentiles};

const ROUNDS: usize = 20;
/// The same for both clients. The rounds are shorter than the time after which ours takes a connection for one that holds.
const WAIT: Duration = Duration::from_millis(100);

/// Passes bytes on, and notes when it last opened a way to the broker.
#[derive(Clone)]
struct Way {
    url: String,
    opened: Arc<Mutex<Option<Instant>>>,
}

impl Way {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("mqtt://{}", listener.local_addr().unwrap());
        let way = Self { url, opened: Arc::default() };
        let opened = Arc::clone(&way.opened);
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let accepted = Instant::now();
                let Ok(mut broker) = TcpStream::connect(("127.0.0.1", PORT)).await else {
                    continue;
                };
                client.set_nodelay(true).unwrap();
                broker.set_nodelay(true).unwrap();
                *opened.lock().unwrap() = Some(accepted);
                tokio::spawn(async move {
                    tokio::io::copy_bidirectional(&mut client, &mut broker).await.ok();
                });
            }
        });
        way
    }

    fn close(&self) {
        *self.opened.lock().unwrap() = None;
    }

    fn opened(&self) -> Option<Instant> {
        *self.opened.lock().unwrap()
    }
}

/// Somebody who waits for probes.
struct Waiting {
    topic: &'static str,
    way: Way,
    probes: mpsc::UnboundedReceiver<Instant>,
}

impl Waiting {
    /// From the attempt to the first probe.
    async fn back_after(&mut self, prober: &MqttClient) -> Duration {
        loop {
            let options = PublishOptions::qos(QoS::AtMostOnce);
            prober.publish(self.topic, "probe", options).await.unwrap();
            let arrived = tokio::time::timeout(Duration::from_millis(1), self.probes.recv()).await;
            if let (Ok(Some(arrived)), Some(opened)) = (arrived, self.way.opened()) {
                return arrived - opened;
            }
        }
    }
}

async fn bare() -> (mqtt5::MqttClient, Waiting) {
    let (topic, way) = ("probe/bare", Way::start().await);
    let client = mqtt5::MqttClient::with_options(
        ConnectOptions::new("reconnect-bare").with_reconnect_delay(WAIT, WAIT),
    );
    client.connect(&way.url).await.unwrap();
    let (sender, probes) = mpsc::unbounded_channel();
    let arrived = move |_| sender.send(Instant::now()).unwrap_or_default();
    client.subscribe_with_options(topic, SubscribeOptions::default(), arrived).await.unwrap();
    (client, Waiting { topic, way, probes })
}

async fn this() -> (MqttClient, Waiting) {
    let (topic, way) = ("probe/ours", Way::start().await);
    let config = MqttConfig::new(&way.url, "reconnect-ours").unwrap().reconnect_delay(WAIT, WAIT);
    let client = MqttClient::new(config).unwrap();
    client.connect().await.unwrap();
    let (sender, probes) = mpsc::unbounded_channel();
    let arrived = move |_| {
        let sent = sender.send(Instant::now());
        async move { sent }
    };
    client.subscribe(topic, QoS::AtMostOnce, arrived).await.unwrap();
    (client, Waiting { topic, way, probes })
}

pub(crate) async fn measure(broker: &mut Broker) {
    let ((bare, mut bare_waits), (client, mut our_waits)) = (bare().await, this().await);
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        for waiting in [&mut bare_waits, &mut our_waits] {
            waiting.way.close();
            while waiting.probes.try_recv().is_ok() {}
        }
        broker.restart();
        let prober = ours("prober").await;
        let back = tokio::join!(bare_waits.back_after(&prober), our_waits.back_after(&prober));
        times[0].push(back.0);
        times[1].push(back.1);
        prober.shutdown().await;
    }
    println!(
        "\n| from the attempt that succeeds to resubscribed, {ROUNDS} restarts | p50 | p95 | longest |\n|---|---|---|---|"
    );
    for (name, times) in ["bare", "this client"].into_iter().zip(times) {
        let longest = times.iter().max().unwrap().as_secs_f64() * 1e3;
        let [p50, p95, _] = percentiles(times).map(|micros| micros / 1e3);
        println!("| {name} | {p50:.1} ms | {p95:.1} ms | {longest:.1} ms |");
    }
    client.shutdown().await;
    bare.disconnect().await.unwrap();
}
