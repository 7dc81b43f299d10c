//! Durable jobs: done at least once, in effect once, whoever dies.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use futures::future::BoxFuture;
use jiff::SignedDuration;
use kernel::{
    Clock, Cx, Kernel, Problem, TenantId,
    answer::{NoContent, Outcome},
    cx::Origin,
    job::{self, ATTEMPTS_MAX, Job, JobKind, NewJob, Next, Runner},
    permission::SchoolCreate,
};
use serde_json::json;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::home::{Home, Thing, eventually, random};

/// A runner of one kind, as on a node of its own.
struct Working {
    task: JoinHandle<()>,
    stop: CancellationToken,
}

impl Working {
    fn start(kernel: &Kernel, name: &'static str, run: Run) -> Self {
        let stop = CancellationToken::new();
        let kinds = vec![JobKind { name, run }];
        let runner = Runner { kernel: kernel.clone(), node: random(), kinds };
        Self { task: tokio::spawn(job::run(runner, stop.clone())), stop }
    }

    async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

type Run = for<'t> fn(&'t Job) -> BoxFuture<'t, Result<Next, Problem>>;

/// Enqueues a job in a unit of work of its own.
async fn enqueue(kernel: &Kernel, district: TenantId, job: NewJob<'_>) {
    let cx =
        Cx::<SchoolCreate>::system(kernel.clone(), district, "test", Origin::own(random()), None);
    cx.write("test.enqueue", async |tx| {
        job::enqueue(tx, &job).await?;
        tx.audited(None, Some(&Thing("enqueued".to_owned())));
        Ok::<_, Problem>(Outcome::Executed(NoContent))
    })
    .await
    .unwrap();
}

fn job<'a>(kernel: &Kernel, kind: &'a str) -> NewJob<'a> {
    NewJob { kind, args: json!({"say": "done"}), run_at: kernel.clock.now(), unique_key: None }
}

/// The step that a job does: records what it was told to say.
async fn say(job: &Job, step: &str) -> Result<(), Problem> {
    let cx = job.cx::<SchoolCreate>(step);
    let said = format!("{} {step}", job.args["say"].as_str().unwrap());
    cx.write("test.say", async move |tx| {
        tx.audited(None, Some(&Thing(said.clone())));
        Ok::<_, Problem>(Outcome::Executed(NoContent))
    })
    .await?;
    Ok(())
}

async fn no_jobs_left(home: &Home) {
    eventually("no job is left", async || home.count("select count(*) from kernel.job").await == 0)
        .await;
}

