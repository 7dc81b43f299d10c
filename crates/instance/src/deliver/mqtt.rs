//! MQTT, QoS 1: a message is there when the broker says so.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use steward_mqtt::{MqttClient, MqttConfig, PublishError, PublishOptions, State};
use tokio::time::timeout;

use super::{Destination, Fault, Sending, Transport};

/// How a broker is reached.
#[derive(Clone)]
pub struct Access {
    /// User and password, and the one broker that gets them.
    pub credentials: Option<(String, String, String)>,
    /// Authorities to trust instead of the well-known ones.
    pub ca_file: Option<PathBuf>,
    /// How long a message may take.
    pub timeout: Duration,
}

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Access({:?})", self.timeout)
    }
}

impl Access {
    /// The settings of a client for this broker.
    ///
    /// # Errors
    /// When they cannot work.
    pub fn config(&self, to: &Destination, client_id: &str) -> Result<MqttConfig, String> {
        let origin = to.origin();
        let mut config = MqttConfig::new(&origin, client_id).map_err(|e| e.to_string())?;
        if let Some((at, user, password)) = &self.credentials
            && *at == origin
        {
            config = config.credentials(user, password);
        }
        if let Some(ca_file) = &self.ca_file {
            config = config.ca_file(ca_file);
        }
        Ok(config)
    }
}

/// Publishes to brokers; the topic is the path of the address. A connection is made with the first message and kept.
#[derive(Debug)]
pub struct Mqtt {
    access: Access,
    clients: Mutex<HashMap<String, Client>>,
}

#[derive(Clone)]
struct Client(MqttClient);

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Client")
    }
}

impl Mqtt {
    /// Not connected.
    #[must_use]
    pub fn new(access: Access) -> Self {
        Self { access, clients: Mutex::default() }
    }

    /// The connection to a broker, begun when there is none.
    fn client(&self, to: &Destination) -> Result<MqttClient, Fault> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Client(known)) = clients.get(&to.origin()) {
            if *known.state().borrow() == State::Disconnected {
                known.start().map_err(|e| Fault::Later(e.to_string()))?;
            }
            return Ok(known.clone());
        }
        let id = format!("instance-{:016x}", rand::random::<u64>());
        let config = self.access.config(to, &id).map_err(Fault::Later)?;
        let client = MqttClient::new(config).map_err(|e| Fault::Later(e.to_string()))?;
        client.start().map_err(|e| Fault::Later(e.to_string()))?;
        clients.insert(to.origin(), Client(client.clone()));
        Ok(client)
    }

    async fn publish(&self, to: &Destination, message: &str) -> Result<(), Fault> {
        let late = |_| Fault::Later(format!("{} does not answer in time", to.origin()));
        let client = self.client(to)?;
        timeout(self.access.timeout, connected(&client))
            .await
            .map_err(late)?
            .map_err(|()| Fault::Later(format!("{} does not let this client in", to.origin())))?;
        // Never sent again by itself: a later message must not overtake it.
        let options = PublishOptions::default().no_wait().content_type("application/json");
        let payload = message.as_bytes().to_vec();
        let sent = timeout(self.access.timeout, client.publish(to.topic(), payload, options));
        sent.await.map_err(late)?.map(drop).map_err(|e| fault(&e))
    }
}

async fn connected(client: &MqttClient) -> Result<(), ()> {
    let mut state = client.state();
    let settled = |state: &State| matches!(state, State::Connected | State::Disconnected);
    let now = state.wait_for(settled).await.map_or(State::Disconnected, |state| *state);
    if now == State::Connected { Ok(()) } else { Err(()) }
}

fn fault(error: &PublishError) -> Fault {
    match error {
        PublishError::Topic(_) | PublishError::Property { .. } | PublishError::TooLarge { .. } => {
            Fault::Never(error.to_string())
        }
        // Mostly a right that is missing, which somebody will give.
        PublishError::Refused(_)
        | PublishError::NotConnected
        | PublishError::Unknown { .. }
        | _ => Fault::Later(error.to_string()),
    }
}

impl Transport for Mqtt {
    fn send<'a>(&'a self, to: &'a Destination, message: &'a str) -> Sending<'a> {
        Box::pin(self.publish(to, message))
    }
}
