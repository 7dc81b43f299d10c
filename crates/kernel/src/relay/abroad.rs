//! Hints between nodes, through the database's NOTIFY.
//!
//! Never inside a writer's transaction (NOTIFY serialises commits), at most one each few milliseconds, and none while
//! this node is alone. Lost hints cost a poll, nothing else.

use std::time::Duration;

use sqlx::{PgPool, postgres::PgListener};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Relay, Wake};
use crate::background;

const CHANNEL: &str = "steward_wake";
/// The shortest time between two notifications.
const PACE: Duration = Duration::from_millis(5);

/// Tells other nodes what was committed here and listens to them, until `stop`.
pub(super) async fn run(relay: &Relay, stop: &CancellationToken) {
    let node = relay.leases.node();
    let both = async {
        tokio::join!(
            tell(&relay.system, &relay.wake, node),
            listen(&relay.system, &relay.wake, node)
        )
    };
    stop.run_until_cancelled(both).await;
}

async fn tell(system: &PgPool, wake: &Wake, node: Uuid) {
    loop {
        let hint = format!("{node} {}", wake.untold().await);
        let told = sqlx::query!("select pg_notify($1, $2)", CHANNEL, hint).execute(system).await;
        if let Err(error) = told {
            tracing::debug!(%error, "could not wake other nodes: they poll");
        }
        tokio::time::sleep(PACE).await;
    }
}

#[expect(clippy::infinite_loop, reason = "ends by being dropped")]
async fn listen(system: &PgPool, wake: &Wake, node: Uuid) {
    let mut failures = 0;
    loop {
        if let Err(error) = hear(system, wake, node).await {
            failures += 1;
            tracing::debug!(%error, "not listening to other nodes: polling");
        }
        tokio::time::sleep(background::backoff(failures)).await;
    }
}

/// Passes on what other nodes say, until the connection fails.
async fn hear(system: &PgPool, wake: &Wake, node: Uuid) -> sqlx::Result<()> {
    let mut listener = PgListener::connect_with(system).await?;
    listener.listen(CHANNEL).await?;
    loop {
        let notification = listener.recv().await?;
        if let Some((sender, kinds)) = notification.payload().split_once(' ')
            && sender.parse() != Ok(node)
            && let Ok(kinds) = kinds.parse()
        {
            wake.heard(kinds);
        }
    }
}
