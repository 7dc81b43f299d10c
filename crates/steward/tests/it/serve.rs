//! The real binary: started, used, killed, stopped.

use anyhow::Result;
use kernel::{Role, TenantId};
use serde_json::{Value, json};
use testkit::{Client, Events, Process, process::command};

use crate::process::{eventually, folder};

/// No arguments.
const NOTHING: [&str; 0] = [];

#[tokio::test]
async fn a_killed_server_starts_again_and_has_everything() -> Result<()> {
    let folder = folder();
    let server = Process::start(folder.path(), NOTHING).await?;
    let district = district(&server).await?;
    let registrar = client(&server, Role::Registrar, Some(district))?;
    let created = registrar.post("/schools", json!({"name": "Cedar High"})).await?.expect(201);
    server.kill();

    let server = Process::start(folder.path(), NOTHING).await?;
    let registrar = client(&server, Role::Registrar, Some(district))?;
    let path = format!("/schools/{}", created["schoolId"].as_str().unwrap());
    assert_eq!(registrar.get(&path).await?.expect(200), created);
    let filter = format!("steward/{district}/#");
    let mut events = Events::subscribe(folder.path(), &server.run().mqtt, &filter).await?;
    registrar.post("/schools", json!({"name": "Cedar Middle"})).await?.expect(201);
    events.wait_for("SchoolCreated").await?;
    assert!(server.stop().await?.success());
    Ok(())
}

#[tokio::test]
async fn heads_of_the_audit_trail_are_appended_to_a_file_that_proves_it_whole() -> Result<()> {
    let folder = folder();
    let heads = folder.path().join("heads");
    let district = {
        let server = Process::start(folder.path(), NOTHING).await?;
        let district = district(&server).await?;
        assert!(server.stop().await?.success());
        district
    };
    // Heads are told at the start, and every minute.
    let flag = format!("--audit-heads={}", heads.display());
    let server = Process::start(folder.path(), [flag]).await?;
    let told = || std::fs::read_to_string(&heads).unwrap_or_default();
    eventually("a head", || told().contains(&district.to_string()));
    let dir = folder.path().to_str().unwrap();
    let verify = ["audit", "verify", "--data-dir", dir, "--head", heads.to_str().unwrap()];
    assert!(command(verify)?.contains("The audit trail is whole."));
    let forged: Vec<_> = told().lines().map(forge).collect();
    std::fs::write(&heads, forged.join("\n"))?;
    assert!(command(verify).is_err(), "a head that the server did not sign");
    assert!(server.stop().await?.success());
    Ok(())
}

#[tokio::test]
async fn keys_are_rotated_beside_the_running_server_and_not_twice_in_a_row() -> Result<()> {
    let folder = folder();
    let server = Process::start(folder.path(), NOTHING).await?;
    let district = district(&server).await?.to_string();
    let dir = folder.path().to_str().unwrap();
    let rotate = ["keys", "rotate", "--data-dir", dir, "--json"];
    for made in [true, false] {
        let told: Value = serde_json::from_str(&command(rotate)?)?;
        assert_eq!(told, json!([{"tenantId": district, "version": 1, "made": made}]));
    }
    let again = ["keys", "rotate", "--data-dir", dir, "--tenant", &district, "--older-than", "0s"];
    assert_eq!(command(again)?, format!("{district}  version 2  made now\n"));
    assert!(server.stop().await?.success());
    Ok(())
}

#[tokio::test]
async fn a_demo_server_fills_its_district_once_and_says_when_it_is_complete() -> Result<()> {
    let folder = folder();
    let server = Process::start(folder.path(), ["--demo"]).await?;
    eventually("a complete district", || server.log().contains("The demo district is complete"));
    let log = server.log();
    let held = log.lines().find(|line| line.contains("is complete")).unwrap();
    for part in ["6 schools", "500 students", "4000 enrollments"] {
        assert!(held.contains(part), "{held}");
    }
    let (_, named) = log.split_once(" is tenant ").unwrap();
    let district: TenantId = named.split_once(';').unwrap().0.parse()?;
    let before = everything(&server, district).await?;
    server.kill();

    let server = Process::start(folder.path(), ["--demo"]).await?;
    let again = format!(" is tenant {district}.");
    eventually("the same district", || server.log().contains(&again));
    assert_eq!(everything(&server, district).await?, before, "a restart changes nothing");
    assert!(server.stop().await?.success());
    Ok(())
}

/// The students of a district, and the jobs that made them, with their versions and times.
async fn everything(server: &Process, district: TenantId) -> Result<[Value; 2]> {
    let registrar = client(server, Role::Registrar, Some(district))?;
    let students = registrar.get("/students?pageSize=500").await?.expect(200);
    assert_eq!(students["items"].as_array().unwrap().len(), 500);
    let jobs = registrar.get("/bulk/jobs").await?.expect(200);
    assert_eq!(jobs["items"].as_array().unwrap().len(), 1);
    Ok([students, jobs])
}

/// A head that claims a longer chain.
fn forge(line: &str) -> String {
    let mut head: Value = serde_json::from_str(line).unwrap();
    head["position"] = json!(head["position"].as_i64().unwrap() + 1);
    head.to_string()
}

/// A new district.
pub(crate) async fn district(server: &Process) -> Result<TenantId> {
    let body = json!({"name": "Cedar Valley", "region": "default"});
    let platform = client(server, Role::PlatformAdmin, None)?;
    let tenant = platform.post("/api/v1/tenants", body).await?.expect(201);
    Ok(tenant["tenantId"].as_str().unwrap().parse()?)
}

fn client(server: &Process, role: Role, tenant: Option<TenantId>) -> Result<Client> {
    let client = Client::new(&server.run().http)?.with_token(server.token(role, tenant)?);
    Ok(match tenant {
        Some(tenant) => client.in_tenant(tenant),
        None => client,
    })
}
