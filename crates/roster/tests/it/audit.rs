//! The audit trail: who changed what, and who was refused.

use anyhow::Result;
use jiff::SignedDuration;
use kernel::Role;
use serde_json::{Value, json};
use testkit::Person;

use crate::home::{District, texts};

#[tokio::test]
async fn a_change_is_recorded_with_what_was_and_what_is() -> Result<()> {
    let district = District::new().await?;
    let school = district.school("Lincoln").await?;
    district.server.clock.advance(SignedDuration::from_secs(1));
    let patch = json!({"name": "Lincoln High"});
    district.registrar.patch(&school.path, &school.etag, patch).await?.expect(200);
    let query = format!("?entity=roster.school&entityId={}", school.id);
    let [update, create] = <[Value; 2]>::try_from(district.audit(&query).await?).unwrap();
    assert_eq!(
        (&create["action"], &create["before"]),
        (&json!("roster.school.create"), &Value::Null)
    );
    assert_eq!(update["action"], "roster.school.update");
    let state = |name, version| json!({"name": name, "status": "Active", "timezone": "UTC", "externalRefs": [], "version": version});
    assert_eq!(
        (&update["before"], &update["after"]),
        (&state("Lincoln", 1), &state("Lincoln High", 2))
    );
    assert_eq!((&update["outcome"], &update["actorKind"]), (&json!("succeeded"), &json!("person")));
    assert_eq!(update["actor"], "https://issuer.test#Registrar@story");
    assert_eq!(update["at"], "2026-09-01T08:00:01Z");
    assert_ne!(update["request"], create["request"]);
    Ok(())
}

#[tokio::test]
async fn a_denial_is_recorded_in_the_callers_tenant_never_in_the_one_they_tried() -> Result<()> {
    let district = District::new().await?;
    let other = district.server.district("Shelbyville").await?;
    let teacher = district.person(Role::Teacher)?;
    teacher.post("/schools", json!({"name": "Mine"})).await?.problem(403, "forbidden");
    let spy = district.registrar.clone().in_tenant(other);
    spy.get("/schools").await?.problem(403, "tenant-forbidden");
    let crossed = district.registrar.get("/schools").header("x-tenant-id", &other.to_string());
    crossed.await?.problem(403, "tenant-forbidden");

    let denials = district.audit("?entity=platform.permission").await?;
    assert_eq!(denials.len(), 3);
    assert!(denials.iter().all(|record| record["outcome"] == "denied"));
    let by_teacher = |record: &&Value| record["actor"] == "https://issuer.test#Teacher@story";
    assert_eq!(denials.iter().find(by_teacher).unwrap()["action"], "roster.school.create");
    let auditor = district.server.as_role(Role::Auditor, other)?;
    let theirs = auditor.get("/audit?entity=platform.permission").await?.expect(200);
    assert_eq!(theirs["items"], json!([]));
    Ok(())
}

#[tokio::test]
async fn somebody_without_a_token_is_not_recorded() -> Result<()> {
    let district = District::new().await?;
    let anybody = district.server.anybody()?.in_tenant(district.tenant);
    let answer = anybody.get("/schools").await?;
    answer.problem(401, "unauthenticated");
    assert!(answer.header("www-authenticate").starts_with("Bearer"));
    district.registrar.get("/schools").without("x-tenant-id").await?.problem(400, "tenant-header");
    district
        .registrar
        .get("/schools")
        .header("x-tenant-id", "42")
        .await?
        .problem(400, "tenant-header");
    assert_eq!(
        district.count("select count(*) from kernel.audit where outcome = 'denied'").await?,
        0
    );
    Ok(())
}

#[tokio::test]
async fn the_trail_is_read_newest_first_page_by_page() -> Result<()> {
    let district = District::new().await?;
    for n in 0..5 {
        district.server.clock.advance(SignedDuration::from_secs(1));
        district.school(&format!("School {n}")).await?;
    }
    let auditor = district.person(Role::Auditor)?;
    let (mut times, mut token) = (Vec::new(), String::new());
    loop {
        let path = format!("/audit?entity=roster.school&pageSize=2{token}");
        let page = auditor.get(&path).await?.expect(200);
        times.extend(texts(&page["items"], "at"));
        let Some(next) = page["nextToken"].as_str() else { break };
        token = format!("&nextToken={next}");
        district.server.clock.advance(SignedDuration::from_secs(1));
        district.school(&format!("Later than {next}")).await?; // what is newer does not shift the pages
    }
    assert_eq!(times.len(), 5);
    assert!(times.iter().rev().is_sorted(), "{times:?}");
    Ok(())
}

#[tokio::test]
async fn the_trail_refuses_what_it_does_not_know() -> Result<()> {
    let district = District::new().await?;
    district.school("Lincoln").await?;
    let auditor = district.person(Role::Auditor)?;
    for query in
        ["entityId=42", "pageSize=0", "pageSize=501", "actor=me", "nextToken=x", "entity=%00"]
    {
        auditor.get(&format!("/audit?{query}")).await?.problem(400, "malformed");
    }
    let page = auditor.get("/audit?pageSize=1").await?.expect(200);
    let token = page["nextToken"].as_str().unwrap();
    let other = format!("/audit?entity=roster.school&nextToken={token}");
    auditor.get(&other).await?.problem(400, "malformed");
    district.registrar.get("/audit").await?.problem(403, "forbidden");
    Ok(())
}

#[tokio::test]
async fn a_service_is_recorded_as_one() -> Result<()> {
    let district = District::new().await?;
    let person = Person { is_service: true, ..Person::with(Role::Registrar, &[district.tenant]) };
    let service = district.server.as_person(&person)?.in_tenant(district.tenant);
    service.post("/schools", json!({"name": "Lincoln"})).await?.expect(201);
    let record = district.audit("?entity=roster.school").await?.remove(0);
    assert_eq!(record["actorKind"], "service");
    let event = district.feed(2).await?.remove(1);
    assert!(event["actor"].as_str().unwrap().starts_with("service:"));
    Ok(())
}
