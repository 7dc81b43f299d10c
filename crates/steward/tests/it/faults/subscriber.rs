//! A subscriber that comes back after every fault, keeps what arrives before any dedupe, and closes gaps by the feed.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use bytes::Bytes;
use kernel::TenantId;
use serde::Deserialize;
use serde_json::value::RawValue;
use steward_mqtt::{MqttClient, MqttConfig, QoS};
use testkit::Client;
use tokio::time::timeout;
use uuid::Uuid;

/// A broker that listens answers at once; one that just died never does.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// Events of the context that the stories write.
const FILTER: &str = "steward/+/roster/#";

/// An event as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) tenant: Uuid,
    pub(super) number: i64,
    pub(super) id: Uuid,
    pub(super) bytes: Bytes,
}

#[derive(Deserialize)]
struct Envelope {
    id: Uuid,
    tenantid: Uuid,
    sequence: String,
}

impl Event {
    fn read(bytes: Bytes) -> Self {
        let envelope: Envelope = serde_json::from_slice(&bytes).unwrap();
        let number = envelope.sequence.parse().unwrap();
        Self { tenant: envelope.tenantid, number, id: envelope.id, bytes }
    }
}

/// What arrived over the connections so far, one list each.
#[derive(Default)]
pub(super) struct Subscriber {
    connections: Vec<Arc<Mutex<Vec<Bytes>>>>,
    client: Option<MqttClient>,
}

impl Subscriber {
    /// Subscribes to the broker inside the server on `folder`. Fails when the server dies meanwhile.
    pub(super) async fn connect_inside(&mut self, folder: &Path, url: &str) -> Result<()> {
        let reader = steward::broker::local_reader(folder)?.context("the server never started")?;
        let id = format!("{}:faults-{}", reader.user, self.connections.len());
        let config = MqttConfig::new(url, id)?;
        self.connect(config.credentials(reader.user, reader.password.expose())).await
    }

    /// Subscribes to a broker that lets everybody in.
    pub(super) async fn connect_outside(&mut self, url: &str) {
        let id = format!("faults-{}", self.connections.len());
        self.connect(MqttConfig::new(url, id).unwrap()).await.unwrap();
    }

    async fn connect(&mut self, config: MqttConfig) -> Result<()> {
        self.leave().await;
        let client = MqttClient::new(config)?;
        let arrived: Arc<Mutex<Vec<Bytes>>> = Arc::default();
        self.connections.push(Arc::clone(&arrived));
        let keep = move |message: steward_mqtt::Message| {
            arrived.lock().unwrap_or_else(PoisonError::into_inner).push(message.payload);
            async {}
        };
        timeout(CONNECT_WITHIN, async {
            client.connect().await?;
            client.subscribe(FILTER, QoS::AtLeastOnce, keep).await?;
            anyhow::Ok(())
        })
        .await??;
        self.client = Some(client);
        Ok(())
    }

    /// Hangs up.
    pub(super) async fn leave(&mut self) {
        if let Some(client) = self.client.take() {
            client.disconnect().await;
        }
    }

    /// What a consumer of each district knows in the end: deliveries deduplicated by id, gaps closed by the feed.
    ///
    /// Fails when a number comes with two events, an event with two numbers or with other bytes, or when, over one
    /// connection, a new number does not follow the highest before it.
    pub(super) async fn follow(&self, reader: impl Fn(TenantId) -> Client) -> Followed {
        let mut followed = Followed::default();
        for connection in &self.connections {
            let arrived = connection.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let mut highest = HashMap::new();
            for event in arrived.into_iter().map(Event::read) {
                followed.deliveries += 1;
                let highest = highest.entry(event.tenant).or_insert(event.number - 1);
                assert!(
                    event.number <= *highest + 1,
                    "number {} came after {highest} in {}",
                    event.number,
                    event.tenant
                );
                *highest = event.number.max(*highest);
                followed.take(event, &reader).await;
            }
        }
        followed
    }
}

/// The consumers' knowledge: for each district its events, the first with number 1.
#[derive(Default)]
pub(super) struct Followed {
    pub(super) events: HashMap<Uuid, Vec<Event>>,
    pub(super) deliveries: usize,
    pub(super) repetitions: usize,
    /// How often the feed had to be asked.
    pub(super) gaps: usize,
}

impl Followed {
    async fn take(&mut self, event: Event, reader: &impl Fn(TenantId) -> Client) {
        let known = self.events.entry(event.tenant).or_default();
        if event.number > next(known) {
            self.gaps += 1;
            catch_up(known, &reader(TenantId(event.tenant)), event.number - 1).await;
        }
        match usize::try_from(event.number - 1).ok().and_then(|place| known.get(place)) {
            Some(before) => {
                assert_eq!(*before, event, "the same number, but not the same event");
                self.repetitions += 1;
            }
            None => known.push(event),
        }
    }

    /// Reads the rest from the feed.
    pub(super) async fn finish(&mut self, tenant: TenantId, reader: &Client) -> &[Event] {
        let known = self.events.entry(tenant.0).or_default();
        catch_up(known, reader, i64::MAX).await;
        known
    }
}

fn next(known: &[Event]) -> i64 {
    i64::try_from(known.len()).unwrap() + 1
}

#[derive(Deserialize)]
struct Page {
    items: Vec<Box<RawValue>>,
}

/// Reads the feed from what is known up to number `last`, or to its end.
async fn catch_up(known: &mut Vec<Event>, reader: &Client, last: i64) {
    while next(known) <= last {
        let path = format!("/feed/roster?after={}&pageSize=500", known.len());
        let answer = reader.get(&path).await.unwrap();
        answer.expect(200);
        let page: Page = serde_json::from_slice(&answer.body).unwrap();
        if page.items.is_empty() {
            assert_eq!(last, i64::MAX, "delivered, but not in the feed after {}", known.len());
            return;
        }
        for item in &page.items {
            if next(known) > last {
                return;
            }
            let event = Event::read(Bytes::copy_from_slice(item.get().as_bytes()));
            assert_eq!(event.number, next(known), "the feed has a gap");
            known.push(event);
        }
    }
}
