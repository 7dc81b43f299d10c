//! Exports: all rows, from one moment, safe in a spreadsheet and back again.

use anyhow::Result;
use kernel::Role;
use serde_json::{Value, json};

use crate::home::{District, texts};

const FORMULA: &str = "=HYPERLINK(\"http://evil\")";

async fn district() -> Result<District> {
    let district = District::new().await?;
    let school = district.create(json!({"name": FORMULA})).await?;
    district.create(json!({"name": "'=quoted, twice\"", "externalRefs": [{"source": "sis", "value": "S-1"}]})).await?;
    let body = json!({"givenName": "Ada", "familyName": "Lovelace", "birthDate": "2015-12-10", "schoolIds": [school.id]});
    district.registrar.post("/students", &body).await?.expect(201);
    Ok(district)
}

/// The records of a CSV text, its header first.
fn records(text: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
}

#[tokio::test]
async fn a_cell_is_no_formula_and_loses_nothing() -> Result<()> {
    let district = district().await?;
    let answer = district.registrar.get("/exports/schools").await?;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "text/csv");
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"schools.csv\"");
    let records = records(&answer.text());
    assert_eq!(records[0][..3], ["schoolId", "name", "status"]);
    assert_eq!(records[1][1], format!("'{FORMULA}"));
    assert_eq!(records[2][1], "''=quoted, twice\"");
    assert_eq!(records[2][4], "[{\"source\":\"sis\",\"value\":\"S-1\"}]");
    Ok(())
}

#[tokio::test]
async fn json_lines_are_what_the_operations_of_one_answer() -> Result<()> {
    let district = district().await?;
    for asked in [
        district.registrar.get("/exports/students?format=jsonl"),
        district.registrar.get("/exports/students").header("accept", "application/x-ndjson, */*"),
    ] {
        let answer = asked.await?;
        assert_eq!(answer.header("content-type"), "application/x-ndjson");
        let line: Value = serde_json::from_str(&answer.text())?;
        let path = format!("/students/{}", line["studentId"].as_str().unwrap());
        assert_eq!(district.registrar.get(&path).await?.expect(200), line);
        assert_eq!(line["birthDate"], "2015-12-10");
    }
    let empty = district.registrar.get("/exports/enrollments").await?.text();
    assert!(empty.starts_with("enrollmentId,studentId,") && empty.lines().count() == 1);
    district.registrar.get("/exports/rooms").await?.problem(404, "not-found");
    district.registrar.get("/exports/students?format=xml").await?.problem(400, "malformed");
    Ok(())
}

#[tokio::test]
async fn thousands_of_rows_come_whole_and_only_the_districts_own() -> Result<()> {
    let district = district().await?;
    let other = district.server.district("Shelbyville").await?;
    for tenant in [district.tenant, other] {
        sqlx::query(
            "insert into roster.class (tenant_id, class_id, school_id, name, name_key, term_ids, status, external_refs, version,
               created_at, updated_at)
             select $1, gen_random_uuid(), s.school_id, 'Class ' || n, 'class ' || n, '{}', 'Active', '[]', 1, now(), now()
             from generate_series(1, 4500) n,
                  (select school_id from roster.school where tenant_id = $2 order by school_id limit 1) s",
        )
        .bind(district.tenant.0)
        .bind(tenant.0)
        .execute(&district.server.database.admin)
        .await?;
    }
    let lines = records(&district.registrar.get("/exports/classes").await?.text());
    assert_eq!(lines.len(), 4501);
    let mut ids: Vec<_> = lines[1..].iter().map(|line| line[0].clone()).collect();
    assert!(ids.is_sorted());
    ids.dedup();
    assert_eq!(ids.len(), 4500);
    let theirs = district.server.as_role(Role::Registrar, other)?.get("/exports/classes").await?;
    assert_eq!(theirs.text().lines().count(), 1);
    Ok(())
}

#[tokio::test]
async fn an_export_is_on_record_and_for_few() -> Result<()> {
    let district = district().await?;
    district.registrar.get("/exports/students").await?.text();
    let records = district.audit("?entity=roster.export").await?;
    assert_eq!(records[0]["action"], "roster.export.read");
    assert_eq!(records[0]["after"], json!({"disclosed": ["students"]}));
    for role in [Role::Teacher, Role::SchoolAdmin, Role::Auditor] {
        district.person(role)?.get("/exports/students").await?.problem(403, "forbidden");
    }
    let actions = texts(&Value::from(district.audit("?entity=roster.export").await?), "action");
    assert_eq!(actions.len(), 1);
    Ok(())
}
