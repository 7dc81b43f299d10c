//! What operators see: counts and log lines, and what they must not see.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use metrics::{
    Counter, CounterFn, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};
use serde_json::{Value, json};
use steward_mqtt::{Envelope, Event, MqttClient, MqttConfig, PublishOptions, QoS, State};
use tracing_subscriber::fmt::MakeWriter;

use crate::brokers::{Broker, Mosquitto, PASSWORD, USER};
use crate::support::{Seen, reaches, soon};

/// A log that a test reads.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// The counts of one thread, by name; of a histogram how often it was recorded.
#[derive(Default)]
struct Counts(Mutex<BTreeMap<String, Arc<Count>>>);

#[derive(Default)]
struct Count(AtomicU64);

impl Counts {
    fn of(&self, key: &Key) -> Arc<Count> {
        Arc::clone(self.0.lock().unwrap().entry(key.name().to_owned()).or_default())
    }

    fn read(&self) -> BTreeMap<String, u64> {
        let counts = self.0.lock().unwrap();
        counts.iter().map(|(name, count)| (name.clone(), count.0.load(Ordering::SeqCst))).collect()
    }
}

impl CounterFn for Count {
    fn increment(&self, value: u64) {
        self.0.fetch_add(value, Ordering::SeqCst);
    }

    fn absolute(&self, value: u64) {
        self.0.store(value, Ordering::SeqCst);
    }
}

impl HistogramFn for Count {
    fn record(&self, _: f64) {
        self.increment(1);
    }
}

impl Recorder for Counts {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.of(key))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.of(key))
    }
}

/// Ups and downs: an event handled, one twice, one that fails, one that is none, an outage, a wrong password.
async fn a_bad_day(broker: &Broker) {
    let url = format!("mqtt://127.0.0.1:{}", broker.ports().plain);
    let config = |id: &str| {
        MqttConfig::new(&url, id)
            .unwrap()
            .credentials(USER, PASSWORD)
            .reconnect_delay(Duration::from_millis(100), Duration::from_millis(500))
    };
    let client = MqttClient::new(config("worker").dedupe(Duration::from_mins(1), 100)).unwrap();
    soon(client.connect()).await.unwrap();
    let seen = Seen::default();
    let keeping = seen.clone();
    let handler = move |event: Event<Value>| {
        let fails = event.data["fails"] == true;
        keeping.push(event.message);
        async move { if fails { Err("out of paper") } else { Ok(()) } }
    };
    client.subscribe_events("work", QoS::AtLeastOnce, handler).await.unwrap();
    let options = PublishOptions::default;
    let twice = Envelope::new("test.work", "test", json!({"planted": "payload"}));
    for _ in 0..2 {
        soon(client.publish_envelope("work", &twice, options())).await.unwrap();
    }
    let failing = json!({"fails": true, "planted": "payload"});
    soon(client.publish_event("work", "test.work", &failing, options().correlation_id("c-17")))
        .await
        .unwrap();
    soon(client.publish("work", "planted and no envelope", options())).await.unwrap();
    soon(client.publish_event("work", "test.work", &json!({}), options())).await.unwrap();
    seen.at_least(3).await;

    client.underlying().cut();
    reaches(&client, State::Reconnecting).await;
    reaches(&client, State::Connected).await;
    let intruder = MqttClient::new(config("intruder").credentials(USER, "planted")).unwrap();
    soon(intruder.connect()).await.unwrap_err();
    client.shutdown().await;
}

/// One thread, so that the log and the counts are of this test alone.
#[tokio::test]
async fn counts_and_lines_tell_what_happened_and_nothing_private() {
    let broker = Broker::Mosquitto(Mosquitto::with_account());
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(tracing::Level::INFO)
        .with_writer(log.clone())
        .finish();
    let counts = Counts::default();
    {
        let _logging = tracing::subscriber::set_default(subscriber);
        let _counting = metrics::set_default_local_recorder(&counts);
        a_bad_day(&broker).await;
    }

    let expected = [
        ("mqtt_duplicates_total", 1),
        ("mqtt_handler_errors_total", 2),
        ("mqtt_publish_seconds", 5),
        ("mqtt_published_total", 5),
        ("mqtt_received_total", 5),
        ("mqtt_reconnects_total", 1),
        ("mqtt_undecodable_total", 1),
    ];
    assert_eq!(counts.read(), expected.map(|(name, count)| (name.to_owned(), count)).into());
    let text = log.text();
    let line = |words: &[&str]| {
        let found = text.lines().any(|line| words.iter().all(|word| line.contains(word)));
        assert!(found, "{words:?}: {text}");
    };
    line(&[
        "ERROR",
        "topic=\"work\"",
        "correlation_id=\"c-17\"",
        "out of paper",
        "client_id=\"worker\"",
    ]);
    line(&["ERROR", "topic=\"work\"", "size=23", "no envelope"]);
    line(&["WARN", "client_id=\"worker\"", "the connection was lost"]);
    line(&["ERROR", "client_id=\"intruder\"", "refuses this client"]);
    assert!(!text.contains("planted") && !text.contains(PASSWORD), "{text}");
}
