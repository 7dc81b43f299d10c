//! The server put together: kernel, broker, relay and background work, HTTP. Plain constructors in order.

pub mod passwords;
mod subscribe;
mod tasks;

use std::{net::SocketAddr, num::NonZeroU32, path::PathBuf, sync::Arc};

use anyhow::Context as _;
use axum::http::Extensions;
use kernel::{
    Clock, Ids, Kernel,
    cursor::CursorKey,
    db::{self, Parts, Region},
    job::JobKind,
    keys::MasterKey,
    rate::{Limit, RateConfig, RateLimits},
    relay::Wake,
    token::{Trust, Verifier},
};
use metrics_exporter_prometheus::PrometheusHandle;
use sqlx::postgres::PgConnectOptions;
use steward_mqtt::MqttConfig;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    app,
    broker::{Accounts, Embedded, Link, Listen, Proven, Refusal, SignIn},
    config::Program,
    listen,
    tls::{Pair, Tls},
};
use tasks::Tasks;

/// Connections of the system pool: relay, leases, sealer, jobs and retention use one each, seldom more.
const SYSTEM_CONNECTIONS: u32 = 8;

/// A raised limit of creations raises that of all requests: each creation is read, listed and corrected, too.
const GENERAL_FACTOR: u32 = 60;

/// What a server is made of once its configuration is resolved.
#[derive(Debug)]
pub struct Plan {
    /// The data folder.
    pub dir: PathBuf,
    /// Where HTTP is served.
    pub listen: SocketAddr,
    /// The certificate for HTTPS; without one it is plain HTTP.
    pub tls: Option<Pair>,
    /// The broker.
    pub mqtt: Mqtt,
    /// The server's login to a migrated database.
    pub database: PgConnectOptions,
    /// Who tells the login's password anew while the server runs.
    pub database_password: Option<Program>,
    /// Connections for requests.
    pub connections: u32,
    /// Which tokens are trusted.
    pub trust: Trust,
    /// The clock.
    pub clock: Clock,
    /// Makes ids.
    pub ids: Ids,
    /// Root of all derived keys.
    pub master: MasterKey,
    /// Where tenants may be provisioned.
    pub regions: Vec<Region>,
    /// Creations a minute of one person.
    pub rate_per_minute: u32,
    /// Days for which events stay in the feed.
    pub feed_days: u16,
    /// Reactions to events, of every context.
    pub reactions: Vec<kernel::inbox::Reaction>,
    /// Kinds of jobs, of every context.
    pub jobs: Vec<JobKind>,
    /// This node: the same after a restart, so that it goes on with its jobs at once.
    pub node: uuid::Uuid,
    /// Where the heads of the audit chains are appended to, beside the feed.
    pub audit_heads: Option<PathBuf>,
    /// Where people and machines reach this server, when a proxy stands in front.
    pub public_url: Option<String>,
}

/// The kinds of jobs of every context.
pub fn jobs() -> Vec<JobKind> {
    let roster = [roster::bulk::JOB, roster::import::DECISION];
    roster.into_iter().chain(instance::server::JOBS).collect()
}

/// Which broker the server speaks to.
#[derive(Clone, Debug)]
pub enum Mqtt {
    /// Its own.
    Embedded(Listen),
    /// Another: where, and who signs in.
    External(crate::config::Mqtt),
}

/// A running server.
pub struct Server {
    /// Where HTTP is served.
    pub http: SocketAddr,
    /// URL of the broker, without credentials.
    pub mqtt: String,
    /// The same for programs on this machine, when the embedded broker is behind TLS for the others.
    pub mqtt_local: Option<String>,
    /// The kernel.
    pub kernel: Kernel,
    tasks: Tasks,
    embedded: Option<Embedded>,
    link: Link,
    scheme: &'static str,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server")
            .field("http", &self.http)
            .field("mqtt", &self.mqtt)
            .finish_non_exhaustive()
    }
}

impl Server {
    /// Starts everything and returns when requests are served.
    ///
    /// # Errors
    /// When an address is taken, the key is another one, or an operation has no permission.
    pub async fn start(plan: Plan, metrics: PrometheusHandle) -> anyhow::Result<Self> {
        let tls = plan.tls.clone().map(|pair| Tls::load(pair, &listen::PROTOCOLS)).transpose()?;
        let listener = bind(plan.listen).await?;
        let http = listener.local_addr()?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let kernel = kernel(&plan, &format!("{scheme}://{http}"))?;
        let (embedded, link) = connect(&plan, &kernel).await?;
        let mqtt = embedded.as_ref().map_or_else(|| external_url(&plan.mqtt), Embedded::url);

        let tasks = Tasks::start(&kernel, &plan, &link);
        let probes = app::Probes { link: link.clone(), metrics, draining: tasks.requests() };
        let router = app::router(kernel.clone(), probes).map_err(anyhow::Error::msg)?;
        tasks.serve(listen::serve(listener, tls, router, tasks.requests()));
        let mqtt_local = embedded.as_ref().map(Embedded::local_url).filter(|local| *local != mqtt);
        Ok(Self { http, mqtt, mqtt_local, kernel, tasks, embedded, link, scheme })
    }

