//! An import while the server dies again and again: what is imported in the end is what the package says, each thing once.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use roster::{
    oneroster::Version,
    seed::{District, Shape},
};
use serde_json::Value;
use testkit::{Client, Process};

use super::site::{Seed, Site, private_database, say, until};

const STUDENTS: u32 = 600;
/// Deaths, each behind a commit: of a plan, of a chunk, or of a step between.
const DEATHS: usize = 6;
/// The latest commit after a start behind which the server dies; a start commits a few times by itself.
const MOST_COMMITS: u32 = 5;
const PATIENCE: Duration = Duration::from_secs(30);

/// Everything that the package brings, and each event of a creation, once.
const COUNT: &str = "
  with event as (
    select type, subject from kernel.event where context = 'roster' union all
    select type, subject from kernel.outbox where context = 'roster')
  select (select count(*) from roster.student), (select count(*) from roster.enrollment), (select count(*) from roster.source_row),
         (select count(*) from event where type like '%StudentCreated'),
         (select count(distinct subject) from event where type like '%EnrollmentAdded'),
         (select count(*) from event where type like '%EnrollmentAdded')";

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_dies_again_and_again_brings_everything_once() {
    let seed = Seed::new();
    let (site, mut rng) = (Site::new(&[]), StdRng::seed_from_u64(seed.0));
    let mut process = site.start("node", &[]).await.unwrap();
    let tenant = site.districts(&process.run().http, 1).await[0];
    let client = |process: &Process| {
        Client::new(&process.run().http).unwrap().with_token(site.token(tenant)).in_tenant(tenant)
    };
    let district = District::of(Shape::of(STUDENTS));
    let package = district.package(Version::V1p2).unwrap();
    let sent = client(&process).post("/imports/oneroster?source=sis", ());
    let sent = sent.header("content-type", "application/zip").bytes(package);
    let path = sent.await.unwrap().header("location").to_owned();
    process.kill();
    let mut died = 0;
    for _ in 0..DEATHS {
        let point = format!("after_commit={}", rng.random_range(2..=MOST_COMMITS));
        match site.start("node", &["--failpoint", &point]).await {
            Ok(dying) => died += usize::from(dying.ended(PATIENCE).await.is_ok()),
            // It died before it was ready.
            Err(_) => died += 1,
        }
    }
    process = site.start("node", &[]).await.unwrap();
    let mut job = Value::Null;
    until("the import is over", PATIENCE, async || {
        job = client(&process).get(&path).await.unwrap().expect(200);
        job["status"] == "Completed"
    })
    .await;
    say(&format!("{died} deaths"));
    let enrollments = 8 * i64::from(STUDENTS);
    assert_eq!(job["summary"]["enrollments"]["created"], enrollments, "{job}");
    let rows = i64::try_from(district.enrollments.len()).unwrap();
    let database = private_database(process.run());
    let counted: (i64, i64, i64, i64, i64, i64) =
        sqlx::query_as(COUNT).fetch_one(&database).await.unwrap();
    let students = i64::from(STUDENTS);
    assert_eq!(counted, (students, enrollments, rows, students, enrollments, enrollments));
    database.close().await;
    // In good order, so that its PostgreSQL is gone before its folder.
    assert!(process.stop().await.unwrap().success());
}
