//! Load: as fast as a number of clients go, or at a steady rate whatever the answers do.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use anyhow::Result;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until},
};

use crate::{
    http::{Api, Ask},
    latency::Latencies,
};

/// Connections that keep a steady rate: at 200 a second they would only run out beyond answers of 160 ms.
const STEADY_CLIENTS: usize = 32;

/// Each client asks again as soon as it has its answer.
pub(crate) async fn closed(
    api: &Arc<Api>,
    ask: Ask,
    clients: usize,
    time: Duration,
) -> Result<Latencies> {
    let mut tasks = JoinSet::new();
    for _ in 0..clients {
        let api = Arc::clone(api);
        let mut connection = api.connect().await?;
        tasks.spawn(async move {
            let (end, mut took) = (Instant::now() + time, Vec::new());
            while Instant::now() < end {
                let began = Instant::now();
                api.ask(&mut connection, ask).await?;
                took.push(began.elapsed());
            }
            anyhow::Ok(took)
        });
    }
    joined(tasks).await
}

/// So many requests a second. The time of each counts from when it was due, so a server that stalls is not let off the
/// requests that waited meanwhile.
pub(crate) async fn steady(
    api: &Arc<Api>,
    ask: Ask,
    rate: u32,
    time: Duration,
) -> Result<Latencies> {
    let mut connections = Vec::new();
    for _ in 0..STEADY_CLIENTS {
        connections.push(api.connect().await?);
    }
    let (next, began) = (Arc::new(AtomicU32::new(0)), Instant::now());
    let (every, end) = (Duration::from_secs(1) / rate, began + time);
    let mut tasks = JoinSet::new();
    for mut connection in connections {
        let (api, next) = (Arc::clone(api), Arc::clone(&next));
        tasks.spawn(async move {
            let mut took = Vec::new();
            loop {
                let due = began + every * next.fetch_add(1, Ordering::Relaxed);
                if due >= end {
                    return anyhow::Ok(took);
                }
                sleep_until(due).await;
                api.ask(&mut connection, ask).await?;
                took.push(due.elapsed());
            }
        });
    }
    joined(tasks).await
}

async fn joined(mut tasks: JoinSet<Result<Vec<Duration>>>) -> Result<Latencies> {
    let mut all = Vec::new();
    while let Some(took) = tasks.join_next().await {
        all.extend(took??);
    }
    Ok(Latencies::of(all))
}