fn failure() -> Problem {
    Problem::internal(&std::io::Error::other("the mail server does not answer"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_runs_when_its_time_has_come_and_is_forgotten() {
    fn run(job: &Job) -> BoxFuture<'_, Result<Next, Problem>> {
        Box::pin(async {
            say(job, "once").await?;
            Ok(Next::Done)
        })
    }
    let home = Home::new().await;
    let clock = Clock::fixed("2026-09-01T08:00:00Z".parse().unwrap());
    let (kernel, district) = (home.kernel(&clock), home.district(1).await);
    let working = Working::start(&kernel, "test.say", run);
    let later = clock.now() + SignedDuration::from_hours(24);
    enqueue(&kernel, district, NewJob { run_at: later, ..job(&kernel, "test.say") }).await;
    enqueue(&kernel, district, job(&kernel, "test.say")).await;
    eventually("the first is done", async || {
        home.count("select count(*) from kernel.job").await == 1
    })
    .await;

    clock.advance(SignedDuration::from_hours(24));
    no_jobs_left(&home).await;
    assert_eq!(home.done(district).await, ["enqueued", "enqueued", "done once", "done once"]);
    working.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unique_key_makes_one_job_of_many_requests() {
    let home = Home::new().await;
    let (kernel, district) = (home.kernel(&Clock::system()), home.district(1).await);
    for _ in 0..3 {
        let unique = NewJob { unique_key: Some("2026-09-01"), ..job(&kernel, "test.nightly") };
        enqueue(&kernel, district, unique).await;
    }
    assert_eq!(home.count("select count(*) from kernel.job").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_job_is_tried_again_then_parked_and_runs_when_a_person_says_so() {
    static WELL: AtomicU32 = AtomicU32::new(0);
    fn run(job: &Job) -> BoxFuture<'_, Result<Next, Problem>> {
        Box::pin(async {
            say(job, "first part").await?;
            match WELL.load(Ordering::SeqCst) {
                0 => Err(failure()),
                1 => panic!("a defect"),
                _ => Ok(Next::Done),
            }
        })
    }
    let home = Home::new().await;
    let clock = Clock::fixed("2026-09-01T08:00:00Z".parse().unwrap());
    let (kernel, district) = (home.kernel(&clock), home.district(2).await);
    let working = Working::start(&kernel, "test.fail", run);
    enqueue(&kernel, district, job(&kernel, "test.fail")).await;
    for attempt in 1..=i64::from(ATTEMPTS_MAX) {
        eventually("it was tried", async || {
            home.count(
                "select coalesce(max(attempts), 0)::bigint from kernel.job where holder is null",
            )
            .await
                == attempt
        })
        .await;
        clock.advance(SignedDuration::from_hours(1));
    }
    let parked = job::list(&home.system, 10).await.unwrap();
    assert_eq!(parked[0].parked_error.as_deref(), Some("the mail server does not answer"));

    WELL.store(1, Ordering::SeqCst);
    assert_eq!(job::retry(&home.system, None).await.unwrap(), 1);
    eventually("the panic is a failure like others", async || {
        home.count("select count(*) from kernel.job where attempts = 1 and holder is null").await
            == 1
    })
    .await;
    WELL.store(2, Ordering::SeqCst);
    clock.advance(SignedDuration::from_hours(1));
    no_jobs_left(&home).await;
    assert_eq!(
        home.done(district).await,
        ["enqueued", "done first part"],
        "the part was done once"
    );
    working.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_node_goes_on_where_a_dead_one_was() {
    static RUNS: AtomicU32 = AtomicU32::new(0);
    fn run(job: &Job) -> BoxFuture<'_, Result<Next, Problem>> {
        Box::pin(async {
            say(job, "first part").await?;
            if RUNS.fetch_add(1, Ordering::SeqCst) == 0 {
                job.save_progress(&json!({"rows": 500})).await?;
                std::future::pending::<()>().await;
            }
            assert_eq!(job.progress, json!({"rows": 500}));
            say(job, "second part").await?;
            Ok(Next::Done)
        })
    }
    let home = Home::new().await;
    let (kernel, district) = (home.kernel(&Clock::system()), home.district(3).await);
    let dead = Working::start(&kernel, "test.parts", run);
    enqueue(&kernel, district, job(&kernel, "test.parts")).await;
    eventually("it is half done", async || {
        home.count("select count(*) from kernel.job where progress <> '{}'").await == 1
    })
    .await;
    dead.task.abort();
    sqlx::query("update kernel.job set until = now()").execute(&home.db.admin).await.unwrap();

    let working = Working::start(&kernel, "test.parts", run);
    no_jobs_left(&home).await;
    assert_eq!(home.done(district).await, ["enqueued", "done first part", "done second part"]);
    working.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_lost_the_claim_can_report_nothing() {
    static REFUSED: AtomicU32 = AtomicU32::new(0);
    fn run(job: &Job) -> BoxFuture<'_, Result<Next, Problem>> {
        Box::pin(async {
            // A part of some work, until it learns that the work is no longer its own.
            while job.save_progress(&json!({"still": "here"})).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            REFUSED.fetch_add(1, Ordering::SeqCst);
            Ok(Next::Done)
        })
    }
    let home = Home::new().await;
    let (kernel, district) = (home.kernel(&Clock::system()), home.district(3).await);
    let slept = Working::start(&kernel, "test.sleep", run);
    enqueue(&kernel, district, job(&kernel, "test.sleep")).await;
    eventually("it runs", async || {
        home.count("select count(*) from kernel.job where progress <> '{}'").await == 1
    })
    .await;
    sqlx::query(
        "update kernel.job set holder = gen_random_uuid(), until = now() + interval '1 minute'",
    )
    .execute(&home.db.admin)
    .await
    .unwrap();
    eventually("its report is refused", async || REFUSED.load(Ordering::SeqCst) == 1).await;
    slept.stop().await;
    assert_eq!(
        home.count("select count(*) from kernel.job").await,
        1,
        "the job is the other node's"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_of_a_suspended_tenant_wait() {
    fn run(job: &Job) -> BoxFuture<'_, Result<Next, Problem>> {
        Box::pin(async {
            say(job, "once").await?;
            Ok(Next::Done)
        })
    }
    let home = Home::new().await;
    let (kernel, asleep, awake) =
        (home.kernel(&Clock::system()), home.district(4).await, home.district(5).await);
    enqueue(&kernel, asleep, job(&kernel, "test.wait")).await;
    enqueue(&kernel, awake, job(&kernel, "test.wait")).await;
    home.set_status(asleep, "Suspended").await;
    let working = Working::start(&kernel, "test.wait", run);
    eventually("the other one is done", async || home.done(awake).await.len() == 2).await;
    assert_eq!(home.done(asleep).await, ["enqueued"]);
    home.set_status(asleep, "Active").await;
    no_jobs_left(&home).await;
    working.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_share_the_jobs_and_do_each_once() {
    fn run(job: &Job) -> BoxFuture<'_, Result<Next, Problem>> {
        Box::pin(async {
            say(job, "once").await?;
            Ok(Next::Done)
        })
    }
    let home = Home::new().await;
    let (kernel, district) = (home.kernel(&Clock::system()), home.district(6).await);
    for _ in 0..40 {
        enqueue(&kernel, district, job(&kernel, "test.share")).await;
    }
    let (one, two) =
        (Working::start(&kernel, "test.share", run), Working::start(&kernel, "test.share", run));
    no_jobs_left(&home).await;
    assert_eq!(home.done(district).await.len(), 80);
    one.stop().await;
    two.stop().await;
}
