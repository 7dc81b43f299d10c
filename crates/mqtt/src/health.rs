//! Signs of life: health, last will and heartbeat.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

use crate::client::{MqttClient, Shared};
use crate::config::MqttConfig;
use crate::envelope::{Envelope, Format};
use crate::error::PublishError;
use crate::message::{PublishOptions, QoS};
use crate::publish;
use crate::state::State;
use crate::system;
use crate::topic;
use crate::topics::HealthPing;
use crate::transport::Will;

const STATUS: &str = "health.status";
const HEARTBEAT: &str = "health.heartbeat";
/// After so many intervals without a beat the connection is taken for dead.
const MISSED_BEATS: u32 = 3;

/// What happened to a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HealthEvent {
    /// It does its work.
    Ready,
    /// It lost the broker and found it again.
    Reconnected,
    /// It goes, and says so.
    Shutdown,
    /// It cannot do its work.
    Error,
}

/// Why health was not published.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HealthError {
    /// Bad news without a reason.
    #[error("`ok: false` needs an event or an error that says why")]
    Unexplained,
    /// The broker does not have it.
    #[error(transparent)]
    Publish(#[from] PublishError),
}

/// Where the client of this id announces its health. In it `+` and `#` are written `%2B` and `%23`.
pub fn health_topic(client_id: &str) -> String {
    format!("system/health/{}", topic::part(client_id))
}

pub(crate) fn keepalive_topic(client_id: &str) -> String {
    format!("system/keepalive/{}", topic::part(client_id))
}

/// What the broker says when this client is gone without a word.
pub(crate) fn will(config: &MqttConfig) -> Option<Will> {
    let ping = ping(false, None, Some("the connection was lost without a word"));
    let payload = Envelope::new(STATUS, config.source(), ping).encode(Format::Compact).ok()?;
    config.health.then(|| Will { topic: health_topic(config.client_id()), payload })
}

fn ping(ok: bool, event: Option<HealthEvent>, error: Option<&str>) -> HealthPing {
    HealthPing {
        message_id: system::fresh_id(),
        ok,
        event,
        err: error.map(str::to_owned),
        timestamp: system::now().as_duration().as_secs_f64(),
    }
}

impl MqttClient {
    /// Announces how the service is, retained, on `system/health/{client_id}`. Does nothing when health is off.
    pub async fn publish_health(
        &self,
        ok: bool,
        event: Option<HealthEvent>,
        error: Option<&str>,
    ) -> Result<(), HealthError> {
        if !ok && event.is_none() && error.is_none() {
            return Err(HealthError::Unexplained);
        }
        announce(&self.shared, ok, event, error).await.map_err(HealthError::from)
    }
}

async fn announce(
    shared: &Shared,
    ok: bool,
    event: Option<HealthEvent>,
    error: Option<&str>,
) -> Result<(), PublishError> {
    let config = &shared.dialer.config;
    if !config.health {
        return Ok(());
    }
    let envelope = Envelope::new(STATUS, config.source(), ping(ok, event, error));
    let payload = envelope.encode(Format::Compact)?;
    let options = PublishOptions::qos(QoS::AtLeastOnce).retain();
    publish::publish(shared, &health_topic(&config.client_id), payload.into(), options)
        .await
        .map(drop)
}

/// The last word of a client that shuts down, unless there is nobody to hear it.
pub(crate) async fn say_goodbye(shared: &Shared) {
    if shared.may_ask(false)
        && let Err(error) = announce(shared, false, Some(HealthEvent::Shutdown), None).await
    {
        tracing::debug!(%error, "the broker did not hear of the shutdown");
    }
}

/// Announces every connection: the will of the former one may still be retained.
pub(crate) async fn watch(shared: Arc<Shared>) {
    let mut numbers = shared.connection_number.subscribe();
    let mut announced = *numbers.borrow();
    let mut event = HealthEvent::Ready;
    while let Ok(number) =
        numbers.wait_for(|number| *number > announced).await.map(|number| *number)
    {
        announced = number;
        if let Err(error) = announce(&shared, true, Some(event), None).await {
            let client_id = &shared.dialer.config.client_id;
            tracing::warn!(client_id, %error, "health is not announced");
        }
        event = HealthEvent::Reconnected;
    }
}

#[derive(Serialize)]
struct Beat {
    ok: bool,
    event: &'static str,
    timestamp: f64,
}

/// Beats, and cuts a connection on which no beat gets through.
pub(crate) async fn beat(shared: Arc<Shared>) {
    let config = &shared.dialer.config;
    let topic = keepalive_topic(&config.client_id);
    let interval = config.heartbeat_interval.min(system::NEVER);
    let mut ticks = interval_at(Instant::now() + interval, interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut missed = 0;
    while !shared.stop.is_cancelled() {
        ticks.tick().await;
        if *shared.state.borrow() != State::Connected {
            missed = 0;
            continue;
        }
        let timestamp = system::now().as_duration().as_secs_f64();
        let beat = Envelope::new(
            HEARTBEAT,
            config.source(),
            Beat { ok: true, event: "heartbeat", timestamp },
        );
        let Ok(payload) = beat.encode(Format::Compact) else { continue };
        let options = PublishOptions::qos(QoS::AtMostOnce).no_wait();
        let beating = publish::publish(&shared, &topic, payload.into(), options);
        missed = match timeout(interval, beating).await {
            Ok(Ok(_)) => 0,
            _ => missed + 1,
        };
        if missed >= MISSED_BEATS {
            tracing::warn!(
                client_id = config.client_id,
                missed,
                "no beat gets through; connecting anew"
            );
            shared.cut.notify_one();
            missed = 0;
        }
    }
}
