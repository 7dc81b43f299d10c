//! Documents that are made from the code, or counted, and examples that are run.

#[path = "../../examples/migration/after.rs"]
mod after;
#[path = "../../examples/migration/before.rs"]
#[expect(clippy::disallowed_methods, reason = "a service without this library")]
mod before;
#[path = "../../examples/patterns/all.rs"]
#[expect(clippy::print_stdout, reason = "examples")]
mod patterns;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use steward_mqtt::{Envelope, PublishOptions, QoS};

use crate::brokers::Mosquitto;
use crate::support::{Seen, client, config, soon};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn read(name: &str) -> String {
    std::fs::read_to_string(path(name)).unwrap_or_default()
}

#[test]
fn the_configuration_page_is_current() {
    let made = steward_mqtt::MqttConfig::documentation();
    if read("docs/CONFIGURATION.md") != made {
        std::fs::write(path("docs/CONFIGURATION.md"), &made).unwrap();
        panic!("docs/CONFIGURATION.md was not current and is written anew: commit it");
    }
}

/// Lines that are neither empty nor comments.
fn lines(code: &str) -> usize {
    code.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//")).count()
}

#[test]
fn the_service_of_the_readme_has_less_than_ten_lines() {
    let service = read("examples/service.rs");
    let (_, code) = service.split_once('\n').unwrap();
    assert!(read("README.md").contains(code), "README.md shows examples/service.rs");
    let (_, body) = code.split_once("async fn main() -> anyhow::Result<()> {").unwrap();
    let count = lines(body) - 1;
    assert!(count < 10, "{count} lines");
}

/// What a reader must know at most, beside the typed topics.
#[test]
fn the_public_items_can_be_counted() {
    const MOST: usize = 40;
    let code = read("src/lib.rs");
    let exports = code.lines().filter_map(|line| line.strip_prefix("pub use ")).map(|line| {
        let (_, names) = line.rsplit_once("::").unwrap();
        names.trim_matches(['{', '}', ';']).split(", ").count()
    });
    let count: usize = exports.sum();
    let public = code.lines().filter(|line| line.starts_with("pub ")).count();
    let uses = code.lines().filter(|line| line.starts_with("pub use ")).count();
    assert_eq!(public, uses + 1, "only the typed topics are a public module");
    assert!((30..=MOST).contains(&count), "{count} public items");
}

/// Everybody speaks MQTT through this crate; the binary brings the embedded broker along.
#[test]
fn no_other_crate_knows_an_mqtt_crate() {
    let crates = path("..").read_dir().unwrap().map(|entry| entry.unwrap());
    let mut knowing: Vec<_> = crates
        .filter(|folder| {
            let manifest = std::fs::read_to_string(folder.path().join("Cargo.toml"));
            let manifest = manifest.unwrap_or_default();
            let names = manifest.lines().filter_map(|line| line.split([' ', '=', '.']).next());
            names.into_iter().any(|name| {
                ["mqtt5", "mqtt5-protocol", "rumqttc", "rumqttd", "mqtt-endpoint"].contains(&name)
            })
        })
        .map(|folder| folder.file_name().into_string().unwrap())
        .collect();
    knowing.sort();
    assert_eq!(knowing, ["mqtt", "steward"]);
}

/// Which files are the core, in the two parts that the design names, and how many lines each may have.
const CORE: [(&str, usize, &[&str]); 2] = [
    (
        "client, publishing, subscriptions, dispatch",
        600,
        &[
            "src/client.rs",
            "src/client/shared.rs",
            "src/publish.rs",
            "src/dispatch.rs",
            "src/dispatch/worker.rs",
        ],
    ),
    (
        "connection and session",
        1400,
        &[
            "src/supervise.rs",
            "src/transport.rs",
            "src/transport/packets.rs",
            "src/transport/wire.rs",
            "src/transport/wire/ends.rs",
            "src/transport/session.rs",
            "src/transport/session/flights.rs",
            "src/transport/session/inbound.rs",
            "src/transport/session/limits.rs",
            "src/transport/session/subscriptions.rs",
        ],
    ),
];

