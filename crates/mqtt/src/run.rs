//! A service from its first line to its last: connected before, shut down after, whatever happens.

use std::panic::{AssertUnwindSafe, resume_unwind};

use futures::FutureExt as _;

use crate::client::MqttClient;
use crate::config::{ConfigError, MqttConfig};
use crate::error::ConnectError;

impl MqttClient {
    /// Connects, runs `service`, and shuts down when it returns, fails or panics. Ends with an error, too, when the
    /// connection is given up because another client took the id over.
    pub async fn run<T, E, F>(config: MqttConfig, service: F) -> Result<T, E>
    where
        E: From<ConfigError> + From<ConnectError>,
        F: AsyncFnOnce(Self) -> Result<T, E>,
    {
        let client = Self::new(config)?;
        client.connect().await?;
        let mut given_up = client.shared.given_up.subscribe();
        let outcome = tokio::select! {
            outcome = AssertUnwindSafe(service(client.clone())).catch_unwind() => outcome,
            Ok(error) = given_up.wait_for(Option::is_some) => {
                Ok(Err(error.clone().unwrap_or(ConnectError::ShutDown).into()))
            }
        };
        client.shutdown().await;
        outcome.unwrap_or_else(|panic| resume_unwind(panic))
    }
}
