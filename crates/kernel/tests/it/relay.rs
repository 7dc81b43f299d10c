//! From a commit to a subscriber.

use std::time::{Duration, Instant};

use kernel::{
    feed,
    relay::{Which, backlog, list, retry},
};
use serde_json::Value;

use crate::home::{Home, Mood, Recorder, check_deliveries, eventually, tenant, write_event};

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_published_as_a_cloud_event_on_its_topic() {
    let home = Home::new().await;
    let broker = Recorder::new(Mood::Well);
    let node = home.node(broker.clone());
    let district = tenant(3);
    home.announce(district, "roster", &["SchoolCreated"]).await;
    node.wake.wake();
    home.drained().await;

    let seen = broker.seen();
    assert_eq!(seen[0].topic, format!("steward/{district}/roster/v1/SchoolCreated"));
    let envelope = seen[0].envelope();
    assert_eq!(envelope["specversion"], "1.0");
    assert_eq!(envelope["type"], "steward.roster.v1.SchoolCreated");
    assert_eq!(envelope["data"]["name"], "SchoolCreated");
    assert_eq!(envelope["sequence"], "0000000000000000001");
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_writers_leave_no_gap_and_each_feed_keeps_its_order() {
    let home = Home::new().await;
    let broker = Recorder::new(Mood::Well);
    let node = home.node(broker.clone());
    write_from_eight(&home, &node.wake, 40).await;
    home.drained().await;
    assert_eq!(check_deliveries(&broker.seen()), 8 * 40 * 2);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks_all_the_time_loses_and_swaps_nothing() {
    let home = Home::new().await;
    let broker = Recorder::new(Mood::Flaky);
    let node = home.node(broker.clone());
    write_from_eight(&home, &node.wake, 20).await;
    eventually("something arrived", async || broker.seen().len() > 100).await;
    broker.set(Mood::Well);
    home.drained().await;
    assert_eq!(check_deliveries(&broker.seen()), 8 * 20 * 2);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_of_unknown_fate_is_sent_again_with_all_after_it_and_hinders_no_other_feed() {
    let home = Home::new().await;
    let broker = Recorder::new(Mood::Losing("Two"));
    let node = home.node(broker.clone());
    let (district, other) = (tenant(6), tenant(6));
    home.announce(district, "roster", &["One", "Two", "Three"]).await;
    home.announce(other, "roster", &["Elsewhere"]).await;
    eventually("others go on", async || broker.names(other) == ["Elsewhere"]).await;
    assert!(!broker.names(district).contains(&"Two".to_owned()));

    broker.set(Mood::Well);
    home.drained().await;
    let seen: Vec<_> =
        broker.seen().iter().map(|seen| seen.envelope()["data"]["name"].clone()).collect();
    let two = seen.iter().position(|name| name == "Two").unwrap();
    assert_eq!(seen[two + 1], "Three", "{seen:?}");
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_commit_is_numbered_late_and_leaves_no_gap() {
    let home = Home::new().await;
    let broker = Recorder::new(Mood::Well);
    let node = home.node(broker.clone());
    let district = tenant(0);
    let mut late = home.tenant(district).await;
    write_event(&mut late, district, "roster", "TookItsPlaceFirst").await;
    home.announce(district, "roster", &["CommittedFirst"]).await;
    node.wake.wake();
    eventually("the second is out", async || broker.seen().len() == 1).await;

    late.commit().await.unwrap();
    home.announce(district, "roster", &["After"]).await;
    node.wake.wake();
    home.drained().await;
    assert_eq!(broker.names(district), ["CommittedFirst", "TookItsPlaceFirst", "After"]);
    assert_eq!(check_deliveries(&broker.seen()), 3);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_dies_between_numbering_and_publishing_leaves_it_to_the_next() {
    let home = Home::new().await;
    let district = tenant(9);
    let dead = home.node(Recorder::new(Mood::Down));
    home.announce(district, "roster", &["One", "Two"]).await;
    home.announce(district, "platform", &["Three"]).await;
    eventually("all are numbered", async || {
        home.count("select count(*) from kernel.event").await == 3
    })
    .await;
    dead.kill();
    home.expire_leases().await;

    let broker = Recorder::new(Mood::Well);
    let next = home.node(broker.clone());
    home.announce(district, "roster", &["Four"]).await;
    eventually("all arrived", async || broker.seen().len() == 4).await;
    assert_eq!(check_deliveries(&broker.seen()), 4);
    next.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_killed_again_and_again_deliver_each_event_in_order() {
    let home = Home::new().await;
    let broker = Recorder::new(Mood::Flaky);
    let mut nodes = [home.node(broker.clone()), home.node(broker.clone())];
    for round in 0..6 {
        write_from_eight(&home, &nodes[round % 2].wake, 10).await;
        nodes[round % 2].kill();
        home.expire_leases().await;
        nodes[round % 2] = home.node(broker.clone());
    }
    broker.set(Mood::Well);
    home.drained().await;
    // Each round writes for tenants of its own.
    assert_eq!(check_deliveries(&broker.seen()), 6 * 8 * 10 * 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_without_leases_moves_nothing() {
    let home = Home::new().await;
    let broker = Recorder::new(Mood::Well);
    let node = home.node(broker.clone());
    node.holds(16).await;
    // Another one took everything while this node slept; it does not know yet.
    sqlx::query(
        "update kernel.lease set holder = gen_random_uuid(), until = now() + interval '1 minute'",
    )
    .execute(&home.db.admin)
    .await
    .unwrap();
    home.announce(tenant(1), "roster", &["SchoolCreated"]).await;
    node.wake.wake();
    // A wake starts a round at once: time for some of them, for what does not happen is no condition to wait for.
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(home.count("select count(*) from kernel.outbox").await, 1);
    eventually("it notices", async || node.leases.slots().is_empty()).await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_broker_refuses_is_parked_shown_and_sent_again_on_request() {
    let home = Home::new().await;
    let broker = Recorder::new(Mood::Refusing("Secret"));
    let node = home.node(broker.clone());
    let district = tenant(5);
    home.announce(district, "roster", &["Before", "Secret", "After"]).await;
    home.drained().await;
    assert_eq!(broker.names(district), ["Before", "After"]);
    let parked = list(&home.system, 10).await.unwrap();
    assert_eq!((parked[0].number, parked[0].attempts), (2, 1));
    assert_eq!(parked[0].error, "not authorised (0x87)");
    assert_eq!(backlog(&home.system).await.unwrap()[0].parked, 1);
    let page =
        feed::page(&mut *home.tenant(district).await, district, "roster", 1, 10).await.unwrap();
    assert_eq!(page.events.len(), 2, "the feed has it");

    broker.set(Mood::Well);
    assert_eq!(retry(&home.system, &Which::One(parked[0].event_id)).await.unwrap(), 1);
    eventually("it is sent", async || broker.names(district) == ["Before", "After", "Secret"])
        .await;
    eventually("it is not parked", async || list(&home.system, 10).await.unwrap().is_empty()).await;
    assert_eq!(broker.seen().last().unwrap().envelope()["sequence"], "0000000000000000002");
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_forgets_gets_the_last_moments_again() {
    let home = Home::new().await;
    let district = tenant(7);
    let forgetful = Recorder::settling(Mood::Well, Duration::from_hours(1));
    let node = home.node(forgetful.clone());
    home.announce(district, "roster", &["One", "Two"]).await;
    node.wake.wake();
    eventually("both are acknowledged", async || forgetful.seen().len() == 2).await;
    node.stop().await;

    let durable = Recorder::new(Mood::Well);
    let node = home.node(durable.clone());
    home.drained().await;
    assert_eq!(durable.names(district), ["One", "Two"]);
    assert_eq!(forgetful.seen(), durable.seen(), "the same bytes");
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_feed_pages_in_order_and_says_what_is_gone() {
    let home = Home::new().await;
    let node = home.node(Recorder::new(Mood::Down));
    let (district, other) = (tenant(2), tenant(2));
    home.announce(district, "roster", &["One", "Two", "Three"]).await;
    home.announce(other, "roster", &["Hidden"]).await;
    eventually("all are numbered", async || {
        home.count("select count(*) from kernel.event").await == 4
    })
    .await;

    let mut tx = home.tenant(district).await;
    let first = feed::page(&mut tx, district, "roster", 0, 2).await.unwrap();
    let second = feed::page(&mut tx, district, "roster", first.next, 2).await.unwrap();
    assert_eq!((first.events.len(), first.next, second.events.len(), second.next), (2, 2, 1, 3));
    let envelope: Value = serde_json::from_str(second.events[0].get()).unwrap();
    assert_eq!(envelope["data"]["name"], "Three");
    let hidden = feed::page(&mut tx, other, "roster", 0, 2).await.unwrap();
    assert!(hidden.events.is_empty(), "another tenant's feed is empty");
    drop(tx);

    sqlx::query("update kernel.feed set oldest = 3").execute(&home.db.admin).await.unwrap();
    let mut tx = home.tenant(district).await;
    let gone = feed::page(&mut tx, district, "roster", 1, 2).await.unwrap_err();
    assert!(matches!(gone, feed::Error::Gone { oldest: 3 }), "{gone}");
    assert_eq!(feed::page(&mut tx, district, "roster", 2, 2).await.unwrap().events.len(), 1);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_reader_hears_of_its_own_feed() {
    let home = Home::new().await;
    let node = home.node(Recorder::new(Mood::Well));
    node.holds(16).await;
    let district = tenant(4);
    let mut news = node.wake.news();
    home.announce(district, "roster", &["SchoolCreated"]).await;
    node.wake.wake();
    let heard =
        tokio::time::timeout(Duration::from_millis(1500), news.beyond(district, "roster", 0)).await;
    assert!(heard.is_ok(), "before the reader's own poll");
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_on_one_node_wakes_the_relay_on_another() {
    let home = Home::new().await;
    let broker = Recorder::new(Mood::Well);
    let (one, two) = (home.node(broker.clone()), home.node(broker.clone()));
    one.holds(8).await;
    two.holds(8).await;
    let slot = u8::try_from(two.leases.slots()[0]).unwrap();
    let district = tenant(slot);
    // Well below what twenty polls of a second each would take, however the machine is loaded.
    let started = Instant::now();
    for count in 1..=20 {
        home.announce(district, "roster", &["SchoolCreated"]).await;
        one.wake.wake();
        eventually("it is out", async || broker.seen().len() == count).await;
    }
    assert!(started.elapsed() < Duration::from_secs(7), "{:?}", started.elapsed());
    one.stop().await;
    two.stop().await;
}

/// Eight writers commit `commits` transactions each, alternating between tenants, with two events for two contexts.
async fn write_from_eight(home: &Home, wake: &kernel::relay::Wake, commits: usize) {
    let tenants = [tenant(0), tenant(7), tenant(15)];
    let writers = (0..8).map(|writer| async move {
        for commit in 0..commits {
            let district = tenants[(writer + commit) % tenants.len()];
            let mut tx = home.tenant(district).await;
            write_event(&mut tx, district, "roster", "SchoolCreated").await;
            write_event(&mut tx, district, "platform", "TenantChanged").await;
            tx.commit().await.unwrap();
            wake.wake();
        }
    });
    futures::future::join_all(writers).await;
}

/// The outbox is empty most of the time, and so it is when PostgreSQL counts it and plans.
#[tokio::test(flavor = "multi_thread")]
async fn a_backlog_is_numbered_although_the_outbox_was_empty_when_it_was_planned() {
    let home = Home::new().await;
    let broker = Recorder::new(Mood::Well);
    let node = home.node(broker.clone());
    for _ in 0..8 {
        home.announce(tenant(1), "roster", &["SchoolCreated"]).await;
        node.wake.wake();
        home.drained().await; // each time planned anew, until the plan is kept
    }
    sqlx::query("analyze kernel.outbox").execute(&home.db.admin).await.unwrap();

    let tenants: Vec<_> = (0..8).map(|slot| tenant(slot).0).collect();
    sqlx::query(
        "insert into kernel.outbox (tenant_id, event_id, context, type, subject, data, meta, occurred_at)
         select t, gen_random_uuid(), 'roster', 'steward.roster.v1.SchoolCreated', gen_random_uuid(), '{\"name\":\"SchoolCreated\"}',
                '{\"correlationid\":\"018f0000-0000-7000-8000-000000000000\",\"actor\":\"test\",\"name\":\"SchoolCreated\",\"version\":1}', now()
         from generate_series(1, 2500), unnest($1::uuid[]) t",
    )
    .bind(tenants)
    .execute(&home.db.admin)
    .await
    .unwrap();
    node.wake.wake();
    eventually("the backlog is numbered", async || {
        home.count("select count(*) from kernel.outbox").await == 0
    })
    .await;
    node.stop().await;
}
