//! Who gets in, and for how long.

use std::fs;

use jiff::SignedDuration;
use kernel::{Role, migrate::Level};
use mqtt5::{
    MqttError,
    protocol::v5::reason_codes::ReasonCode::{
        self, BadUsernameOrPassword, NotAuthorized, ServerUnavailable,
    },
};
use steward::{
    broker::{add_device, local_reader, remove_device},
    cli::doctor,
    config::Program,
};
use steward_mqtt::MqttConfig;

use crate::config::load;

use super::desk::{Desk, HILL, LAKE, options, until, v311};

fn refusal<T>(result: Result<T, MqttError>) -> ReasonCode {
    match result {
        Err(MqttError::ConnectionRefused(code)) => code,
        Err(other) => panic!("{other:?} instead of a refusal"),
        Ok(_) => panic!("let in"),
    }
}

#[tokio::test]
async fn nobody_comes_in_without_credentials() {
    let desk = Desk::open().await;
    assert_eq!(refusal(desk.connect_as(options("anyone")).await), NotAuthorized);
    assert_eq!(refusal(desk.connect_as(v311("anyone")).await), NotAuthorized);
    let no_password = options("steward.server").with_credentials("steward.server", "");
    assert_eq!(refusal(desk.connect_as(no_password).await), BadUsernameOrPassword);
}

#[tokio::test]
async fn wrong_credentials_are_refused_in_both_versions() {
    let desk = Desk::open().await;
    let expired = desk.token("risk", HILL);
    desk.clock.advance(SignedDuration::from_mins(61));
    let good = desk.token("risk", HILL);
    let unsigned = good.rsplit_once('.').unwrap().0.to_owned() + ".";
    for (user, password) in [
        ("steward.server", "wrong"),
        ("steward.reader", desk.accounts.server().password.expose()),
        ("steward.nobody", "wrong"),
        ("steward.device.gate", "wrong"),
        ("risk", "not a token"),
        ("somebody-else", &good),
        ("risk", &expired),
        ("risk", &unsigned),
        ("risk", &"x".repeat(17 * 1024)),
    ] {
        for client in [options(user), v311(user)] {
            let refused = desk.connect_as(client.with_credentials(user, password)).await;
            assert_eq!(refusal(refused), BadUsernameOrPassword, "{user}");
        }
    }
}

#[tokio::test]
async fn tokens_that_cannot_be_checked_now_are_not_called_wrong() {
    let desk = Desk::open().await;
    fs::remove_file(desk.dir.path().join("identity/jwks.json")).unwrap();
    let unknown = desk.connect("risk", "risk", &desk.token("risk", HILL)).await;
    assert_eq!(refusal(unknown), ServerUnavailable);
}

#[tokio::test]
async fn token_names_of_the_servers_own_accounts_prove_nothing() {
    let desk = Desk::open().await;
    for name in ["steward.server", "steward.reader", "steward.device.gate", "steward.x"] {
        let refused = desk.connect(name, name, &desk.token(name, HILL)).await;
        assert_eq!(refusal(refused), BadUsernameOrPassword, "{name}");
    }
}

#[tokio::test]
async fn both_versions_share_the_port() {
    let desk = Desk::open().await;
    let token = desk.token("old", HILL);
    let old = desk.connect_as(v311("old").with_credentials("old", token)).await.unwrap();
    let new = desk.service("new", HILL).await;
    let (mut to_old, mut to_new) =
        (old.subscribe("plant/+").await.unwrap(), new.subscribe("plant/+").await.unwrap());
    old.publish("plant/1", "from 3.1.1").await.unwrap();
    new.publish("plant/2", "from 5").await.unwrap();
    for inbox in [&mut to_old, &mut to_new] {
        assert_eq!(inbox.next().await.payload, b"from 3.1.1");
        assert_eq!(inbox.next().await.payload, b"from 5");
    }
}

#[tokio::test]
async fn a_session_ends_with_its_token() {
    let desk = Desk::open().await;
    let client = desk.service("risk", HILL).await;
    client.publish("plant/1", "in time").await.unwrap();
    desk.clock.advance(SignedDuration::from_hours(1));
    let late = client.publish("plant/1", "late").await;
    assert!(late.is_err() || !client.0.is_connected().await, "{late:?}");
    client.closed().await;
    let server = desk.server("1").await;
    server.publish("plant/1", "the server has no token").await.unwrap();
    desk.service("risk", HILL).await;
}

#[tokio::test]
async fn a_device_signs_in_with_its_secret_until_it_is_removed() {
    let desk = Desk::open().await;
    let gate = add_device(desk.dir.path(), "gate", HILL, vec![Role::Operator]).unwrap();
    assert_eq!(gate.user, "steward.device.gate");
    let client = desk.connect(&gate.user, &gate.user, gate.password.expose()).await.unwrap();
    client.subscribe(&format!("steward/{HILL}/#")).await.unwrap();
    client.publish(&format!("steward/{HILL}/instance/v1/command"), "{}").await.unwrap();
    assert!(client.subscribe(&format!("steward/{LAKE}/#")).await.is_err());

    let renewed = add_device(desk.dir.path(), "gate", HILL, vec![]).unwrap();
    client.closed().await;
    let old = desk.connect(&gate.user, &gate.user, gate.password.expose()).await;
    assert_eq!(refusal(old), BadUsernameOrPassword);
    let client = desk.connect(&gate.user, &gate.user, renewed.password.expose()).await.unwrap();

    assert!(remove_device(desk.dir.path(), "gate").unwrap());
    client.closed().await;
    assert!(!remove_device(desk.dir.path(), "gate").unwrap());
}

