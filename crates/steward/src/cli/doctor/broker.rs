//! Signs in to the broker as the server does, and tries what the relay needs.

use std::{fmt, path::PathBuf, time::Duration};

use kernel::migrate::Finding;
use steward_mqtt::{MqttClient, MqttConfig, PublishOptions, QoS};
use tokio::{sync::mpsc, time::timeout};

use super::PATIENCE;
use crate::{
    broker::{self, Credentials},
    config::{Config, Secret, Url},
    datadir::Run,
};

/// Read and written by nobody else: the server follows topics of another form.
const TOPIC: &str = "steward/doctor/";
/// Of a sign-in with all that follows.
const WHOLE_PATIENCE: Duration = Duration::from_secs(3 * PATIENCE.as_secs());

/// Where the broker is, and who signs in.
struct Account {
    url: String,
    user: Option<String>,
    password: Option<Secret>,
    ca_file: Option<PathBuf>,
}

/// Looks at the broker that is configured, or at that of the running server. `None` without either.
pub(super) async fn examine(config: &Config, run: Option<&Run>) -> Option<Finding> {
    let account = match (&config.mqtt, run) {
        (Some(external), _) => external_account(external).await,
        (None, Some(run)) => own_account(config, run),
        (None, None) => return None,
    };
    let looked = match account {
        Ok(account) => timeout(WHOLE_PATIENCE, look(&account)).await,
        Err(unknown) => return Some(*unknown),
    };
    Some(looked.unwrap_or_else(|_| {
        let found = format!("does not answer within {} s", WHOLE_PATIENCE.as_secs());
        Finding::red("broker", found, "is it running, and does a firewall let us through?")
    }))
}

async fn external_account(external: &crate::config::Mqtt) -> Result<Account, Box<Finding>> {
    let (url, user) = (external.url.clone(), external.user.clone());
    let password = match &external.password_command {
        None => external.password.clone(),
        Some(program) => Some(program.tell().await.map_err(|untold| {
            Box::new(Finding::red("broker", untold.to_string(), "repair the command"))
        })?),
    };
    Ok(Account { url, user, password, ca_file: external.ca_file.clone() })
}

fn own_account(config: &Config, run: &Run) -> Result<Account, Box<Finding>> {
    let unknown = || {
        let found = format!("{} needs an account to be looked at", run.mqtt);
        Box::new(Finding::yellow(
            "broker",
            found,
            "give doctor the server's --mqtt-url and account",
        ))
    };
    let Credentials { user, password } =
        broker::local_server(&config.data_dir).ok().flatten().ok_or_else(unknown)?;
    let url = run.mqtt_local.as_ref().unwrap_or(&run.mqtt).clone();
    Ok(Account { url, user: Some(user), password: Some(password), ca_file: None })
}

async fn look(account: &Account) -> Finding {
    let id = format!("doctor-{:08x}", rand::random::<u32>());
    let client_id = account.user.as_ref().map_or_else(|| id.clone(), |user| format!("{user}:{id}"));
    let remedy = "see docs/brokers.md for what the server's account must be able to do";
    let features =
        match broker::probe(&account.whole_url(), &client_id, account.ca_file.as_deref()).await {
            Ok(features) => features,
            Err(error) => {
                return Finding::red(
                    "broker",
                    error.to_string(),
                    "check --mqtt-url, user and password",
                );
            }
        };
    let lacks = features.lacks();
    if let Err(why) = round_trip(account, &client_id, &format!("{TOPIC}{id}")).await {
        return Finding::red("broker", format!("{}: {why}", account.url), remedy);
    }
    if lacks.is_empty() {
        let found = format!("{} lets us in, publish and subscribe", account.url);
        return Finding::green("broker", found);
    }
    Finding::yellow("broker", format!("{}: {}", account.url, lacks.join("; ")), remedy)
}

/// Publishes to a topic of its own and waits for the message: a broker may refuse in silence.
async fn round_trip(account: &Account, client_id: &str, topic: &str) -> Result<(), String> {
    let said = |what: &'static str| move |error: &dyn fmt::Display| format!("{what}: {error}");
    let config = MqttConfig::new(&account.url, client_id).map_err(|e| e.to_string())?;
    let password = account.password.as_ref().map_or("", |secret| secret.expose());
    let config = match &account.user {
        Some(user) => config.credentials(user, password),
        None => config,
    };
    let config = match &account.ca_file {
        Some(path) => config.ca_file(path),
        None => config,
    };
    let client = MqttClient::new(config.connect_timeout(PATIENCE)).map_err(|e| e.to_string())?;
    client.connect().await.map_err(|e| said("cannot sign in")(&e))?;
    let (sender, mut arrived) = mpsc::unbounded_channel();
    let keep = move |_message| {
        let told = sender.send(());
        async move { told }
    };
    client
        .subscribe(topic, QoS::AtLeastOnce, keep)
        .await
        .map_err(|e| said("may not subscribe")(&e))?;
    client
        .publish(topic, "{}", PublishOptions::default().no_wait())
        .await
        .map_err(|e| said("may not publish")(&e))?;
    let back = timeout(PATIENCE, arrived.recv()).await;
    client.shutdown().await;
    match back {
        Ok(Some(())) => Ok(()),
        _ => Err("a message that it acknowledged did not come back: the account may not read or write steward/#".to_owned()),
    }
}

impl Account {
    fn whole_url(&self) -> String {
        let password = self.password.as_ref().map(Secret::expose);
        Url::with_credentials(&self.url, self.user.as_deref(), password)
    }
}
