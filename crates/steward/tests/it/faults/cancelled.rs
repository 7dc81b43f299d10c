//! Clients hang up in the middle of requests, on a pool of two connections that two districts share.

use std::collections::HashSet;
use std::future::{IntoFuture, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use anyhow::Result;
use kernel::cx::{Cx, Origin};
use kernel::permission::SchoolRead;
use kernel::problem::Problem;
use kernel::{Kernel, Role, TenantId};
use rand::RngExt;
use serde_json::json;
use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, PgPool, Postgres};
use testkit::{Client, Person, Server};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::site::{say, until};

/// Requests of which about half are cut off, before, while or after something happened.
const CUTS: usize = 4_000;
/// Units of work that are dropped; about as many come to their end between them.
const DROPS: usize = 100_000;
/// Reads that are looked at meanwhile, at least.
const READS: usize = 2_000;
/// How often a unit of work is polled, at first; those that end tell how often it was, and patience ends anywhere up to
/// twice that.
const FIRST_POLLS: u64 = 6;
/// Clients that hang up: few, so that they are cut off at work and not while they wait for a connection.
const CUTTERS: usize = 3;
/// Clients that read to the end.
const READERS: usize = 2;
/// Those that look at the pool's connections: many, to find one before the next request cleans it by using it.
const LOOKERS: usize = 4;
/// What a read took at first, in µs; from then on the readers measure it, and patience ends anywhere up to twice that.
const FIRST_READ_US: u64 = 10_000;
/// What is read: a page that stays as small as it is however many schools are created meanwhile.
const READ: &str = "/schools?pageSize=20";
/// Schools of each district.
const SCHOOLS: usize = 10;
/// Connections that the districts share.
const POOL: u32 = 2;
/// What was still running when the last client hung up.
const QUIET_WITHIN: Duration = Duration::from_secs(10);

/// What all clients share.
struct Shared {
    districts: Vec<District>,
    /// Requests still to be sent by those that hang up, or units of work still to be dropped.
    left: AtomicUsize,
    /// What the last one that came to its end took: a read, in µs, or a unit of work, in polls.
    took: AtomicU64,
}

impl Shared {
    /// Whether there is one more to be sent.
    fn take(&self) -> bool {
        let less = |left: usize| left.checked_sub(1);
        self.left.try_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
    }
}

/// A district, its client, and how the names of its schools begin.
struct District {
    client: Client,
    mark: &'static str,
}

#[tokio::test(flavor = "multi_thread")]
async fn four_thousand_impatient_requests_leave_no_district_in_the_pool() -> Result<()> {
    let server = Server::start_with(|plan| plan.connections = POOL).await?;
    let mut districts = Vec::new();
    for mark in ["Hill", "Lake"] {
        let client = client(&server, server.district(mark).await?)?;
        for number in 0..SCHOOLS {
            let body = json!({"name": format!("{mark} {number}")});
            client.post("/schools", body).await?.expect(201);
        }
        districts.push(District { client, mark });
    }
    let state = Arc::new(Shared {
        districts,
        left: AtomicUsize::new(CUTS),
        took: AtomicU64::new(FIRST_READ_US),
    });
    let (mut work, mut reading) = (JoinSet::new(), JoinSet::new());
    for _ in 0..CUTTERS {
        work.spawn(cut(Arc::clone(&state)));
    }
    for number in 0..READERS {
        reading.spawn(read(Arc::clone(&state), number));
    }
    let mut looking = JoinSet::new();
    for _ in 0..LOOKERS {
        looking.spawn(look(server.kernel().app.clone(), Arc::clone(&state)));
    }
    let cut: usize = work.join_all().await.into_iter().sum();
    let reads: usize = reading.join_all().await.into_iter().sum();
    let looks: usize = looking.join_all().await.into_iter().sum();
    say(&format!(
        "{cut} of {CUTS} requests were cut off, {reads} reads showed only the reader's own, {looks} looks at connections"
    ));
    assert!(cut > CUTS / 5 && cut < CUTS, "only {cut} of {CUTS} requests were cut off");
    clean(&server).await;
    Ok(())
}

/// Requests are detached from their connections; jobs are not, and a later route might not be. So the unit of work alone
/// must stand being dropped wherever it waits.
#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_units_of_work_dropped_while_they_wait_leave_no_district_in_the_pool()
-> Result<()> {
    let server = Server::start_with(|plan| plan.connections = POOL).await?;
    let districts = [server.district("Hill").await?, server.district("Lake").await?];
    let state = Arc::new(Shared {
        districts: Vec::new(),
        left: AtomicUsize::new(DROPS),
        took: AtomicU64::new(FIRST_POLLS),
    });
    let (mut work, mut looking) = (JoinSet::new(), JoinSet::new());
    for _ in 0..CUTTERS {
        work.spawn(abandon(server.kernel().clone(), districts, Arc::clone(&state)));
    }
    for _ in 0..LOOKERS {
        looking.spawn(look(server.kernel().app.clone(), Arc::clone(&state)));
    }
    let ended: usize = work.join_all().await.into_iter().sum();
    let looks: usize = looking.join_all().await.into_iter().sum();
    say(&format!("{DROPS} units were dropped, {ended} ended, {looks} looks at connections"));
    assert!(ended > DROPS / 5, "only {ended} units ended: the others were dropped too early");
    clean(&server).await;
    Ok(())
}

