//! The client: what a service holds.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use tokio::sync::{Notify, oneshot, watch};
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use crate::config::{ConfigError, MqttConfig};
use crate::dispatch::{AckWhen, Router};
use crate::error::{ConnectError, PublishError, SubscribeError};
use crate::handler::{AnyHandler, Outcome, erased};
use crate::message::{Ack, Message, PublishOptions, QoS};
use crate::state::{self, State};
use crate::transport::Link;
use crate::{publish, supervise, topic};

/// How long `shutdown` waits for publishes and handlers.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(5);

/// What the tasks of a client share.
pub(crate) struct Shared {
    pub(crate) config: MqttConfig,
    pub(crate) link: Link,
    pub(crate) router: Arc<Router>,
    pub(crate) state: watch::Sender<State>,
    /// How many connections were lost.
    pub(crate) losses: watch::Sender<u64>,
    /// Who may start a publish. Fair, so that waiting publishes keep their order.
    pub(crate) turn: tokio::sync::Mutex<()>,
    pub(crate) publishing: TaskTracker,
    pub(crate) tasks: TaskTracker,
    /// Ends every task.
    pub(crate) stop: CancellationToken,
    /// Ends the current chain of connections.
    connection: Mutex<CancellationToken>,
    /// Cuts the current connection, to make a new one.
    pub(crate) cut: Notify,
}

impl Shared {
    /// Waits for a connection that is on its way; `Err` when there is none, or none yet and `wait` is off.
    pub(crate) async fn connected(&self, wait: bool) -> Result<(), ()> {
        let current = *self.state.borrow();
        if current == State::Connected {
            return Ok(());
        }
        if !wait || !current.is_on_the_way() {
            return Err(());
        }
        let mut state = self.state.subscribe();
        match state.wait_for(|state| !state.is_on_the_way()).await.as_deref() {
            Ok(State::Connected) => Ok(()),
            _ => Err(()),
        }
    }
}

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
        let router = Arc::new(Router::new(tasks.clone(), stop.clone()));
        let inbox = Arc::clone(&router);
        let link = Link::new(&config, None, Arc::new(move |incoming| inbox.accept(incoming)))?;
        let shared = Shared {
            config,
            link,
            router,
            state: watch::Sender::new(State::Created),
            losses: watch::Sender::new(0),
            turn: tokio::sync::Mutex::default(),
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
        let outcome = self.begin(Some(self.shared.config.connect_timeout))?;
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
        let (sender, outcome) = oneshot::channel();
        let shared = Arc::clone(&self.shared);
        self.shared.tasks.spawn(supervise::supervise(shared, end, patience, sender));
        Ok(outcome)
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
        &self.shared.config
    }

    /// The client of the crate underneath, for what this library does not cover. Do not connect or disconnect it.
    pub fn underlying(&self) -> &mqtt5::MqttClient {
        self.shared.link.client()
    }

    /// Publishes bytes. Resolves when the broker has them: at PUBACK (QoS 1), PUBCOMP (QoS 2), or when the socket took
    /// them (QoS 0). Any number may be in flight; they are sent in the order in which they are polled first.
    pub async fn publish(
        &self,
        topic: &str,
        payload: impl Into<Bytes>,
        options: PublishOptions,
    ) -> Result<Ack, PublishError> {
        publish::publish(&self.shared, topic, payload.into(), &options).await
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
        self.shared.connected(true).await.map_err(|()| SubscribeError::NotConnected)?;
        let (wanted, known) = self.shared.router.insert(filter, qos, ack, handler);
        if known {
            return Ok(());
        }
        let subscribed = self.shared.link.subscribe(wanted.filter, qos, wanted.identifier).await;
        if subscribed.is_err() {
            self.shared.router.remove(filter);
        }
        subscribed
    }

    /// Ends a subscription. What its handler has in its queue is still handled.
    pub async fn unsubscribe(&self, filter: &str) -> Result<(), SubscribeError> {
        topic::check_filter(filter)?;
        self.shared.connected(true).await.map_err(|()| SubscribeError::NotConnected)?;
        self.shared.router.remove(filter);
        self.shared.link.unsubscribe(filter).await
    }

    /// Ends the connection in good order. Subscriptions stand again after the next [`MqttClient::connect`].
    pub async fn disconnect(&self) {
        let leaves = |state: &mut State| {
            let leaves = !state.is_at_rest();
            if leaves {
                *state = State::Disconnecting;
            }
            leaves
        };
        self.shared.publishing.close();
        if self.shared.state.send_if_modified(leaves) {
            self.drained().await;
            self.shared.connection.lock().unwrap_or_else(PoisonError::into_inner).cancel();
            let mut state = self.shared.state.subscribe();
            if state.wait_for(|state| *state == State::Disconnected).await.is_err() {
                tracing::debug!("the state is gone");
            }
        }
        self.shared.publishing.reopen();
    }

    async fn drained(&self) {
        self.shared.publishing.close();
        if timeout(SHUTDOWN_LIMIT, self.shared.publishing.wait()).await.is_err() {
            tracing::warn!("publishes are left without an acknowledgement");
        }
    }

    /// Ends everything in good order, within 5 seconds: publishes in flight are awaited, tasks ended, DISCONNECT sent.
    /// May be called in any state and any number of times; the client cannot be used again.
    pub async fn shutdown(&self) {
        self.disconnect().await;
        self.shared.stop.cancel();
        self.shared.tasks.close();
        if timeout(SHUTDOWN_LIMIT, self.shared.tasks.wait()).await.is_err() {
            tracing::warn!("a handler did not end in time");
        }
        self.shared.state.send_replace(State::Disconnected);
    }
}
