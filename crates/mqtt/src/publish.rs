//! Publishing: in the order of the calls, until the broker has the message or it is known why not.

use bytes::Bytes;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::client::Shared;
use crate::error::PublishError;
use crate::message::{Ack, PublishOptions};
use crate::topic;
use crate::transport::packets;
use crate::transport::session::{Command, Outgoing};
use crate::transport::wire::LARGEST_PACKET;

/// Publishes `payload` and resolves when the broker has it.
///
/// The channel to the session is fair, so what is polled first is written first, also after an outage.
pub(crate) async fn publish(
    shared: &Shared,
    topic: &str,
    payload: Bytes,
    options: PublishOptions,
) -> Result<Ack, PublishError> {
    topic::check_topic(topic)?;
    options.properties.check()?;
    if payload.len() >= LARGEST_PACKET {
        return Err(PublishError::TooLarge { size: payload.len(), limit: LARGEST_PACKET });
    }
    let _in_flight = shared.publishing.token();
    let began = Instant::now();
    let PublishOptions { qos, retain, wait, properties, .. } = options;
    let packet =
        packets::publish(shared.dialer.config.protocol, topic, payload, (qos, retain), properties);
    let (done, mut answer) = oneshot::channel();
    if !shared.may_ask(wait) {
        return Err(PublishError::NotConnected);
    }
    let only = (!wait).then(|| *shared.connection_number.borrow());
    let command = Command::Publish(Outgoing { packet, only, done });
    let answered = match only {
        None => shared.ask(command, &mut answer).await,
        Some(_) => shared.ask_now(command, &mut answer).await,
    };
    let ack = answered.unwrap_or(Err(PublishError::NotConnected))?;
    metrics::counter!("mqtt_published_total").increment(1);
    metrics::histogram!("mqtt_publish_seconds").record(began.elapsed());
    Ok(ack)
}
