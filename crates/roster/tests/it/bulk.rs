//! Bulk jobs: files of rows, taken whole, done row by row.

mod enrollments;
mod files;
mod students;
mod teachers;

use std::ops::Range;

use anyhow::{Result, ensure};
use kernel::Role;
use serde_json::{Value, json};
use testkit::{Answer, Client};

use crate::home::{District, eventually};

/// Sends a file.
async fn send(client: &Client, path: &str, content_type: &str, file: &str) -> Result<Answer> {
    let request = client.post(path, ()).header("content-type", content_type);
    request.bytes(file).await
}

/// Sends CSV whose external ids are from `sis`.
async fn csv(client: &Client, what: &str, file: &str) -> Result<Answer> {
    send(client, &format!("/bulk/{what}?source=sis"), "text/csv", file).await
}

/// Waits for the end of the job that was accepted.
async fn done(client: &Client, accepted: &Answer) -> Result<Value> {
    let path = accepted.header("location").to_owned();
    ensure!(accepted.expect(202)["status"] != "Failed", "{}", accepted.text());
    let mut job = Value::Null;
    eventually("the job is over", async || {
        job = client.get(&path).await?.expect(200);
        Ok(["Completed", "Failed"].contains(&job["status"].as_str().unwrap_or_default()))
    })
    .await?;
    Ok(job)
}

/// Sends CSV as the registrar and waits for the end of the job.
async fn run(district: &District, what: &str, file: &str) -> Result<Value> {
    done(&district.registrar, &csv(&district.registrar, what, file).await?).await
}

/// The results of a job, each as status, error code and error message.
async fn results(district: &District, job: &Value) -> Result<Vec<(String, String, String)>> {
    let path = format!("/bulk/jobs/{}/results", job["jobId"].as_str().unwrap_or_default());
    let page = district.registrar.get(&path).await?.expect(200);
    let text = |row: &Value, field: &str| row[field].as_str().unwrap_or_default().to_owned();
    let rows = page["items"].as_array().into_iter().flatten();
    Ok(rows.map(|r| (text(r, "status"), text(r, "errorCode"), text(r, "errorMessage"))).collect())
}

/// A line for each number.
fn lines(numbers: Range<u32>, line: impl Fn(u32) -> String) -> String {
    numbers.map(line).collect::<Vec<_>>().join("\n") + "\n"
}

fn summary(created: u32, updated: u32, unchanged: u32, failed: u32, skipped: u32) -> Value {
    json!({"created": created, "updated": updated, "unchanged": unchanged, "failed": failed, "skipped": skipped})
}

#[tokio::test]
async fn results_are_pages_of_json_or_one_csv() -> Result<()> {
    let district = District::new().await?;
    let rows = lines(1..1_204, |n| format!("Given {n},{}", if n == 7 { "" } else { "F" }));
    let job = run(&district, "students", &format!("givenName,familyName\n{rows}")).await?;
    assert_eq!(job["summary"], summary(1_202, 0, 0, 1, 0));
    let path = format!("/bulk/jobs/{}/results", job["jobId"].as_str().unwrap());
    let (mut numbers, mut token) = (Vec::new(), String::new());
    loop {
        let page =
            district.registrar.get(&format!("{path}?pageSize=500{token}")).await?.expect(200);
        numbers.extend(
            page["items"].as_array().unwrap().iter().map(|r| r["rowNumber"].as_u64().unwrap()),
        );
        let Some(next) = page["nextToken"].as_str() else { break };
        token = format!("&nextToken={next}");
    }
    assert_eq!(numbers, (1..=1_203).collect::<Vec<_>>());
    let failed = district.registrar.get(&format!("{path}?status=Failed")).await?.expect(200);
    assert_eq!(failed["items"][0]["rowNumber"], 7);
    let answer = district.registrar.get(&path).header("accept", "text/csv").await?;
    let text = answer.text();
    let lines: Vec<_> = text.split("\r\n").collect();
    assert_eq!((lines[0], lines.len()), ("rowNumber,status,id,errorCode,errorMessage", 1_205));
    assert_eq!(lines[7], "7,Failed,,empty,familyName: Must not be empty.");
    Ok(())
}

