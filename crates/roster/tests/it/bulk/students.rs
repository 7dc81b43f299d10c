//! Rows of students.

use anyhow::Result;
use serde_json::{Value, json};

use super::{csv, done, lines, results, run, send, summary};
use crate::home::{District, event_names, texts};

#[tokio::test]
async fn rows_create_change_and_leave_alone_as_single_commands_do() -> Result<()> {
    let district = District::new().await?;
    let refs = json!([{"source": "sis", "value": "S-1"}]);
    let school = district.create(json!({"name": "Adams", "externalRefs": refs})).await?;
    let head = "externalId,givenName,familyName,birthDate,grade,schoolExternalIds\n";
    let first = format!(
        "{head}N-1,Ada,Lovelace,2015-12-10,05,S-1\nN-2,Alan,Turing,,06,S-1\nN-3,Grace,Hopper,,,\n"
    );
    let job = run(&district, "students", &first).await?;
    assert_eq!(job["summary"], summary(3, 0, 0, 0, 0));
    let page = district.registrar.get("/students?q=N-1").await?.expect(200);
    let ada = &page["items"][0];
    assert_eq!(
        (&ada["birthDate"], &ada["grade"], &ada["version"]),
        (&json!("2015-12-10"), &json!("05"), &json!(1))
    );
    assert_eq!(ada["schoolIds"], json!([school.id]));

    let second =
        format!("{head}N-1,Ada,King,,05,S-1\nN-2,Alan,Turing,,06,S-1\nN-4,Edsger,Dijkstra,,,\n");
    let job = run(&district, "students", &second).await?;
    assert_eq!(job["summary"], summary(1, 1, 1, 0, 0));
    let page = district.registrar.get("/students?q=N-1").await?.expect(200);
    let king = &page["items"][0];
    assert_eq!(
        (&king["studentId"], &king["familyName"], &king["birthDate"]),
        (&ada["studentId"], &json!("King"), &Value::Null)
    );

    let events = district.announced().await?;
    let created = ["StudentCreated"; 3];
    let expected = [
        &["TenantProvisioned", "SchoolCreated"][..],
        &created,
        &["BulkJobCompleted", "StudentUpdated", "StudentCreated", "BulkJobCompleted"],
    ]
    .concat();
    assert_eq!(events, expected);
    Ok(())
}

#[tokio::test]
async fn every_change_is_audited_and_carries_the_job_as_correlation() -> Result<()> {
    let district = District::new().await?;
    let job =
        run(&district, "students", "givenName,familyName\nAda,Lovelace\nAlan,Turing\n").await?;
    let records = district.audit("?entity=roster.student").await?;
    assert_eq!(records.len(), 2);
    assert!(records.iter().all(|record| record["correlationId"] == job["jobId"]));
    let feed = district.feed(4).await?;
    assert_eq!(event_names(&feed)[1..], ["StudentCreated", "StudentCreated", "BulkJobCompleted"]);
    assert!(feed[1..].iter().all(|event| event["correlationid"] == job["jobId"]), "{feed:?}");
    Ok(())
}

#[tokio::test]
async fn a_bad_row_fails_alone_and_says_why() -> Result<()> {
    let district = District::new().await?;
    let file = "externalId,givenName,familyName,birthDate,grade,schoolIds\n\
        1,A,B,2015-02-31,,\n2,,B,,,\n3,A,B,,7,\n4,A,B,,,0198f3a0-0000-7000-8000-00000000dead\n5,A,B,,,nowhere\n6,A,B\n7,A,B,,,\n";
    let job = run(&district, "students", file).await?;
    assert_eq!(job["summary"], summary(1, 0, 0, 6, 0));
    let found = results(&district, &job).await?;
    let expected = [
        ("no_date", "birthDate: A day of the calendar as YYYY-MM-DD."),
        ("empty", "givenName: Must not be empty."),
        ("unknown_grade", "grade: One of:"),
        ("unknown", "schoolIds: There is no such school here."),
        ("wrong_shape", "schoolIds: "),
        ("wrong_cells", "Line 7: 3 cells, but 6 columns."),
    ];
    for ((status, code, message), (wanted, said)) in found.iter().zip(expected) {
        assert_eq!((status.as_str(), code.as_str()), ("Failed", wanted), "{message}");
        assert!(message.starts_with(said), "{message}");
    }
    assert_eq!(found[6].0, "Succeeded");
    Ok(())
}

