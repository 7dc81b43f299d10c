//! What can go wrong with a broker, and which exit code that is.

use steward_mqtt::{ConfigError, ConnectError, PublishError, SubscribeError, TopicError};

/// The events before a mistake in the input.
#[derive(Debug, thiserror::Error)]
#[error("{published} events were published, then: {problem}")]
pub(super) struct Broken {
    pub(super) published: u64,
    pub(super) problem: String,
}

/// An argument or a line of input that cannot be sent. Nothing was.
#[derive(Debug, thiserror::Error)]
#[error(
    "{place}: the data must be a JSON object, for instance '{{\"text\":\"hello\"}}': {problem}"
)]
pub(super) struct NoObject {
    pub(super) place: String,
    pub(super) problem: String,
}

const FAILED: u8 = 1;
const BAD_INPUT: u8 = 2;
const DENIED: u8 = 4;
const CONFLICT: u8 = 5;
const UNAVAILABLE: u8 = 6;
const PARTLY_DONE: u8 = 7;
/// `NotAuthorized` of MQTT 5.
const NOT_AUTHORIZED: u8 = 0x87;

/// The exit code of a failure that has to do with a broker; `None` for all others.
pub(in crate::cli) fn exit_code(error: &anyhow::Error) -> Option<u8> {
    if error.is::<Broken>() {
        return Some(PARTLY_DONE);
    }
    if error.is::<NoObject>() || error.is::<ConfigError>() || error.is::<TopicError>() {
        return Some(BAD_INPUT);
    }
    let connecting = error.downcast_ref().map(connecting);
    let publishing = || error.downcast_ref().map(publishing);
    let subscribing = || error.downcast_ref().map(subscribing);
    connecting.or_else(publishing).or_else(subscribing)
}

fn connecting(error: &ConnectError) -> u8 {
    match error {
        ConnectError::Refused { .. } => DENIED,
        ConnectError::TakenOver { .. } => CONFLICT,
        ConnectError::Unreachable { .. } => UNAVAILABLE,
        ConnectError::AlreadyConnected
        | ConnectError::Certificate { .. }
        | ConnectError::ShutDown
        | _ => FAILED,
    }
}

fn publishing(error: &PublishError) -> u8 {
    match error {
        PublishError::Topic(_)
        | PublishError::Property { .. }
        | PublishError::Encode(_)
        | PublishError::TooLarge { .. } => BAD_INPUT,
        PublishError::Refused(reason) if reason.code == NOT_AUTHORIZED => DENIED,
        PublishError::NotConnected | PublishError::Unknown { .. } => UNAVAILABLE,
        PublishError::Refused(_) | _ => FAILED,
    }
}

fn subscribing(error: &SubscribeError) -> u8 {
    match error {
        SubscribeError::Filter(_) => BAD_INPUT,
        SubscribeError::Refused { .. } => DENIED,
        SubscribeError::NotConnected => UNAVAILABLE,
        _ => FAILED,
    }
}
