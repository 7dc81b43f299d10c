//! One idempotency key from many clients at once, and again after a crash.

use std::collections::HashSet;

use serde_json::json;
use testkit::{Answer, Client};
use tokio::task::JoinSet;

use super::site::{Site, private_database, say};

const CLIENTS: usize = 100;
const ROUNDS: usize = 30;

#[tokio::test(flavor = "multi_thread")]
async fn one_key_from_a_hundred_clients_at_once_has_one_effect() {
    let site = Site::new(&[]);
    let process = site.start("node", &[]).await.unwrap();
    let tenant = site.districts(&process.run().http, 1).await[0];
    let client =
        |url: &str| Client::new(url).unwrap().with_token(site.token(tenant)).in_tenant(tenant);
    let writer = client(&process.run().http);
    let mut created = Vec::new();
    let mut busy = 0;
    for round in 0..ROUNDS {
        let (answers, refused) = at_once(&writer, round).await;
        busy += refused;
        created.push(the_one(&answers));
    }
    say(&format!(
        "{ROUNDS} rounds of {CLIENTS} clients: {busy} answers said that it is still running"
    ));

    process.kill();
    let process = site.start("node", &[]).await.unwrap();
    let writer = client(&process.run().http);
    for (round, before) in created.iter().enumerate() {
        let again = ask(&writer, round).await;
        assert_eq!((again.status, &again.body), (before.status, &before.body));
        assert_eq!(again.header("idempotency-replayed"), "true");
    }
    let other = json!({"name": "Another"});
    let reused = writer.post("/schools", other).header("idempotency-key", "round-0").await.unwrap();
    reused.problem(422, "idempotency-key-reused");

    let database = private_database(process.run());
    let effects: (i64, i64, i64) = sqlx::query_as(
        "select (select count(*) from roster.school),
                (select count(*) from kernel.audit where action = 'roster.school.create'),
                (select count(*) from (select event_id, type from kernel.event union all
                                       select event_id, type from kernel.outbox) e where type like '%.SchoolCreated')",
    )
    .fetch_one(&database)
    .await
    .unwrap();
    let rounds = i64::try_from(ROUNDS).unwrap();
    assert_eq!(effects, (rounds, rounds, rounds), "schools, audit records, events");
    database.close().await;
    // In good order, so that its PostgreSQL is gone before its folder.
    assert!(process.stop().await.unwrap().success());
}

/// All clients ask at once. What succeeded, and how many were told that it is still running.
async fn at_once(writer: &Client, round: usize) -> (Vec<Answer>, usize) {
    let mut asking = JoinSet::new();
    for _ in 0..CLIENTS {
        let writer = writer.clone();
        asking.spawn(async move { ask(&writer, round).await });
    }
    let (refused, done): (Vec<_>, Vec<_>) =
        asking.join_all().await.into_iter().partition(|answer| answer.status == 409);
    for answer in &refused {
        answer.problem(409, "in-progress");
        assert!(!answer.header("retry-after").is_empty());
    }
    (done, refused.len())
}

async fn ask(writer: &Client, round: usize) -> Answer {
    let body = json!({"name": format!("School {round}")});
    writer
        .post("/schools", body)
        .header("idempotency-key", &format!("round-{round}"))
        .await
        .unwrap()
}

/// The one answer that all who succeeded got.
fn the_one(answers: &[Answer]) -> Answer {
    let first = answers.first().expect("nobody succeeded");
    first.expect(201);
    let bodies: HashSet<_> = answers.iter().map(|a| (a.status, a.etag(), &a.body)).collect();
    assert_eq!(bodies.len(), 1, "different answers to one key");
    first.clone()
}