/// Begins units of work and drops them; how many ended by themselves.
async fn abandon(kernel: Kernel, districts: [TenantId; 2], shared: Arc<Shared>) -> usize {
    let mut done = 0;
    while shared.left.load(Ordering::Relaxed) > 0 {
        let district = districts[rand::random_range(0..districts.len())];
        let origin = Origin::own(kernel.ids.next());
        let cx = Cx::<SchoolRead>::system(kernel.clone(), district, "test", origin, None);
        let unit = cx.read(async |tx| {
            let seen: String = sqlx::query_scalar("select current_setting('steward.tenant', true)")
                .fetch_one(tx.conn())
                .await?;
            assert_eq!(seen, district.to_string());
            Ok::<_, Problem>(())
        });
        let longest = 2 * shared.took.load(Ordering::Relaxed);
        match polled(unit, rand::random_range(1..=longest)).await {
            None => {
                shared.take();
            }
            Some((ended, polls)) => {
                ended.unwrap();
                shared.took.store(polls, Ordering::Relaxed);
                done += 1;
            }
        }
    }
    done
}

/// Polls a future so often, and drops it if it still waits then; what it came to, and how many polls that took.
async fn polled<F: Future>(future: F, most: u64) -> Option<(F::Output, u64)> {
    let (mut future, mut polls) = (pin!(future), 0);
    poll_fn(|cx| {
        polls += 1;
        match future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some((output, polls))),
            Poll::Pending if polls == most => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

fn client(server: &Server, tenant: TenantId) -> Result<Client> {
    let person = Person { is_service: true, ..Person::with(Role::DistrictAdmin, &[tenant]) };
    Ok(server.as_person(&person)?.in_tenant(tenant))
}

/// Sends requests and hangs up; how often it did before the answer.
async fn cut(shared: Arc<Shared>) -> usize {
    let mut cut = 0;
    while shared.take() {
        let place = rand::random_range(0..shared.districts.len());
        let District { client, mark } = &shared.districts[place];
        let request = if rand::rng().random_ratio(1, 10) {
            let name = format!("{mark} {}", rand::random::<u64>());
            client.post("/schools", json!({"name": name}))
        } else {
            client.get(READ)
        };
        let longest = 2 * shared.took.load(Ordering::Relaxed);
        let patience = Duration::from_micros(rand::random_range(0..=longest));
        cut += usize::from(timeout(patience, request.into_future()).await.is_err());
    }
    cut
}

/// Reads while others hang up: nothing foreign, and nothing of its own missing. How many reads were served.
async fn read(shared: Arc<Shared>, number: usize) -> usize {
    let District { client, mark } = &shared.districts[number % shared.districts.len()];
    let mut served = 0;
    while served < READS / READERS || shared.left.load(Ordering::Relaxed) > 0 {
        let began = Instant::now();
        let answer = client.get(READ).await.unwrap();
        if answer.status == 503 {
            continue; // both connections are busy: that is what the pool is small for
        }
        let took = u64::try_from(began.elapsed().as_micros()).unwrap();
        shared.took.store(took, Ordering::Relaxed);
        let page = answer.expect(200);
        let names = page["items"].as_array().unwrap().iter().map(|s| s["name"].as_str().unwrap());
        let names: HashSet<_> = names.collect();
        assert!(names.iter().all(|name| name.starts_with(mark)), "{mark} sees {names:?}");
        assert!(names.len() >= SCHOOLS, "{mark} misses schools: {names:?}");
        served += 1;
    }
    served
}

/// Every connection of the pool is idle, outside a transaction, and knows no district.
async fn clean(server: &Server) {
    until("every connection is idle", QUIET_WITHIN, async || {
        let busy: i64 = sqlx::query_scalar(
            "select count(*) from pg_stat_activity
              where datname = current_database() and application_name = 'steward_app' and state <> 'idle'",
        )
        .fetch_one(&server.database.admin)
        .await
        .unwrap();
        busy == 0
    })
    .await;
    let mut held = Vec::new();
    for _ in 0..POOL {
        held.push(take(&server.kernel().app).await.unwrap());
    }
    for connection in &mut held {
        belongs_to_nobody(connection).await;
    }
}

/// Takes connections as a request does while others hang up, and looks what was left in them. How often it did.
async fn look(pool: PgPool, shared: Arc<Shared>) -> usize {
    let mut looks = 0;
    while shared.left.load(Ordering::Relaxed) > 0 {
        if let Ok(mut connection) = take(&pool).await {
            belongs_to_nobody(&mut connection).await;
            looks += 1;
        }
    }
    looks
}

#[expect(clippy::disallowed_methods, reason = "looks at connections as they lie in the pool")]
async fn take(pool: &PgPool) -> sqlx::Result<PoolConnection<Postgres>> {
    pool.acquire().await
}

/// No transaction was left open in it: the tenant is only ever set within one.
async fn belongs_to_nobody(connection: &mut PgConnection) {
    let tenant: Option<String> =
        sqlx::query_scalar("select nullif(current_setting('steward.tenant', true), '')")
            .fetch_one(connection)
            .await
            .unwrap();
    assert_eq!(tenant, None, "a connection in the pool still belongs to a district");
}
