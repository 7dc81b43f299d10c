//! Mosquitto with the configuration in `deploy/brokers/mosquitto`: which promises it keeps, and which it does not.
//! `docs/brokers.md` has one row for each test.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use bytes::Bytes;
use kernel::relay::{Broker, Delivery};
use mqtt5::{ConnectOptions, MqttClient, MqttError, protocol::v5::reason_codes::ReasonCode};
use steward::broker::{Features, Link, probe};
use tempfile::TempDir;

use super::desk::{Client, HILL, LAKE, options, until, will};

/// The port of services and the port of servers in the deployed file.
const PORTS: [&str; 2] = ["listener 8883", "listener 8884 127.0.0.1"];
const FOLDER: &str = "/etc/mosquitto/steward/";
const DATA: &str = "/var/lib/mosquitto/";

struct Mosquitto {
    process: Child,
    dir: TempDir,
    services: u16,
    servers: u16,
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        self.process.kill().unwrap_or_default();
        self.process.wait().map(drop).unwrap_or_default();
    }
}

impl Mosquitto {
    /// The deployed files with other ports and folders, without TLS, and with accounts.
    async fn start() -> Self {
        let dir = TempDir::new().unwrap();
        let [services, servers] = [free_port(), free_port()];
        let path = |name: &str| dir.path().join(name);
        let here = format!("{}/", dir.path().display());
        let mut config = String::from("user root\n");
        for line in deployed("mosquitto.conf").lines() {
            let tls = ["cafile", "certfile", "keyfile"].iter().any(|key| line.starts_with(key));
            if !tls {
                let line = line.replace(PORTS[0], &format!("listener {services} 127.0.0.1"));
                let line = line.replace(PORTS[1], &format!("listener {servers} 127.0.0.1"));
                config.push_str(&line.replace(FOLDER, &here).replace(DATA, &here));
                config.push('\n');
            }
        }
        let example = deployed("acl").replace("# user risk-hill", "user risk-hill");
        let example =
            example.replace("# topic ", "topic ").replace(EXAMPLE_TENANT, &HILL.to_string());
        write(&path("mosquitto.conf"), &config);
        write(&path("acl"), &example.replace("# user operator-hill", "user operator-hill"));
        write(&path("server.acl"), &deployed("server.acl"));
        let names = ["risk-hill", "operator-hill", &HILL.to_string(), "nobody"];
        password(&path("accounts"), &names);
        password(&path("server.accounts"), &["steward.server"]);
        let process = Command::new(program("mosquitto", &["/usr/sbin/mosquitto"]))
            .arg("-c")
            .arg(path("mosquitto.conf"))
            .stderr(Stdio::null())
            .spawn()
            .expect("mosquitto is installed (apt-get install mosquitto)");
        let broker = Self { process, dir, services, servers };
        for port in [services, servers] {
            until(async || tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok()).await;
        }
        broker
    }

    async fn service(&self, user: &str) -> Client {
        self.service_with(user, options("any")).await.unwrap()
    }

    async fn service_with(&self, user: &str, options: ConnectOptions) -> Result<Client, MqttError> {
        let client = MqttClient::with_options(options.with_credentials(user, "secret"));
        client.connect(&format!("mqtt://127.0.0.1:{}", self.services)).await?;
        Ok(Client(client))
    }

    async fn server(&self, suffix: &str) -> Client {
        let id = format!("steward.server:{suffix}");
        let client =
            MqttClient::with_options(options(&id).with_credentials("steward.server", "secret"));
        client.connect(&format!("mqtt://127.0.0.1:{}", self.servers)).await.unwrap();
        Client(client)
    }
}

/// The tenant in the example of the deployed access list.
const EXAMPLE_TENANT: &str = "01934f5e-7c00-7000-8000-000000000011";

