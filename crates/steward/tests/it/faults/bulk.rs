//! Fifty thousand rows while the server dies again and again: every row is done exactly once.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;
use sqlx::PgPool;
use testkit::{Client, Process};

use super::site::{Seed, Site, private_database, say, until};

const ROWS: usize = 50_000;
/// Kills at random moments. Without a loss in `n` kills the rate of losses is below 3/n with 95 % confidence.
const KILLS: usize = 20;
/// The longest wait between reaching a kill's place in the file and the kill, in µs: longer than a chunk takes.
const JITTER_US: u64 = 200_000;
const PATIENCE: Duration = Duration::from_mins(1);

/// The counts that say it all; each is of everything there is.
#[derive(Debug, PartialEq, Eq, sqlx::FromRow)]
struct Counted {
    students: i64,
    external_ids: i64,
    results: i64,
    succeeded: i64,
    last_row: i32,
    audited: i64,
    announced: i64,
    announced_students: i64,
    completed: i64,
    after_completed: i64,
    pieces: i64,
}

const COUNT: &str = "
  with event as (
    select type, subject, number from kernel.event where context = 'roster' union all
    select type, subject, 1000000000 + place from kernel.outbox where context = 'roster'),
  over as (select max(number) as number from event where type like '%BulkJobCompleted')
  select (select count(*) from roster.student) as students,
         (select count(distinct value) from roster.external_id where kind = 'student') as external_ids,
         (select count(*) from roster.bulk_job_result) as results,
         (select count(*) from roster.bulk_job_result where status = 'Succeeded') as succeeded,
         (select max(row_number) from roster.bulk_job_result) as last_row,
         (select count(*) from kernel.audit where entity = 'roster.student') as audited,
         (select count(*) from event where type like '%StudentCreated') as announced,
         (select count(distinct subject) from event where type like '%StudentCreated') as announced_students,
         (select count(*) from event where type like '%BulkJobCompleted') as completed,
         (select count(*) from event, over where event.number > over.number) as after_completed,
         (select count(*) from roster.bulk_chunk) as pieces";

fn file() -> String {
    let rows = (1..=ROWS).map(|n| format!("N-{n},Given {n},Family {n},{:02}\n", n % 12 + 1));
    format!("externalId,givenName,familyName,grade\n{}", rows.collect::<String>())
}

async fn processed(database: &PgPool) -> usize {
    let rows: i32 =
        sqlx::query_scalar("select coalesce(max(processed_rows), 0) from roster.bulk_job")
            .fetch_one(database)
            .await
            .unwrap_or_default();
    usize::try_from(rows).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_thousand_rows_are_done_exactly_once_through_twenty_kills() {
    let seed = Seed::new();
    let (site, mut rng) = (Site::new(&[]), StdRng::seed_from_u64(seed.0));
    let mut process = site.start("node", &[]).await.unwrap();
    let tenant = site.districts(&process.run().http, 1).await[0];
    let client = |process: &Process| {
        Client::new(&process.run().http).unwrap().with_token(site.token(tenant)).in_tenant(tenant)
    };
    let sent =
        client(&process).post("/bulk/students?source=sis", ()).header("content-type", "text/csv");
    let accepted = sent.bytes(file()).await.unwrap();
    assert_eq!(accepted.expect(202)["totalRows"], ROWS);
    let (mut done, mut midway) = (0, 0);
    for kill in 0..KILLS {
        let part = ROWS / (KILLS + 1);
        let place = kill * part + rng.random_range(0..part);
        let database = private_database(process.run());
        until("the rows are done", PATIENCE, async || processed(&database).await >= place).await;
        tokio::time::sleep(Duration::from_micros(rng.random_range(0..JITTER_US))).await;
        done = processed(&database).await;
        midway += usize::from(done < ROWS);
        database.close().await;
        process.kill();
        process = site.start("node", &[]).await.unwrap();
    }
    let (api, path) = (client(&process), accepted.header("location").to_owned());
    let mut job = Value::Null;
    until("the job is over", PATIENCE, async || {
        job = api.get(&path).await.unwrap().expect(200);
        job["status"] == "Completed"
    })
    .await;
    say(&format!(
        "{KILLS} kills, {midway} of them before the last row; {done} rows at the last one"
    ));
    assert_eq!(job["summary"]["created"], ROWS, "{job}");
    let database = private_database(process.run());
    let counted: Counted = sqlx::query_as(COUNT).fetch_one(&database).await.unwrap();
    let rows = i64::try_from(ROWS).unwrap();
    let expected = Counted {
        students: rows,
        external_ids: rows,
        results: rows,
        succeeded: rows,
        last_row: i32::try_from(ROWS).unwrap(),
        audited: rows,
        announced: rows,
        announced_students: rows,
        completed: 1,
        after_completed: 0,
        pieces: 0,
    };
    assert_eq!(counted, expected);
    database.close().await;
    // In good order, so that its PostgreSQL is gone before its folder.
    assert!(process.stop().await.unwrap().success());
}
