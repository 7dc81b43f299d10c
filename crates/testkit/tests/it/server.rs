use anyhow::Result;
use kernel::Role;
use serde_json::json;
use testkit::Server;

#[tokio::test]
async fn a_school_is_created_once_and_announced() -> Result<()> {
    let steward = Server::start().await?;
    let district = steward.district("Cedar Valley").await?;
    let mut events = steward.events(district).await?;
    let registrar = steward.as_role(Role::Registrar, district)?;

    let request =
        || registrar.post("/schools", json!({"name": "Lincoln"})).header("idempotency-key", "once");
    let school = request().await?.expect(201);
    assert_eq!(request().await?.expect(201), school);
    registrar.post("/schools", json!({"name": "LINCOLN "})).await?.problem(409, "conflict");

    let event = events.wait_for("SchoolCreated").await?;
    assert_eq!(event["subject"], school["schoolId"]);
    Ok(())
}

#[tokio::test]
async fn time_stands_still_until_a_story_moves_it() -> Result<()> {
    let steward = Server::start().await?;
    let district = steward.district("Cedar Valley").await?;
    let registrar = steward.as_role(Role::Registrar, district)?;
    let school = registrar.post("/schools", json!({"name": "Lincoln"})).await?.expect(201);
    assert_eq!(school["createdAt"], "2026-09-01T08:00:00Z");
    steward.clock.advance(jiff::SignedDuration::from_hours(2));
    registrar.get("/schools").await?.problem(401, "unauthenticated");
    Ok(())
}
