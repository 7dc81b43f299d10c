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
use crate::transport::session::{Command, Controls, Session};
use crate::transport::wire::Wire;
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
    let mut held = shared.session.lock().await;
    let (session, commands) = &mut *held;
    let mut keeper = Keeper { shared: &shared, end, session, commands, first: Some(first) };
    let outcome = keeper.keep(patience).await;
    let mut first = keeper.first.take();
    session.abandon();
    if let Err(error) = &outcome {
        tracing::error!(client_id = shared.dialer.config.client_id, %error, "the connection is given up");
        shared.given_up.send_replace(Some(error.clone()));
    }
    shared.state.send_replace(State::Disconnected);
    // Whoever asked meanwhile is told that there is no connection.
    while commands.try_recv().is_ok() {}
    tell(&mut first, outcome.and(Err(ConnectError::ShutDown)));
}

struct Keeper<'a> {
    shared: &'a Shared,
    end: CancellationToken,
    session: &'a mut Session,
    commands: &'a mut mpsc::Receiver<Command>,
    first: Option<oneshot::Sender<Outcome>>,
}

impl Keeper<'_> {
    async fn keep(&mut self, patience: Option<Duration>) -> Outcome {
        let mut backoff = Backoff::new(self.shared);
        let end = self.end.clone();
        let Some(wire) = end.run_until_cancelled(self.first_wire(&mut backoff, patience)).await
        else {
            return Ok(());
        };
        let mut wire = wire?;
        loop {
            let since = Instant::now();
            let loss = self.serve(wire).await;
            self.shared.router.hold();
            let client_id = &self.shared.dialer.config.client_id;
            match loss {
                Loss::Ended => return Ok(()),
                Loss::TakenOver => {
                    return Err(ConnectError::TakenOver { client_id: client_id.clone() });
                }
                Loss::Broken(reason) => {
                    tracing::warn!(client_id, reason, "the connection was lost");
                }
            }
            self.shared.enter(State::Reconnecting);
            backoff.held(since.elapsed());
            match end.run_until_cancelled(self.next_wire(&mut backoff)).await {
                Some(next) => wire = next,
                None => return Ok(()),
            }
            metrics::counter!("mqtt_reconnects_total").increment(1);
        }
    }

    async fn serve(&mut self, wire: Wire) -> Loss {
        let Self { shared, end, session, commands, first } = self;
        let number = *shared.connection_number.borrow() + 1;
        shared.connack.send_replace(Some(wire.connack.clone()));
        let mut ready = || {
            shared.connection_number.send_replace(number);
            shared.router.release();
            shared.enter(State::Connected);
            tell(first, Ok(()));
        };
        let controls = Controls {
            commands,
            end,
            stop: &shared.stop,
            cut: &shared.cut,
            deliver: &|incoming| shared.router.accept(incoming),
            ready: &mut ready,
            number,
        };
        Box::pin(session.run(wire, controls)).await
    }

    async fn first_wire(
        &self,
        backoff: &mut Backoff,
        patience: Option<Duration>,
    ) -> Result<Wire, ConnectError> {
        let began = Instant::now();
        let address = || self.shared.dialer.config.address.to_string();
        loop {
            let refusal = match self.shared.dialer.dial(self.session.is_new()).await {
                Ok(wire) => return Ok(wire),
                Err(refusal) => refusal,
            };
            self.report(&refusal);
            let waited = began.elapsed();
            if let Some(patience) = patience {
                match refusal {
                    Refusal::Denied(reason) => {
                        return Err(ConnectError::Refused { address: address(), reason });
                    }
                    Refusal::Certificate(reason) => {
                        return Err(ConnectError::Certificate { address: address(), reason });
                    }
                    Refusal::Later(reason) if waited >= patience => {
                        return Err(ConnectError::Unreachable {
                            address: address(),
                            waited,
                            reason,
                        });
                    }
                    Refusal::Later(_) => {}
                }
            }
            let left = patience.map_or(Duration::MAX, |patience| patience.saturating_sub(waited));
            sleep(backoff.next_delay().min(left)).await;
        }
    }

    async fn next_wire(&self, backoff: &mut Backoff) -> Wire {
        loop {
            sleep(backoff.next_delay()).await;
            match self.shared.dialer.dial(self.session.is_new()).await {
                Ok(wire) => return wire,
                Err(refusal) => self.report(&refusal),
            }
        }
    }

    fn report(&self, refusal: &Refusal) {
        let config = &self.shared.dialer.config;
        let (client_id, address) = (&config.client_id, &config.address);
        match refusal {
            Refusal::Denied(reason) => {
                tracing::error!(client_id, %address, %reason, "the broker refuses this client");
            }
            Refusal::Certificate(reason) => {
                tracing::error!(client_id, %address, reason, "the broker is not trusted");
            }
            Refusal::Later(reason) => {
                tracing::info!(client_id, %address, reason, "no connection yet");
            }
        }
    }
}

fn tell(first: &mut Option<oneshot::Sender<Outcome>>, outcome: Outcome) {
    if let Some(Err(_)) = first.take().map(|first| first.send(outcome)) {
        tracing::trace!("nobody waits for the first connection");
    }
}

impl Shared {
    /// Takes up a state, unless the client is leaving.
    fn enter(&self, next: State) {
        self.state.send_if_modified(|state| {
            let changes = *state != State::Disconnecting && *state != next;
            if changes {
                *state = next;
            }
            changes
        });
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
        let config = &shared.dialer.config;
        let (min, max) = (config.reconnect_min_delay, config.reconnect_max_delay);
        Self { min, max, next: min }
    }

    fn next_delay(&mut self) -> Duration {
        let delay = self.next;
        self.next = delay.saturating_mul(2).min(self.max);
        system::jittered(delay)
    }

    /// Begins anew, unless the connection broke at once: two clients with one id would push each other out without end.
    fn held(&mut self, duration: Duration) {
        if duration >= self.max {
            self.next = self.min;
        }
    }
}