fn deployed(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/brokers/mosquitto");
    fs::read_to_string(folder.join(name)).unwrap()
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

fn password(path: &Path, names: &[&str]) {
    write(path, "");
    for name in names {
        let mut making = Command::new("mosquitto_passwd");
        let made = making.arg("-b").arg(path).args([name, "secret"]).output();
        assert!(made.expect("mosquitto_passwd is installed").status.success());
    }
}

/// Debian keeps servers out of a user's search path.
fn program(name: &str, places: &[&str]) -> PathBuf {
    let known = places.iter().map(PathBuf::from).find(|path| path.exists());
    known.unwrap_or_else(|| PathBuf::from(name))
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn list(tenant: kernel::TenantId) -> String {
    format!("steward/{tenant}/risk/v1/RiskListUpdated")
}

#[tokio::test]
async fn nobody_comes_in_without_credentials() {
    let mosquitto = Mosquitto::start().await;
    for port in [mosquitto.services, mosquitto.servers] {
        let client = MqttClient::with_options(options("anyone"));
        let refused = client.connect(&format!("mqtt://127.0.0.1:{port}")).await.err();
        assert!(matches!(refused, Some(MqttError::ConnectionRefused(_))), "{refused:?}");
    }
    let server = options("x").with_credentials("steward.server", "secret");
    assert!(mosquitto.service_with("steward.server", server).await.is_err());
}

#[tokio::test]
async fn services_write_only_what_their_block_lets_in() {
    let mosquitto = Mosquitto::start().await;
    let mut inbox = mosquitto.server("inbox").await.subscribe("steward/#").await.unwrap();
    let risk = mosquitto.service("risk-hill").await;
    let operator = mosquitto.service("operator-hill").await;
    for (client, topic) in [
        (&risk, list(LAKE)),
        (&risk, format!("steward/{HILL}/roster/v1/SchoolCreated")),
        (&risk, format!("steward/{HILL}/instance/v1/command")),
        (&operator, list(HILL)),
    ] {
        let refused = client.publish(&topic, "forged").await.err();
        assert!(
            matches!(refused, Some(MqttError::PublishFailed(ReasonCode::NotAuthorized))),
            "{topic}: {refused:?}"
        );
    }
    risk.publish(&list(HILL), "ours").await.unwrap();
    operator.publish(&format!("steward/{HILL}/instance/v1/command"), "run").await.unwrap();
    assert_eq!(inbox.next().await.payload, b"ours");
    assert_eq!(inbox.next().await.payload, b"run");
    assert!(inbox.is_empty());
}

#[tokio::test]
async fn a_foreign_subscription_is_accepted_and_gets_nothing() {
    let mosquitto = Mosquitto::start().await;
    let (risk, tenant) =
        (mosquitto.service("risk-hill").await, mosquitto.service(&HILL.to_string()).await);
    let mut all = risk.subscribe("#").await.unwrap();
    let mut shared = tenant.subscribe("$share/g/steward/+/#").await.unwrap();
    let server = mosquitto.server("relay").await;
    for (tenant, payload) in [(LAKE, "theirs"), (HILL, "ours")] {
        let topic = format!("steward/{tenant}/roster/v1/SchoolCreated");
        server.publish(&topic, payload).await.unwrap();
    }
    for inbox in [&mut all, &mut shared] {
        assert_eq!(inbox.next().await.payload, b"ours");
        assert!(inbox.is_empty());
    }
}

#[tokio::test]
async fn a_forged_will_is_not_published() {
    let mosquitto = Mosquitto::start().await;
    let mut inbox = mosquitto.server("inbox").await.subscribe("steward/#").await.unwrap();
    for (topic, user) in [(list(LAKE), "risk-hill"), (list(HILL), "risk-hill")] {
        let client = options("any").with_will(will(&topic));
        let client = mosquitto.service_with(user, client).await.unwrap();
        client.0.disconnect_abnormally().await.unwrap();
        client.closed().await;
    }
    assert_eq!(inbox.next().await.topic, list(HILL));
    assert!(inbox.is_empty());
}

#[tokio::test]
async fn client_ids_are_bound_to_accounts() {
    let mosquitto = Mosquitto::start().await;
    let victim = mosquitto.service("risk-hill").await;
    let thief = mosquitto.service_with("nobody", options("risk-hill")).await.unwrap();
    thief.publish("plant/1", "still itself").await.unwrap();
    victim.publish("plant/1", "still there").await.unwrap();
    assert!(victim.0.is_connected().await);
}

#[tokio::test]
async fn retained_messages_of_services_are_not_refused() {
    let mosquitto = Mosquitto::start().await;
    mosquitto.service("risk-hill").await.retain(&list(HILL), "stays").await.unwrap();
    let mut inbox = mosquitto.server("inbox").await.subscribe("steward/#").await.unwrap();
    assert!(inbox.next().await.retain);
}

#[tokio::test]
async fn the_relay_works_and_the_probe_is_content() {
    let mosquitto = Mosquitto::start().await;
    let url = format!("mqtt://steward.server:secret@127.0.0.1:{}", mosquitto.servers);
    let features = probe(&url, "steward.server:doctor", None).await.unwrap();
    let packet_bytes_max = 10 * 1024 * 1024;
    let expected = Features {
        mqtt5: true,
        retain: true,
        qos_max: 2,
        packet_bytes_max,
        wildcards: true,
        shared: true,
    };
    assert_eq!(features, expected);

    let config = steward_mqtt::MqttConfig::new(&url, "steward.server:relay").unwrap();
    let link = Link::external(config).unwrap();
    until(async || link.connected()).await;
    assert_eq!(link.publish(&list(HILL), Bytes::from_static(b"{}")).await, Delivery::Acked);
    link.shutdown().await;
    assert!(mosquitto.dir.path().join("acl").exists());
}
