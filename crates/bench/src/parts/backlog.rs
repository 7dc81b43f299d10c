//! A backlog, as after hours without a broker: how fast it drains, and whether in order and without gaps.

use std::{
    collections::{HashMap, HashSet},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use kernel::TenantId;
use steward_mqtt::PublishOptions;
use tokio::time::timeout;
use uuid::Uuid;

use super::{Bench, Head, delivery::BARE_FILTER};
use crate::{
    mqtt::{self, Subscriber},
    report::{self, Row},
};

const TENANTS: u32 = 8;
/// Of each tenant.
const EVENTS: u32 = 12_500;
/// Publishes of the baseline that wait for their acknowledgement.
const WINDOW: usize = 100;
/// Nothing more arrives: something was lost.
const QUIET: Duration = Duration::from_secs(10);
/// What a server's commit does beside: it wakes the relay.
const WAKE: &str = "select pg_notify('steward_wake', 'bench 1')";

pub(crate) async fn measure(bench: &Bench) -> Result<()> {
    report::part("A backlog of 100,000 events for 8 tenants");
    let each = if bench.short { EVENTS / 8 } else { EVENTS };
    let events = each * TENANTS;
    let mut tenants = Vec::new();
    for number in 1..=TENANTS {
        tenants.push(bench.platform.provision(&format!("Backlog District {number}")).await?);
    }
    bench.at_rest().await?;
    let mut subscriber =
        Subscriber::open(&bench.server, "steward/+/roster/v1/SchoolCreated").await?;
    bench.database.admin(&[&insert(bench, &tenants, each), WAKE]).await?;
    let committed = Instant::now();
    let mut order = Order::default();
    let (mut first, mut last, mut payload) = (None, Duration::ZERO, Bytes::new());
    while order.arrived() < events
        && let Ok(arrived) = timeout(QUIET, subscriber.next()).await
    {
        payload = arrived?.payload;
        last = committed.elapsed();
        first.get_or_insert(last);
        order.take(&Head::of(&payload)?)?;
    }
    subscriber.close().await;
    bench.at_rest().await?;
    let bare = bare(bench, payload.clone(), events).await?;
    let [rate, bare] = [(order.arrived(), last), (events, bare)]
        .map(|(count, took)| f64::from(count) / took.as_secs_f64());
    report::row(&Row {
        figure: "events a second from commit to the last arrival (baseline: publishes, window 100, the same bytes and broker)",
        steward: format!("{rate:.0}"),
        baseline: format!("{bare:.0}"),
        ratio: Some(rate / bare),
        aim: "≥ 15,000",
    });
    report::note(format_args!(
        "{events} events of {} bytes, {} of which arrived; the first {:.2} s after the commit. Out of order: {}. Twice: {}.",
        payload.len(),
        order.arrived(),
        first.unwrap_or_default().as_secs_f64(),
        order.late,
        order.twice
    ));
    ensure!(order.late == 0, "a feed's events must arrive in the order of their numbers");
    ensure!(order.arrived() == events, "a subscriber that keeps up must receive every event");
    Ok(())
}

/// Copies of a real event's row, the tenants in turn.
fn insert(bench: &Bench, tenants: &[TenantId], each: u32) -> String {
    let ids: Vec<String> = tenants.iter().map(|tenant| format!("'{tenant}'")).collect();
    format!(
        "insert into kernel.outbox (tenant_id, event_id, context, type, subject, data, meta, occurred_at)
         select t.id::uuid, gen_random_uuid(), 'roster', e.type, e.subject, e.data, e.meta, now()
         from generate_series(1, {each}) n
         cross join unnest(array[{}]) with ordinality as t(id, place)
         cross join (select * from kernel.event where tenant_id = '{}' and type like '%SchoolCreated' limit 1) e
         order by n, t.place",
        ids.join(", "),
        bench.tenant
    )
}

/// What arrived, and how.
#[derive(Default)]
struct Order {
    last: HashMap<Uuid, u32>,
    seen: HashSet<(Uuid, u32)>,
    /// After a higher number of their feed.
    late: u32,
    twice: u32,
}

impl Order {
    fn arrived(&self) -> u32 {
        u32::try_from(self.seen.len()).unwrap_or(u32::MAX)
    }

    fn take(&mut self, head: &Head) -> Result<()> {
        let number: u32 = head.sequence.parse()?;
        let last = self.last.entry(head.tenantid).or_default();
        if !self.seen.insert((head.tenantid, number)) {
            self.twice += 1;
        } else if number < *last {
            self.late += 1;
        }
        *last = number.max(*last);
        Ok(())
    }
}

async fn bare(bench: &Bench, payload: Bytes, events: u32) -> Result<Duration> {
    let mut subscriber = Subscriber::open(&bench.server, BARE_FILTER).await?;
    let publisher = mqtt::publisher(&bench.server).await?;
    let topic = format!("steward/{}/bench", bench.tenant);
    let began = Instant::now();
    let publish = |_| publisher.publish(&topic, payload.clone(), PublishOptions::default());
    let publishing = async {
        let acked = stream::iter(0..events).map(publish).buffered(WINDOW);
        acked.try_for_each(|_| std::future::ready(Ok(()))).await?;
        anyhow::Ok(())
    };
    let receiving = async {
        for received in 0..events {
            let arrived = timeout(QUIET, subscriber.next()).await;
            let arrived = arrived.with_context(|| format!("only {received} arrived"))??;
            Head::of(&arrived.payload)?;
        }
        anyhow::Ok(began.elapsed())
    };
    let ((), took) = tokio::try_join!(publishing, receiving)?;
    publisher.shutdown().await;
    subscriber.close().await;
    Ok(took)
}
