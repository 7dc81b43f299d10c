#![doc = include_str!("../README.md")]

mod client;
mod config;
mod dedupe;
mod dispatch;
mod envelope;
mod error;
mod events;
mod handler;
mod health;
mod message;
mod publish;
mod request;
mod run;
mod state;
mod supervise;
mod system;
mod topic;
pub mod topics;
mod transport;
mod underlying;

pub use client::MqttClient;
pub use config::{ConfigError, ConnectionParams, MqttConfig, Protocol, Transport};
pub use dedupe::{Dedupe, dedupe_key};
pub use dispatch::AckWhen;
pub use envelope::{Attributes, DecodeError, Envelope, Format};
pub use error::{ConnectError, PublishError, Reason, SubscribeError};
pub use events::Event;
pub use handler::{HandlerError, Outcome};
pub use health::{HealthError, HealthEvent, health_topic};
pub use message::{Ack, Message, Properties, PublishOptions, QoS};
pub use request::{Replier, RequestError};
pub use state::State;
pub use topic::{TopicError, check_filter, check_topic, matches};
pub use underlying::Underlying;
