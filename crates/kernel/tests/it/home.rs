//! What the stories of the background work share: a database, writers, and a broker that records and fails on demand.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant},
};

use bytes::Bytes;
use kernel::{
    Clock, Ids, Kernel, TenantId,
    audit::Audited,
    cursor::CursorKey,
    db::Parts,
    keys::{Absent, MasterKey},
    lease::{self, Leases},
    rate::{RateConfig, RateLimits},
    relay::{self, Broker, Delivery, Relay, Wake},
    token::{ClaimNames, KeySource, Trust, Verifier},
};
use serde_json::Value;
use sqlx::{PgConnection, PgPool};
use tempfile::TempDir;
use testkit::{Database, Login};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Longer than anything that works takes, even on a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// A database of the current schema with the pools of a server.
pub(crate) struct Home {
    pub(crate) db: Database,
    pub(crate) app: PgPool,
    pub(crate) system: PgPool,
    folder: TempDir,
}

impl Home {
    pub(crate) async fn new() -> Self {
        let db = Database::clone_template().await.unwrap();
        let (app, system) = (pool(&db, kernel::db::APP), pool(&db, kernel::db::SYSTEM));
        Self { db, app, system, folder: tempfile::tempdir().unwrap() }
    }

    /// Commits one event per name, all in one transaction of the tenant.
    pub(crate) async fn announce(&self, tenant: TenantId, context: &str, names: &[&str]) {
        let mut tx = self.tenant(tenant).await;
        for name in names {
            write_event(&mut tx, tenant, context, name).await;
        }
        tx.commit().await.unwrap();
    }

    /// A transaction of the requests' role, in which only the tenant's rows exist.
    pub(crate) async fn tenant(
        &self,
        tenant: TenantId,
    ) -> sqlx::Transaction<'static, sqlx::Postgres> {
        #[expect(clippy::disallowed_methods, reason = "a test that is not cancelled")]
        let mut tx = self.app.begin().await.unwrap();
        sqlx::query("select set_config('steward.tenant', $1, true)")
            .bind(tenant.to_string())
            .execute(&mut *tx)
            .await
            .unwrap();
        tx
    }

    /// An active tenant of the given slot.
    pub(crate) async fn district(&self, slot: u8) -> TenantId {
        let district = tenant(slot);
        sqlx::query(
            "insert into kernel.tenant (tenant_id, name, name_key, region, status, capabilities, external_refs, version, created_at, updated_at)
             values ($1, $2, $2, 'default', 'Active', '[]', '{}', 1, now(), now())",
        )
        .bind(district.0)
        .bind(district.to_string())
        .execute(&self.db.admin)
        .await
        .unwrap();
        district
    }

    /// Sets the status of a tenant.
    pub(crate) async fn set_status(&self, district: TenantId, status: &str) {
        sqlx::query("update kernel.tenant set status = $2 where tenant_id = $1")
            .bind(district.0)
            .bind(status)
            .execute(&self.db.admin)
            .await
            .unwrap();
    }

    /// The kernel of a server on this database.
    pub(crate) fn kernel(&self, clock: &Clock) -> Kernel {
        let master = MasterKey::open(&self.folder.path().join("master"), Absent::Create).unwrap();
        let trust = Trust {
            issuer: "https://issuer.test".to_owned(),
            audience: "steward".to_owned(),
            keys: KeySource::File(self.folder.path().join("jwks")),
            claims: ClaimNames::default(),
        };
        Kernel::new(Parts {
            extensions: http::Extensions::new(),
            ending: CancellationToken::new(),
            app: self.app.clone(),
            system: self.system.clone(),
            clock: clock.clone(),
            ids: Ids::random(clock.clone()),
            wake: Wake::new(),
            verifier: Verifier::new(trust, clock.clone()).unwrap(),
            limits: RateLimits::by(RateConfig::default(), clock.clone()),
            cursors: CursorKey::from(&master),
            master,
            regions: Vec::new(),
            spool: self.folder.path().to_owned(),
        })
    }

    /// What was done to [`Thing`]s of a tenant, in order.
    pub(crate) async fn done(&self, district: TenantId) -> Vec<String> {
        sqlx::query_scalar(
            "select record::jsonb ->> 'after' from kernel.audit where tenant_id = $1 and entity = 'test.thing' order by recorded_at",
        )
        .bind(district.0)
        .fetch_all(&self.db.admin)
        .await
        .unwrap()
    }

    /// One number from the database, seen by the superuser.
    pub(crate) async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.db.admin).await.unwrap()
    }

    /// Lets the time of all leases pass at once.
    pub(crate) async fn expire_leases(&self) {
        sqlx::query("update kernel.lease set until = now()").execute(&self.db.admin).await.unwrap();
        sqlx::query("delete from kernel.node").execute(&self.db.admin).await.unwrap();
    }

    /// Starts a node: leases and relay on `broker`.
    pub(crate) fn node(&self, broker: impl Broker) -> Node {
        Node::start(self.system.clone(), broker)
    }

    /// Waits until nothing is left in the outbox and everything numbered is delivered.
    pub(crate) async fn drained(&self) {
        eventually("everything is delivered", async || {
            self.count("select (select count(*) from kernel.outbox) + (select count(*) from kernel.feed where numbered > delivered)")
                .await
                == 0
        })
        .await;
    }
}

