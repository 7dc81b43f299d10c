//! Stories about tenants: who provisions them, where there is room, and how they end.

mod lifecycle;
mod list;

use anyhow::Result;
use futures::future::try_join_all;
use kernel::{TenantId, db::Region};
use serde_json::{Value, json};
use testkit::{Answer, Server};

use crate::home::event_names;

fn springfield() -> Value {
    json!({"name": "Springfield", "region": "default"})
}

async fn small_region(max_tenants: i64) -> Result<Server> {
    let small = Region { name: "small".to_owned(), max_tenants };
    Server::start_with(|plan| plan.regions = vec![small]).await
}

async fn provision(server: &Server, name: &str, region: &str) -> Result<Answer> {
    server.as_platform()?.post("/api/v1/tenants", json!({"name": name, "region": region})).await
}

#[tokio::test]
async fn a_provisioned_tenant_is_there_and_announced_as_number_one() -> Result<()> {
    let server = Server::start().await?;
    let platform = server.as_platform()?;
    let answer = platform.post("/api/v1/tenants", springfield()).await?;
    let tenant = answer.expect(201);
    assert_eq!(answer.etag(), "\"1\"");
    assert_eq!(platform.get(answer.header("location")).await?.expect(200), tenant);
    assert_eq!((&tenant["status"], &tenant["region"]), (&json!("Active"), &json!("default")));

    let id: TenantId = tenant["tenantId"].as_str().unwrap().parse()?;
    let mut events = server.events(id).await?; // too late for the broker, in time for the feed
    turn_and_wait(&server, id, &mut events).await?;
    let feed = platform.clone().in_tenant(id).get("/feed/roster").await?.expect(200);
    let first = &feed["items"][0];
    assert_eq!(event_names(std::slice::from_ref(first)), ["TenantProvisioned"]);
    assert_eq!(first["sequence"], "0000000000000000001");
    assert_eq!(
        first["data"],
        json!({"tenantId": id, "status": "Active", "region": "default", "version": 1})
    );
    Ok(())
}

async fn turn_and_wait(server: &Server, id: TenantId, events: &mut testkit::Events) -> Result<()> {
    crate::home::turn(server, id, "suspend").await?.expect(200);
    events.wait_for("TenantSuspended").await?;
    crate::home::turn(server, id, "reactivate").await?.expect(200);
    Ok(())
}

#[tokio::test]
async fn subscribers_of_the_platform_hear_of_a_new_tenant() -> Result<()> {
    let server = Server::start().await?;
    let filter = "steward/+/roster/v1/TenantProvisioned";
    let mut events = testkit::Events::subscribe(server.folder(), server.mqtt_url(), filter).await?;
    let tenant = provision(&server, "Springfield", "default").await?.expect(201);
    let event = events.wait_for("TenantProvisioned").await?;
    assert_eq!(event["tenantid"], tenant["tenantId"]);
    assert_eq!(event["sequence"], "0000000000000000001");
    Ok(())
}

#[tokio::test]
async fn the_same_key_provisions_once_and_answers_the_same_bytes() -> Result<()> {
    let server = Server::start().await?;
    let platform = server.as_platform()?;
    let ask = || platform.post("/api/v1/tenants", springfield()).header("idempotency-key", "once");
    let (first, again) = (ask().await?, ask().await?);
    first.expect(201);
    assert_eq!((again.status, &again.body), (201, &first.body));
    assert_eq!(again.header("idempotency-replayed"), "true");
    for header in ["location", "etag", "content-type"] {
        assert_eq!(again.header(header), first.header(header), "{header}");
    }
    assert_eq!(platform.get("/api/v1/tenants").await?.expect(200)["items"], json!([first.json()]));
    Ok(())
}

#[tokio::test]
async fn a_name_taken_on_the_platform_is_a_conflict_that_names_the_other() -> Result<()> {
    let server = Server::start().await?;
    let tenant = provision(&server, "Springfield", "default").await?.expect(201);
    for name in ["Springfield", " springFIELD\u{3000}", "Ｓｐｒｉｎｇｆｉｅｌｄ"] {
        let problem = provision(&server, name, "default").await?.problem(409, "conflict");
        assert_eq!(problem["conflictId"], tenant["tenantId"]);
        let path = problem["conflict"].as_str().unwrap();
        assert_eq!(server.as_platform()?.get(path).await?.expect(200), tenant);
    }
    Ok(())
}

