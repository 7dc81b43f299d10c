//! The client: what a service holds.

mod shared;

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use crate::config::{ConfigError, MqttConfig};
use crate::dispatch::{AckWhen, Router};
use crate::error::{ConnectError, PublishError, SubscribeError};
use crate::handler::{AnyHandler, Outcome, erased};
use crate::message::{Ack, Message, PublishOptions, QoS};
use crate::state::{self, State};
use crate::transport::session::{Command, Session};
use crate::transport::wire::Dialer;
use crate::{health, publish, supervise, topic};
pub(crate) use shared::Shared;

/// How long `shutdown` may take in all.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(5);
/// How much of that publishes in flight may take, so that some is left for handlers and DISCONNECT.
const DRAIN_LIMIT: Duration = Duration::from_secs(3);

/// How many requests wait for the session before callers are held back.
const COMMANDS: usize = 256;

/// A client of one broker. Clones share the connection, which ends when the last one is dropped;
/// [`MqttClient::shutdown`] ends it in good order.
#[derive(Clone)]
pub struct MqttClient {
    pub(crate) shared: Arc<Shared>,
    _stop_when_dropped: Arc<DropGuard>,
}

impl MqttClient {
    /// A client that is not connected. Refuses a configuration that cannot work; sends nothing.
    pub fn new(config: MqttConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        let (commands, receiver) = mpsc::channel(COMMANDS);
        let session = Session::new(&config);
        let will = health::will(&config);
        let shared = Shared {
            router: Router::new(&config, tasks.clone(), stop.clone()),
            state: watch::Sender::new(State::Created),
            connection_number: watch::Sender::new(0),
            connack: watch::Sender::new(None),
            given_up: watch::Sender::new(None),
            asked: Arc::default(),
            dialer: Dialer::new(config, will)?,
            commands,
            session: tokio::sync::Mutex::new((session, receiver)),
            publishing: TaskTracker::new(),
            tasks,
            stop: stop.clone(),
            connection: Mutex::default(),
            cut: Notify::new(),
        };
        Ok(Self { shared: Arc::new(shared), _stop_when_dropped: Arc::new(stop.drop_guard()) })
    }

    /// Connects, and tries again until it stands or [`MqttConfig::connect_timeout`] is over. Refused credentials and
    /// a wrong certificate fail at once. From then on the connection is restored whenever it is lost.
    pub async fn connect(&self) -> Result<(), ConnectError> {
        let outcome = self.begin(Some(self.shared.dialer.config.connect_timeout))?;
        outcome.await.unwrap_or(Err(ConnectError::ShutDown))
    }

    /// Connects in the background, for as long as it takes: for a service that can start before its broker.
    /// Watch [`MqttClient::state`] to see it happen; publishes and subscriptions wait for it.
    pub fn start(&self) -> Result<(), ConnectError> {
        self.begin(None).map(drop)
    }

