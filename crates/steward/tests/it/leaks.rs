//! Planted secrets and personal data: a real server works with them, and then shows them nowhere.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kernel::TenantId;
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::process::command;
use testkit::{Answer, Client, Database, Events, Login, Process};

use crate::process::folder;

const PASSWORD: &str = "planted-password-7q";
const SUBJECT: &str = "planted.person@example.org";
const DISTRICT: &str = "Planted District 7q";
const SCHOOL: &str = "Planted School 7q";
const NUMBER: &str = "planted-number-7q";

/// Our own parts at their most talkative.
const LOGS: [&str; 4] =
    ["--log-format", "json", "--log-level", "info,kernel=debug,roster=debug,steward=debug"];

struct Scene {
    folder: TempDir,
    server: Process,
    _database: Database,
}

impl Scene {
    async fn set() -> Result<Self> {
        let (folder, database) = (folder(), Database::clone_template().await?);
        let url = database.url(Login::Server);
        let (before, after) = url.split_once("steward_server").context("no user in the URL")?;
        let after = after.split_once('@').map_or(after, |(_, host)| host);
        let url = format!("{before}steward_server:{PASSWORD}@{after}");
        let key = folder.path().join("secret.key");
        std::fs::write(&key, STANDARD.encode([0xA7; 32]))?;
        std::fs::set_permissions(&key, Permissions::from_mode(0o600))?;
        let key = key.display().to_string();
        let arguments = LOGS.into_iter().chain(["--database-url", &url, "--secret-key-file", &key]);
        let server = Process::start(folder.path(), arguments).await?;
        Ok(Self { folder, server, _database: database })
    }

    fn token(&self, role: &str, tenant: Option<TenantId>) -> Result<String> {
        let folder = self.folder.path().display().to_string();
        let mut arguments =
            vec!["token", "--data-dir", &folder, "--role", role, "--subject", SUBJECT];
        let tenant = tenant.map(|tenant| tenant.to_string());
        if let Some(tenant) = &tenant {
            arguments.extend(["--tenant", tenant]);
        }
        Ok(command(arguments)?.lines().last().context("no token")?.to_owned())
    }

    fn client(&self, token: &str) -> Result<Client> {
        Ok(Client::new(&self.server.run().http)?.with_token(token))
    }
}

/// What must be found nowhere.
fn planted(folder: &Path, tokens: &[&str]) -> Result<Vec<String>> {
    let mut planted: Vec<_> =
        [PASSWORD, SUBJECT, DISTRICT, SCHOOL, NUMBER].map(str::to_owned).into();
    planted.extend(tokens.iter().map(ToString::to_string));
    // A part of a token is as bad: its signature.
    planted.extend(tokens.iter().filter_map(|token| token.rsplit('.').next()).map(str::to_owned));
    let keys = ["secret.key", "identity/private.pem"].map(|name| folder.join(name));
    for key in keys {
        let text = std::fs::read_to_string(&key).with_context(|| key.display().to_string())?;
        let lines = text.lines().map(str::trim).filter(|line| line.len() > 20);
        planted.extend(lines.filter(|line| !line.starts_with("--")).map(str::to_owned));
    }
    Ok(planted)
}

