//! TLS of the listeners: who gets in, what a renewal does, what refuses the start.

use std::time::{Duration, Instant};

use anyhow::Result;
use kernel::{Role, migrate::Level};
use serde_json::json;
use steward::{
    broker::{Listen, local_reader, local_server},
    cli::doctor,
    server::Mqtt,
    tls::{Pair, Tls},
};
use steward_mqtt::{MqttClient, MqttConfig, QoS};
use testkit::{Client, Process, Server, process};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::mpsc,
};

use crate::{
    certificates::{Authority, renew},
    config::load,
    process::{eventually, folder, mode},
};

/// The files are looked at every two seconds.
const RENEWED_WITHIN: Duration = Duration::from_secs(20);

#[tokio::test]
async fn https_is_served_and_a_renewed_certificate_counts_without_a_restart() -> Result<()> {
    let (old, new) = (Authority::new(), Authority::new());
    let (pair, next) = (old.issue("server"), new.issue("next"));
    let server = Server::start_with(|plan| plan.tls = Some(pair.clone())).await?;
    let url = format!("{}/health/live", server.url());
    assert!(url.starts_with("https://127.0.0.1:"), "{url}");
    assert_eq!(old.client().get(&url).send().await?.status(), 200);
    assert!(
        new.client().get(&url).send().await.is_err(),
        "signed by an authority it does not trust"
    );
    let plain = reqwest::get(url.replace("https", "http")).await;
    assert!(plain.is_err(), "plain HTTP on the port of HTTPS");

    let kept = reqwest::Client::builder().tls_certs_only([old.certificate()]).build()?;
    kept.get(&url).send().await?.bytes().await?;
    renew(&pair, &next);
    let began = Instant::now();
    while new.client().get(&url).send().await.is_err() {
        assert!(began.elapsed() < RENEWED_WITHIN, "the renewed certificate is not in use");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(
        old.client().get(&url).send().await.is_err(),
        "new connections see the new certificate"
    );
    assert_eq!(kept.get(&url).send().await?.status(), 200, "the open connection goes on");
    server.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_client_that_never_begins_its_handshake_hinders_neither_others_nor_the_end() -> Result<()>
{
    let authority = Authority::new();
    let pair = authority.issue("server");
    let server = Server::start_with(|plan| plan.tls = Some(pair)).await?;
    let url = format!("{}/health/live", server.url());
    let silent = TcpStream::connect(url.split('/').nth(2).unwrap()).await?;
    assert_eq!(authority.client().get(&url).send().await?.status(), 200);
    let began = Instant::now();
    server.stop().await;
    assert!(began.elapsed() < Duration::from_secs(8), "waited for {silent:?}");
    Ok(())
}

#[tokio::test]
async fn events_arrive_by_mqtt_over_tls() -> Result<()> {
    let authority = Authority::new();
    let tls = Some(authority.issue("broker"));
    let told = authority.file("password");
    let address = "127.0.0.1:0".parse()?;
    let server = Server::start_with(|plan| {
        plan.mqtt = Mqtt::Embedded(Listen { address, insecure: false, tls });
    })
    .await?;
    let url = server.mqtt_url().replace("127.0.0.1", "localhost");
    assert!(url.starts_with("mqtts://localhost:"), "{url}");
    let reader = local_reader(server.folder())?.unwrap();
    let config = |id: &str| {
        let config = MqttConfig::new(&url, format!("{}:{id}", reader.user)).unwrap();
        config.credentials(&reader.user, reader.password.expose())
    };
    let client = MqttClient::new(config("trusting").ca_file(authority.ca()))?;
    client.connect().await?;
    let (sender, mut events) = mpsc::unbounded_channel();
    let district = server.district("Cedar Valley").await?;
    let keep = move |message: steward_mqtt::Message| {
        let sent = sender.send(message.topic);
        async move { drop(sent) }
    };
    client.subscribe(&format!("steward/{district}/roster/#"), QoS::AtLeastOnce, keep).await?;
    let registrar = server.as_role(Role::Registrar, district)?;
    registrar.post("/schools", json!({"name": "Oak School"})).await?.expect(201);
    let arrived = async {
        while let Some(topic) = events.recv().await {
            if topic.ends_with("SchoolCreated") {
                return;
            }
        }
    };
    tokio::time::timeout(RENEWED_WITHIN, arrived).await?;

    let flags = [
        format!("--mqtt-url={url}"),
        "--mqtt-user=steward.server".to_owned(),
        format!("--mqtt-ca-file={}", authority.ca().display()),
        format!("--mqtt-password-command=[\"cat\", {told:?}]"),
    ];
    let own = local_server(server.folder())?.unwrap();
    std::fs::write(&told, own.password.expose())?;
    let loaded = load(&flags.each_ref().map(String::as_str), [], "")?;
    let found = doctor::examine(&loaded, &[], &server.clock).await;
    let found = found.iter().find(|finding| finding.subject == "broker").unwrap();
    assert_eq!(found.level, Level::Green, "{found:?}");

    let distrusting = MqttClient::new(config("other").ca_file(Authority::new().ca()))?;
    assert!(distrusting.connect().await.unwrap_err().to_string().contains("certificate"));
    let mut plain = TcpStream::connect(url.trim_start_matches("mqtts://")).await?;
    plain.write_all(b"\x10\x0d\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x00").await?;
    let mut answer = Vec::new();
    plain.read_to_end(&mut answer).await?;
    assert_ne!(answer.first(), Some(&0x20), "no CONNACK for plain MQTT");
    server.stop().await;
    Ok(())
}

#[tokio::test]
async fn the_process_announces_its_urls_and_its_own_tools_need_no_certificate() -> Result<()> {
    let folder = folder();
    let authority = Authority::new();
    let (http, mqtt) = (authority.issue("http"), authority.issue("mqtt"));
    let flag = |name: &str, path: &std::path::Path| format!("--{name}={}", path.display());
    let flags = [
        flag("tls-cert", &http.cert),
        flag("tls-key", &http.key),
        flag("mqtt-tls-cert", &mqtt.cert),
        flag("mqtt-tls-key", &mqtt.key),
    ];
    let server = Process::start(folder.path(), &flags).await?;
    let run = server.run();
    assert!(run.http.starts_with("https://") && run.mqtt.starts_with("mqtts://"), "{run:?}");
    let ready = format!("{}/health/ready", run.http);
    assert_eq!(authority.client().get(&ready).send().await?.status(), 200);
    assert!(Client::new(&run.http)?.get("/health/live").await.is_err(), "nobody else trusts it");
    let dir = folder.path().to_str().unwrap();
    // The folder's reader may not see health: an answer of the broker, so it was reached without a certificate.
    let answered = process::command(["mqtt", "health", "--data-dir", dir]).unwrap_err();
    assert!(answered.to_string().contains("NotAuthorized"), "{answered}");

    // A certificate without its key: told, and the former pair stays.
    std::fs::copy(&mqtt.cert, &http.cert)?;
    eventually("told", || server.log().contains("the changed certificate is not used"));
    assert_eq!(authority.client().get(&ready).send().await?.status(), 200);
    assert!(server.stop().await?.success());
    Ok(())
}

#[test]
fn a_pair_that_cannot_be_used_is_refused_with_what_to_do() {
    let authority = Authority::new();
    let (one, other) = (authority.issue("one"), authority.issue("other"));
    let refused = |cert: &std::path::Path, key: &std::path::Path| {
        let pair = Pair { cert: cert.to_owned(), key: key.to_owned() };
        Tls::load(pair, &[]).unwrap_err().to_string()
    };
    let missing = authority.file("missing.pem");
    for (said, part) in [
        (refused(&missing, &one.key), "missing.pem cannot be read"),
        (refused(&one.cert, &missing), "missing.pem cannot be used"),
        (refused(&one.cert, &other.key), "give the two files that were issued together"),
        (refused(&one.key, &one.key), "one.key holds no certificate: give a PEM file"),
        (refused(&one.cert, &private(&one.cert)), "holds no private key: give a PEM file"),
    ] {
        assert!(said.contains(part), "{said}");
    }
    mode(&one.key, 0o644);
    assert!(refused(&one.cert, &one.key).contains("can be read by others"));
}

/// A copy that only its owner may read.
fn private(path: &std::path::Path) -> std::path::PathBuf {
    let copy = path.with_extension("copy");
    std::fs::copy(path, &copy).unwrap();
    mode(&copy, 0o600);
    copy
}
