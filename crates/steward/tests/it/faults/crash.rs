//! The server dies while districts write: at random moments, and at every named point.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use kernel::TenantId;
use kernel::failpoint::POINTS;
use nix::sys::signal::Signal;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use testkit::Process;
use testkit::process::{Ended, Run};

use super::checker::{Ending, verify_audit};
use super::generator::Generator;
use super::site::{Seed, Site, private_database, say};
use super::subscriber::Subscriber;

const DISTRICTS: usize = 8;
/// Operations of each district at least.
const OPERATIONS: usize = 200;
/// Kills at random moments. Without a loss in `n` kills the rate of losses is below 3/n with 95 % confidence.
const KILLS: usize = 20;
/// Deaths at each named point.
const DEATHS: usize = 3;
/// The longest wait between reaching a kill's place in the history and the kill, in µs: an operation takes less.
const JITTER_US: u64 = 20_000;
/// The highest passing of a point at which the server dies.
const MOST_HITS: u32 = 12;
/// The same for a point that is passed once for up to 2,000 events, which takes seconds after many deaths.
const MOST_ROUNDS: u32 = 3;
const ROUND: &str = "after_publish";
/// Points are hit within milliseconds while districts write; the machine may be busy.
const DIES_WITHIN: Duration = Duration::from_secs(30);
/// Points that only reactions and jobs pass; their own tests drive them.
const ELSEWHERE: [&str; 2] = ["inbox_before_commit", "job_before_done"];

/// A server on a folder of its own, with districts that write to it.
struct Story {
    site: Site,
    rng: StdRng,
    generator: Generator,
    subscriber: Subscriber,
    process: Option<Process>,
    deaths: usize,
    /// The slowest start after a death.
    slowest: Duration,
}

impl Story {
    async fn begin(seed: u64) -> Self {
        let site = Site::new(&[]);
        let process = site.start("node", &[]).await.unwrap();
        let districts: Vec<TenantId> = site.districts(&process.run().http, DISTRICTS).await;
        let mut story = Self {
            generator: Generator::start(&site, &districts, OPERATIONS, seed),
            site,
            rng: StdRng::seed_from_u64(seed),
            subscriber: Subscriber::default(),
            process: Some(process),
            deaths: 0,
            slowest: Duration::ZERO,
        };
        story.attend().await.unwrap();
        story
    }

    fn run(&self) -> Run {
        self.process.as_ref().unwrap().run().clone()
    }

    /// Writers and subscriber go to the node that runs now.
    async fn attend(&mut self) -> anyhow::Result<()> {
        let run = self.run();
        let folder = self.site.folder("node");
        let connected = self.subscriber.connect_inside(&folder, &run.mqtt).await;
        self.generator.write_to(&[&run.http]);
        connected
    }

    fn kill(&mut self) {
        self.process.take().unwrap().kill();
        self.deaths += 1;
    }

    async fn restart(&mut self, more: &[&str]) -> anyhow::Result<()> {
        let began = Instant::now();
        self.process = Some(self.site.start("node", more).await?);
        self.slowest = self.slowest.max(began.elapsed());
        Ok(())
    }

    /// Runs a node that dies at the `hit`th passing of `point`; how it ended.
    async fn die_at(&mut self, point: &str, hit: u32) -> ExitStatus {
        self.deaths += 1;
        match self.restart(&["--failpoint", &format!("{point}={hit}")]).await {
            Ok(()) => {
                // It may be dead before anybody connects.
                self.attend().await.unwrap_or_default();
                self.process.take().unwrap().ended(DIES_WITHIN).await.unwrap()
            }
            // What the death before left to do led to the point before anybody could write.
            Err(error) => error.downcast_ref::<Ended>().unwrap_or_else(|| panic!("{error:#}")).0,
        }
    }

    async fn end(mut self) {
        let run = self.run();
        let database = private_database(&run);
        let ending = Ending {
            site: &self.site,
            url: &run.http,
            database: database.clone(),
            histories: self.generator.finish().await,
            subscriber: &mut self.subscriber,
        };
        let operations: usize = ending.histories.iter().map(|h| h.acknowledged.len()).sum();
        let followed = ending.check().await;
        let folder = self.site.folder("node").display().to_string();
        verify_audit(&database, &["--data-dir", &folder]).await;
        database.close().await;
        // In good order, so that its PostgreSQL is gone before its folder.
        assert!(self.process.take().unwrap().stop().await.unwrap().success());
        say(&format!(
            "{operations} operations, {} deaths, {} deliveries ({} repeated, {} gaps closed by the feed), slowest start {:?}",
            self.deaths, followed.deliveries, followed.repetitions, followed.gaps, self.slowest
        ));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_kills_at_random_moments_lose_and_repeat_nothing() {
    let seed = Seed::new();
    let mut story = Story::begin(seed.0).await;
    for kill in 0..KILLS {
        // One kill in each of so many equal parts of the history, the last part without one.
        let part = DISTRICTS * OPERATIONS / (KILLS + 1);
        let place = kill * part + story.rng.random_range(0..part);
        story.generator.progress(place).await;
        let jitter = Duration::from_micros(story.rng.random_range(0..JITTER_US));
        tokio::time::sleep(jitter).await;
        story.kill();
        story.restart(&[]).await.unwrap();
        story.attend().await.unwrap();
    }
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deaths_at_every_named_point_lose_and_repeat_nothing() {
    let seed = Seed::new();
    let mut story = Story::begin(seed.0).await;
    story.kill();
    for point in [POINTS; DEATHS].as_flattened() {
        if !ELSEWHERE.contains(point) {
            let most = if *point == ROUND { MOST_ROUNDS } else { MOST_HITS };
            let hit = story.rng.random_range(1..=most);
            let status = story.die_at(point, hit).await;
            assert_eq!(status.signal(), Some(Signal::SIGABRT as i32), "{point}={hit}: {status}");
        }
    }
    story.restart(&[]).await.unwrap();
    story.attend().await.unwrap();
    story.end().await;
}