#[tokio::test]
async fn the_owner_of_the_folder_reads_everything_and_writes_nothing() {
    let desk = Desk::open().await;
    let reader = local_reader(desk.dir.path()).unwrap().unwrap();
    let client =
        desk.connect("steward.reader:1", &reader.user, reader.password.expose()).await.unwrap();
    let mut inbox = client.subscribe("steward/#").await.unwrap();
    let server = desk.server("relay").await;
    for tenant in [HILL, LAKE] {
        let topic = format!("steward/{tenant}/roster/v1/SchoolCreated");
        server.publish(&topic, "{}").await.unwrap();
        assert_eq!(inbox.next().await.topic, topic);
    }
    for topic in [format!("steward/{HILL}/risk/v1/RiskListUpdated"), "plant/1".to_owned()] {
        assert!(client.publish(&topic, "{}").await.is_err(), "{topic}");
    }
    assert!(client.subscribe("#").await.is_err());
}

#[tokio::test]
async fn credentials_survive_a_restart() {
    let desk = Desk::open().await;
    let before = desk.accounts.server().password.expose().to_owned();
    desk.server("1").await.retain("plant/state", "on").await.unwrap();
    let desk = desk.restart().await;
    assert_eq!(desk.accounts.server().password.expose(), before);
    let mut state = desk.server("1").await.subscribe("plant/state").await.unwrap();
    assert_eq!(state.next().await.payload, b"on");
}

#[tokio::test]
async fn a_clients_queue_survives_a_restart() {
    let desk = Desk::open().await;
    let lasting = |desk: &Desk| {
        options("risk")
            .with_credentials("risk", desk.token("risk", HILL))
            .with_clean_start(false)
            .with_resume_existing_session(true)
            .with_session_expiry_interval(3600)
    };
    let away = desk.connect_as(lasting(&desk)).await.unwrap();
    away.subscribe("plant/#").await.unwrap();
    away.0.disconnect().await.unwrap();
    let server = desk.server("1").await;
    until(async || !away.0.is_connected().await).await;
    server.publish("plant/1", "kept").await.unwrap();
    let desk = desk.restart().await;
    let back = desk.connect_as(lasting(&desk)).await.unwrap();
    let mut inbox = back.subscribe("plant/#").await.unwrap();
    assert_eq!(inbox.next().await.payload, b"kept");
}

#[tokio::test]
async fn a_client_whose_password_a_command_tells_comes_back_with_a_new_token() {
    let desk = Desk::open().await;
    let told = desk.dir.path().join("token");
    fs::write(&told, desk.token("risk", HILL)).unwrap();
    let program: Program = format!("[\"cat\", {told:?}]").parse().unwrap();
    let config = MqttConfig::new(&desk.broker.url(), "risk:worker").unwrap();
    let short = std::time::Duration::from_millis(100);
    let config = config.credentials("risk", "").password_from(program.teller());
    let client = steward_mqtt::MqttClient::new(config.reconnect_delay(short, short)).unwrap();
    client.connect().await.unwrap();
    desk.clock.advance(SignedDuration::from_mins(61));
    until(async || !client.is_connected()).await;
    fs::write(&told, desk.token("risk", HILL)).unwrap();
    until(async || client.is_connected()).await;
}

#[tokio::test]
async fn doctor_signs_in_as_the_server_does_and_tries_what_it_may() {
    let desk = Desk::open().await;
    let told = desk.dir.path().join("password");
    let url = format!("--mqtt-url={}", desk.broker.url());
    let dir = format!("--data-dir={}", desk.dir.path().display());
    let command = format!("--mqtt-password-command=[\"cat\", {told:?}]");
    let look = async |user: &str, password: &str| {
        fs::write(&told, password).unwrap();
        let user = format!("--mqtt-user={user}");
        let config = load(&[&url, &dir, &command, &user], [], "").unwrap();
        let findings = doctor::examine(&config, &[], &desk.clock).await;
        let found = findings.into_iter().find(|f| f.subject == "broker").unwrap();
        (found.level, found.found)
    };
    let server = desk.accounts.server().password.expose();
    let (level, found) = look("steward.server", server).await;
    assert_eq!(level, Level::Green, "{found}");
    for (user, password, said) in [
        ("steward.server", "wrong", "BadUsernameOrPassword"),
        ("risk", &desk.token("risk", HILL), "may not subscribe"),
    ] {
        let (level, found) = look(user, password).await;
        assert!(level == Level::Red && found.contains(said), "{found}");
    }
}
