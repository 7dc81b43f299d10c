//! Keeps the connection: makes it, notices its end, makes it again.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::client::Shared;
use crate::error::ConnectError;
use crate::state::State;
use crate::system;
use crate::transport::{Loss, Refusal};

type Outcome = Result<(), ConnectError>;

/// Connects until `end`. The first outcome goes to `first`; with `patience`, a first connection that does not come
/// within it, or never will, is the end.
pub(crate) async fn supervise(
    shared: Arc<Shared>,
    end: CancellationToken,
    patience: Option<Duration>,
    first: oneshot::Sender<Outcome>,
) {
    let mut losses = shared.link.losses().await;
    let outcome = end
        .run_until_cancelled(keep_connected(&shared, &mut losses, patience, first))
        .await
        .unwrap_or(Ok(()));
    if let Err(error) = outcome {
        tracing::error!(client_id = shared.config.client_id, %error, "the connection is given up");
    }
    shared.link.disconnect().await;
    shared.state.send_replace(State::Disconnected);
}

async fn keep_connected(
    shared: &Shared,
    losses: &mut mpsc::UnboundedReceiver<Loss>,
    patience: Option<Duration>,
    first: oneshot::Sender<Outcome>,
) -> Outcome {
    let mut backoff = Backoff::new(shared);
    let connected = first_connection(shared, &mut backoff, patience).await;
    let answer = connected.clone();
    if first.send(answer).is_err() {
        tracing::trace!("nobody waits for the first connection");
    }
    connected?;
    loop {
        shared.router.release();
        shared.state.send_replace(State::Connected);
        let since = Instant::now();
        let loss = lost(shared, losses).await;
        shared.router.hold();
        shared.state.send_replace(State::Reconnecting);
        shared.losses.send_modify(|count| *count += 1);
        tracing::warn!(client_id = shared.config.client_id, ?loss, "the connection was lost");
        if matches!(loss, Loss::TakenOver) {
            return Err(ConnectError::TakenOver { client_id: shared.config.client_id.clone() });
        }
        backoff.held(since.elapsed());
        reconnected(shared, &mut backoff, losses).await;
        metrics::counter!("mqtt_reconnects_total").increment(1);
    }
}

async fn first_connection(
    shared: &Shared,
    backoff: &mut Backoff,
    patience: Option<Duration>,
) -> Outcome {
    let began = Instant::now();
    let address = || shared.config.address.to_string();
    loop {
        let Err(refusal) = shared.link.connect().await else { return Ok(()) };
        let waited = began.elapsed();
        let over = patience.is_some_and(|patience| waited >= patience);
        match refusal {
            Refusal::Denied(reason) if patience.is_some() => {
                return Err(ConnectError::Refused { address: address(), reason });
            }
            Refusal::Certificate(reason) if patience.is_some() => {
                return Err(ConnectError::Certificate { address: address(), reason });
            }
            Refusal::Later(reason) if over => {
                return Err(ConnectError::Unreachable { address: address(), waited, reason });
            }
            refusal => report(shared, &refusal),
        }
        let left =
            patience.map_or(Duration::MAX, |patience| patience.saturating_sub(began.elapsed()));
        sleep(backoff.next_delay().min(left)).await;
    }
}

async fn reconnected(
    shared: &Shared,
    backoff: &mut Backoff,
    losses: &mut mpsc::UnboundedReceiver<Loss>,
) {
    loop {
        sleep(backoff.next_delay()).await;
        // What is told about connections before this one is stale.
        while losses.try_recv().is_ok() {}
        match shared.link.connect().await {
            Ok(()) => return,
            Err(refusal) => report(shared, &refusal),
        }
    }
}

fn report(shared: &Shared, refusal: &Refusal) {
    let (client_id, address) = (&shared.config.client_id, &shared.config.address);
    match refusal {
        Refusal::Denied(reason) => {
            tracing::error!(client_id, %address, %reason, "the broker refuses this client")
        }
        Refusal::Certificate(reason) => {
            tracing::error!(client_id, %address, reason, "the broker is not trusted")
        }
        Refusal::Later(reason) => tracing::info!(client_id, %address, reason, "no connection yet"),
    }
}

/// Waits for the end of the connection, or ends it when asked to.
async fn lost(shared: &Shared, losses: &mut mpsc::UnboundedReceiver<Loss>) -> Loss {
    tokio::select! {
        loss = losses.recv() => loss.unwrap_or(Loss::Other("the client is gone".to_owned())),
        () = shared.cut.notified() => {
            shared.link.cut().await;
            Loss::Other("cut to make a new connection".to_owned())
        }
    }
}

/// The waits between attempts: doubling, with jitter.
struct Backoff {
    min: Duration,
    max: Duration,
    next: Duration,
}

impl Backoff {
    fn new(shared: &Shared) -> Self {
        let (min, max) = (shared.config.reconnect_min_delay, shared.config.reconnect_max_delay);
        Self { min, max, next: min }
    }

    fn next_delay(&mut self) -> Duration {
        let delay = self.next;
        self.next = (delay * 2).min(self.max);
        system::jittered(delay)
    }

    /// Begins anew, unless the connection broke at once: two clients with one id would push each other out without end.
    fn held(&mut self, duration: Duration) {
        if duration >= self.max {
            self.next = self.min;
        }
    }
}
