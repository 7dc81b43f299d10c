//! A school begins: what it gets, and what stands in its way.

use anyhow::Result;
use futures::future::try_join_all;
use serde_json::json;

use crate::home::District;

#[tokio::test]
async fn a_new_school_is_answered_read_back_and_announced_without_its_name() -> Result<()> {
    let district = District::new().await?;
    let mut events = district.server.events(district.tenant).await?;
    let refs = json!([{"source": "sis", "value": "42"}, {"source": "erp", "value": "A-7"}]);
    let body = json!({"name": " Lincoln Elementary ", "timezone": "America/Chicago", "externalRefs": refs});
    let answer = district.registrar.post("/schools", body).await?;
    let school = answer.expect(201);
    assert_eq!(
        (&school["name"], &school["status"]),
        (&json!("Lincoln Elementary"), &json!("Active"))
    );
    assert_eq!((&school["version"], answer.etag()), (&json!(1), "\"1\""));
    assert_eq!(school["externalRefs"], json!([refs[1], refs[0]]));

    let read = district.registrar.get(answer.header("location")).await?;
    assert_eq!((read.expect(200), read.etag()), (school.clone(), "\"1\""));
    let event = events.wait_for("SchoolCreated").await?;
    assert_eq!(event["subject"], school["schoolId"]);
    let payload = json!({"schoolId": school["schoolId"], "status": "Active", "timezone": "America/Chicago", "version": 1});
    assert_eq!(event["data"], payload);
    Ok(())
}

#[tokio::test]
async fn a_second_school_of_the_name_is_refused_in_every_spelling() -> Result<()> {
    let district = District::new().await?;
    let first = district.school("Lincoln Straße").await?;
    for name in [
        "Lincoln Straße",
        "LINCOLN STRASSE",
        "\u{3000}lincoln\u{a0}straße ",
        "Ｌｉｎｃｏｌｎ Straße",
    ] {
        let answer = district.registrar.post("/schools", json!({"name": name})).await?;
        let problem = answer.problem(409, "conflict");
        assert_eq!(problem["conflictId"], json!(first.id), "{name}");
        let link = problem["conflict"].as_str().unwrap();
        assert_eq!(district.registrar.get(link).await?.expect(200)["schoolId"], json!(first.id));
    }
    assert_eq!(district.announced().await?, ["TenantProvisioned", "SchoolCreated"]);
    Ok(())
}

#[tokio::test]
async fn one_name_serves_two_schools_that_another_system_tells_apart() -> Result<()> {
    let district = District::new().await?;
    let lincoln = |refs| json!({"name": "Lincoln", "externalRefs": refs});
    let sis = |value| json!({"source": "sis", "value": value});
    let first = district.create(lincoln(json!([sis("1"), sis("2")]))).await?;
    district.create(lincoln(json!([sis("3")]))).await?;
    for refs in [json!([]), json!([sis("2"), sis("4")])] {
        let problem =
            district.registrar.post("/schools", lincoln(refs)).await?.problem(409, "conflict");
        assert!(problem["conflict"].as_str().unwrap().contains("/schools/"));
    }
    let overlap = json!([sis("2"), sis("4")]);
    let answer = district.registrar.post("/schools", lincoln(overlap)).await?;
    assert_eq!(answer.problem(409, "conflict")["conflictId"], json!(first.id));
    Ok(())
}

#[tokio::test]
async fn a_school_without_external_ids_keeps_its_name_from_those_with_some() -> Result<()> {
    let district = District::new().await?;
    let first = district.school("Lincoln").await?;
    let body = json!({"name": "Lincoln", "externalRefs": [{"source": "sis", "value": "1"}]});
    let problem = district.registrar.post("/schools", body).await?.problem(409, "conflict");
    assert_eq!(problem["conflictId"], json!(first.id));
    Ok(())
}

#[tokio::test]
async fn an_external_id_belongs_to_one_school_and_its_case_counts() -> Result<()> {
    let district = District::new().await?;
    let with = |name, source, value| json!({"name": name, "externalRefs": [{"source": source, "value": value}]});
    let first = district.create(with("Lincoln", "sis", "a1")).await?;
    let answer = district.registrar.post("/schools", with("Washington", "sis", "a1")).await?;
    assert_eq!(answer.problem(409, "conflict")["conflictId"], json!(first.id));
    district.create(with("Washington", "sis", "A1")).await?;
    district.create(with("Jefferson", "erp", "a1")).await?;
    assert_eq!(district.names("").await?, ["Jefferson", "Lincoln", "Washington"]);
    Ok(())
}

#[tokio::test]
async fn of_fifty_at_once_of_one_name_exactly_one_wins() -> Result<()> {
    let district = District::new().await?;
    let lincoln = || district.registrar.post("/schools", json!({"name": "Lincoln"})).into_future();
    let answers = try_join_all((0..50).map(|_| lincoln())).await?;
    let won: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert_eq!(won.len(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        assert_eq!(answer.problem(409, "conflict")["conflictId"], won[0].json()["schoolId"]);
    }
    assert_eq!(district.count("select count(*) from roster.school").await?, 1);
    Ok(())
}

#[tokio::test]
async fn of_twenty_at_once_with_one_external_id_exactly_one_wins() -> Result<()> {
    let district = District::new().await?;
    let school = |n| json!({"name": format!("School {n}"), "externalRefs": [{"source": "sis", "value": "1"}]});
    let create = |n| district.registrar.post("/schools", school(n)).into_future();
    let answers = try_join_all((0..20).map(create)).await?;
    let won: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert_eq!(won.len(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        assert_eq!(answer.problem(409, "conflict")["conflictId"], won[0].json()["schoolId"]);
    }
    assert_eq!(district.count("select count(*) from roster.school").await?, 1);
    Ok(())
}

#[tokio::test]
async fn the_same_name_in_another_district_is_no_conflict() -> Result<()> {
    let district = District::new().await?;
    let body = json!({"name": "Lincoln", "externalRefs": [{"source": "sis", "value": "1"}]});
    let first = district.create(body.clone()).await?;
    let other = district.server.district("Shelbyville").await?;
    let registrar = district.server.as_role(kernel::Role::Registrar, other)?;
    let second = registrar.post("/schools", body).await?.expect(201);
    assert_ne!(second["schoolId"], json!(first.id));

    let (foreign, missing) =
        (registrar.get(&first.path).await?, registrar.get(&format!("/schools/{other}")).await?);
    let what = |answer: &testkit::Answer| {
        let mut problem = answer.problem(404, "not-found");
        for varying in ["instance", "traceId", "correlationId"] {
            problem[varying].take();
        }
        problem
    };
    assert_eq!(what(&foreign), what(&missing));
    Ok(())
}