    fn begin(
        &self,
        patience: Option<Duration>,
    ) -> Result<oneshot::Receiver<Result<(), ConnectError>>, ConnectError> {
        if self.shared.stop.is_cancelled() {
            return Err(ConnectError::ShutDown);
        }
        let begins = |state: &mut State| {
            let rests = state.is_at_rest();
            if rests {
                *state = State::Connecting;
            }
            rests
        };
        if !self.shared.state.send_if_modified(begins) {
            return Err(ConnectError::AlreadyConnected);
        }
        let end = self.shared.stop.child_token();
        self.shared.connection.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&end);
        self.shared.given_up.send_replace(None);
        let (sender, outcome) = oneshot::channel();
        let shared = || Arc::clone(&self.shared);
        let config = self.config();
        if config.health {
            self.spawn_until(&end, health::watch(shared()));
        }
        if config.heartbeat {
            self.spawn_until(&end, health::beat(shared()));
        }
        self.shared.tasks.spawn(supervise::supervise(shared(), end, patience, sender));
        Ok(outcome)
    }

    fn spawn_until(
        &self,
        end: &CancellationToken,
        task: impl Future<Output = ()> + Send + 'static,
    ) {
        let end = end.clone();
        self.shared.tasks.spawn(async move { end.run_until_cancelled_owned(task).await });
    }

    /// Where the client stands, to look at and to wait for.
    pub fn state(&self) -> watch::Receiver<State> {
        self.shared.state.subscribe()
    }

    /// The changes of [`MqttClient::state`], beginning with the current one.
    pub fn states(&self) -> impl Stream<Item = State> + Send + 'static {
        state::stream(self.state())
    }

    /// Whether the connection stands at this moment.
    pub fn is_connected(&self) -> bool {
        *self.shared.state.borrow() == State::Connected
    }

    /// The configuration it was made with.
    pub fn config(&self) -> &MqttConfig {
        &self.shared.dialer.config
    }

    /// Publishes bytes. Resolves when the broker has them: at PUBACK (QoS 1), PUBCOMP (QoS 2), or when the socket took
    /// them (QoS 0). Any number may be in flight; they are sent in the order in which they are polled first.
    pub async fn publish(
        &self,
        topic: &str,
        payload: impl Into<Bytes>,
        options: PublishOptions,
    ) -> Result<Ack, PublishError> {
        publish::publish(&self.shared, topic, payload.into(), options).await
    }

    /// Hands every message that `filter` covers to `handler`, one after the other. The same filter again replaces the
    /// handler. Waits for a connection that is on its way; it is restored after an outage.
    pub async fn subscribe<F, Fut>(
        &self,
        filter: &str,
        qos: QoS,
        handler: F,
    ) -> Result<(), SubscribeError>
    where
        F: Fn(Message) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        self.subscribe_acking(filter, qos, AckWhen::Queued, handler).await
    }

    /// The same with a choice of when a message counts as received.
    pub async fn subscribe_acking<F, Fut>(
        &self,
        filter: &str,
        qos: QoS,
        ack: AckWhen,
        handler: F,
    ) -> Result<(), SubscribeError>
    where
        F: Fn(Message) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        self.subscribe_erased(filter, qos, ack, erased(handler)).await
    }

    pub(crate) async fn subscribe_erased(
        &self,
        filter: &str,
        qos: QoS,
        ack: AckWhen,
        handler: AnyHandler,
    ) -> Result<(), SubscribeError> {
        topic::check_filter(filter)?;
        let filter: Arc<str> = Arc::from(filter);
        let (identifier, known) = self.shared.router.insert(&filter, qos, ack, handler);
        if known {
            return Ok(());
        }
        let (done, answer) = oneshot::channel();
        let command = Command::Subscribe { filter: Arc::clone(&filter), qos, identifier, done };
        let subscribed = self.asked(command, answer).await;
        if subscribed.is_err() {
            self.shared.router.remove(&filter);
        }
        subscribed
    }

    /// Ends a subscription. What its handler has in its queue is still handled.
    pub async fn unsubscribe(&self, filter: &str) -> Result<(), SubscribeError> {
        topic::check_filter(filter)?;
        self.shared.router.remove(filter);
        let (done, answer) = oneshot::channel();
        self.asked(Command::Unsubscribe { filter: Arc::from(filter), done }, answer).await
    }

    async fn asked(
        &self,
        command: Command,
        mut answer: oneshot::Receiver<Result<(), SubscribeError>>,
    ) -> Result<(), SubscribeError> {
        if !self.shared.may_ask(true) {
            return Err(SubscribeError::NotConnected);
        }
        self.shared.ask(command, &mut answer).await.unwrap_or(Err(SubscribeError::NotConnected))
    }

    /// Ends the connection in good order. Subscriptions stand again after the next [`MqttClient::connect`].
    pub async fn disconnect(&self) {
        if self.leave(Instant::now() + DRAIN_LIMIT).await {
            self.shared.connection.lock().unwrap_or_else(PoisonError::into_inner).cancel();
            let mut state = self.shared.state.subscribe();
            if state.wait_for(|state| *state == State::Disconnected).await.is_err() {
                tracing::debug!("the state is gone");
            }
        }
    }

    /// Takes no more publishes, and waits for those in flight. Whether there was a connection to leave.
    async fn leave(&self, deadline: Instant) -> bool {
        let leaves = self.shared.state.send_if_modified(|state| {
            let leaves = !state.is_at_rest();
            if leaves {
                *state = State::Disconnecting;
            }
            leaves
        });
        if leaves {
            self.shared.publishing.close();
            if timeout_at(deadline, self.shared.publishing.wait()).await.is_err() {
                tracing::warn!(
                    client_id = self.config().client_id(),
                    "publishes are left without an acknowledgement"
                );
            }
            self.shared.publishing.reopen();
        }
        leaves
    }

    /// Ends everything in good order, within 5 seconds: publishes in flight are awaited, tasks ended, DISCONNECT sent.
    /// May be called in any state and any number of times; the client cannot be used again.
    pub async fn shutdown(&self) {
        let began = Instant::now();
        let drained = began + DRAIN_LIMIT;
        if timeout_at(drained, health::say_goodbye(&self.shared)).await.is_err() {
            tracing::debug!("the broker did not hear of the shutdown");
        }
        self.leave(drained).await;
        self.shared.stop.cancel();
        self.shared.tasks.close();
        if timeout_at(began + SHUTDOWN_LIMIT, self.shared.tasks.wait()).await.is_err() {
            tracing::warn!(client_id = self.config().client_id(), "a handler did not end in time");
        }
        self.shared.state.send_replace(State::Disconnected);
    }
}
