//! The database goes away while districts read and write, and comes back.

use std::time::{Duration, Instant};

use kernel::TenantId;
use testkit::{Answer, Client};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::checker::{Ending, verify_audit};
use super::generator::{Generator, send};
use super::history::{Acknowledged, Action, History, Operation, Try};
use super::mosquitto::Mosquitto;
use super::postgres::{Down, Postgres};
use super::site::{Seed, Site, say};
use super::subscriber::Subscriber;

const DISTRICTS: usize = 8;
const OPERATIONS: usize = 100;
/// How long the database is away each time.
const AWAY: Duration = Duration::from_secs(3);
/// No request takes longer, whatever is away.
const NO_HANG: Duration = Duration::from_secs(5);
/// The first success after the database accepts connections again.
const RECOVERED_WITHIN: Duration = Duration::from_secs(5);
/// Operations between two faults.
const MEANWHILE: usize = 150;

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_database_means_503_and_recovery_by_itself() {
    let seed = Seed::new();
    let (postgres, mosquitto) = (Postgres::start().await, Mosquitto::start().await);
    let site = Site::outside(&postgres.server(), &postgres.admin(), &mosquitto.url());
    let process = site.start("node", &[]).await.unwrap();
    let url = process.run().http.clone();
    let districts = site.districts(&url, DISTRICTS).await;
    let mut subscriber = Subscriber::default();
    subscriber.connect_outside(&mosquitto.url()).await;
    let readers = Readers::start(&site, &url, &districts[..2]).await;
    let mut writers = Generator::start(&site, &districts[2..], OPERATIONS, seed.0);
    writers.write_to(&[&url]);

    for how in [Down::Fast, Down::Immediate, Down::Killed] {
        writers.progress(writers.acknowledged() + MEANWHILE).await;
        postgres.down(how).await;
        tokio::time::sleep(AWAY).await; // what is tried: requests meanwhile are refused in time
        let before = writers.acknowledged();
        postgres.up().await;
        let accepts = Instant::now();
        let recovered = timeout(RECOVERED_WITHIN, writers.progress(before + 1)).await;
        assert!(recovered.is_ok(), "{how:?}: no write within {RECOVERED_WITHIN:?} of the start");
        say(&format!("{how:?}: first write {:?} after the start", accepts.elapsed()));
    }
    writers.progress(writers.acknowledged() + MEANWHILE).await;
    let (beacons, reads) = readers.finish().await;
    let mut histories = writers.finish().await;
    let (answers, refused) = judge(&histories);
    say(&format!("{answers} answers to writers, {refused} of them 503; {reads} reads served"));

    histories.push(beacons);
    let database = postgres.database();
    let ending = Ending {
        site: &site,
        url: &url,
        database: database.clone(),
        histories,
        subscriber: &mut subscriber,
    };
    ending.check().await;
    let (login, key) = (postgres.server(), site.path("secret.key").display().to_string());
    verify_audit(&database, &["--database-url", &login, "--secret-key-file", &key]).await;
}

/// Every try was answered in time: with success, or with a 503 that says when to come back. How many, and how many 503.
fn judge(histories: &[History]) -> (usize, usize) {
    let (mut answers, mut refused) = (0, 0);
    for Try { answer, took } in histories.iter().flat_map(|history| &history.tries) {
        assert!(*took < NO_HANG, "an answer took {took:?}: {answer:?}");
        let answer = answer.as_ref().expect("the server itself was never away");
        answers += 1;
        refused += usize::from(is_refused(answer));
    }
    (answers, refused)
}

/// A 503 as clients need it; anything else must be a success.
fn is_refused(answer: &Answer) -> bool {
    if answer.status < 300 || answer.status == 409 {
        return false;
    }
    answer.problem(503, "unavailable");
    assert!(answer.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds > 0));
    true
}

/// Two districts, each with a school of its own, and readers that look for both schools in both districts.
struct Readers {
    beacons: History,
    stop: CancellationToken,
    reading: JoinSet<usize>,
}

impl Readers {
    async fn start(site: &Site, url: &str, districts: &[TenantId]) -> Self {
        let mut beacons = History::default();
        let mut clients = Vec::new();
        for tenant in districts {
            let client =
                Client::new(url).unwrap().with_token(site.token(*tenant)).in_tenant(*tenant);
            beacons.acknowledged.push(beacon(&client, *tenant).await);
            clients.push((client, *tenant));
        }
        let mut readers = Self { beacons, stop: CancellationToken::new(), reading: JoinSet::new() };
        for (client, tenant) in clients {
            let schools =
                readers.beacons.acknowledged.iter().map(|done| (done.school, done.tenant));
            let schools: Vec<_> = schools.map(|(id, at)| (id, at == tenant)).collect();
            readers.reading.spawn(read(client, schools, readers.stop.clone()));
        }
        readers
    }

    async fn finish(self) -> (History, usize) {
        self.stop.cancel();
        (self.beacons, self.reading.join_all().await.into_iter().sum())
    }
}

async fn beacon(client: &Client, tenant: TenantId) -> Acknowledged {
    let (key, name) = ("writer-beacon".to_owned(), "Beacon".to_owned());
    let operation = Operation { action: Action::Create, key, school: None, name };
    let answer = send(client, &operation).await.unwrap();
    let school = answer.expect(201)["schoolId"].as_str().unwrap().parse().unwrap();
    Acknowledged { tenant, operation, school, answer }
}

/// Reads until told to stop: a district's own school is there, the other's is not, or the server says 503. A transaction
/// without its tenant would find neither. Returns how many reads were served.
async fn read(client: Client, schools: Vec<(Uuid, bool)>, stop: CancellationToken) -> usize {
    let mut served = 0;
    while !stop.is_cancelled() {
        for (school, own) in &schools {
            let began = Instant::now();
            let answer = client.get(&format!("/schools/{school}")).await.unwrap();
            assert!(began.elapsed() < NO_HANG, "a read took {:?}", began.elapsed());
            if answer.status == 503 {
                assert!(is_refused(&answer));
            } else {
                answer.expect(if *own { 200 } else { 404 });
                served += 1;
            }
        }
    }
    served
}