fn pool(db: &Database, role: &str) -> PgPool {
    kernel::db::pool(&db.options(Login::Server), role, 10)
}

/// Something that a unit of work changes: named, so that the audit trail tells what was done in which order.
pub(crate) struct Thing(pub(crate) String);

impl Audited for Thing {
    const ENTITY: &'static str = "test.thing";

    fn id(&self) -> Uuid {
        random()
    }

    fn redacted(&self) -> Value {
        Value::String(self.0.clone())
    }
}

/// Writes one event as a unit of work does, at its end.
pub(crate) async fn write_event(
    conn: &mut PgConnection,
    tenant: TenantId,
    context: &str,
    name: &str,
) {
    let id = random();
    sqlx::query(
        "insert into kernel.outbox (tenant_id, event_id, context, type, subject, data, meta, occurred_at)
         values ($1, $2, $3, $4, $5, $6, $7, now())",
    )
    .bind(tenant.0)
    .bind(id)
    .bind(context)
    .bind(format!("steward.{context}.v1.{name}"))
    .bind(id)
    .bind(format!(r#"{{"name":"{name}"}}"#))
    .bind(serde_json::json!({"correlationid": id, "actor": "test", "name": name, "version": 1}))
    .execute(conn)
    .await
    .unwrap();
}

/// A tenant of the given slot.
pub(crate) fn tenant(slot: u8) -> TenantId {
    let mut bytes = *random().as_bytes();
    bytes[15] = bytes[15] & 0xf0 | slot;
    TenantId(Uuid::from_bytes(bytes))
}

/// A random id.
pub(crate) fn random() -> Uuid {
    uuid::Builder::from_random_bytes(rand::random()).into_uuid()
}

/// Waits until `condition` holds.
pub(crate) async fn eventually(what: &str, condition: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !condition().await {
        assert!(Instant::now() < deadline, "not within {DEADLINE:?}: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A running node.
pub(crate) struct Node {
    pub(crate) wake: Wake,
    pub(crate) leases: Leases,
    stop_relay: CancellationToken,
    stop_leases: CancellationToken,
    relay: JoinHandle<()>,
    hold: JoinHandle<()>,
}

impl Node {
    fn start(system: PgPool, broker: impl Broker) -> Self {
        let id = random();
        let (wake, leases) = (Wake::new(), Leases::new(id));
        let (stop_relay, stop_leases) = (CancellationToken::new(), CancellationToken::new());
        let relay = Relay {
            system: system.clone(),
            leases: leases.clone(),
            wake: wake.clone(),
            clock: Clock::system(),
        };
        Self {
            wake: wake.clone(),
            leases: leases.clone(),
            relay: tokio::spawn(relay::run(relay, broker, stop_relay.clone())),
            hold: tokio::spawn(lease::hold(system, leases, wake, stop_leases.clone())),
            stop_relay,
            stop_leases,
        }
    }

    /// Waits until the node holds `slots` slots.
    pub(crate) async fn holds(&self, slots: usize) {
        eventually("the node has its slots", async || self.leases.slots().len() == slots).await;
    }

    /// Dies without a word.
    pub(crate) fn kill(&self) {
        self.relay.abort();
        self.hold.abort();
    }

    /// Stops as a server does: finishes what it sent, gives its leases back.
    pub(crate) async fn stop(self) {
        self.stop_relay.cancel();
        self.relay.await.unwrap();
        self.stop_leases.cancel();
        self.hold.await.unwrap();
    }
}

/// What a subscriber saw, in order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Seen {
    pub(crate) topic: String,
    pub(crate) body: Bytes,
}

impl Seen {
    pub(crate) fn envelope(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// How the broker answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    /// Takes everything.
    Well,
    /// Loses its connection now and then: what it had taken may have arrived or not.
    Flaky,
    /// Loses events of this name alone, and cannot say.
    Losing(&'static str),
    /// Refuses events of this name.
    Refusing(&'static str),
    /// No connection.
    Down,
}

/// A broker with one subscriber of everything. Cheap to clone: all clones are one.
#[derive(Clone)]
pub(crate) struct Recorder {
    state: Arc<Mutex<State>>,
    settle: Duration,
}

struct State {
    mood: Mood,
    seen: Vec<Seen>,
    /// A broken connection: nothing is taken until all that was in flight knows.
    broken: bool,
    in_flight: usize,
}

impl Recorder {
    pub(crate) fn new(mood: Mood) -> Self {
        Self::settling(mood, Duration::ZERO)
    }

    pub(crate) fn settling(mood: Mood, settle: Duration) -> Self {
        let state = State { mood, seen: Vec::new(), broken: false, in_flight: 0 };
        Self { state: Arc::new(Mutex::new(state)), settle }
    }

    pub(crate) fn set(&self, mood: Mood) {
        self.state().mood = mood;
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.state().seen.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// The subscriber's names of events of a tenant, without repetitions.
    pub(crate) fn names(&self, tenant: TenantId) -> Vec<String> {
        let mut names = Vec::new();
        for envelope in self.seen().iter().map(Seen::envelope) {
            let name = envelope["data"]["name"].as_str().unwrap().to_owned();
            if envelope["tenantid"] == tenant.to_string() && !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }
}

/// One event on its way: counts itself out when its fate is known or it is withdrawn.
struct InFlight(Recorder);

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.in_flight -= 1;
        if state.in_flight == 0 {
            state.broken = false;
        }
    }
}

impl Broker for Recorder {
    async fn publish(&self, topic: &str, body: Bytes) -> Delivery {
        let in_flight = {
            let mut state = self.state();
            state.in_flight += 1;
            InFlight(self.clone())
        };
        let arrived = {
            let mut state = self.state();
            let flaky = state.mood == Mood::Flaky;
            // What is lost is noticed last, when those after it are already acknowledged.
            let lost = matches!(state.mood, Mood::Losing(name) if topic.ends_with(name));
            if state.mood == Mood::Down || state.broken || lost {
                false
            } else if flaky && rand::random_bool(0.02) {
                state.broken = true;
                false
            } else if matches!(state.mood, Mood::Refusing(name) if topic.ends_with(name)) {
                return Delivery::Refused("not authorised (0x87)".to_owned());
            } else {
                state.seen.push(Seen { topic: topic.to_owned(), body });
                true
            }
        };
        let mood = self.state().mood;
        // The way to a broker and back takes time, so that events overtake each other.
        if mood == Mood::Flaky {
            tokio::time::sleep(Duration::from_micros(rand::random_range(0..3_000))).await;
        } else if matches!(mood, Mood::Losing(_)) && !arrived {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let acknowledged = arrived && !self.state().broken;
        drop(in_flight);
        if acknowledged { Delivery::Acked } else { Delivery::Unknown("connection lost".to_owned()) }
    }

    fn settle(&self) -> Duration {
        self.settle
    }

    fn connected(&self) -> bool {
        self.state().mood != Mood::Down
    }
}

/// Checks the promise to a subscriber: after dropping repetitions by id, each feed's events came in the order of their
/// numbers without a gap, and a repetition had the same bytes. Returns the number of distinct events.
pub(crate) fn check_deliveries(seen: &[Seen]) -> usize {
    let mut by_id: HashMap<String, &Bytes> = HashMap::new();
    let mut last: HashMap<String, i64> = HashMap::new();
    for delivery in seen {
        let envelope = delivery.envelope();
        let id = envelope["id"].as_str().unwrap().to_owned();
        if let Some(first) = by_id.get(&id) {
            assert_eq!(*first, &delivery.body, "a repetition with other bytes");
            continue;
        }
        by_id.insert(id, &delivery.body);
        let feed = format!("{} {}", envelope["tenantid"], envelope["source"]);
        let number: i64 = envelope["sequence"].as_str().unwrap().parse().unwrap();
        let last = last.entry(feed.clone()).or_insert(0);
        assert_eq!(number, *last + 1, "{feed}: {number} came after {last}");
        *last = number;
    }
    by_id.len()
}
