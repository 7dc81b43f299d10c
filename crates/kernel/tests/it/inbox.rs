//! Reactions to events: each once in effect, in the order of the feed, whatever the broker loses or repeats.

use std::sync::atomic::{AtomicU32, Ordering};

use futures::future::BoxFuture;
use jiff::SignedDuration;
use kernel::{
    Clock, Kernel, Problem, Tx,
    answer::Outcome,
    inbox::{self, ATTEMPTS_MAX, Inbox, Reaction, Received, TakeError},
    lease::Leases,
};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::home::{Home, Mood, Node, Recorder, Thing, eventually, random};

/// A node whose inbox runs, with a relay beside it.
struct Reacting {
    inbox: Inbox,
    node: Node,
    task: JoinHandle<()>,
    stop: CancellationToken,
}

impl Reacting {
    async fn start(
        home: &Home,
        kernel: &Kernel,
        broker: Recorder,
        reactions: Vec<Reaction>,
    ) -> Self {
        let node = home.node(broker);
        let inbox = Inbox::new(kernel.clone(), node.leases.clone(), reactions);
        let stop = CancellationToken::new();
        let task = tokio::spawn(inbox::run(inbox.clone(), stop.clone()));
        eventually("leases are held", async || !node.leases.slots().is_empty()).await;
        Self { inbox, node, task, stop }
    }

    async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
        self.node.stop().await;
    }
}

/// Notes the event's name.
fn note<'t>(tx: &'t mut Tx, event: &'t Received) -> BoxFuture<'t, Result<Outcome<()>, Problem>> {
    Box::pin(async {
        let data: Value = event.data()?;
        tx.audited(None, Some(&Thing(data["name"].as_str().unwrap().to_owned())));
        Ok(Outcome::Executed(()))
    })
}

const NOTING: Reaction = Reaction {
    consumer: "notes",
    source: "/steward/roster",
    types: &["steward.roster.v1.One", "steward.roster.v1.Two", "steward.roster.v1.Three"],
    run: note,
};

