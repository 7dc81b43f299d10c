//! Suspended, served again, and gone for good.

use anyhow::Result;
use jiff::SignedDuration;
use kernel::{Role, TenantId};
use serde_json::json;
use testkit::Client;

use crate::home::{District, event_names, eventually, turn};

#[tokio::test]
async fn each_turn_of_a_tenant_is_announced_once_and_repeats_are_not() -> Result<()> {
    let district = District::new().await?;
    for (verb, status, version) in [
        ("suspend", "Suspended", 2),
        ("suspend", "Suspended", 2),
        ("reactivate", "Active", 3),
        ("reactivate", "Active", 3),
    ] {
        district.server.clock.advance(SignedDuration::from_secs(1)); // the trail is ordered by time
        let answer = district.turn(verb).await?;
        let tenant = answer.expect(200);
        assert_eq!((&tenant["status"], &tenant["version"]), (&json!(status), &json!(version)));
        assert_eq!(answer.etag(), format!("\"{version}\""));
    }
    let expected = ["TenantProvisioned", "TenantSuspended", "TenantReactivated"];
    assert_eq!(district.announced().await?, expected);
    let records = district.audit("?entity=roster.tenant").await?;
    assert_eq!(records.len(), 3);
    assert_eq!(records[0]["before"]["status"], "Suspended");
    assert_eq!(records[0]["after"]["status"], "Active");
    Ok(())
}

#[tokio::test]
async fn a_deactivated_tenant_stays_so() -> Result<()> {
    let district = District::new().await?;
    let mut events = district.server.events(district.tenant).await?;
    district.turn("deactivate").await?.expect(200);
    let event = events.wait_for("TenantDeactivated").await?;
    assert_eq!(event["data"]["status"], "Deactivated");
    district.turn("reactivate").await?.problem(409, "conflict");
    district.turn("suspend").await?.problem(409, "conflict");
    assert_eq!(district.turn("deactivate").await?.expect(200)["version"], 2);
    district.registrar.get("/schools").await?.problem(403, "tenant-inactive");
    Ok(())
}

#[tokio::test]
async fn an_unknown_tenant_has_no_life() -> Result<()> {
    let district = District::new().await?;
    let nobody = TenantId(uuid::Uuid::from_u128(42));
    for verb in ["suspend", "reactivate", "deactivate"] {
        turn(&district.server, nobody, verb).await?.problem(404, "not-found");
    }
    let platform = district.server.as_platform()?;
    platform.get(&format!("/api/v1/tenants/{nobody}")).await?.problem(404, "not-found");
    platform.get("/api/v1/tenants/springfield").await?.problem(404, "not-found");
    assert_eq!(district.count("select count(*) from kernel.audit").await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_suspended_tenant_refuses_everything_but_reads_of_the_platform() -> Result<()> {
    let district = District::new().await?;
    let school = district.school("Lincoln").await?;
    district.turn("suspend").await?.expect(200);

    let everybody = |role| district.person(role);
    for role in [Role::Registrar, Role::DistrictAdmin] {
        let person = everybody(role)?;
        let requests = [
            person.post("/schools", json!({"name": "Washington"})),
            person.get("/schools"),
            person.get(&school.path),
            person.patch(&school.path, &school.etag, json!({"name": "Washington"})),
            person.delete(&school.path),
        ];
        for request in requests {
            request.await?.problem(403, "tenant-inactive");
        }
    }
    let auditor = everybody(Role::Auditor)?;
    for path in ["/audit", "/feed/roster"] {
        auditor.get(path).await?.problem(403, "tenant-inactive");
    }
    stream(&auditor).await?.problem(403, "tenant-inactive");
    assert_eq!(district.count("select count(*) from roster.school").await?, 1);

    let platform = district.server.as_platform()?;
    platform.get(&format!("/api/v1/tenants/{}", district.tenant)).await?.expect(200);
    let platform = platform.in_tenant(district.tenant);
    for path in ["/audit", "/feed/roster"] {
        platform.get(path).await?.expect(200);
    }
    Ok(())
}

async fn stream(client: &Client) -> Result<testkit::Answer> {
    client.get("/feed/roster").header("accept", "text/event-stream").await
}

#[tokio::test]
async fn the_outbox_of_a_suspended_tenant_drains() -> Result<()> {
    let district = District::new().await?;
    let mut events = district.server.events(district.tenant).await?;
    for n in 0..20 {
        district.school(&format!("School {n}")).await?;
    }
    district.turn("suspend").await?.expect(200);
    events.wait_for("TenantSuspended").await?;
    let left = "select (select count(*) from kernel.outbox) + (select count(*) from kernel.feed where numbered > delivered)";
    eventually("the outbox is empty", async || Ok(district.count(left).await? == 0)).await?;
    let seen = events.wait_for_count(21).await?;
    assert!(event_names(seen).iter().filter(|name| *name == "SchoolCreated").count() >= 20);
    Ok(())
}

#[tokio::test]
async fn only_the_platform_provisions_reads_and_ends_tenants() -> Result<()> {
    let district = District::new().await?;
    let tenant = format!("/api/v1/tenants/{}", district.tenant);
    for role in Role::ALL.into_iter().filter(|role| *role != Role::PlatformAdmin) {
        let person = district.person(role)?;
        let body = json!({"name": "Shelbyville", "region": "default"});
        person.post("/api/v1/tenants", body).await?.problem(403, "forbidden");
        person.get("/api/v1/tenants").await?.problem(403, "forbidden");
        person.get(&tenant).await?.problem(403, "forbidden");
        person.post(&format!("{tenant}/suspend"), json!({})).await?.problem(403, "forbidden");
    }
    assert_eq!(district.count("select count(*) from kernel.tenant").await?, 1);
    Ok(())
}