#[tokio::test]
async fn values_that_no_tenant_may_have_are_refused_each_with_its_place() -> Result<()> {
    let server = Server::start().await?;
    let refs = json!([{"source": "", "value": "x".repeat(256)}]);
    let body =
        json!({"name": " ", "region": "default", "capabilities": ["a\u{0}"], "externalRefs": refs});
    let problem =
        server.as_platform()?.post("/api/v1/tenants", body).await?.problem(422, "invalid");
    let errors = &problem["errors"];
    let found: Vec<_> = crate::home::texts(errors, "pointer")
        .into_iter()
        .zip(crate::home::texts(errors, "code"))
        .collect();
    let expected = [
        ("/name", "empty"),
        ("/capabilities/0", "control_character"),
        ("/externalRefs/0/source", "empty"),
        ("/externalRefs/0/value", "too_long"),
    ];
    assert_eq!(found, expected.map(|(pointer, code)| (pointer.to_owned(), code.to_owned())));
    Ok(())
}

#[tokio::test]
async fn an_unknown_region_is_refused_and_the_known_ones_are_named() -> Result<()> {
    let server = small_region(1).await?;
    let problem = provision(&server, "Springfield", "Small").await?.problem(422, "invalid");
    assert_eq!(problem["errors"][0]["pointer"], "/region");
    assert_eq!(problem["errors"][0]["code"], "unknown_region");
    assert_eq!(problem["errors"][0]["message"], "One of: small.");
    Ok(())
}

#[tokio::test]
async fn a_full_region_refuses_until_a_tenant_of_it_is_deactivated() -> Result<()> {
    let server = small_region(1).await?;
    let first = provision(&server, "Springfield", "small").await?.expect(201);
    let refused = provision(&server, "Shelbyville", "small").await?;
    refused.problem(409, "capacity");
    assert_eq!(refused.header("retry-after"), "3600");
    assert_nothing_of_it(&server, 1).await?;

    let first: TenantId = first["tenantId"].as_str().unwrap().parse()?;
    crate::home::turn(&server, first, "suspend").await?.expect(200);
    provision(&server, "Shelbyville", "small").await?.problem(409, "capacity");
    crate::home::turn(&server, first, "deactivate").await?.expect(200);
    provision(&server, "Shelbyville", "small").await?.expect(201);
    Ok(())
}

#[tokio::test]
async fn twenty_at_once_fill_a_region_exactly() -> Result<()> {
    let server = small_region(5).await?;
    let names: Vec<_> = (0..20).map(|n| format!("District {n}")).collect();
    let answers = try_join_all(names.iter().map(|name| provision(&server, name, "small"))).await?;
    let (made, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 201);
    assert_eq!((made.len(), refused.len()), (5, 15));
    for answer in refused {
        answer.problem(409, "capacity");
    }
    assert_nothing_of_it(&server, 5).await
}

/// Nothing was created but `tenants` tenants, each with its audit record and its key.
async fn assert_nothing_of_it(server: &Server, tenants: i64) -> Result<()> {
    let counts = sqlx::query_as::<_, (i64, i64, i64)>(
        "select (select count(*) from kernel.tenant), (select count(*) from kernel.audit where entity = 'roster.tenant'),
                (select count(*) from kernel.idempotency)",
    );
    let counts = counts.fetch_one(&server.database.admin).await?;
    assert_eq!(counts, (tenants, tenants, tenants));
    Ok(())
}

#[tokio::test]
async fn twenty_at_once_of_one_name_provision_one() -> Result<()> {
    let server = Server::start().await?;
    let answers =
        try_join_all((0..20).map(|_| provision(&server, "Springfield", "default"))).await?;
    let won: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert_eq!(won.len(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        assert_eq!(answer.problem(409, "conflict")["conflictId"], won[0].json()["tenantId"]);
    }
    Ok(())
}
