//! One key, one effect.

use anyhow::Result;
use futures::future::try_join_all;
use kernel::Role;
use serde_json::json;

use crate::home::District;

#[tokio::test]
async fn a_repeat_answers_the_same_bytes_even_after_the_school_changed() -> Result<()> {
    let district = District::new().await?;
    let ask = || {
        district
            .registrar
            .post("/schools", json!({"name": "Lincoln"}))
            .header("idempotency-key", "k")
    };
    let first = ask().await?;
    let path = format!("/schools/{}", first.expect(201)["schoolId"].as_str().unwrap());
    district.registrar.patch(&path, first.etag(), json!({"name": "Washington"})).await?.expect(200);
    let again = ask().header("idempotency-key", "\"k\"").await?;
    assert_eq!((again.status, &again.body), (201, &first.body));
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(first.header("idempotency-replayed"), "");
    assert_eq!((again.etag(), again.header("location")), (first.etag(), first.header("location")));
    assert_eq!(district.names("").await?, ["Washington"]);
    Ok(())
}

#[tokio::test]
async fn every_way_to_change_a_school_is_replayed() -> Result<()> {
    let district = District::new().await?;
    let school = district.school("Lincoln").await?;
    let patch = || {
        district
            .registrar
            .patch(&school.path, "\"1\"", json!({"name": "Washington"}))
            .header("idempotency-key", "p")
    };
    let delete = || district.registrar.delete(&school.path).header("idempotency-key", "d");
    let (first, again) = (patch().await?, patch().await?);
    assert_eq!((first.expect(200), first.etag()), (again.expect(200), again.etag()));
    assert_eq!(again.header("idempotency-replayed"), "true");
    delete().await?.expect(204);
    assert_eq!(delete().await?.header("idempotency-replayed"), "true");
    let expected = ["TenantProvisioned", "SchoolCreated", "SchoolUpdated", "SchoolArchived"];
    assert_eq!(district.announced().await?, expected);
    Ok(())
}

#[tokio::test]
async fn a_key_belongs_to_its_request() -> Result<()> {
    let district = District::new().await?;
    let school = district.school("Adams").await?;
    let post = |body| district.registrar.post("/schools", body).header("idempotency-key", "k");
    post(json!({"name": "Lincoln"})).await?.expect(201);
    post(json!({"name": "Washington"})).await?.problem(422, "idempotency-key-reused");
    let delete = district.registrar.delete(&school.path).header("idempotency-key", "k");
    delete.await?.problem(422, "idempotency-key-reused");
    let patch = |etag, key| {
        district
            .registrar
            .patch(&school.path, etag, json!({"name": "A"}))
            .header("idempotency-key", key)
    };
    patch("\"1\"", "p").await?.expect(200);
    patch("\"2\"", "p").await?.problem(422, "idempotency-key-reused");
    assert_eq!(district.names("").await?, ["A", "Lincoln"]);
    Ok(())
}

#[tokio::test]
async fn a_key_belongs_to_its_caller_and_tenant() -> Result<()> {
    let district = District::new().await?;
    let admin = district.person(Role::DistrictAdmin)?;
    let other = district.server.district("Shelbyville").await?;
    let elsewhere = district.server.as_role(Role::Registrar, other)?;
    for (client, name) in
        [(&district.registrar, "Adams"), (&admin, "Lincoln"), (&elsewhere, "Adams")]
    {
        let answer =
            client.post("/schools", json!({"name": name})).header("idempotency-key", "k").await?;
        assert_eq!(
            (answer.expect(201)["name"].clone(), answer.header("idempotency-replayed")),
            (json!(name), "")
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_failed_request_leaves_no_trace_and_its_key_can_be_used_again() -> Result<()> {
    let district = District::new().await?;
    let lincoln = district.school("Lincoln").await?;
    let before = district.count(TRACES).await?;
    let ask = || {
        district
            .registrar
            .post("/schools", json!({"name": "lincoln"}))
            .header("idempotency-key", "k")
    };
    ask().await?.problem(409, "conflict");
    assert_eq!(district.count(TRACES).await?, before);
    district.registrar.delete(&lincoln.path).await?.expect(204);
    let answer = ask().await?;
    answer.expect(201);
    assert_eq!(answer.header("idempotency-replayed"), "");
    Ok(())
}

const TRACES: &str =
    "select (select count(*) from kernel.audit) + (select count(*) from kernel.idempotency)
    + (select count(*) from roster.school) + (select count(*) from roster.external_id)";

#[tokio::test]
async fn twenty_at_once_with_one_key_have_one_effect() -> Result<()> {
    let district = District::new().await?;
    let ask = || {
        district
            .registrar
            .post("/schools", json!({"name": "Lincoln"}))
            .header("idempotency-key", "k")
            .into_future()
    };
    let answers = try_join_all((0..20).map(|_| ask())).await?;
    let bodies: Vec<_> =
        answers.iter().filter(|answer| answer.status == 201).map(|answer| &answer.body).collect();
    assert!(!bodies.is_empty() && bodies.iter().all(|body| *body == bodies[0]));
    let fresh = answers
        .iter()
        .filter(|answer| answer.status == 201 && answer.header("idempotency-replayed").is_empty());
    assert_eq!(fresh.count(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        answer.problem(409, "in-progress");
        assert_eq!(answer.header("retry-after"), "1");
    }
    assert_eq!(district.count("select count(*) from roster.school").await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_change_without_a_key_is_refused() -> Result<()> {
    let district = District::new().await?;
    let school = district.school("Lincoln").await?;
    let requests = [
        district.registrar.post("/schools", json!({"name": "Adams"})),
        district.registrar.patch(&school.path, "\"1\"", json!({"name": "Adams"})),
        district.registrar.delete(&school.path),
    ];
    for request in requests {
        request.without("idempotency-key").await?.problem(400, "idempotency-key-missing");
    }
    for key in ["", "\"\"", "\t", &"k".repeat(256)] {
        let request = district.registrar.post("/schools", json!({"name": "Adams"}));
        request.header("idempotency-key", key).await?.problem(400, "idempotency-key-missing");
    }
    let longest = district.registrar.post("/schools", json!({"name": "Adams"}));
    longest.header("idempotency-key", &"k".repeat(255)).await?.expect(201);
    Ok(())
}
