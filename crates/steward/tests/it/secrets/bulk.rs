//! Files of people: who stands in them is seen by nobody but those who may read them.

use anyhow::{Context, Result};
use kernel::Role;
use serde_json::Value;
use testkit::planted::Planted;
use testkit::{Answer, Client, Events, Process};

use crate::{
    process::{DEADLINE, folder, until},
    serve,
};

const GIVEN: &str = "Plantedgiven";
const FAMILY: &str = "Plantedfamily";
const NUMBER: &str = "PLANTED-NUMBER-7";
const BORN: &str = "2015-12-10";
const MAIL: &str = "planted.teacher@school.example";

fn planted() -> Planted {
    let people = Planted::default().and("a given name", GIVEN).and("a family name", FAMILY);
    people.and("a student number", NUMBER).and("a birth date", BORN).and("an e-mail address", MAIL)
}

/// Files that are done, with rows that are right and rows that are wrong in every way that could be quoted.
fn files() -> [(&'static str, &'static str, String); 4] {
    let students = format!(
        "externalId,givenName,familyName,birthDate,grade\n{NUMBER},{GIVEN},{FAMILY},{BORN},05\n\
         {NUMBER},{GIVEN},{FAMILY},{BORN},05\n{NUMBER}-2,{GIVEN},{FAMILY},{BORN}{NUMBER},\n{NUMBER}-3,{GIVEN},{FAMILY},,{NUMBER}\n\
         {NUMBER}-4,\"{GIVEN}\n\",{FAMILY},,\n{NUMBER},{GIVEN}\n"
    );
    let lines = format!(
        "{{\"externalId\":\"{NUMBER}-5\",\"givenName\":\"{GIVEN}\",\"familyName\":\"{FAMILY}\",\"birthDate\":\"{BORN}\"}}\n\
         {{\"givenName\":{{\"{GIVEN}\":1}}}}\n{{\"{FAMILY}\":1}}\n{{\"givenName\":\"{GIVEN}\n[\"{NUMBER}\"]\n{{\"studentId\":\"{NUMBER}\"}}\n"
    );
    let teachers = format!(
        "externalId,givenName,familyName,email,staffType\n{NUMBER},{GIVEN},{FAMILY},{MAIL},\n\
         {NUMBER}-2,{GIVEN},{FAMILY},{MAIL} {MAIL},\n{NUMBER}-3,{GIVEN},{FAMILY},,{MAIL}\n"
    );
    let enrollments = format!(
        "studentExternalId,classExternalId,effectiveStart\n{NUMBER},{FAMILY},{BORN}\n{NUMBER},,{MAIL}\n"
    );
    [
        ("students", "text/csv", students),
        ("students", "application/jsonl", lines),
        ("teachers", "text/csv", teachers),
        ("enrollments", "text/csv", enrollments),
    ]
}

async fn sent(client: &Client, what: &str, kind: &str, file: impl Into<Vec<u8>>) -> Result<Answer> {
    let path = format!("/bulk/{what}?source=sis");
    client.post(&path, ()).header("content-type", kind).bytes(file).await
}

/// Waits for the end of a job; its results as JSON and as CSV.
async fn results(client: &Client, accepted: &Answer) -> Result<String> {
    let path = accepted.header("location").to_owned();
    until("the job is completed", DEADLINE, async || {
        client.get(&path).await.unwrap().expect(200)["status"] == "Completed"
    })
    .await;
    let path = format!("{path}/results");
    let (json, csv) =
        (client.get(&path).await?, client.get(&path).header("accept", "text/csv").await?);
    Ok(json.text() + &csv.text())
}

#[tokio::test]
async fn who_stands_in_a_file_is_shown_by_nothing_that_happens_to_it() -> Result<()> {
    let (folder, planted) = (folder(), planted());
    let server = Process::start(folder.path(), ["--log-level", "debug"]).await?;
    let district = serve::district(&server).await?;
    let client = |role| -> Result<Client> {
        let token = server.token(role, Some(district))?;
        Ok(Client::new(&server.run().http)?.with_token(token).in_tenant(district))
    };
    let (registrar, auditor) = (client(Role::Registrar)?, client(Role::Auditor)?);
    let everything = format!("steward/{district}/#");
    let mut events = Events::subscribe(folder.path(), &server.run().mqtt, &everything).await?;
    for (what, kind, file) in files() {
        let accepted = sent(&registrar, what, kind, file).await?;
        planted.are_absent("a job", &accepted.text());
        planted.are_absent("a result", &results(&registrar, &accepted).await?);
        events.wait_for("BulkJobCompleted").await?;
    }
    let refused: [(&str, Vec<u8>); 4] = [
        ("text/csv", format!("{NUMBER},{FAMILY}\n{GIVEN},{MAIL}\n").into_bytes()),
        ("text/csv", format!("externalId,givenName\n{NUMBER},\"{GIVEN}\n").into_bytes()),
        (
            "text/csv",
            [format!("externalId,givenName\n{NUMBER},{GIVEN}").as_bytes(), b"\xe9\n"].concat(),
        ),
        ("application/jsonl", format!("[{{\"givenName\":\"{GIVEN}\"}}]").into_bytes()),
    ];
    for (kind, file) in refused {
        let problem = sent(&registrar, "students", kind, file).await?;
        problem.problem(400, "malformed");
        planted.are_absent("a problem", &problem.text());
    }
    let seen = events.wait_for_count(1).await?.to_vec();
    assert!(seen.iter().any(|event| event["type"] == "lms.roster.v1.StudentCreated"), "{seen:?}");
    planted.are_absent("an event", &Value::from(seen).to_string());
    for page in ["/feed/roster", "/audit", "/bulk/jobs"] {
        planted.are_absent(page, &auditor.get(page).await?.text());
    }
    let metrics = Client::new(&server.run().http)?.get("/metrics").await?.text();
    let rows = metrics.lines().find(|line| line.starts_with("bulk_job_rows_total"));
    rows.context("no rows were counted")?;
    planted.are_absent("a metric", &metrics);
    planted.are_absent("the log", &server.log());
    assert!(server.stop().await?.success());
    Ok(())
}
