//! Which node serves which tenants.

use std::time::{Duration, Instant};

use crate::home::{Home, Mood, Recorder, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_share_the_slots_and_the_last_one_has_all() {
    let home = Home::new().await;
    let first = home.node(Recorder::new(Mood::Well));
    first.holds(16).await;

    let second = home.node(Recorder::new(Mood::Well));
    second.holds(8).await;
    first.holds(8).await;

    first.stop().await;
    second.holds(16).await;
    second.stop().await;
    assert_eq!(home.count("select count(*) from kernel.lease where holder is not null").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_slots_of_a_dead_node_are_served_within_ten_seconds() {
    let home = Home::new().await;
    let (first, second) =
        (home.node(Recorder::new(Mood::Well)), home.node(Recorder::new(Mood::Well)));
    first.holds(8).await;
    second.holds(8).await;

    first.kill();
    let killed = Instant::now();
    second.holds(16).await;
    assert!(killed.elapsed() < Duration::from_secs(10), "{:?}", killed.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn three_nodes_never_hold_a_slot_twice() {
    let home = Home::new().await;
    let nodes: Vec<_> = (0..3).map(|_| home.node(Recorder::new(Mood::Well))).collect();
    let settled = async || nodes.iter().map(|node| node.leases.slots().len()).collect::<Vec<_>>();
    eventually("all slots are held", async || settled().await.iter().sum::<usize>() == 16).await;
    eventually("nobody holds more than the fair share", async || {
        settled().await.iter().all(|n| *n <= 6)
    })
    .await;
    let mut slots: Vec<_> = nodes.iter().flat_map(|node| node.leases.slots()).collect();
    slots.sort_unstable();
    slots.dedup();
    assert_eq!(slots.len(), nodes.iter().map(|node| node.leases.slots().len()).sum::<usize>());
}

/// What relay and sealer do: the lease is pinned as long as their transaction lasts.
#[tokio::test(flavor = "multi_thread")]
async fn a_pinned_lease_is_renewed_and_not_taken_over() {
    let home = Home::new().await;
    let first = home.node(Recorder::new(Mood::Well));
    first.holds(16).await;
    #[expect(clippy::disallowed_methods, reason = "a test that is not cancelled")]
    let mut work = home.system.begin().await.unwrap();
    sqlx::query("select slot from kernel.lease where slot < 8 for key share")
        .execute(&mut *work)
        .await
        .unwrap();

    let ends = "select min(extract(epoch from until))::float8 from kernel.lease";
    let before: f64 = sqlx::query_scalar(ends).fetch_one(&home.db.admin).await.unwrap();
    eventually("the pinned leases are renewed", async || {
        let now: f64 = sqlx::query_scalar(ends).fetch_one(&home.db.admin).await.unwrap();
        now > before
    })
    .await;

    first.kill();
    let second = home.node(Recorder::new(Mood::Well));
    second.holds(8).await;
    assert!(second.leases.slots().iter().all(|slot| *slot >= 8), "{:?}", second.leases.slots());
    work.commit().await.unwrap();
    second.holds(16).await;
}