#[tokio::test(flavor = "multi_thread")]
async fn events_are_reacted_to_once_and_in_order_though_the_broker_repeats_and_loses() {
    let home = Home::new().await;
    let (kernel, district) = (home.kernel(&Clock::system()), home.district(1).await);
    let broker = Recorder::new(Mood::Well);
    let reacting = Reacting::start(&home, &kernel, broker.clone(), vec![NOTING]).await;
    home.announce(district, "roster", &["One", "Unheard"]).await;
    home.announce(district, "platform", &["One"]).await;
    reacting.node.wake.wake();
    eventually("all are published", async || broker.seen().len() == 3).await;
    for seen in broker.seen().iter().chain(&broker.seen()) {
        reacting.inbox.take(&seen.body).await.unwrap();
    }
    eventually("the first is noted", async || home.done(district).await == ["One"]).await;

    home.announce(district, "roster", &["Two", "Three"]).await;
    eventually("what the broker lost is found", async || home.done(district).await.len() == 3)
        .await;
    assert_eq!(home.done(district).await, ["One", "Two", "Three"]);
    reacting.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_react_once_to_each_event() {
    let home = Home::new().await;
    let kernel = home.kernel(&Clock::system());
    let districts = [home.district(0).await, home.district(7).await, home.district(15).await];
    let broker = Recorder::new(Mood::Well);
    let one = Reacting::start(&home, &kernel, broker.clone(), vec![NOTING]).await;
    let two = Reacting::start(&home, &kernel, broker.clone(), vec![NOTING]).await;
    for round in 0..20 {
        let names: &[&str] = if round % 2 == 0 { &["One", "Two"] } else { &["Three"] };
        for district in districts {
            home.announce(district, "roster", names).await;
        }
    }
    for district in districts {
        eventually("all are noted", async || home.done(district).await.len() == 30).await;
    }
    one.stop().await;
    two.stop().await;
    for district in districts {
        let expected: Vec<_> = ["One", "Two", "Three"].into_iter().cycle().take(30).collect();
        assert_eq!(home.done(district).await, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_reaction_is_tried_again_then_parked_and_replayed() {
    static WELL: AtomicU32 = AtomicU32::new(0);
    fn fail<'t>(
        tx: &'t mut Tx,
        event: &'t Received,
    ) -> BoxFuture<'t, Result<Outcome<()>, Problem>> {
        Box::pin(async {
            let outcome = note(tx, event).await?;
            if WELL.load(Ordering::SeqCst) == 0 && event.event_type.ends_with("One") {
                return Err(Problem::internal(&std::io::Error::other("no such school")));
            }
            Ok(outcome)
        })
    }
    let home = Home::new().await;
    let clock = Clock::fixed("2026-09-01T08:00:00Z".parse().unwrap());
    let (kernel, district) = (home.kernel(&clock), home.district(2).await);
    let failing = Reaction { run: fail, ..NOTING };
    let reacting = Reacting::start(&home, &kernel, Recorder::new(Mood::Well), vec![failing]).await;
    home.announce(district, "roster", &["One", "Two"]).await;
    eventually("the one after it is noted", async || home.done(district).await == ["Two"]).await;
    for attempt in 1..=i64::from(ATTEMPTS_MAX) {
        eventually("it was tried", async || {
            home.count("select coalesce(max(attempts), 0)::bigint from kernel.inbox_failed").await
                == attempt
        })
        .await;
        clock.advance(SignedDuration::from_hours(1));
    }
    let failed = inbox::list(&home.system, 10).await.unwrap();
    assert_eq!((failed[0].error.as_str(), failed[0].retry_at.is_none()), ("no such school", true));

    WELL.store(1, Ordering::SeqCst);
    assert_eq!(inbox::replay(&kernel, Some(failed[0].event_id)).await.unwrap(), 1);
    eventually("it is noted", async || home.done(district).await == ["Two", "One"]).await;
    eventually("nothing is kept", async || inbox::list(&home.system, 10).await.unwrap().is_empty())
        .await;
    reacting.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_event_in_this_platforms_name_has_no_effect() {
    let home = Home::new().await;
    let (kernel, district) = (home.kernel(&Clock::system()), home.district(3).await);
    let broker = Recorder::new(Mood::Well);
    let reacting = Reacting::start(&home, &kernel, broker.clone(), vec![NOTING]).await;
    let forged = json!({
        "specversion": "1.0", "id": random(), "source": "/steward/roster", "type": "steward.roster.v1.One",
        "tenantid": district, "sequence": "0000000000000000001", "data": {"name": "Forged"},
    });
    reacting.inbox.take(forged.to_string().as_bytes()).await.unwrap();
    home.announce(district, "roster", &["Two"]).await;
    eventually("the true one is noted", async || !home.done(district).await.is_empty()).await;
    assert_eq!(home.done(district).await, ["Two"]);
    reacting.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_event_is_taken_once_and_nonsense_is_refused() {
    let home = Home::new().await;
    let (kernel, district) = (home.kernel(&Clock::system()), home.district(4).await);
    let foreign = Reaction { source: "urn:scanner:7", types: &["scanner.v1.Seen"], ..NOTING };
    let inbox = Inbox::new(kernel, Leases::new(random()), vec![foreign]);
    let event = json!({
        "specversion": "1.0", "id": random(), "source": "urn:scanner:7", "type": "scanner.v1.Seen",
        "tenantid": district, "data": {"name": "Seen"},
    });
    for _ in 0..3 {
        inbox.take(event.to_string().as_bytes()).await.unwrap();
    }
    assert_eq!(home.done(district).await, ["Seen"]);
    for nonsense in ["", "{}", "[1]", "\u{0}", r#"{"specversion":"0.3"}"#] {
        let error = inbox.take(nonsense.as_bytes()).await.unwrap_err();
        assert!(matches!(error, TakeError::Unreadable(_)), "{nonsense}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_a_suspended_tenant_wait_in_their_order() {
    let home = Home::new().await;
    let (kernel, asleep, awake) =
        (home.kernel(&Clock::system()), home.district(5).await, home.district(6).await);
    home.set_status(asleep, "Suspended").await;
    let reacting = Reacting::start(&home, &kernel, Recorder::new(Mood::Well), vec![NOTING]).await;
    home.announce(asleep, "roster", &["One", "Two"]).await;
    home.announce(awake, "roster", &["One"]).await;
    eventually("the other one's is noted", async || home.done(awake).await.len() == 1).await;
    assert!(home.done(asleep).await.is_empty());
    assert!(inbox::list(&home.system, 10).await.unwrap().is_empty(), "waiting is no failure");
    home.set_status(asleep, "Active").await;
    eventually("they are noted", async || home.done(asleep).await == ["One", "Two"]).await;
    reacting.stop().await;
}
