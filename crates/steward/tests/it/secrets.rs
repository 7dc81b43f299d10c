//! What was told in confidence is written nowhere that others read.

mod bulk;

use anyhow::Result;
use kernel::Role;
use serde_json::{Value, json};
use testkit::planted::Planted;
use testkit::{Client, Events, Process};

use crate::{process::folder, serve};

/// Who a story must not find again.
const PERSON: &str = "jane.doe@guardian.example";

#[tokio::test]
async fn tokens_keys_passwords_and_persons_are_seen_nowhere() -> Result<()> {
    let folder = folder();
    let server = Process::start(folder.path(), ["--log-level", "debug"]).await?;
    let district = serve::district(&server).await?;
    let token = server.token(Role::Registrar, Some(district))?;
    let registrar = Client::new(&server.run().http)?.with_token(&token).in_tenant(district);
    let broker: Value = serde_json::from_slice(&std::fs::read(folder.path().join("broker.json"))?)?;
    let secrets = Planted::default()
        .and("a token", token.rsplit('.').next().unwrap())
        .and("the master key", std::fs::read_to_string(folder.path().join("secret.key"))?.trim())
        .and("the broker's password", broker["server"]["password"].as_str().unwrap())
        .and("the reader's password", broker["reader"]["password"].as_str().unwrap());
    let planted = secrets.clone().and("a person", PERSON);
    let everything = format!("steward/{district}/#");
    let mut events = Events::subscribe(folder.path(), &server.run().mqtt, &everything).await?;

    awkward(&registrar, &secrets).await?;
    registrar.post("/schools", json!({"name": "Cedar High"})).await?.expect(201);
    planted.are_absent("an event", &events.wait_for("SchoolCreated").await?.to_string());
    for page in ["/feed/roster", "/audit"] {
        planted.are_absent(page, &registrar.get(page).await?.text());
    }
    let anybody = Client::new(&server.run().http)?;
    for page in ["/metrics", "/health/degraded"] {
        planted.are_absent(page, &anybody.get(page).await?.text());
    }
    planted.are_absent("the log", &server.log());
    Ok(())
}

/// Requests that are refused, each for another reason, with the person in every place that could be quoted. Callers may
/// be told what they sent themselves; nobody else may.
async fn awkward(registrar: &Client, secrets: &Planted) -> Result<()> {
    let refused = [
        registrar.post("/schools", json!({"name": "Cedar", "guardian": PERSON})),
        registrar.post("/schools", json!({"name": {"guardian": PERSON}})),
        registrar.post("/schools", json!({"name": "Cedar", "timezone": PERSON})),
        registrar.post("/schools", json!(null)).bytes(format!("{{\"name\": \"{PERSON}")),
        registrar.get(&format!("/schools?sort={PERSON}")),
        registrar.get(&format!("/schools?nextToken={PERSON}")),
        registrar.get(&format!("/schools/{PERSON}")),
        registrar.get("/schools").header("x-tenant-id", PERSON),
        registrar.get("/schools").header("x-correlation-id", PERSON),
        registrar.get("/schools").header("authorization", &format!("Bearer {PERSON}")),
    ];
    for request in refused {
        let answer = request.await?;
        assert!((400..500).contains(&answer.status), "{}: {}", answer.status, answer.text());
        secrets.are_absent("a problem", &answer.text());
    }
    Ok(())
}