#[test]
fn the_core_is_no_longer_than_its_design_says() {
    let design = read("docs/DESIGN.md");
    for (name, most, files) in CORE {
        let count: usize = files.iter().map(|file| lines(&read(file))).sum();
        assert!((most / 2..=most).contains(&count), "{name}: {count} lines");
        let row = format!("| {name} | {most} |");
        assert!(design.contains(&row), "docs/DESIGN.md should say: {row}");
    }
}

/// Runs the example's binary, as its reader would.
#[tokio::test]
async fn the_service_of_the_readme_runs() {
    let broker = Mosquitto::start();
    let folder =
        std::env::current_exe().unwrap().parent().and_then(Path::parent).unwrap().join("examples");
    let _service = tokio::process::Command::new(folder.join("service"))
        .env("MQTT_URL", broker.url())
        .env("MQTT_CLIENT_ID", "parrot")
        .kill_on_drop(true)
        .spawn()
        .expect("cargo builds the examples with the tests");
    let client = client(&broker.url(), "tester").await;
    let said = Seen::default();
    client.subscribe("said", QoS::AtLeastOnce, said.handler()).await.unwrap();
    soon(async {
        while said.len() == 0 {
            client.publish("heard/x", "hello", PublishOptions::default()).await.unwrap();
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    })
    .await;
    assert_eq!(said.payloads()[0], "hello");
}

#[test]
fn the_migration_guide_shows_both_services_and_half_of_the_lines_is_gone() {
    let (before, after) =
        (read("examples/migration/before.rs"), read("examples/migration/after.rs"));
    let guide = read("docs/MIGRATION.md");
    assert!(guide.contains(&before) && guide.contains(&after));
    let (before, after) = (lines(&before), lines(&after));
    assert!(after * 2 <= before, "{after} of {before} lines");
    assert!(
        guide.contains(&format!("{before} lines before, {after} after")),
        "{before} lines before, {after} after"
    );
}

#[tokio::test]
async fn both_services_of_the_migration_guide_do_the_same() {
    let broker = Mosquitto::start();
    let url = broker.url();
    let mut behaviours = Vec::new();
    for name in ["before", "after"] {
        let service: std::pin::Pin<Box<dyn Future<Output = anyhow::Result<()>>>> =
            if name == "before" { Box::pin(before::run(&url)) } else { Box::pin(after::run(&url)) };
        let (done, behaviour) = soon(async { tokio::join!(service, talk_to(&url, name)) }).await;
        done.unwrap();
        behaviours.push(behaviour);
    }
    assert_eq!(behaviours[0], behaviours[1]);
}

/// Talks to a service and returns what it said, and which health it left.
async fn talk_to(url: &str, name: &str) -> Vec<Value> {
    let client = client(url, "tester").await;
    let (health, said) = (Seen::default(), Seen::default());
    client.subscribe("parrot/said", QoS::AtLeastOnce, said.handler()).await.unwrap();
    client
        .subscribe(&format!("system/health/parrot-{name}"), QoS::AtLeastOnce, health.handler())
        .await
        .unwrap();
    health.at_least(1).await;
    client.publish("parrot/hear", "no envelope", PublishOptions::default()).await.unwrap();
    for text in ["hello", "stop"] {
        let options = PublishOptions::default().correlation_id(format!("id of {text}"));
        client
            .publish_event("parrot/hear", "parrot.hear", &json!({"text": text}), options)
            .await
            .unwrap();
    }
    said.at_least(2).await;
    health.at_least(2).await;
    client.shutdown().await;
    let messages = said.messages().into_iter().chain(health.messages());
    messages
        .map(|message| {
            let Envelope { id, kind, data, .. } = Envelope::<Value>::decode(&message.payload).unwrap();
            json!({"id": if kind == "parrot.said" { id } else { String::new() }, "kind": kind, "text": data["text"],
                "ok": data["ok"], "event": data["event"]})
        })
        .collect()
}

#[tokio::test]
async fn every_pattern_runs() {
    let broker = Mosquitto::start();
    for (name, run) in patterns::PATTERNS {
        println!("{name}");
        soon(run(config(&broker.url(), name))).await.unwrap();
    }
}
