//! Requests about schools that cannot be accepted, each with a precise answer and without a trace.

use anyhow::Result;
use serde_json::{Value, json};

use crate::home::{District, texts};

async fn assert_invalid(district: &District, body: Value, expected: &[(&str, &str)]) -> Result<()> {
    let problem = district.registrar.post("/schools", &body).await?.problem(422, "invalid");
    let (pointers, codes) =
        (texts(&problem["errors"], "pointer"), texts(&problem["errors"], "code"));
    let found: Vec<_> =
        pointers.iter().map(String::as_str).zip(codes.iter().map(String::as_str)).collect();
    assert_eq!(found, expected, "{body}");
    Ok(())
}

#[tokio::test]
async fn values_that_no_school_may_have_are_refused_each_with_its_place() -> Result<()> {
    let district = District::new().await?;
    let long = "x".repeat(201);
    for (name, code) in [
        ("", "empty"),
        (" \u{3000} ", "empty"),
        (&long, "too_long"),
        ("a\nb", "control_character"),
        ("a\u{0}", "control_character"),
        ("a\u{10ffff}", "control_character"),
    ] {
        assert_invalid(&district, json!({"name": name}), &[("/name", code)]).await?;
    }
    for zone in ["", "Springfield", "america/chicago", "UTC+2", "../etc/passwd"] {
        let body = json!({"name": "Lincoln", "timezone": zone});
        assert_invalid(&district, body, &[("/timezone", "unknown_zone")]).await?;
    }
    let many: Vec<_> = (0..21).map(|n| json!({"source": "sis", "value": n.to_string()})).collect();
    let body = json!({"name": " ", "timezone": "x", "externalRefs": many});
    let all = [("/name", "empty"), ("/timezone", "unknown_zone"), ("/externalRefs", "too_many")];
    assert_invalid(&district, body, &all).await?;
    assert_eq!(district.count("select count(*) from roster.school").await?, 0);
    Ok(())
}

#[tokio::test]
async fn a_name_of_two_hundred_characters_fits_whatever_its_bytes() -> Result<()> {
    let district = District::new().await?;
    for letter in ["x", "ß", "校", "🏫", "\u{fdfa}"] {
        let name = letter.repeat(200);
        let school = district.school(&name).await?;
        assert_eq!(district.registrar.get(&school.path).await?.expect(200)["name"], json!(name));
    }
    Ok(())
}

#[tokio::test]
async fn a_body_that_is_no_school_is_refused_with_the_place() -> Result<()> {
    let district = District::new().await?;
    for (body, pointer) in [
        (json!({"name": 1}), "/name"),
        (json!({}), ""),
        (json!({"name": "Lincoln", "colour": "red"}), "/colour"),
        (json!({"name": "Lincoln", "externalRefs": [{"source": "sis"}]}), "/externalRefs/0"),
        (json!({"name": "Lincoln", "schoolId": district.tenant}), "/schoolId"),
        (json!([]), ""),
        (json!(["Lincoln", "UTC", []]), ""),
    ] {
        let problem = district.registrar.post("/schools", &body).await?.problem(400, "malformed");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{body}");
    }
    for bytes in
        ["", "{", "{\"name\":\"a\"} x", "{\"name\":\"\\ud800\"}", "{\"name\":\"a\",\"name\":\"b\"}"]
    {
        let request = district.registrar.post("/schools", json!({})).bytes(bytes);
        request.await?.problem(400, "malformed");
    }
    let request = district.registrar.post("/schools", json!({"name": "Lincoln"}));
    request.header("content-type", "text/plain").await?.problem(415, "unsupported-media-type");
    Ok(())
}

#[tokio::test]
async fn a_query_that_the_list_does_not_know_is_refused() -> Result<()> {
    let district = District::new().await?;
    let long = format!("q={}", "x".repeat(256));
    for query in [
        "status=active",
        "sort=id",
        "pageSize=0",
        "pageSize=501",
        "pageSize=-1",
        "page=2",
        "nextToken=",
        "q=%00",
        &long,
        "q=a&q=b",
    ] {
        let answer = district.registrar.get(&format!("/schools?{query}")).await?;
        assert_eq!(answer.status, 400, "{query}: {}", answer.text());
        answer.problem(400, "malformed");
    }
    Ok(())
}

#[tokio::test]
async fn what_is_no_school_is_not_found_before_anything_else_is_said() -> Result<()> {
    let district = District::new().await?;
    for path in ["/schools/1", "/schools/00000000-0000-0000-0000-000000000000", "/schools/%00"] {
        district.registrar.get(path).await?.problem(404, "not-found");
        district.registrar.delete(path).await?.problem(404, "not-found");
        let patch = district.registrar.patch(path, "\"1\"", json!({"colour": "red"}));
        patch.without("if-match").await?.problem(404, "not-found");
    }
    district.registrar.get("/schools/a/b").await?.problem(404, "not-found");
    let put = district.registrar.request(reqwest::Method::PUT, "/schools");
    let answer = put.await?;
    answer.problem(405, "method-not-allowed");
    assert!(answer.header("allow").contains("POST"), "{}", answer.header("allow"));
    Ok(())
}
