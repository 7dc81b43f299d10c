//! Compares what was acknowledged with what the database holds and what was delivered. Every operation was repeated
//! until it was acknowledged, so the comparison is exact: nothing may be missing, and nothing may be there twice.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;
use std::time::Duration;

use kernel::TenantId;
use serde_json::Value;
use sqlx::{FromRow, PgPool};
use testkit::Client;
use testkit::process::command;
use uuid::Uuid;

use super::generator::send;
use super::history::{Acknowledged, Action, History};
use super::site::{Site, until};
use super::subscriber::{Event, Followed, Subscriber};

/// How long the backlog may take after the last fault: leases expire, marks settle.
const QUIET_WITHIN: Duration = Duration::from_secs(40);
/// How long the sealer may take to have every record in its chain.
const SEALED_WITHIN: Duration = Duration::from_mins(1);

/// Answers asked for again at the end.
const ANSWERS: usize = 200;

/// Differences shown by a failure.
const SHOWN: usize = 5;

/// What a story ended with.
pub(super) struct Ending<'a> {
    pub(super) site: &'a Site,
    /// A node that runs.
    pub(super) url: &'a str,
    /// The database, as its superuser.
    pub(super) database: PgPool,
    pub(super) histories: Vec<History>,
    pub(super) subscriber: &'a mut Subscriber,
}

#[derive(FromRow)]
struct Row {
    tenant_id: Uuid,
    number: i64,
    event_id: Uuid,
    r#type: String,
    subject: Uuid,
    data: String,
}

impl Ending<'_> {
    /// Waits for the relay, then checks everything. Returns what the subscriber went through.
    pub(super) async fn check(self) -> Followed {
        quiet(&self.database).await;
        self.subscriber.leave().await;
        let acknowledged: Vec<&Acknowledged> =
            self.histories.iter().flat_map(|history| &history.acknowledged).collect();
        answers(&self, &acknowledged).await;
        let rows = events(&self.database).await;
        effects(&self.database, &acknowledged).await;
        announcements(&rows, &acknowledged);
        audit(&self.database, &acknowledged).await;
        for history in &self.histories {
            order(&rows, history);
        }
        let anybody = Client::new(self.url).unwrap();
        let reader = |tenant| anybody.clone().with_token(self.site.token(tenant)).in_tenant(tenant);
        let mut followed = self.subscriber.follow(reader).await;
        for (tenant, rows) in &rows {
            let known = followed.finish(TenantId(*tenant), &reader(TenantId(*tenant))).await;
            assert_eq!(ids(known), rows.iter().map(|r| (r.number, r.event_id)).collect::<Vec<_>>());
        }
        assert_eq!(followed.events.len(), rows.len(), "deliveries of a district without events");
        followed
    }
}

fn ids(events: &[Event]) -> Vec<(i64, Uuid)> {
    events.iter().map(|event| (event.number, event.id)).collect()
}

/// Waits until every event is numbered and marked as delivered.
async fn quiet(database: &PgPool) {
    until("every event is delivered", QUIET_WITHIN, async || {
        let behind: Result<i64, _> = sqlx::query_scalar(
            "select (select count(*) from kernel.outbox) + (select count(*) from kernel.feed where numbered > delivered)",
        )
        .fetch_one(database)
        .await;
        behind.is_ok_and(|behind| behind == 0)
    })
    .await;
    let wrong: i64 = sqlx::query_scalar(
        "select count(*) from (
           select tenant_id, context, count(*) as n, min(number) as low, max(number) as high
             from kernel.event group by tenant_id, context) e
           full join kernel.feed f using (tenant_id, context)
          where low is distinct from 1 or high is distinct from n or numbered is distinct from n or delivered is distinct from n",
    )
    .fetch_one(database)
    .await
    .unwrap();
    assert_eq!(wrong, 0, "feeds whose numbers have gaps, or whose marks are wrong");
}

/// The log of the roster, by district and number.
async fn events(database: &PgPool) -> BTreeMap<Uuid, Vec<Row>> {
    let rows: Vec<Row> = sqlx::query_as(
        "select tenant_id, number, event_id, type, subject, data from kernel.event where context = 'roster'
          order by tenant_id, number",
    )
    .fetch_all(database)
    .await
    .unwrap();
    let mut by_tenant = BTreeMap::<_, Vec<_>>::new();
    for row in rows {
        by_tenant.entry(row.tenant_id).or_default().push(row);
    }
    by_tenant
}

/// Fails with the first differences between what the database holds and what follows from the acknowledgements.
fn same<K: Ord + Debug, V: PartialEq + Debug>(
    what: &str,
    found: &BTreeMap<K, V>,
    expected: &BTreeMap<K, V>,
) {
    let keys = found.keys().chain(expected.keys().filter(|key| !found.contains_key(key)));
    let different = keys.filter(|key| found.get(key) != expected.get(key));
    let shown = different.map(|key| (key, found.get(key), expected.get(key))).take(SHOWN);
    let shown: Vec<_> = shown.collect();
    assert!(shown.is_empty(), "{what}, as found and as acknowledged: {shown:#?}");
}