#[tokio::test]
async fn jobs_are_listed_newest_first_and_a_school_admin_sees_their_own() -> Result<()> {
    let district = District::new().await?;
    let (adams, baker) = (district.school("Adams").await?, district.school("Baker").await?);
    district.employ(Role::SchoolAdmin, &[&adams]).await?;
    let principal = district.person(Role::SchoolAdmin)?;
    run(&district, "students", "givenName,familyName\nA,B\n").await?;
    let file = format!(
        "externalId,givenName,familyName,schoolIds\n1,A,B,{}\n2,A,B,{}\n3,A,B,\n",
        adams.id, baker.id
    );
    let job = done(&principal, &csv(&principal, "students", &file).await?).await?;
    assert_eq!(job["summary"], summary(1, 0, 0, 2, 0));
    let own = principal.get("/bulk/jobs").await?.expect(200);
    assert_eq!(own["items"], json!([job]));
    let all = district.registrar.get("/bulk/jobs").await?.expect(200);
    assert_eq!(all["items"].as_array().unwrap().len(), 2);
    assert_eq!(all["items"][0], job);
    // What a colleague's file says of a student of another school is not for them to change.
    let theirs = run(
        &district,
        "students",
        &format!("externalId,givenName,familyName,schoolIds\n9,A,B,{}\n", baker.id),
    )
    .await?;
    let answer = csv(&principal, "students", "externalId,grade\n9,07\n").await?;
    assert_eq!(done(&principal, &answer).await?["failedRows"], 1);
    let path = format!("/bulk/jobs/{}", theirs["jobId"].as_str().unwrap());
    principal.get(&path).await?.problem(404, "not-found");
    Ok(())
}

#[tokio::test]
async fn the_same_file_is_the_same_job_also_when_it_is_sent_at_once() -> Result<()> {
    let district = District::new().await?;
    let file = "externalId,givenName,familyName\n1,A,B\n2,C,D\n";
    let sent = (0..8).map(|_| csv(&district.registrar, "students", file));
    let answers = futures::future::try_join_all(sent).await?;
    let job = done(&district.registrar, &answers[0]).await?;
    for answer in &answers {
        assert_eq!(answer.expect(202)["jobId"], job["jobId"]);
    }
    let again = csv(&district.registrar, "students", file).await?.expect(202);
    assert_eq!((&again["jobId"], &again["status"]), (&job["jobId"], &json!("Completed")));
    assert_eq!(district.count("select count(*) from roster.student").await?, 2);
    assert_eq!(district.count("select count(*) from roster.bulk_chunk").await?, 0);
    let other = send(&district.registrar, "/bulk/students?source=other", "text/csv", file).await?;
    assert_ne!(other.expect(202)["jobId"], job["jobId"]);
    Ok(())
}

#[tokio::test]
async fn a_key_stands_for_the_file_and_lasts_seven_days() -> Result<()> {
    let district = District::new().await?;
    let post = |file: &str| {
        let request = district.registrar.post("/bulk/students?source=sis", ());
        request.header("content-type", "text/csv").header("idempotency-key", "k").bytes(file)
    };
    let first = post("externalId,givenName,familyName\n1,A,B\n").await?;
    let again = post("externalId,givenName,familyName\n1,A,B\n").await?;
    assert_eq!((again.header("idempotency-replayed"), &again.body), ("true", &first.body));
    post("externalId,givenName,familyName\n1,A,C\n").await?.problem(422, "idempotency-key-reused");
    let days = "select (extract(epoch from expires_at) / 86400 - extract(epoch from '2026-09-01T08:00:00Z'::timestamptz) / 86400)::bigint
                from kernel.idempotency where key = 'k'";
    assert_eq!(district.count(days).await?, 7);
    Ok(())
}

#[tokio::test]
async fn a_job_is_forgotten_when_its_thirty_days_are_over() -> Result<()> {
    let district = District::new().await?;
    let job = run(&district, "students", "givenName,familyName\nA,B\n").await?;
    let path = format!("/bulk/jobs/{}", job["jobId"].as_str().unwrap());
    district.server.clock.advance(jiff::SignedDuration::from_hours(24 * 30 + 1));
    let registrar = district.person(Role::Registrar)?;
    eventually("the job is gone", async || Ok(registrar.get(&path).await?.status == 404)).await?;
    assert_eq!(district.count("select count(*) from roster.bulk_job_result").await?, 0);
    assert_eq!(district.count("select count(*) from roster.student").await?, 1);
    Ok(())
}
