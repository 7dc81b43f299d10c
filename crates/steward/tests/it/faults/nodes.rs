//! Two servers on one database and one broker: they start together, one is killed, one hangs and wakes up again.

use std::time::Duration;

use nix::sys::signal::Signal;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use sqlx::{AssertSqlSafe, PgPool};
use steward::MIGRATORS;

use super::checker::{Ending, verify_audit};
use super::generator::Generator;
use super::mosquitto::Mosquitto;
use super::postgres::Postgres;
use super::site::{Seed, Site, say, until};
use super::subscriber::Subscriber;

const DISTRICTS: usize = 8;
const OPERATIONS: usize = 100;
/// Leases of a dead node are taken over within this.
const TAKEN_OVER_WITHIN: Duration = Duration::from_secs(10);
/// A hanging node may hang in a transaction that holds its lease rows; the database ends that after 10 s, and then the
/// lease, too, has to run out.
const TAKEN_FROM_HANGING_WITHIN: Duration = Duration::from_secs(25);
/// A node that joins gets its half once the other renews.
const SHARED_WITHIN: Duration = Duration::from_secs(10);
/// All slots of districts.
const SLOTS: i64 = 16;
/// Operations between two faults.
const MEANWHILE: usize = 100;

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_start_together_and_replace_each_other() {
    let seed = Seed::new();
    let mut rng = StdRng::seed_from_u64(seed.0);
    let (postgres, mosquitto) = (Postgres::start().await, Mosquitto::start().await);
    let site = Site::outside(&postgres.server(), &postgres.admin(), &mosquitto.url());
    let (database, mut subscriber) = (postgres.database(), Subscriber::default());
    subscriber.connect_outside(&mosquitto.url()).await;

    // On an empty cluster, at the same instant.
    let (one, two) = tokio::join!(site.start("one", &[]), site.start("two", &[]));
    let (one, two) = (one.unwrap(), two.unwrap());
    migrated_once(&database).await;
    held(&database, &[SLOTS / 2, SLOTS / 2], SHARED_WITHIN).await;

    let districts = site.districts(&one.run().http, DISTRICTS).await;
    let mut writers = Generator::start(&site, &districts, OPERATIONS, seed.0);
    writers.write_to(&[&one.run().http, &two.run().http]);
    writers.progress(rng.random_range(MEANWHILE..2 * MEANWHILE)).await;

    one.kill();
    writers.write_to(&[&two.run().http]);
    let after_kill = held(&database, &[SLOTS], TAKEN_OVER_WITHIN).await;
    writers.progress(writers.acknowledged() + MEANWHILE).await;

    let one = site.start("one", &[]).await.unwrap();
    writers.write_to(&[&one.run().http, &two.run().http]);
    held(&database, &[SLOTS / 2, SLOTS / 2], SHARED_WITHIN).await;
    writers.progress(writers.acknowledged() + rng.random_range(0..MEANWHILE)).await;

    two.signal(Signal::SIGSTOP).unwrap();
    writers.write_to(&[&one.run().http]);
    let after_stop = held(&database, &[SLOTS], TAKEN_FROM_HANGING_WITHIN).await;
    writers.progress(writers.acknowledged() + MEANWHILE).await;
    two.signal(Signal::SIGCONT).unwrap();
    writers.write_to(&[&one.run().http, &two.run().http]);
    held(&database, &[SLOTS / 2, SLOTS / 2], SHARED_WITHIN).await;
    writers.progress(writers.acknowledged() + MEANWHILE).await;

    let histories = writers.finish().await;
    let url = &two.run().http;
    let ending = Ending {
        site: &site,
        url,
        database: database.clone(),
        histories,
        subscriber: &mut subscriber,
    };
    let followed = ending.check().await;
    assert_eq!(followed.gaps, 0, "a broker that was never away left something out");
    let (login, key) = (postgres.server(), site.path("secret.key").display().to_string());
    verify_audit(&database, &["--database-url", &login, "--secret-key-file", &key]).await;
    say(&format!(
        "leases moved {after_kill:?} after kill -9 and {after_stop:?} after SIGSTOP; {} deliveries, {} repeated",
        followed.deliveries, followed.repetitions
    ));
}

/// Waits until so many nodes hold so many slots each.
async fn held(database: &PgPool, shares: &[i64], patience: Duration) -> Duration {
    until(&format!("leases are held as {shares:?}"), patience, async || {
        let held: Result<Vec<i64>, _> = sqlx::query_scalar(
            "select count(*) from kernel.lease where until > now() group by holder order by 1",
        )
        .fetch_all(database)
        .await;
        held.is_ok_and(|held| held == shares)
    })
    .await
}

/// Every migration ran, each once.
async fn migrated_once(database: &PgPool) {
    for (schema, migrator) in MIGRATORS {
        let query = format!("select count(*) from {schema}._migrations where success");
        let ran: i64 = sqlx::query_scalar(AssertSqlSafe(query)).fetch_one(database).await.unwrap();
        assert_eq!(usize::try_from(ran).unwrap(), migrator.iter().count(), "{schema}");
    }
}
