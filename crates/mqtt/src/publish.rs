//! Publishing: in the order of the calls, until the broker has the message or it is known why not.

use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, timeout};

use crate::client::Shared;
use crate::error::PublishError;
use crate::message::{Ack, PublishOptions, QoS};
use crate::state::State;
use crate::topic;
use crate::transport::Sent;

/// How long the end of a connection takes to be noticed everywhere, at most.
const LOSS_NOTICE: Duration = Duration::from_millis(50);

/// Publishes `payload` and resolves when the broker has it.
///
/// Futures that are polled in order are written in order, also when they wait for a connection: each takes its turn for
/// its first poll, in which the packet goes out.
pub(crate) async fn publish(
    shared: &Shared,
    topic: &str,
    payload: Bytes,
    options: &PublishOptions,
) -> Result<Ack, PublishError> {
    topic::check_topic(topic)?;
    let _in_flight = shared.publishing.token();
    let started = Instant::now();
    let mut first_loss_count = None;
    loop {
        let turn = shared.turn.lock().await;
        shared.connected(options.wait).await.map_err(|()| PublishError::NotConnected)?;
        let losses = *shared.losses.borrow();
        let origin = *first_loss_count.get_or_insert(losses);
        let properties = options.properties.clone();
        let mut sending = Box::pin(shared.link.publish(
            topic,
            payload.clone(),
            options.qos,
            options.retain,
            properties,
        ));
        let first = futures::poll!(sending.as_mut());
        drop(turn);
        let sent = match first {
            Poll::Ready(sent) => sent,
            Poll::Pending => sending.await,
        };
        match acknowledged(shared, sent, origin).await {
            Sent::Acknowledged(qos) => {
                metrics::counter!("mqtt_published_total").increment(1);
                metrics::histogram!("mqtt_publish_seconds").record(started.elapsed());
                return Ok(Ack { qos, tries: shared.tries_since(origin) });
            }
            Sent::Refused(reason) => return Err(PublishError::Refused(reason)),
            Sent::TooLarge { size, limit } => return Err(PublishError::TooLarge { size, limit }),
            Sent::NotSent if !options.wait => return Err(PublishError::NotConnected),
            Sent::NotSent => shared.noticed(losses).await,
            Sent::Unknown | Sent::Pending(_) => {
                let tries = shared.tries_since(origin);
                if options.qos == QoS::AtMostOnce
                    || tries > shared.config.publish_retries
                    || shared.is_over()
                {
                    return Err(PublishError::Unknown {
                        tries: tries.min(shared.config.publish_retries),
                    });
                }
                shared.noticed(losses).await;
            }
        }
    }
}

/// Waits for a publish that outlived its connection, for as many connections as are allowed.
async fn acknowledged(shared: &Shared, sent: Sent, origin: u64) -> Sent {
    let Sent::Pending(outcome) = sent else { return sent };
    let limit = origin + u64::from(shared.config.publish_retries);
    let mut losses = shared.losses.subscribe();
    let mut state = shared.state.subscribe();
    tokio::select! {
        biased;
        sent = outcome => sent,
        _ = losses.wait_for(|count| *count >= limit) => Sent::Unknown,
        _ = state.wait_for(|state| *state == State::Disconnected) => Sent::Unknown,
    }
}

impl Shared {
    fn tries_since(&self, origin: u64) -> u32 {
        u32::try_from(*self.losses.borrow() - origin).unwrap_or(u32::MAX).saturating_add(1)
    }

    fn is_over(&self) -> bool {
        *self.state.borrow() == State::Disconnected
    }

    /// Waits until the loss of a connection that the crate underneath knows of is counted here.
    async fn noticed(&self, losses: u64) {
        let mut counter = self.losses.subscribe();
        if timeout(LOSS_NOTICE, counter.wait_for(|count| *count > losses)).await.is_err() {
            tracing::trace!("the connection stands");
        }
    }
}
