//! What is over is deleted; what somebody still needs is not. And what the operator is shown.

use jiff::SignedDuration;
use kernel::{
    Clock, feed,
    health::{self, Background},
    relay::{Which, retry},
    retention::{self, Deleted, FEED_DAYS, Retention},
};

use crate::home::{Home, Mood, Node, Recorder, eventually, tenant};

fn retention(home: &Home, node: &Node, clock: &Clock) -> Retention {
    Retention {
        system: home.system.clone(),
        leases: node.leases.clone(),
        clock: clock.clone(),
        feed_days: FEED_DAYS,
    }
}

/// Lets the whole log, and all that the inbox remembers, grow old.
async fn grow_old(home: &Home) {
    for statement in [
        "update kernel.event set numbered_at = now() - interval '31 days'",
        "insert into kernel.inbox select tenant_id, 'notes', event_id, now() - interval '31 days' from kernel.event",
    ] {
        sqlx::query(statement).execute(&home.db.admin).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn old_events_go_in_order_and_readers_are_told() {
    let home = Home::new().await;
    let node = home.node(Recorder::new(Mood::Well));
    let district = tenant(1);
    let names: Vec<_> = (0..1_500).map(|_| "Old").collect();
    home.announce(district, "roster", &names).await;
    home.drained().await;
    grow_old(&home).await;
    home.announce(district, "roster", &["Young"]).await;
    home.drained().await;

    let deleted = retention::delete(&retention(&home, &node, &Clock::system())).await.unwrap();
    assert_eq!(deleted, Deleted { keys: 0, events: 1_500, inbox: 1_500 });
    let mut tx = home.tenant(district).await;
    let gone = feed::page(&mut tx, district, "roster", 7, 10).await.unwrap_err();
    assert!(matches!(gone, feed::Error::Gone { oldest: 1_501 }), "{gone}");
    let page = feed::page(&mut tx, district, "roster", 1_500, 10).await.unwrap();
    assert_eq!((page.events.len(), page.oldest), (1, 1_501));
    drop(tx);
    let again = retention::delete(&retention(&home, &node, &Clock::system())).await.unwrap();
    assert_eq!(again, Deleted::default());
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_delivered_and_what_is_parked_stays_however_old() {
    let home = Home::new().await;
    let broker = Recorder::new(Mood::Refusing("Secret"));
    let node = home.node(broker.clone());
    let district = tenant(2);
    home.announce(district, "roster", &["One", "Secret", "Three"]).await;
    home.drained().await;
    broker.set(Mood::Down);
    home.announce(district, "roster", &["Waiting"]).await;
    node.wake.wake();
    eventually("it is numbered", async || {
        home.count("select count(*) from kernel.event").await == 4
    })
    .await;
    grow_old(&home).await;

    let deleted = retention::delete(&retention(&home, &node, &Clock::system())).await.unwrap();
    assert_eq!(deleted.events, 3);
    assert_eq!(
        home.count("select count(*) from kernel.event").await,
        2,
        "the parked and the waiting one"
    );

    broker.set(Mood::Well);
    assert_eq!(retry(&home.system, &Which::All).await.unwrap(), 1);
    eventually("both arrive", async || broker.seen().len() == 4).await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn idempotency_keys_go_by_the_servers_clock() {
    let home = Home::new().await;
    let node = home.node(Recorder::new(Mood::Well));
    node.holds(16).await;
    let clock = Clock::fixed("2026-09-01T08:00:00Z".parse().unwrap());
    sqlx::query(
        "insert into kernel.idempotency select $1, 'ann', n::text, '', 200, '[]', '', timestamptz '2026-09-01T09:00:00Z'
           from generate_series(1, 2500) n",
    )
    .bind(tenant(3).0)
    .execute(&home.db.admin)
    .await
    .unwrap();
    let retention = retention(&home, &node, &clock);
    assert_eq!(retention::delete(&retention).await.unwrap().keys, 0);
    clock.advance(SignedDuration::from_hours(2));
    assert_eq!(retention::delete(&retention).await.unwrap().keys, 2_500);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn health_complains_of_what_a_person_should_see_and_of_nothing_else() {
    let home = Home::new().await;
    let broker = Recorder::new(Mood::Refusing("Secret"));
    let node = home.node(broker.clone());
    node.holds(16).await;
    let looked =
        async || -> Background { health::background(&home.system, &broker).await.unwrap() };
    assert_eq!(looked().await.complaints(), [""; 0]);

    home.announce(tenant(4), "roster", &["Secret"]).await;
    home.drained().await;
    broker.set(Mood::Down);
    home.announce(tenant(4), "roster", &["Waiting"]).await;
    node.wake.wake();
    eventually("it is numbered", async || {
        home.count("select count(*) from kernel.event").await == 2
    })
    .await;
    sqlx::query("update kernel.event set numbered_at = now() - interval '1 minute'")
        .execute(&home.db.admin)
        .await
        .unwrap();
    sqlx::query("insert into kernel.job (tenant_id, job_id, kind, args, run_at, parked_error) values (gen_random_uuid(), gen_random_uuid(), 'test', '{}', now(), 'no')")
        .execute(&home.db.admin)
        .await
        .unwrap();

    let health = looked().await;
    assert_eq!((health.outbox.waiting, health.outbox.parked, health.jobs.parked), (1, 1, 1));
    assert!((60.0..90.0).contains(&health.outbox.oldest_seconds), "{health:?}");
    let complaints = health.complaints().join("\n");
    for part in
        ["no connection to the broker", "1 events wait", "refused 1 events", "1 jobs failed"]
    {
        assert!(complaints.contains(part), "{part} is missing in: {complaints}");
    }
    node.stop().await;
}
