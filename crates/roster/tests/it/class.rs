//! Classes: the same name many times, at least one term, in an active school.

use anyhow::Result;
use kernel::Role;
use serde_json::{Value, json};

use crate::home::{District, path_of, texts};

#[tokio::test]
async fn a_class_is_answered_read_back_and_announced_without_names_and_external_ids() -> Result<()>
{
    let district = District::new().await?;
    let mut events = district.server.events(district.tenant).await?;
    let (school, term) = (district.school("Adams").await?, district.term("Fall").await?);
    let body = json!({"schoolId": school.id, "name": "Algebra 1", "termIds": [term, term], "subject": "Mathematics",
        "course": {"title": "Algebra", "code": "MAT-1"}, "externalRefs": [{"source": "sis", "value": "C-1"}]});
    let made = district.registrar.post("/classes", &body).await?;
    let class = made.expect(201);
    assert_eq!((&class["termIds"], &class["course"]), (&json!([term]), &body["course"]));
    assert_eq!(district.registrar.get(made.header("location")).await?.expect(200), class);
    let event = events.wait_for("ClassCreated").await?;
    let payload = json!({"classId": class["classId"], "schoolId": school.id, "termIds": [term], "subject": "Mathematics",
        "status": "Active", "version": 1});
    assert_eq!(event["data"], payload);
    Ok(())
}

#[tokio::test]
async fn six_sections_of_one_name_are_normal_but_an_external_id_is_taken_once() -> Result<()> {
    let district = District::new().await?;
    let (school, term) = (district.school("Adams").await?, district.term("Fall").await?);
    for n in 0..6 {
        let refs = json!([{"source": "sis", "value": format!("C-{n}")}]);
        let body = json!({"schoolId": school.id, "name": "Algebra 1", "termIds": [term], "externalRefs": refs});
        district.registrar.post("/classes", body).await?.expect(201);
    }
    let page = district.registrar.get("/classes?q=algebra&pageSize=4").await?.expect(200);
    assert_eq!(page["items"].as_array().unwrap().len(), 4);
    let rest = format!("/classes?q=algebra&nextToken={}", page["nextToken"].as_str().unwrap());
    let rest = district.registrar.get(&rest).await?.expect(200);
    assert_eq!(rest["items"].as_array().unwrap().len(), 2);
    let found = district.registrar.get("/classes?q=C-3").await?.expect(200);
    assert_eq!(found["items"].as_array().unwrap().len(), 1);

    let taken = json!({"externalRefs": [{"source": "sis", "value": "C-0"}]});
    let other = path_of(&found["items"][0], "classes");
    let answer = district.registrar.patch(&other, "\"1\"", taken).await?;
    let link = answer.problem(409, "conflict")["conflict"].as_str().unwrap().to_owned();
    assert_eq!(district.registrar.get(&link).await?.expect(200)["externalRefs"][0]["value"], "C-0");
    Ok(())
}

#[tokio::test]
async fn classes_that_cannot_be_are_refused_each_with_its_place() -> Result<()> {
    let district = District::new().await?;
    let (school, term) = (district.school("Adams").await?, district.term("Fall").await?);
    let good = json!({"schoolId": school.id, "name": "Algebra", "termIds": [term]});
    let many: Vec<_> = (0..21).map(|_| term).collect();
    for (field, value, pointer, code) in [
        ("schoolId", json!(term), "/schoolId", "unknown"),
        ("termIds", json!([]), "/termIds", "empty"),
        ("termIds", json!(many), "/termIds", "too_many"),
        ("termIds", json!([school.id]), "/termIds", "unknown"),
        ("name", json!("x".repeat(201)), "/name", "too_long"),
        ("subject", json!(""), "/subject", "empty"),
        ("course", json!({"title": "a\nb"}), "/course/title", "control_character"),
        ("course", json!({"code": "x".repeat(65)}), "/course/code", "too_long"),
    ] {
        let mut body = good.clone();
        body[field] = value;
        let problem = district.registrar.post("/classes", &body).await?.problem(422, "invalid");
        let error = &problem["errors"][0];
        assert_eq!((&error["pointer"], &error["code"]), (&json!(pointer), &json!(code)), "{body}");
    }
    district.registrar.delete(&school.path).await?.expect(204);
    district.registrar.post("/classes", good).await?.problem(409, "conflict");
    assert_eq!(district.count("select count(*) from roster.class").await?, 0);
    Ok(())
}

