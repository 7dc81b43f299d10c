//! Imports and exports of OneRoster packages over HTTP.

mod differences;
mod faults;
mod held;
mod package;
mod round_trip;

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use kernel::{Role, TenantId};
use serde_json::{Value, json};
use testkit::{Answer, Client, Person, Server};

pub(crate) use package::Package;

/// The largest import of these stories, without optimisation and beside others.
const DEADLINE: Duration = Duration::from_mins(2);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// A district without anything, and the registrar who imports into it.
pub(crate) struct Importing {
    pub(crate) server: Server,
    pub(crate) tenant: TenantId,
    pub(crate) registrar: Client,
}

impl Importing {
    pub(crate) async fn new() -> Result<Self> {
        let server = Server::start().await?;
        let tenant = server.district("Springfield").await?;
        let registrar = server.as_role(Role::Registrar, tenant)?;
        Ok(Self { server, tenant, registrar })
    }

    /// Somebody of a role who did not ask for the import.
    pub(crate) fn another(&self, role: Role) -> Result<Client> {
        let person =
            Person { subject: "somebody-else".to_owned(), ..Person::with(role, &[self.tenant]) };
        Ok(self.server.as_person(&person)?.in_tenant(self.tenant))
    }

    /// Imports a package of `sis` and waits until it is over or held.
    pub(crate) async fn import(&self, package: impl Into<Vec<u8>>) -> Result<Value> {
        import(&self.registrar, "source=sis", package).await
    }

    /// One number from the database.
    pub(crate) async fn count(&self, sql: &'static str) -> Result<i64> {
        Ok(sqlx::query_scalar(sql).fetch_one(&self.server.database.admin).await?)
    }

    /// How many events the roster has announced, or is about to.
    pub(crate) async fn events(&self) -> Result<i64> {
        let sql = "select (select count(*) from kernel.event where context = 'roster')
                        + (select count(*) from kernel.outbox where context = 'roster')";
        self.count(sql).await
    }

    /// The results of a job.
    pub(crate) async fn faults(&self, job: &Value) -> Result<Vec<String>> {
        let path = format!("/bulk/jobs/{}/results?pageSize=500", job["jobId"].as_str().unwrap());
        let page = self.registrar.get(&path).await?.expect(200);
        let text = |row: &Value| {
            let [file, column, code] = ["file", "column", "errorCode"]
                .map(|f| row[f].as_str().unwrap_or_default().to_owned());
            format!("{file}:{}:{column} {code}", row["line"])
        };
        Ok(page["items"].as_array().unwrap().iter().map(text).collect())
    }
}

/// Sends a package.
pub(crate) async fn send(
    client: &Client,
    query: &str,
    package: impl Into<Vec<u8>>,
) -> Result<Answer> {
    let request = client.post(&format!("/imports/oneroster?{query}"), ());
    request.header("content-type", "application/zip").bytes(package).await
}

/// Imports a package and waits until it is over or held.
pub(crate) async fn import(
    client: &Client,
    query: &str,
    package: impl Into<Vec<u8>>,
) -> Result<Value> {
    let accepted = send(client, query, package).await?;
    ensure!(accepted.status == 202, "{}", accepted.text());
    settled(client, accepted.header("location"), &["Completed", "Failed", "Held"]).await
}

/// Waits until a job is in one of these states.
pub(crate) async fn settled(client: &Client, path: &str, states: &[&str]) -> Result<Value> {
    let deadline = Instant::now() + DEADLINE;
    loop {
        let job = client.get(path).await?.expect(200);
        if states.contains(&job["status"].as_str().unwrap_or_default()) {
            return Ok(job);
        }
        ensure!(Instant::now() < deadline, "not within {DEADLINE:?}: {job}");
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// The counts of a kind: created, updated, ended, unchanged, failed.
pub(crate) fn counts(job: &Value, kind: &str) -> [u64; 5] {
    let counts = &job["summary"][kind];
    ["created", "updated", "ended", "unchanged", "failed"]
        .map(|name| counts[name].as_u64().unwrap_or(u64::MAX))
}

/// Exports the district.
pub(crate) async fn export(client: &Client, query: &str) -> Result<Vec<u8>> {
    let answer = client.get(&format!("/exports/oneroster?{query}")).await?;
    ensure!(answer.status == 200, "{}", answer.text());
    assert_eq!(answer.header("content-type"), "application/zip");
    Ok(answer.body)
}

/// A decision about a held import.
pub(crate) async fn decide(client: &Client, job: &Value, decision: &str) -> Result<Answer> {
    let approval = &job["summary"]["approval"];
    let path = format!("/api/approvals/{}/decision", approval["approvalId"].as_str().unwrap());
    let body = json!({"decision": decision, "revision": approval["revision"], "rationale": "Looked at it."});
    client.post(&path, body).await
}
