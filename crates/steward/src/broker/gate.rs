//! Where the embedded broker asks: at CONNECT, at each PUBLISH and SUBSCRIBE, and when a connection comes and goes.

use std::{
    future::ready,
    net::{IpAddr, SocketAddr},
    sync::{Arc, OnceLock, Weak},
    time::Duration,
};

use futures::future::BoxFuture;
use jiff::SignedDuration;
use mqtt5::{
    broker::{
        auth::{AuthProvider, AuthResult},
        events::{
            BrokerEventHandler, ClientConnectEvent, ClientDisconnectEvent, ClientPublishEvent,
            PublishAction,
        },
        router::MessageRouter,
    },
    packet::{connect::ConnectPacket, publish::PublishPacket},
    protocol::v5::reason_codes::ReasonCode,
};
use tokio_util::sync::CancellationToken;

use super::{
    Accounts, Refusal,
    accounts::Grant,
    client_id,
    front::Peers,
    sessions::{Session, Sessions},
};

/// How soon after the end of its token, or the removal of its device, a connection is closed. Publishing and
/// subscribing end at once.
const WATCH_EVERY: Duration = Duration::from_secs(1);
/// A topic that nobody is subscribed to, where a refused message ends without an acknowledgement.
const NOWHERE: &str = "$steward/refused";
/// The protocol level of MQTT 3.1.1.
const V311: u8 = 4;

/// The broker's questions, answered from the accounts and the access rules.
pub(super) struct Gate {
    accounts: Arc<Accounts>,
    sessions: Sessions,
    /// Clients from this address are on this machine, as are those on loopback.
    address: IpAddr,
    peers: Peers,
    router: OnceLock<Weak<MessageRouter>>,
}

impl Gate {
    pub(super) fn new(accounts: Arc<Accounts>, address: IpAddr, peers: Peers) -> Self {
        let sessions = Sessions::new(accounts.clock().clone());
        Self { accounts, sessions, address, peers, router: OnceLock::new() }
    }

    /// Names the running broker's router, through which connections are closed.
    pub(super) fn attach(&self, router: &Arc<MessageRouter>) {
        self.router.get_or_init(|| Arc::downgrade(router));
    }

    /// Closes connections whose token ended or whose device was removed, until `stop`.
    pub(super) async fn watch(self: Arc<Self>, stop: CancellationToken) {
        let mut tick = tokio::time::interval(WATCH_EVERY);
        while stop.run_until_cancelled(tick.tick()).await.is_some() {
            self.sessions.forget_idle();
            let overdue = self.sessions.overdue(|grant| self.accounts.still_good(grant));
            for (client_id, persistent) in overdue {
                tracing::info!(client_id, "signed out: its credentials ended");
                self.close(&client_id, persistent).await;
            }
        }
    }

    /// Closes a connection; a session that ends with it must not keep its subscriptions.
    async fn close(&self, client_id: &str, persistent: bool) {
        match self.router.get().and_then(Weak::upgrade) {
            Some(router) if persistent => router.disconnect_client(client_id).await,
            Some(router) => router.unregister_client(client_id).await,
            None => {}
        }
    }

    /// Signs in and checks client id and will.
    async fn admit(&self, connect: &ConnectPacket, peer: SocketAddr) -> Result<String, Refused> {
        let grant = self.sign_in(connect, peer).await?;
        let persistent = is_persistent(connect);
        check_client_id(&connect.client_id, &grant.user, persistent)?;
        let will = connect.will.as_ref();
        if will.is_some_and(|will| !grant.access.may_leave_will(&will.topic, will.retain)) {
            return Err(Refused::new("will", ReasonCode::NotAuthorized));
        }
        let delay = will.and_then(|will| will.properties.will_delay_interval).unwrap_or(0);
        let user = grant.user.clone();
        let session = Session {
            grant,
            persistent,
            refusable: connect.protocol_version != V311,
            will_delay: SignedDuration::from_secs(delay.into()),
        };
        if self.sessions.open(&connect.client_id, session) {
            return Ok(user);
        }
        Err(Refused::new("client_id", ReasonCode::ClientIdentifierNotValid))
    }

    async fn sign_in(&self, connect: &ConnectPacket, peer: SocketAddr) -> Result<Grant, Refused> {
        let (Some(user), Some(password)) = (&connect.username, &connect.password) else {
            return Err(Refused::new("credentials", ReasonCode::NotAuthorized));
        };
        let near = peer.ip().is_loopback() || peer.ip() == self.address;
        self.accounts.sign_in(user, password, near).await.map_err(|refusal| {
            tracing::info!(user, %refusal, "nobody is signed in");
            let code = match refusal {
                Refusal::Denied(_) => ReasonCode::BadUsernameOrPassword,
                Refusal::Unavailable(_) => ReasonCode::ServerUnavailable,
            };
            Refused::new("credentials", code)
        })
    }

