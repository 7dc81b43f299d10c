//! A subscriber that keeps every event it receives, in the order of arrival and before any dedupe.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use steward_mqtt::{MqttClient, MqttConfig, QoS};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::{Instant, timeout_at};

/// Delivery takes milliseconds; behind a restarted broker or a dead node it takes up to ten seconds.
const ARRIVES_WITHIN: Duration = Duration::from_secs(20);

/// Client ids of this process: a session belongs to one subscriber.
static NEXT: AtomicU64 = AtomicU64::new(1);

/// Events as they arrive.
pub struct Events {
    seen: Vec<Value>,
    /// How many of `seen` were handed out by [`Events::wait_for`].
    passed: usize,
    arriving: UnboundedReceiver<Value>,
    _client: MqttClient,
}

impl Events {
    /// Subscribes with the local reader's account of the server on `folder`.
    ///
    /// # Errors
    /// When the broker refuses it.
    pub async fn subscribe(folder: &Path, url: &str, filter: &str) -> Result<Self> {
        let reader = steward::broker::local_reader(folder)?.context("the server never started")?;
        let id = format!("{}:story-{}", reader.user, NEXT.fetch_add(1, Ordering::Relaxed));
        let config = MqttConfig::new(url, id)?.credentials(reader.user, reader.password.expose());
        let client = MqttClient::new(config)?;
        client.connect().await?;
        let (sender, arriving) = unbounded_channel();
        let keep = move |message: steward_mqtt::Message| {
            let event = serde_json::from_slice(&message.payload);
            let unreadable = || Value::String(String::from_utf8_lossy(&message.payload).into());
            // The story may be over.
            let _gone = sender.send(event.unwrap_or_else(|_| unreadable()));
            async {}
        };
        client.subscribe(filter, QoS::AtLeastOnce, keep).await?;
        Ok(Self { seen: Vec::new(), passed: 0, arriving, _client: client })
    }

    /// The next event of this name (`SchoolCreated`), past those that were waited for before.
    ///
    /// # Errors
    /// When none arrives in time; the message lists what did.
    pub async fn wait_for(&mut self, name: &str) -> Result<Value> {
        let deadline = Instant::now() + ARRIVES_WITHIN;
        loop {
            while let Some(event) = self.seen.get(self.passed) {
                self.passed += 1;
                if is_named(event, name) {
                    return Ok(event.clone());
                }
            }
            self.receive(deadline).await.with_context(|| format!("no {name}"))?;
        }
    }

    /// Everything that arrived, once it is at least `count` events.
    ///
    /// # Errors
    /// When fewer arrive in time.
    pub async fn wait_for_count(&mut self, count: usize) -> Result<&[Value]> {
        while let Ok(event) = self.arriving.try_recv() {
            self.seen.push(event);
        }
        let deadline = Instant::now() + ARRIVES_WITHIN;
        while self.seen.len() < count {
            self.receive(deadline).await?;
        }
        Ok(&self.seen)
    }

    async fn receive(&mut self, deadline: Instant) -> Result<()> {
        match timeout_at(deadline, self.arriving.recv()).await {
            Ok(Some(event)) => self.seen.push(event),
            Ok(None) => bail!("the subscription ended"),
            Err(_) => {
                bail!("nothing new within {ARRIVES_WITHIN:?}; received so far: {}", self.names())
            }
        }
        Ok(())
    }

    fn names(&self) -> String {
        let names = self.seen.iter().map(|event| event["type"].as_str().unwrap_or("no event"));
        names.collect::<Vec<_>>().join(", ")
    }
}

fn is_named(event: &Value, name: &str) -> bool {
    let kind = event["type"].as_str().unwrap_or_default();
    kind.strip_suffix(name).is_some_and(|before| before.is_empty() || before.ends_with('.'))
}
