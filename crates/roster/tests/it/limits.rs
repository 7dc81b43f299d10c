//! Rate limits: a person creates so much a minute, a machine as much as it can.

use anyhow::Result;
use kernel::Role;
use serde_json::json;
use testkit::{Person, Server};

use crate::home::District;

async fn strict() -> Result<District> {
    District::of(Server::start_with(|plan| plan.rate_per_minute = 10).await?).await
}

#[tokio::test]
async fn the_eleventh_creation_of_a_minute_must_wait() -> Result<()> {
    let district = strict().await?;
    for n in 0..10 {
        let school = json!({"name": format!("School {n}")});
        let answer = district.registrar.post("/schools", school).await?;
        answer.expect(201);
        assert_eq!(answer.header("ratelimit-policy"), "\"create\";q=10;w=60");
        assert!(answer.header("ratelimit").starts_with(&format!("\"create\";r={};t=", 9 - n)));
    }
    let refused = district.registrar.post("/schools", json!({"name": "One too many"})).await?;
    refused.problem(429, "rate-limited");
    let wait: u32 = refused.header("retry-after").parse()?;
    assert!((1..=6).contains(&wait), "{wait}");
    assert!(refused.header("ratelimit").starts_with("\"create\";r=0;t="));
    assert_eq!(district.count("select count(*) from roster.school").await?, 10);
    district.registrar.get("/schools").await?.expect(200);
    Ok(())
}

#[tokio::test]
async fn each_person_and_each_tenant_has_its_own_limit() -> Result<()> {
    let district = strict().await?;
    let other = district.server.district("Shelbyville").await?;
    for n in 0..11 {
        let last =
            district.registrar.post("/schools", json!({"name": format!("School {n}")})).await?;
        assert_eq!(last.status, if n < 10 { 201 } else { 429 });
    }
    let colleague = district.person(Role::DistrictAdmin)?;
    colleague.post("/schools", json!({"name": "Mine"})).await?.expect(201);
    let elsewhere = district.server.as_role(Role::Registrar, other)?;
    elsewhere.post("/schools", json!({"name": "Mine"})).await?.expect(201);
    Ok(())
}

#[tokio::test]
async fn a_service_account_is_not_limited() -> Result<()> {
    let district = strict().await?;
    let person = Person { is_service: true, ..Person::with(Role::Registrar, &[district.tenant]) };
    let service = district.server.as_person(&person)?.in_tenant(district.tenant);
    for n in 0..25 {
        let answer = service.post("/schools", json!({"name": format!("School {n}")})).await?;
        answer.expect(201);
        assert_eq!(answer.header("ratelimit"), "");
    }
    Ok(())
}

#[tokio::test]
async fn what_is_refused_for_other_reasons_counts_as_well() -> Result<()> {
    let district = strict().await?;
    for _ in 0..10 {
        district.registrar.post("/schools", json!({"name": ""})).await?.problem(422, "invalid");
    }
    let refused = district.registrar.post("/schools", json!({"name": "Lincoln"})).await?;
    refused.problem(429, "rate-limited");
    Ok(())
}
