//! Decisions of people: asked, reminded, escalated, decided once, carried out once.

use futures::future::BoxFuture;
use jiff::SignedDuration;
use kernel::{
    Clock, Cx, Kernel, Problem, Role, TenantId,
    answer::{NoContent, Outcome},
    approval::{self, Decided, Level, NewApproval},
    cx::Origin,
    job::{self, Job, JobKind, Next, Runner},
    permission::SchoolCreate,
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::home::{Home, Thing, eventually, random};

const KIND: &str = "test.question";

/// A node that runs the jobs of approvals, and of what follows from them.
struct Node {
    task: JoinHandle<()>,
    stop: CancellationToken,
}

impl Node {
    fn start(kernel: &Kernel) -> Self {
        let stop = CancellationToken::new();
        let kinds = vec![approval::JOB, JobKind { name: KIND, run: carry_out }];
        let runner = Runner { kernel: kernel.clone(), node: random(), kinds };
        Self { task: tokio::spawn(job::run(runner, stop.clone())), stop }
    }

    async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

/// Records what was decided.
fn carry_out(job: &Job) -> BoxFuture<'_, Result<Next, Problem>> {
    Box::pin(async {
        let decided: Decided = serde_json::from_value(job.args.clone()).unwrap();
        let said = format!("carried out: {}", decided.approved);
        let cx = job.cx::<SchoolCreate>("carry out");
        cx.write("test.carry_out", async move |tx| {
            tx.audited(None, Some(&Thing(said.clone())));
            Ok::<_, Problem>(Outcome::Executed(NoContent))
        })
        .await?;
        Ok(Next::Done)
    })
}

struct Story {
    home: Home,
    kernel: Kernel,
    clock: Clock,
    district: TenantId,
    subject: Uuid,
}

impl Story {
    async fn begin() -> Self {
        let (home, clock) =
            (Home::new().await, Clock::fixed("2026-09-01T08:00:00Z".parse().unwrap()));
        let (kernel, district) = (home.kernel(&clock), home.district(1).await);
        Self { home, kernel, clock, district, subject: random() }
    }

    /// Asks a registrar's question of a district administrator, then of a counselor.
    async fn ask(&self, revision: &str) {
        let cx = Cx::<SchoolCreate>::system(
            self.kernel.clone(),
            self.district,
            "registrar",
            Origin::own(random()),
            None,
        );
        let new = NewApproval {
            kind: KIND,
            subject: self.subject,
            revision: revision.to_owned(),
            title: "Shall it be?".to_owned(),
            reason: "It would end 200 enrolments.".to_owned(),
            consequences: vec!["200 enrolments end.".to_owned()],
            levels: vec![Level::of(Role::DistrictAdmin), Level::of(Role::Counselor)],
            asker: None,
        };
        cx.write("test.ask", async |tx| {
            approval::request(tx, &new).await?;
            tx.audited(None, Some(&Thing("asked".to_owned())));
            Ok::<_, Problem>(Outcome::Executed(NoContent))
        })
        .await
        .unwrap();
    }

    async fn announced(&self) -> Vec<String> {
        sqlx::query_scalar(
            "select split_part(type, '.', 4) from kernel.outbox where context = 'platform' order by place",
        )
        .fetch_all(&self.home.db.admin)
        .await
        .unwrap()
    }

    async fn announced_are(&self, names: &[&str]) {
        eventually(&format!("{names:?} are announced"), async || self.announced().await == names)
            .await;
    }

    async fn statuses(&self) -> Vec<String> {
        sqlx::query_scalar("select status from kernel.approval order by approval_id")
            .fetch_all(&self.home.db.admin)
            .await
            .unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_answer_is_reminded_and_then_the_next_is_asked_once_with_two_nodes() {
    let story = Story::begin().await;
    let nodes = [Node::start(&story.kernel), Node::start(&story.kernel)];
    story.ask("1").await;
    story.announced_are(&["ApprovalRequested"]).await;

    story.clock.advance(SignedDuration::from_hours(24));
    story.announced_are(&["ApprovalRequested", "ApprovalReminded"]).await;
    story.clock.advance(SignedDuration::from_hours(24));
    let escalated = ["ApprovalRequested", "ApprovalReminded", "ApprovalEscalated"];
    story.announced_are(&escalated).await;

    // The last level is reminded, too, and then waits for ever.
    story.clock.advance(SignedDuration::from_hours(24));
    let all = [&escalated[..], &["ApprovalReminded"]].concat();
    story.announced_are(&all).await;
    eventually("no clock is left", async || {
        story.home.count("select count(*) from kernel.job").await == 0
    })
    .await;
    story.clock.advance(SignedDuration::from_hours(24 * 365));
    assert_eq!(story.announced().await, all);
    assert_eq!(story.statuses().await, ["Pending"]);
    for node in nodes {
        node.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_outlives_the_node_that_asked() {
    let story = Story::begin().await;
    story.ask("1").await;
    story.clock.advance(SignedDuration::from_hours(49));
    let node = Node::start(&story.kernel);
    // Late by more than a level: the next one has its whole time from now on.
    story.announced_are(&["ApprovalRequested", "ApprovalEscalated"]).await;
    story.clock.advance(SignedDuration::from_hours(25));
    story.announced_are(&["ApprovalRequested", "ApprovalEscalated", "ApprovalReminded"]).await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_revision_supersedes_and_the_same_one_is_asked_once() {
    let story = Story::begin().await;
    story.ask("1").await;
    story.ask("1").await;
    assert_eq!(story.announced().await, ["ApprovalRequested"]);
    story.ask("2").await;
    assert_eq!(
        story.announced().await,
        ["ApprovalRequested", "ApprovalSuperseded", "ApprovalRequested"]
    );
    assert_eq!(story.statuses().await, ["Superseded", "Pending"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_districts_deadlines_wait() {
    let story = Story::begin().await;
    story.ask("1").await;
    story.home.set_status(story.district, "Suspended").await;
    let node = Node::start(&story.kernel);
    story.clock.advance(SignedDuration::from_hours(24));
    // Somebody else's question shows that the node has been there.
    let other = story.home.district(2).await;
    let busy = Story { district: other, subject: random(), ..story };
    busy.ask("1").await;
    busy.clock.advance(SignedDuration::from_hours(24));
    busy.announced_are(&["ApprovalRequested", "ApprovalRequested", "ApprovalReminded"]).await;
    node.stop().await;
}