/// Everything that goes right and wrong with a district and a school; the problems on the way.
async fn stories(scene: &Scene, tokens: (&str, &str), tenant: TenantId) -> Result<Vec<Answer>> {
    let platform = scene.client(tokens.0)?;
    let admin = scene.client(tokens.1)?.in_tenant(tenant);
    let refs = json!([{"source": "sis", "value": NUMBER}]);
    let school = json!({"name": SCHOOL, "externalRefs": refs});
    let made = admin.post("/schools", &school).await?.expect(201);
    let path = format!("/schools/{}", made["schoolId"].as_str().context("no id")?);
    admin.patch(&path, "\"1\"", json!({"name": format!("{SCHOOL} II")})).await?.expect(200);
    admin.get(&format!("/schools?q={NUMBER}")).await?.expect(200);
    admin.get("/audit").await?.expect(200);
    let district = json!({"name": DISTRICT, "region": "default"});
    let long = SCHOOL.repeat(50);
    let bad_token = format!("{}x", tokens.1);
    let wrong = [
        admin
            .post("/schools", json!({"name": format!("{SCHOOL} II"), "externalRefs": refs}))
            .await?,
        admin.post("/schools", json!({"name": long})).await?,
        admin.post("/schools", json!({"name": {"en": SCHOOL}})).await?,
        admin.post("/schools", json!({"name": [SUBJECT]})).await?,
        admin.post("/schools", json!({"name": "x", "externalRefs": NUMBER})).await?,
        admin.post("/schools", json!({"name": "x", "timezone": SUBJECT})).await?,
        admin.post("/schools", ()).bytes(format!("{{\"name\":\"{SCHOOL}")).await?,
        admin.get(&format!("/schools?status={NUMBER}")).await?,
        admin.get(&format!("/schools?nextToken={NUMBER}")).await?,
        admin.patch(&path, "\"1\"", json!({"name": SCHOOL})).await?,
        admin.post("/schools", &school).header("idempotency-key", &"k".repeat(300)).await?,
        admin.get("/api/v1/tenants").await?,
        scene.client(&bad_token)?.in_tenant(tenant).get("/schools").await?,
        platform.post("/api/v1/tenants", &district).await?,
        platform.post("/api/v1/tenants", json!({"name": "x", "region": NUMBER})).await?,
    ];
    Ok(wrong.into())
}

#[tokio::test]
async fn what_was_planted_is_found_nowhere() -> Result<()> {
    let scene = Scene::set().await?;
    let platform = scene.token("PlatformAdmin", None)?;
    let district = json!({"name": DISTRICT, "region": "default"});
    let made = scene.client(&platform)?.post("/api/v1/tenants", district).await?.expect(201);
    let tenant: TenantId = made["tenantId"].as_str().context("no id")?.parse()?;
    let admin = scene.token("DistrictAdmin", Some(tenant))?;
    let (mqtt, filter) = (scene.server.run().mqtt.clone(), format!("steward/{tenant}/#"));
    let mut events = Events::subscribe(scene.folder.path(), &mqtt, &filter).await?;

    let problems = stories(&scene, (&platform, &admin), tenant).await?;
    let updated = events.wait_for("SchoolUpdated").await?;
    // Somebody who comes later: whatever arrives before the next event is retained.
    let mut later = Events::subscribe(scene.folder.path(), &mqtt, &filter).await?;
    let client = scene.client(&admin)?.in_tenant(tenant);
    let path = format!("/schools/{}", updated["subject"].as_str().context("no subject")?);
    client.delete(&path).await?.expect(204);
    later.wait_for("SchoolArchived").await?;

    let http = Client::new(&scene.server.run().http)?;
    let mut seen = vec![
        ("metrics", http.get("/metrics").await?.text()),
        ("health", http.get("/health/degraded").await?.text()),
        ("events", Value::from(events.wait_for_count(1).await?.to_vec()).to_string()),
        ("retained", Value::from(later.wait_for_count(1).await?.to_vec()).to_string()),
        ("feed", client.get("/feed/roster").await?.text()),
    ];
    for problem in &problems {
        assert!((400..500).contains(&problem.status), "{}", problem.text());
        seen.push(("a problem", format!("{:?} {}", problem.headers, problem.text())));
    }
    let planted = planted(scene.folder.path(), &[&platform, &admin])?;
    let log = scene.server.log();
    assert!(log.contains("\"message\":\"request\""), "nothing was logged: {log}");
    seen.push(("the log", log));
    for (place, text) in &seen {
        for secret in &planted {
            assert!(!text.contains(secret.as_str()), "{place} shows {secret}: {text}");
        }
    }
    assert!(scene.server.stop().await?.success());
    Ok(())
}
