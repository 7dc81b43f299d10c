//! What the stories share.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use steward_mqtt::{Message, MqttClient, MqttConfig, State};

/// How long anything may take before the test fails.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

/// Logs what happens; the output is shown when a test fails.
fn log() {
    let filter = tracing_subscriber::EnvFilter::new("steward_mqtt=debug");
    tracing_subscriber::fmt().with_env_filter(filter).with_test_writer().try_init().ok();
}

pub(crate) fn config(url: &str, client_id: &str) -> MqttConfig {
    log();
    MqttConfig::new(url, client_id)
        .unwrap()
        .reconnect_delay(Duration::from_millis(100), Duration::from_millis(500))
}

pub(crate) async fn connected(config: MqttConfig) -> MqttClient {
    let client = MqttClient::new(config).unwrap();
    client.connect().await.unwrap();
    client
}

pub(crate) async fn client(url: &str, client_id: &str) -> MqttClient {
    connected(config(url, client_id)).await
}

/// Fails the test when `future` takes too long.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(LIMIT, future).await.expect("in time")
}

pub(crate) async fn reaches(client: &MqttClient, wanted: State) {
    soon(client.state().wait_for(|state| *state == wanted)).await.unwrap();
}

/// What a handler got, to look at from the test.
#[derive(Clone, Default)]
pub(crate) struct Seen(Arc<Mutex<Vec<Message>>>, Arc<tokio::sync::Notify>);

impl Seen {
    pub(crate) fn push(&self, message: Message) {
        self.0.lock().unwrap().push(message);
        self.1.notify_waiters();
    }

    /// A handler that keeps what it gets.
    pub(crate) fn handler(
        &self,
    ) -> impl Fn(Message) -> std::future::Ready<()> + Send + Sync + 'static {
        let seen = self.clone();
        move |message| {
            seen.push(message);
            std::future::ready(())
        }
    }

    pub(crate) fn payloads(&self) -> Vec<String> {
        let seen = self.0.lock().unwrap();
        seen.iter().map(|message| String::from_utf8_lossy(&message.payload).into_owned()).collect()
    }

    pub(crate) fn messages(&self) -> Vec<Message> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    /// Waits until there are at least `count`.
    pub(crate) async fn at_least(&self, count: usize) -> Vec<Message> {
        soon(async {
            loop {
                let changed = self.1.notified();
                if self.len() >= count {
                    return self.messages();
                }
                // The time limit covers a message that came before the wait began.
                tokio::time::timeout(Duration::from_millis(50), changed).await.ok();
            }
        })
        .await
    }
}
