//! The broker is away while districts write.

use std::time::Duration;

use testkit::{Client, Process};

use super::checker::{Ending, verify_audit};
use super::generator::Generator;
use super::history::{History, Try};
use super::mosquitto::Mosquitto;
use super::postgres::Postgres;
use super::site::{Seed, Site, say, until};
use super::subscriber::Subscriber;

const DISTRICTS: usize = 4;
/// How long the broker is away.
const OUTAGE: Duration = Duration::from_mins(1);
/// How long is measured before and after.
const CALM: Duration = Duration::from_secs(5);
/// The median of a write may take this much longer without the broker than with it.
const SLOWER_AT_MOST: f64 = 1.5;
/// Health must show the outage, and its end, within this.
const NOTICED_WITHIN: Duration = Duration::from_secs(15);
/// Fewer answers than this say nothing about a median.
const ENOUGH: usize = 200;

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_broker_hinders_no_write_and_gets_everything_afterwards() {
    let seed = Seed::new();
    let (postgres, mut mosquitto) = (Postgres::start().await, Mosquitto::start().await);
    let site = Site::outside(&postgres.server(), &postgres.admin(), &mosquitto.url());
    let process = site.start("node", &[]).await.unwrap();
    let districts = site.districts(&process.run().http, DISTRICTS).await;
    let mut subscriber = Subscriber::default();
    subscriber.connect_outside(&mosquitto.url()).await;
    healthy(&process, 200, "well").await;

    let before = write(&site, &process, &districts, (CALM, seed.0)).await;
    mosquitto.kill();
    subscriber.leave().await;
    healthy(&process, 503, "no connection to the broker").await;
    let without = write(&site, &process, &districts, (OUTAGE, seed.0 ^ 1)).await;
    let waiting = waiting(&process).await;
    mosquitto.restart().await;
    subscriber.connect_outside(&mosquitto.url()).await;
    let drained = healthy(&process, 200, "well").await;
    let after = write(&site, &process, &districts, (CALM, seed.0 ^ 2)).await;

    let calm = median(&before).max(median(&after));
    let cut = median(&without);
    let written: usize = without.iter().map(|history| history.acknowledged.len()).sum();
    say(&format!(
        "median of a write: {calm:?} with the broker, {cut:?} without; {waiting} events waited, drained within {drained:?}"
    ));
    assert!(cut <= calm.mul_f64(SLOWER_AT_MOST), "{cut:?} without the broker, {calm:?} with it");
    assert!(waiting >= i64::try_from(written).unwrap(), "{waiting} events of {written} waited");

    let database = postgres.database();
    let histories = before.into_iter().chain(without).chain(after).collect();
    let url = &process.run().http;
    let ending = Ending {
        site: &site,
        url,
        database: database.clone(),
        histories,
        subscriber: &mut subscriber,
    };
    ending.check().await;
    let (login, key) = (postgres.server(), site.path("secret.key").display().to_string());
    verify_audit(&database, &["--database-url", &login, "--secret-key-file", &key]).await;
}

/// Lets districts write for a while. No write may fail, and none may have to be sent twice.
async fn write(
    site: &Site,
    process: &Process,
    districts: &[kernel::TenantId],
    (time, seed): (Duration, u64),
) -> Vec<History> {
    let generator = Generator::start(site, districts, 1, seed);
    generator.write_to(&[&process.run().http]);
    tokio::time::sleep(time).await; // what is measured: writes in that time
    let histories = generator.finish().await;
    let failed = |tried: &&Try| tried.answer.as_ref().is_none_or(|answer| answer.status >= 300);
    let failed: Vec<_> = histories.iter().flat_map(|h| &h.tries).filter(failed).take(3).collect();
    assert!(failed.is_empty(), "writes failed: {failed:#?}");
    histories
}

fn median(histories: &[History]) -> Duration {
    let mut took: Vec<_> =
        histories.iter().flat_map(|h| &h.tries).map(|tried| tried.took).collect();
    assert!(took.len() > ENOUGH, "only {} writes", took.len());
    took.sort_unstable();
    took[took.len() / 2]
}

/// Waits until the server answers so about its background work. It is ready for requests all the time.
async fn healthy(process: &Process, status: u16, says: &str) -> Duration {
    let client = Client::new(&process.run().http).unwrap();
    client.get("/health/ready").await.unwrap().expect(200);
    until(&format!("health says {says:?}"), NOTICED_WITHIN, async || {
        let answer = client.get("/health/degraded").await.unwrap();
        answer.status == status && answer.text().contains(says)
    })
    .await
}

async fn waiting(process: &Process) -> i64 {
    let client = Client::new(&process.run().http).unwrap();
    let answer = client.get("/health/degraded").await.unwrap();
    answer.json()["background"]["outbox"]["waiting"].as_i64().unwrap()
}