    /// URL of the HTTP listener.
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.http)
    }

    /// Ends in order: requests drain, background work stops and gives its leases back, publishes end, the broker stops.
    pub async fn stop(self) {
        self.tasks.stop().await;
        self.link.shutdown().await;
        if let Some(embedded) = self.embedded
            && let Err(e) = embedded.stop().await
        {
            tracing::warn!(error = %e, "the embedded broker did not stop well");
        }
        self.kernel.app.close().await;
        self.kernel.system.close().await;
    }
}

async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {address}: choose another address with --listen, or port 0 for a free one")
    })
}

fn kernel(plan: &Plan, url: &str) -> anyhow::Result<Kernel> {
    let system = db::pool(&plan.database, db::SYSTEM, SYSTEM_CONNECTIONS);
    Ok(Kernel::new(Parts {
        app: db::pool(&plan.database, db::APP, plan.connections),
        system,
        clock: plan.clock.clone(),
        ids: plan.ids.clone(),
        wake: Wake::new(),
        verifier: Verifier::new(plan.trust.clone(), plan.clock.clone())?,
        limits: RateLimits::new(rates(plan.rate_per_minute)),
        cursors: CursorKey::from(&plan.master),
        master: plan.master.clone(),
        regions: plan.regions.clone(),
        spool: plan.dir.clone(),
        extensions: extensions(plan, url),
        ending: CancellationToken::new(),
    }))
}

/// What contexts bring with them.
fn extensions(plan: &Plan, url: &str) -> Extensions {
    let public_url = plan.public_url.as_deref().unwrap_or(url).trim_end_matches('/').to_owned();
    let mut extensions = Extensions::new();
    extensions.insert(instance::server::Settings { public_url });
    extensions
}

/// Creations are limited as configured; all requests together to sixty times that, at least to the default.
fn rates(creations: u32) -> RateConfig {
    let default = RateConfig::default();
    let create = Limit { person: NonZeroU32::new(creations), ..default.create };
    let general =
        default.general.person.max(NonZeroU32::new(creations.saturating_mul(GENERAL_FACTOR)));
    RateConfig { create, general: Limit { person: general, ..default.general } }
}

/// Starts the embedded broker, or takes the other; then the relay's way to it.
async fn connect(plan: &Plan, kernel: &Kernel) -> anyhow::Result<(Option<Embedded>, Link)> {
    let node = kernel.ids.next().simple().to_string();
    match &plan.mqtt {
        Mqtt::Embedded(listen) => {
            let accounts =
                Accounts::open(&plan.dir, sign_in(kernel.verifier.clone()), plan.clock.clone())?;
            let own = accounts.server().clone();
            let embedded = Embedded::start(&plan.dir, listen.clone(), Arc::new(accounts)).await?;
            let config = MqttConfig::new(&embedded.local_url(), format!("{}:{node}", own.user))?;
            let link = Link::embedded(config.credentials(own.user, own.password.expose()))?;
            Ok((Some(embedded), link))
        }
        Mqtt::External(external) => {
            let config = MqttConfig::new(&external.url, format!("steward-{node}"))?;
            let config = credentials(config, external);
            // It connects by itself, now or when the broker is there: a missing broker hinders no request.
            Ok((None, Link::external(config)?))
        }
    }
}

fn credentials(config: MqttConfig, external: &crate::config::Mqtt) -> MqttConfig {
    let password = external.password.as_ref().map_or("", |secret| secret.expose());
    let config = match &external.user {
        Some(user) => config.credentials(user, password),
        None => config,
    };
    let config = match &external.ca_file {
        Some(path) => config.ca_file(path),
        None => config,
    };
    match external.password_command.clone() {
        Some(program) => config.password_from(program.teller()),
        None => config,
    }
}

fn external_url(mqtt: &Mqtt) -> String {
    match mqtt {
        Mqtt::External(external) => external.url.clone(),
        Mqtt::Embedded(listen) => format!("mqtt://{}", listen.address),
    }
}

/// Tokens as MQTT passwords are checked like those of requests.
fn sign_in(verifier: Verifier) -> SignIn {
    SignIn::new(move |token| {
        let verifier = verifier.clone();
        async move {
            let verified = verifier
                .verify(&token)
                .await
                .map_err(|rejected| Refusal::Denied(rejected.to_string()))?;
            Ok(Proven { caller: verified.caller, expires: verified.expires })
        }
    })
}