    /// Whether the account that holds `client_id` may do what `rule` says, now.
    fn may(
        &self,
        session: Option<&Session>,
        user: Option<&str>,
        rule: impl Fn(&Grant) -> bool,
    ) -> bool {
        session.is_some_and(|Session { grant, .. }| {
            user == Some(grant.user.as_str()) && self.accounts.runs(grant) && rule(grant)
        })
    }
}

/// A refused CONNECT: which part of it, for the log and the metric, and what the client is told.
struct Refused {
    what: &'static str,
    code: ReasonCode,
}

impl Refused {
    const fn new(what: &'static str, code: ReasonCode) -> Self {
        Self { what, code }
    }
}

fn check_client_id(client_id: &str, user: &str, persistent: bool) -> Result<(), Refused> {
    if client_id::is_owned_by(client_id, user) {
        return Ok(());
    }
    if client_id::is_assigned(client_id) && !persistent {
        return Ok(());
    }
    tracing::info!(
        client_id,
        user,
        "refused: the client id must be the user name, or the user name, a colon and more"
    );
    Err(Refused::new("client_id", ReasonCode::ClientIdentifierNotValid))
}

fn is_persistent(connect: &ConnectPacket) -> bool {
    if connect.protocol_version == V311 {
        return !connect.clean_start;
    }
    connect.properties.get_session_expiry_interval().unwrap_or(0) > 0
}

fn count_refusal(what: &'static str) {
    metrics::counter!("mqtt_broker_refusals_total", "what" => what).increment(1);
}

impl AuthProvider for Gate {
    fn authenticate<'a>(
        &'a self,
        connect: &'a ConnectPacket,
        peer: SocketAddr,
    ) -> BoxFuture<'a, mqtt5::Result<AuthResult>> {
        Box::pin(async move {
            Ok(match self.admit(connect, self.peers.behind(peer)).await {
                Ok(user) => AuthResult::success_with_user(user),
                Err(Refused { what, code }) => {
                    tracing::info!(client_id = connect.client_id, what, "connection refused");
                    count_refusal(what);
                    AuthResult::fail(code)
                }
            })
        })
    }

    /// A 3.1.1 client cannot be told that its publish was refused, and the broker's answer reads to it like any
    /// acknowledgement: its connection is closed, which the standard gives as the alternative.
    fn authorize_publish<'a>(
        &'a self,
        client_id: &str,
        user: Option<&'a str>,
        topic: &'a str,
    ) -> BoxFuture<'a, bool> {
        let session = self.sessions.get(client_id);
        if self.may(session.as_deref(), user, |grant| grant.access.may_publish(topic)) {
            return Box::pin(ready(true));
        }
        count_refusal("publish");
        let client_id = client_id.to_owned();
        Box::pin(async move {
            if let Some(session) = session.filter(|session| !session.refusable) {
                self.close(&client_id, session.persistent).await;
            }
            false
        })
    }

    fn authorize_subscribe<'a>(
        &'a self,
        client_id: &str,
        user: Option<&'a str>,
        filter: &'a str,
    ) -> BoxFuture<'a, bool> {
        let session = self.sessions.get(client_id);
        let may = self.may(session.as_deref(), user, |grant| grant.access.may_subscribe(filter));
        if !may {
            tracing::info!(client_id, filter, "subscription refused");
            count_refusal("subscribe");
        }
        Box::pin(ready(may))
    }
}

impl BrokerEventHandler for Gate {
    fn on_client_connect(&self, event: ClientConnectEvent) -> BoxFuture<'_, ()> {
        self.sessions.connected(&event.client_id);
        Box::pin(ready(()))
    }

    fn on_client_disconnect(&self, event: ClientDisconnectEvent) -> BoxFuture<'_, ()> {
        self.sessions.disconnected(&event.client_id);
        Box::pin(ready(()))
    }

    /// Refuses retained messages where only the server may leave them. The broker asks here with the publish already
    /// authorised, and can only accept it or swallow it with an acknowledgement. So the message goes nowhere, is not
    /// acknowledged, and the connection is closed: the way of a protocol without negative acknowledgements.
    fn on_client_publish(&self, event: ClientPublishEvent) -> BoxFuture<'_, PublishAction> {
        if !event.retain {
            return Box::pin(ready(PublishAction::Continue));
        }
        let session = self.sessions.get(&event.client_id);
        let user = event.user_id.as_deref();
        let rule = |grant: &Grant| grant.access.may_retain(&event.topic);
        if self.may(session.as_deref(), user, rule) {
            return Box::pin(ready(PublishAction::Continue));
        }
        tracing::info!(client_id = &*event.client_id, topic = &*event.topic, "retaining refused");
        count_refusal("retain");
        Box::pin(async move {
            let persistent = session.is_some_and(|session| session.persistent);
            self.close(&event.client_id, persistent).await;
            let nowhere = PublishPacket::new(NOWHERE, Vec::new(), mqtt5::QoS::AtMostOnce);
            PublishAction::Transform(nowhere)
        })
    }
}
