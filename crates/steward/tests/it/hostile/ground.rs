//! The ground on which hostile requests are tried: what it holds must be the same afterwards.

use std::time::Duration;

use kernel::Role;
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use testkit::{Answer, Client};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::matrix::operations::{Operation, Target};
use crate::matrix::stage::Stage;

/// Longer than the server's patience with a slow client.
const ANSWER_WITHIN: Duration = Duration::from_mins(1);

/// What background work changes by itself: chains, leases, heartbeats, numbers; the events themselves are compared apart.
const OWN_LIFE: [&str; 7] = [
    "kernel.audit_link",
    "kernel.event",
    "kernel.feed",
    "kernel.inbox_seen",
    "kernel.lease",
    "kernel.node",
    "kernel.outbox",
];

/// Words that only the inside knows.
const INTERNALS: [&str; 9] = [
    "sqlx",
    "postgres",
    "panicked",
    ".rs:",
    "steward_app",
    "select ",
    "insert ",
    "backtrace",
    "relation \"",
];

pub(super) struct Ground {
    pub(super) stage: Stage,
    pub(super) target: Target,
    before: Vec<(String, Option<String>)>,
}

impl Ground {
    pub(super) async fn lay() -> Self {
        let stage = Stage::set().await;
        let target = stage.target(stage.own).await;
        let before = content(&stage).await;
        Self { stage, target, before }
    }

    /// Takes what the database now holds as what must stay.
    pub(super) async fn settle(&mut self) {
        self.before = content(&self.stage).await;
    }

    /// Somebody who may do nearly everything in the district.
    pub(super) fn admin(&self) -> Client {
        self.stage.role(Role::DistrictAdmin, &[self.stage.own]).in_tenant(self.stage.own)
    }

    /// Somebody who may run the operation.
    pub(super) fn permitted(&self, operation: &Operation) -> Client {
        self.stage.caller(operation, *operation.row.roles.first().unwrap())
    }

    /// Bytes on a connection of their own; what comes back until the server closes it.
    pub(super) async fn raw(&self, bytes: impl Into<Vec<u8>>) -> Raw {
        Raw::of(&converse(&self.stage.server.url(), bytes.into(), false).await)
    }

    /// As [`Ground::raw`], and the client says that nothing more follows.
    pub(super) async fn raw_cut(&self, bytes: impl Into<Vec<u8>>) -> Raw {
        Raw::of(&converse(&self.stage.server.url(), bytes.into(), true).await)
    }

    /// The head of a request by the district's administrator, without its last empty line.
    pub(super) fn head(&self, method: &str, target: &str) -> String {
        let (token, own) =
            (self.stage.token(Role::DistrictAdmin, &[self.stage.own]), self.stage.own);
        format!(
            "{method} {target} HTTP/1.1\r\nHost: steward\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\
             X-Tenant-Id: {own}\r\n"
        )
    }

    /// Nothing changed but refusals and disclosures on record, and the server serves.
    pub(super) async fn unharmed(self) {
        assert_eq!(content(&self.stage).await, self.before, "a refused request changed something");
        let name = json!({"name": "Still served"});
        self.admin().post("/schools", name).await.unwrap().expect(201);
    }
}

/// The problem, which shows nothing of the inside.
#[track_caller]
pub(super) fn refused(answer: &Answer, status: u16, kind: &str) -> Value {
    discreet(&answer.text());
    answer.problem(status, kind)
}

/// The first refused field of a problem; it has a reason.
#[track_caller]
pub(super) fn place(problem: &Value) -> &str {
    let first = &problem["errors"][0];
    assert!(first["message"].as_str().is_some_and(|reason| !reason.is_empty()), "{problem}");
    assert!(first["code"].as_str().is_some_and(|code| !code.is_empty()), "{problem}");
    first["pointer"].as_str().unwrap()
}

#[track_caller]
fn discreet(text: &str) {
    let leak = INTERNALS.iter().find(|word| text.to_lowercase().contains(*word));
    assert_eq!(leak, None, "the inside shows: {text}");
}

/// An answer as it came over the wire.
#[derive(Debug)]
pub(super) struct Raw {
    pub(super) status: Option<u16>,
    pub(super) text: String,
}

impl Raw {
    fn of(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let status = text.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
        Self { status, text }
    }

    /// The problem, which shows nothing of the inside.
    #[track_caller]
    pub(super) fn problem(&self, status: u16, kind: &str) -> Value {
        discreet(&self.text);
        assert_eq!(self.status, Some(status), "{}", self.text);
        let (head, body) = self.text.split_once("\r\n\r\n").unwrap();
        let typed = head.to_lowercase().contains("content-type: application/problem+json");
        assert!(typed, "{}", self.text);
        let problem: Value = serde_json::from_str(body).unwrap();
        assert_eq!(problem["type"], format!("/problems/{kind}"), "{}", self.text);
        problem
    }
}

/// Writes and reads at once: a server may answer before it read everything.
async fn converse(url: &str, bytes: Vec<u8>, cut: bool) -> Vec<u8> {
    let address = url.strip_prefix("http://").unwrap();
    let (mut reading, mut writing) = TcpStream::connect(address).await.unwrap().into_split();
    let talk = async {
        let sent = writing.write_all(&bytes).await;
        if cut && sent.is_ok() {
            writing.shutdown().await.unwrap();
        }
        writing
    };
    let mut answer = Vec::new();
    let listen = reading.read_to_end(&mut answer);
    let both = async { tokio::join!(talk, listen) };
    let (_writing, read) = tokio::time::timeout(ANSWER_WITHIN, both)
        .await
        .expect("the server closes the connection in time");
    read.expect("the answer is read before the connection breaks");
    answer
}

/// What every table holds, as a digest.
async fn content(stage: &Stage) -> Vec<(String, Option<String>)> {
    let admin = &stage.server.database.admin;
    let tables: Vec<String> = sqlx::query_scalar(
        "select table_schema || '.' || table_name from information_schema.tables
         where table_schema in ('kernel', 'roster', 'instance') and table_type = 'BASE TABLE' order by 1",
    )
    .fetch_all(admin)
    .await
    .unwrap();
    let mut found = Vec::new();
    for table in tables.into_iter().filter(|table| !OWN_LIFE.contains(&table.as_str())) {
        // Reads of protected data are on record, too.
        let changes = "where outcome <> 'denied' and action not like '%.read'";
        let wanted = if table == "kernel.audit" { changes } else { "" };
        found.push((table.clone(), digest(stage, &format!("{table} {wanted}")).await));
    }
    // The audit chains announce their heads by themselves.
    let events = "(select event_id, context from kernel.event union select event_id, context from kernel.outbox) e
                  where context in ('roster', 'instance')";
    found.push(("events".to_owned(), digest(stage, events).await));
    found
}

async fn digest(stage: &Stage, rows: &str) -> Option<String> {
    let query = format!(
        "select md5(string_agg(t::text, ',' order by t::text)) from (select * from {rows}) t"
    );
    sqlx::query_scalar(AssertSqlSafe(query)).fetch_one(&stage.server.database.admin).await.unwrap()
}