#[tokio::test]
async fn classes_are_filtered_by_school_term_and_status() -> Result<()> {
    let district = District::new().await?;
    let (adams, lincoln) = (district.school("Adams").await?, district.school("Lincoln").await?);
    let (fall, spring) = (district.term("Fall").await?, district.term("Spring").await?);
    district.class(&adams, "A", &[fall]).await?;
    let both = district.class(&adams, "B", &[fall, spring]).await?;
    district.class(&lincoln, "C", &[spring]).await?;
    district.registrar.delete(&format!("/classes/{both}")).await?.expect(204);
    for (query, names) in [
        (format!("schoolId={}", adams.id), &["A", "B"][..]),
        (format!("termId={spring}"), &["B", "C"]),
        (format!("termId={spring}&status=Active&sort=-name"), &["C"]),
        (format!("termId={spring}&schoolId={}&q=b", adams.id), &["B"]),
        ("status=Archived".to_owned(), &["B"]),
    ] {
        let page = district.registrar.get(&format!("/classes?{query}")).await?.expect(200);
        assert_eq!(texts(&page["items"], "name"), names, "{query}");
    }
    Ok(())
}

#[tokio::test]
async fn a_class_changes_its_terms_but_not_its_school_and_not_once_archived() -> Result<()> {
    let district = District::new().await?;
    let school = district.school("Adams").await?;
    let (fall, spring) = (district.term("Fall").await?, district.term("Spring").await?);
    let path = format!("/classes/{}", district.class(&school, "A", &[fall]).await?);
    let moved = district.registrar.patch(&path, "\"1\"", json!({"schoolId": school.id})).await?;
    assert_eq!(moved.problem(400, "malformed")["errors"][0]["pointer"], "/schoolId");
    let patch = json!({"termIds": [spring], "subject": "Art"});
    let changed = district.registrar.patch(&path, "\"1\"", &patch).await?.expect(200);
    assert_eq!(changed["termIds"], json!([spring]));
    let none = district.registrar.get(&format!("/classes?termId={fall}")).await?.expect(200);
    assert_eq!(none["items"], json!([]));
    let cleared = district.registrar.patch(&path, "\"2\"", json!({"subject": null})).await?;
    assert_eq!(cleared.expect(200)["subject"], Value::Null);
    district.registrar.patch(&path, "\"1\"", &patch).await?.problem(412, "precondition-failed");
    district.registrar.delete(&path).await?.expect(204);
    district.registrar.delete(&path).await?.expect(204);
    district.registrar.patch(&path, "\"4\"", patch).await?.problem(409, "conflict");
    Ok(())
}

#[tokio::test]
async fn a_school_admin_keeps_the_classes_of_their_own_schools() -> Result<()> {
    let district = District::new().await?;
    let (adams, lincoln) = (district.school("Adams").await?, district.school("Lincoln").await?);
    let term = district.term("Fall").await?;
    district.employ(Role::SchoolAdmin, &[&adams]).await?;
    let head = district.person(Role::SchoolAdmin)?;
    let foreign = format!("/classes/{}", district.class(&lincoln, "Theirs", &[term]).await?);
    let body = |school| json!({"schoolId": school, "name": "Ours", "termIds": [term]});
    let own = head.post("/classes", body(adams.id)).await?.expect(201);
    head.post("/classes", body(lincoln.id)).await?.problem(422, "invalid");
    head.get(&foreign).await?.problem(404, "not-found");
    head.patch(&foreign, "\"1\"", json!({"name": "Mine"})).await?.problem(404, "not-found");
    head.delete(&foreign).await?.problem(404, "not-found");
    let page = head.get("/classes").await?.expect(200);
    assert_eq!(texts(&page["items"], "classId"), [own["classId"].as_str().unwrap()]);
    Ok(())
}
