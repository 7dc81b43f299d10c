//! Terms: parts of a school year, and parts of parts.

use anyhow::Result;
use kernel::Role;
use serde_json::{Value, json};

use crate::home::{District, path_of, texts};

fn fall() -> Value {
    json!({"title": "Fall", "type": "semester", "startDate": "2026-08-17", "endDate": "2026-12-18", "schoolYear": 2027})
}

fn with(mut term: Value, field: &str, value: impl Into<Value>) -> Value {
    term[field] = value.into();
    term
}

#[tokio::test]
async fn a_term_is_answered_read_back_changed_and_announced_without_its_title() -> Result<()> {
    let district = District::new().await?;
    let mut events = district.server.events(district.tenant).await?;
    let made = district.registrar.post("/terms", fall()).await?;
    let term = made.expect(201);
    assert_eq!((&term["startDate"], &term["version"]), (&json!("2026-08-17"), &json!(1)));
    assert_eq!(district.registrar.get(made.header("location")).await?.expect(200), term);

    let path = path_of(&term, "terms");
    let patch = json!({"endDate": "2026-12-23", "title": "Fall term"});
    let changed = district.registrar.patch(&path, made.etag(), &patch).await?.expect(200);
    assert_eq!((&changed["endDate"], &changed["version"]), (&json!("2026-12-23"), &json!(2)));
    let event = events.wait_for("TermUpdated").await?;
    let payload = json!({"termId": term["termId"], "type": "semester", "startDate": "2026-08-17", "endDate": "2026-12-23",
        "parentId": null, "schoolYear": 2027, "version": 2});
    assert_eq!(event["data"], payload);
    Ok(())
}

#[tokio::test]
async fn days_that_are_none_and_terms_that_cannot_be_are_refused_each_with_its_place() -> Result<()>
{
    let district = District::new().await?;
    for (body, pointer, code) in [
        (with(fall(), "startDate", "2026-02-31"), "/startDate", "no_date"),
        (with(fall(), "startDate", "2026-8-17"), "/startDate", "no_date"),
        (with(fall(), "endDate", "20261218"), "/endDate", "no_date"),
        (with(fall(), "endDate", "2026-12-18T00:00"), "/endDate", "no_date"),
        (with(fall(), "endDate", "2026-08-16"), "/endDate", "before_start"),
        (with(fall(), "schoolYear", 27), "/schoolYear", "out_of_range"),
        (with(fall(), "title", " "), "/title", "empty"),
        (with(fall(), "parentId", district.tenant.to_string()), "/parentId", "unknown"),
    ] {
        let problem = district.registrar.post("/terms", &body).await?.problem(422, "invalid");
        let error = &problem["errors"][0];
        assert_eq!((&error["pointer"], &error["code"]), (&json!(pointer), &json!(code)), "{body}");
    }
    let unknown = with(fall(), "type", "quarter");
    let problem = district.registrar.post("/terms", unknown).await?.problem(400, "malformed");
    assert_eq!(problem["errors"][0]["pointer"], "/type");
    assert_eq!(district.count("select count(*) from roster.term").await?, 0);
    Ok(())
}

#[tokio::test]
async fn terms_are_parts_of_others_but_never_of_themselves() -> Result<()> {
    let district = District::new().await?;
    let mut chain = Vec::new();
    let mut body = with(fall(), "type", "schoolYear");
    for _ in 0..8 {
        let term = district.registrar.post("/terms", &body).await?.expect(201);
        body["parentId"] = term["termId"].clone();
        chain.push(term);
    }
    let refused = district.registrar.post("/terms", &body).await?.problem(422, "invalid");
    assert_eq!(refused["errors"][0]["code"], "too_deep");
    for below in [&chain[0], &chain[1], &chain[7]] {
        let patch = json!({"parentId": below["termId"]});
        let answer = district.registrar.patch(&path_of(&chain[0], "terms"), "\"1\"", patch).await?;
        assert_eq!(answer.problem(422, "invalid")["errors"][0]["code"], "cycle");
    }
    let free = json!({"parentId": null});
    let path = path_of(&chain[7], "terms");
    let freed = district.registrar.patch(&path, "\"1\"", free).await?.expect(200);
    assert_eq!(freed["parentId"], Value::Null);
    Ok(())
}

#[tokio::test]
async fn of_two_who_put_terms_into_each_other_one_is_refused() -> Result<()> {
    let district = District::new().await?;
    let first = district.registrar.post("/terms", fall()).await?.expect(201);
    let second = district.registrar.post("/terms", fall()).await?.expect(201);
    let into = |inner: &Value, outer: &Value| {
        let patch = json!({"parentId": outer["termId"]});
        district.registrar.patch(&path_of(inner, "terms"), "\"1\"", patch).into_future()
    };
    let (one, other) = tokio::join!(into(&first, &second), into(&second, &first));
    let mut statuses = [one?.status, other?.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 422]);
    Ok(())
}

#[tokio::test]
async fn terms_are_listed_by_title_type_and_parent_for_every_role_of_a_school() -> Result<()> {
    let district = District::new().await?;
    let year = with(with(fall(), "type", "schoolYear"), "title", "2026-27");
    let year = district.registrar.post("/terms", year).await?.expect(201);
    let part = with(fall(), "parentId", year["termId"].clone());
    district.registrar.post("/terms", part).await?.expect(201);
    let teacher = district.person(Role::Teacher)?;
    for (query, titles) in [
        ("", &["2026-27", "Fall"][..]),
        ("?type=semester", &["Fall"]),
        (&format!("?parentId={}", year["termId"].as_str().unwrap()), &["Fall"]),
        ("?q=FA", &["Fall"]),
        ("?q=x", &[]),
    ] {
        let page = teacher.get(&format!("/terms{query}")).await?.expect(200);
        assert_eq!(texts(&page["items"], "title"), titles, "{query}");
    }
    teacher.post("/terms", fall()).await?.problem(403, "forbidden");
    Ok(())
}
