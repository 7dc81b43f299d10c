//! The catch-up feed: everything that happened, in order, as pages and as a stream.

mod stream;

use anyhow::Result;
use kernel::Role;
use serde_json::{Value, json};

use crate::home::{District, event_names};

fn numbers(page: &Value) -> Vec<i64> {
    let events = page["items"].as_array().into_iter().flatten();
    events.map(|event| event["sequence"].as_str().unwrap().parse().unwrap()).collect()
}

#[tokio::test]
async fn the_feed_is_read_page_by_page_without_a_gap() -> Result<()> {
    let district = District::new().await?;
    for n in 0..6 {
        district.school(&format!("School {n}")).await?;
    }
    district.feed(7).await?;
    let auditor = district.person(Role::Auditor)?;
    let (mut seen, mut after) = (Vec::new(), 0);
    loop {
        let page =
            auditor.get(&format!("/feed/roster?pageSize=3&after={after}")).await?.expect(200);
        if numbers(&page).is_empty() {
            assert_eq!(page["next"], after);
            break;
        }
        seen.extend(numbers(&page));
        after = page["next"].as_i64().unwrap();
    }
    assert_eq!(seen, [1, 2, 3, 4, 5, 6, 7]);
    Ok(())
}

#[tokio::test]
async fn the_feed_holds_the_bytes_that_were_published() -> Result<()> {
    let district = District::new().await?;
    let mut events = district.server.events(district.tenant).await?;
    district.school("Lincoln").await?;
    let published = events.wait_for("SchoolCreated").await?;
    assert_eq!(district.feed(2).await?[1], published);
    Ok(())
}

#[tokio::test]
async fn a_position_that_retention_has_passed_is_gone() -> Result<()> {
    let district = District::new().await?;
    for n in 0..4 {
        district.school(&format!("School {n}")).await?;
    }
    district.feed(5).await?;
    let admin = &district.server.database.admin;
    sqlx::query("update kernel.feed set oldest = 4").execute(admin).await?;
    sqlx::query("delete from kernel.event where number < 4").execute(admin).await?;
    let auditor = district.person(Role::Auditor)?;
    for after in [0, 2] {
        let problem =
            auditor.get(&format!("/feed/roster?after={after}")).await?.problem(410, "gone");
        assert!(problem["detail"].as_str().unwrap().contains("up to 3"), "{problem}");
    }
    let page = auditor.get("/feed/roster?after=3").await?.expect(200);
    assert_eq!((numbers(&page), &page["oldest"]), (vec![4, 5], &json!(4)));
    let stream = auditor.get("/feed/roster?after=2").header("accept", "text/event-stream");
    stream.await?.problem(410, "gone");
    Ok(())
}

#[tokio::test]
async fn a_feed_belongs_to_its_tenant_and_its_readers() -> Result<()> {
    let district = District::new().await?;
    let other = district.server.district("Shelbyville").await?;
    district.school("Lincoln").await?;
    district.feed(2).await?;
    let theirs = district.server.as_role(Role::Auditor, other)?;
    let page = theirs.get("/feed/roster").await?.expect(200);
    assert_eq!(event_names(page["items"].as_array().unwrap()), ["TenantProvisioned"]);
    theirs.in_tenant(district.tenant).get("/feed/roster").await?.problem(403, "tenant-forbidden");
    district.registrar.get("/feed/roster").await?.problem(403, "forbidden");
    Ok(())
}

#[tokio::test]
async fn the_feed_refuses_what_it_does_not_know() -> Result<()> {
    let district = District::new().await?;
    let auditor = district.person(Role::Auditor)?;
    for query in ["after=-1", "after=x", "pageSize=0", "pageSize=501", "from=1"] {
        auditor.get(&format!("/feed/roster?{query}")).await?.problem(400, "malformed");
    }
    auditor.get("/feed/%00").await?.problem(404, "not-found");
    assert_eq!(auditor.get("/feed/roster?after=1000").await?.expect(200)["items"], json!([]));
    Ok(())
}
