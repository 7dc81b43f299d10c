//! The database's password from a command, while the server runs.
//!
//! The pool opens connections in the middle of requests and has no place to ask first, so it is told beforehand: a new
//! connection begins with a password of the last half minute. Open connections need none.

use std::time::Duration;

use sqlx::PgPool;
use tokio::time::{Instant, interval_at};
use tokio_util::sync::CancellationToken;

use crate::config::Program;

/// How old a password may be: the shortest tokens of the clouds live for five minutes.
pub const RENEW_EVERY: Duration = Duration::from_secs(30);

/// Tells the pools the password anew until `stop`; what fails is logged, and the former password stays.
pub async fn renew(program: Program, pools: [PgPool; 2], every: Duration, stop: CancellationToken) {
    let mut tick = interval_at(Instant::now() + every, every);
    while stop.run_until_cancelled(tick.tick()).await.is_some() {
        match stop.run_until_cancelled(program.tell()).await {
            Some(Ok(password)) => {
                for pool in &pools {
                    let options = pool.connect_options().as_ref().clone();
                    pool.set_connect_options(options.password(password.expose()));
                }
            }
            Some(Err(error)) => {
                tracing::error!(%error, "the database's password was not renewed");
            }
            None => return,
        }
    }
}