#[tokio::test]
async fn json_lines_are_rows_and_their_faults_have_places() -> Result<()> {
    let district = District::new().await?;
    let file = "{\"givenName\":\"Ada\",\"familyName\":\"Lovelace\",\"externalId\":\"1\"}\n\n\
        {\"givenName\":\"A\",\"givenName\":\"B\"}\n{\"nickname\":\"A\"}\n{\"givenName\":1}\n{\"givenName\":\"A\nnot json\n";
    let answer =
        send(&district.registrar, "/bulk/students?source=sis", "application/jsonl", file).await?;
    let job = done(&district.registrar, &answer).await?;
    assert_eq!((&job["totalRows"], &job["failedRows"]), (&json!(6), &json!(5)));
    let found = results(&district, &job).await?;
    let codes: Vec<_> = found.iter().map(|(_, code, _)| code.as_str()).collect();
    assert_eq!(codes, ["", "wrong_shape", "wrong_shape", "wrong_shape", "not_json", "not_json"]);
    assert!(found[1].2.contains("duplicate field `givenName`"), "{}", found[1].2);
    assert!(found[3].2.starts_with("givenName: "), "{}", found[3].2);
    Ok(())
}

#[tokio::test]
async fn what_is_there_twice_is_told_by_the_number_of_the_first_row() -> Result<()> {
    let district = District::new().await?;
    let many = lines(10..1_010, |n| format!("{n},A,B"));
    let file = format!("externalId,givenName,familyName\n1,A,B\n1,A,C\n{many}1,A,D\n");
    let job = run(&district, "students", &file).await?;
    assert_eq!(job["summary"], summary(1_001, 0, 0, 0, 2));
    let path = format!("/bulk/jobs/{}/results?status=Skipped", job["jobId"].as_str().unwrap());
    let page = district.registrar.get(&path).await?.expect(200);
    assert_eq!(texts(&page["items"], "errorCode"), ["duplicate_row"; 2]);
    assert_eq!(page["items"][1]["errorMessage"], "Row 1 names the same; this row was left out.");
    assert_eq!(page["items"][1]["rowNumber"], 1_003);
    let student = district.registrar.get("/students?q=1&pageSize=1").await?.expect(200);
    assert_eq!(student["items"][0]["familyName"], "B");
    Ok(())
}

#[tokio::test]
async fn a_row_names_its_student_by_our_id_too() -> Result<()> {
    let district = District::new().await?;
    let made = district
        .registrar
        .post("/students", json!({"givenName": "Ada", "familyName": "Lovelace"}))
        .await?;
    let id = made.expect(201)["studentId"].as_str().unwrap().to_owned();
    // With nothing but our ids no source is needed; with one, the student gets its id.
    let file = format!("studentId,grade\n{id},05\n{},05\n", district.tenant);
    let answer = send(&district.registrar, "/bulk/students", "text/csv", &file).await?;
    let job = done(&district.registrar, &answer).await?;
    assert_eq!(job["summary"], summary(0, 1, 0, 1, 0));
    assert_eq!(results(&district, &job).await?[1].2, "studentId: There is no such student here.");
    run(&district, "students", &format!("studentId,externalId\n{id},N-1\n")).await?;
    let job = run(&district, "students", "externalId,givenName\nN-1,Augusta\n").await?;
    assert_eq!(job["summary"], summary(0, 1, 0, 0, 0));
    let student = district.registrar.get(&format!("/students/{id}")).await?.expect(200);
    assert_eq!((&student["givenName"], &student["grade"]), (&json!("Augusta"), &json!("05")));
    Ok(())
}

#[tokio::test]
async fn an_external_id_that_somebody_else_has_fails_the_row() -> Result<()> {
    let district = District::new().await?;
    run(&district, "students", "externalId,givenName,familyName\n1,A,B\n2,C,D\n").await?;
    let page = district.registrar.get("/students?q=1").await?.expect(200);
    let id = page["items"][0]["studentId"].as_str().unwrap();
    let file = format!("studentId,externalId\n{id},2\n");
    let job = run(&district, "students", &file).await?;
    assert_eq!(results(&district, &job).await?[0].1, "conflict");
    Ok(())
}

#[tokio::test]
async fn two_districts_with_equal_external_ids_do_not_meet() -> Result<()> {
    let first = District::new().await?;
    let other = first.server.district("Shelbyville").await?;
    let registrar = first.server.as_role(kernel::Role::Registrar, other)?;
    let file = "externalId,givenName,familyName\n1,A,B\n2,C,D\n";
    let (own, theirs) = tokio::try_join!(
        csv(&first.registrar, "students", file),
        csv(&registrar, "students", file)
    )?;
    assert_eq!(done(&first.registrar, &own).await?["summary"], summary(2, 0, 0, 0, 0));
    assert_eq!(done(&registrar, &theirs).await?["summary"], summary(2, 0, 0, 0, 0));
    registrar
        .get(&own.header("location").replace(&first.tenant.to_string(), &other.to_string()))
        .await?
        .problem(404, "not-found");
    Ok(())
}
