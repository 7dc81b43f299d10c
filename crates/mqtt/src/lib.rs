//! MQTT for services: acknowledged publishes, handlers that cannot hurt each other, a connection that comes back.

mod client;
mod config;
mod dispatch;
mod error;
mod handler;
mod message;
mod publish;
mod state;
mod supervise;
mod system;
mod topic;
mod transport;

pub use client::MqttClient;
pub use config::{ConfigError, ConnectionParams, MqttConfig, Protocol, Transport};
pub use dispatch::AckWhen;
pub use error::{ConnectError, PublishError, Reason, SubscribeError};
pub use handler::{HandlerError, Outcome};
pub use message::{Ack, Message, Properties, PublishOptions, QoS};
pub use state::State;
pub use topic::{TopicError, check_filter, check_topic, matches};
