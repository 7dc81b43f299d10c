//! What the tasks of a client share, and how they ask the session.

use std::sync::{Arc, Mutex};

use mqtt5::packet::connack::ConnAckPacket;
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::task::coop::unconstrained;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::dispatch::Router;
use crate::error::ConnectError;
use crate::request::Asked;
use crate::state::State;
use crate::transport::session::{Command, Session};
use crate::transport::wire::Dialer;

/// What the tasks of a client share.
pub(crate) struct Shared {
    pub(crate) dialer: Dialer,
    pub(crate) router: Router,
    pub(crate) state: watch::Sender<State>,
    pub(super) commands: mpsc::Sender<Command>,
    /// Held by whoever keeps the connection.
    pub(crate) session: tokio::sync::Mutex<(Session, mpsc::Receiver<Command>)>,
    /// Counts the connections.
    pub(crate) connection_number: watch::Sender<u64>,
    /// What the broker said to the last CONNECT.
    pub(crate) connack: watch::Sender<Option<ConnAckPacket>>,
    /// Why there will be no further connection.
    pub(crate) given_up: watch::Sender<Option<ConnectError>>,
    pub(crate) asked: Arc<Asked>,
    pub(crate) publishing: TaskTracker,
    pub(crate) tasks: TaskTracker,
    /// Ends every task.
    pub(crate) stop: CancellationToken,
    /// Ends the current chain of connections.
    pub(super) connection: Mutex<CancellationToken>,
    /// Cuts the current connection, to make a new one.
    pub(crate) cut: Notify,
}

impl Shared {
    /// Whether there is a connection, or with `wait` one on its way.
    pub(crate) fn may_ask(&self, wait: bool) -> bool {
        let state = *self.state.borrow();
        state == State::Connected || (wait && state.is_on_the_way())
    }

    /// Asks the session, which answers when there is a connection; `None` when there will be none.
    pub(crate) async fn ask<T>(
        &self,
        command: Command,
        answer: &mut oneshot::Receiver<T>,
    ) -> Option<T> {
        self.ask_while(command, answer, |state| state != State::Disconnected).await
    }

    /// Asks the session for an answer from the connection that stands.
    pub(crate) async fn ask_now<T>(
        &self,
        command: Command,
        answer: &mut oneshot::Receiver<T>,
    ) -> Option<T> {
        self.ask_while(command, answer, |state| {
            matches!(state, State::Connected | State::Disconnecting)
        })
        .await
    }

    async fn ask_while<T>(
        &self,
        command: Command,
        answer: &mut oneshot::Receiver<T>,
        may_answer: impl Fn(State) -> bool,
    ) -> Option<T> {
        let mut state = self.state.subscribe();
        let asking = async {
            self.commands.send(command).await.ok()?;
            (&mut *answer).await.ok()
        };
        // The runtime's budget must not let a later publish pass one that has to yield here: the select itself would
        // yield before it polls anything.
        let answered = unconstrained(async {
            tokio::select! {
                biased;
                answered = asking => Some(answered),
                _ = state.wait_for(|state| !may_answer(*state)) => None,
            }
        });
        if let Some(answered) = answered.await {
            return answered;
        }
        // The session gives its last answers before the state changes.
        answer.try_recv().ok()
    }

    /// Tells the session something that has no answer.
    pub(crate) async fn tell(&self, command: Command) -> Result<(), ()> {
        self.commands.send(command).await.map_err(drop)
    }
}