/// Every acknowledged operation took effect once, and nothing else did. Each key has its answer.
async fn effects(database: &PgPool, acknowledged: &[&Acknowledged]) {
    let mut expected = BTreeMap::new();
    for done in acknowledged {
        let school = (done.tenant.0, done.school);
        let (name, version, active) = expected.entry(school).or_insert((String::new(), 0, true));
        name.clone_from(&done.operation.name);
        *version += 1;
        *active &= done.operation.action != Action::Archive;
    }
    let found: Vec<(Uuid, Uuid, String, i64, bool)> = sqlx::query_as(
        "select tenant_id, school_id, name, version, status = 'Active' from roster.school",
    )
    .fetch_all(database)
    .await
    .unwrap();
    let found: BTreeMap<_, _> =
        found.into_iter().map(|(t, s, n, v, a)| ((t, s), (n, v, a))).collect();
    same("schools", &found, &expected);

    let stored: Vec<(Uuid, String, i16)> = sqlx::query_as(
        "select tenant_id, key, status from kernel.idempotency where key like 'writer-%'",
    )
    .fetch_all(database)
    .await
    .unwrap();
    let stored: BTreeMap<_, _> = stored.into_iter().map(|(t, k, s)| ((t, k), s)).collect();
    let status = |done: &&Acknowledged| {
        let key = (done.tenant.0, done.operation.key.clone());
        (key, done.answer.status.cast_signed())
    };
    same("stored answers", &stored, &acknowledged.iter().map(status).collect());
}

/// Sends acknowledged operations again, spread over all of them: each is answered as it was, in the same bytes. That
/// nothing else happens, the checks after this show.
async fn answers(ending: &Ending<'_>, acknowledged: &[&Acknowledged]) {
    let node = Client::new(ending.url).unwrap();
    for done in acknowledged.iter().step_by(acknowledged.len().div_ceil(ANSWERS)) {
        let client = node.clone().with_token(ending.site.token(done.tenant)).in_tenant(done.tenant);
        let again = send(&client, &done.operation).await.unwrap();
        assert_eq!(again.status, done.answer.status, "{done:?}: {}", again.text());
        assert_eq!(again.body, done.answer.body, "{done:?}: {}", again.text());
    }
}

/// Every acknowledged operation was announced once, nothing else was, and each school's versions come in order.
fn announcements(rows: &BTreeMap<Uuid, Vec<Row>>, acknowledged: &[&Acknowledged]) {
    let mut expected = BTreeMap::<_, usize>::new();
    for done in acknowledged {
        let event = (done.tenant.0, done.school, done.operation.action.event().to_owned());
        *expected.entry(event).or_default() += 1;
    }
    let mut found = BTreeMap::<_, usize>::new();
    let mut versions = HashMap::<_, i64>::new();
    for row in rows.values().flatten().filter(|row| row.r#type.contains(".School")) {
        *found.entry((row.tenant_id, row.subject, row.r#type.clone())).or_default() += 1;
        let data: Value = serde_json::from_str(&row.data).unwrap();
        let version = versions.entry(row.subject).or_default();
        *version += 1;
        assert_eq!(data["version"], *version, "{}: number {}", row.tenant_id, row.number);
    }
    same("events", &found, &expected);
}

/// Every acknowledged operation has one record in the trail.
async fn audit(database: &PgPool, acknowledged: &[&Acknowledged]) {
    let found: Vec<(Uuid, Option<Uuid>, String, i64)> = sqlx::query_as(
        "select tenant_id, entity_id, action, count(*) from kernel.audit
          where action like 'roster.school.%' and outcome = 'succeeded' group by 1, 2, 3",
    )
    .fetch_all(database)
    .await
    .unwrap();
    let mut expected = BTreeMap::<_, i64>::new();
    for done in acknowledged {
        let action = done.operation.action.audited().to_owned();
        *expected.entry((done.tenant.0, Some(done.school), action)).or_default() += 1;
    }
    let found: BTreeMap<_, _> = found.into_iter().map(|(t, e, a, n)| ((t, e, a), n)).collect();
    same("audit records", &found, &expected);
}

/// What one writer did in a district one after the other is announced in that order.
fn order(rows: &BTreeMap<Uuid, Vec<Row>>, history: &History) {
    let mut places = HashMap::<_, Vec<i64>>::new();
    for row in rows.values().flatten() {
        places.entry((row.subject, row.r#type.as_str())).or_default().push(row.number);
    }
    let (mut last, mut seen) = (HashMap::new(), HashMap::<_, usize>::new());
    for done in &history.acknowledged {
        let event = (done.school, done.operation.action.event());
        let nth = seen.entry(event).or_default();
        let number = places[&event][*nth];
        *nth += 1;
        let before = last.insert(done.tenant, number).unwrap_or(0);
        assert!(number > before, "{:?} was announced too early", done.operation);
    }
}

/// Waits until every record is sealed, and lets the command judge the chains.
pub(super) async fn verify_audit(database: &PgPool, arguments: &[&str]) {
    until("every audit record is sealed", SEALED_WITHIN, async || {
        let unsealed: Result<i64, _> = sqlx::query_scalar(
            "select (select count(*) from kernel.audit) - (select count(*) from kernel.audit_link)",
        )
        .fetch_one(database)
        .await;
        unsealed.is_ok_and(|unsealed| unsealed == 0)
    })
    .await;
    let report = command(["audit", "verify"].iter().chain(arguments)).unwrap();
    assert!(report.contains("The audit trail is whole."), "{report}");
}
