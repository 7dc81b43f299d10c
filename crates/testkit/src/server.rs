//! Steward in this process: on a cloned database, with a broker of its own, at a fixed time.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::OnceLock;

use anyhow::{Context, Result};
use jiff::Timestamp;
use kernel::db::Region;
use kernel::keys::MasterKey;
use kernel::token::{ClaimNames, KeySource, Trust};
use kernel::{Clock, Ids, Kernel, Role, TenantId};
use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::json;
use steward::server::{Mqtt, Plan};
use tempfile::TempDir;

use crate::issuer::{AUDIENCE, ISSUER, Issuer, Person};
use crate::{Client, Database, Events, Login};

/// When every story begins: a school year's first morning.
const BEGINNING: &str = "2026-09-01T08:00:00Z";
/// The region in which stories provision their districts.
const REGION: &str = "default";
/// Of one server; the test database allows 300 to all tests together.
const CONNECTIONS: u32 = 8;
/// Stories create more than a person may; limits have their own tests.
const CREATIONS_A_MINUTE: u32 = 100_000;

/// The same ids on every run: the database is new each time.
const SEED: u64 = 1;

/// A running server, gone with this value.
pub struct Server {
    /// Its clock: stands still until a story advances it.
    pub clock: Clock,
    /// Who signs the tokens that it trusts.
    pub issuer: Issuer,
    /// Its metrics.
    pub metrics: PrometheusHandle,
    running: steward::server::Server,
    /// Its database.
    pub database: Database,
    folder: TempDir,
}

impl Server {
    /// Starts a server as stories need it.
    ///
    /// # Errors
    /// When the database or the server does not start.
    pub async fn start() -> Result<Self> {
        Self::start_with(|_| {}).await
    }

    /// Starts a server whose plan was changed before, for instance its limits.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub async fn start_with(change: impl FnOnce(&mut Plan)) -> Result<Self> {
        let database = Database::clone_template().await?;
        let folder = tempfile::Builder::new().prefix("steward-story").tempdir()?;
        let issuer = Issuer::new()?;
        let clock = Clock::fixed(BEGINNING.parse()?);
        let mut plan = plan(&database, folder.path(), &issuer, &clock)?;
        change(&mut plan);
        let metrics = metrics()?;
        let running = steward::server::Server::start(plan, metrics.clone()).await?;
        Ok(Self { clock, issuer, metrics, running, database, folder })
    }

    /// Where it serves HTTP.
    pub fn url(&self) -> String {
        self.running.url()
    }

    /// Where its broker listens.
    pub fn mqtt_url(&self) -> &str {
        &self.running.mqtt
    }

    /// Its kernel, for looking at what no API shows.
    pub fn kernel(&self) -> &Kernel {
        &self.running.kernel
    }

    /// Its data folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A caller without a token.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn anybody(&self) -> Result<Client> {
        Client::new(&self.url())
    }

    /// A person with one role, in one tenant.
    ///
    /// # Errors
    /// When no token can be signed.
    pub fn as_role(&self, role: Role, tenant: TenantId) -> Result<Client> {
        let person = Person::with(role, &[tenant]);
        Ok(self.as_person(&person)?.in_tenant(tenant))
    }

    /// The platform's administrator, in no tenant.
    ///
    /// # Errors
    /// When no token can be signed.
    pub fn as_platform(&self) -> Result<Client> {
        self.as_person(&Person::with(Role::PlatformAdmin, &[]))
    }

    /// Whoever a story invents.
    ///
    /// # Errors
    /// When no token can be signed.
    pub fn as_person(&self, person: &Person) -> Result<Client> {
        Ok(self.anybody()?.with_token(self.issuer.token(person, self.now())?))
    }

    /// Provisions a district by the API.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub async fn district(&self, name: &str) -> Result<TenantId> {
        let body = json!({"name": name, "region": REGION});
        let tenant = self.as_platform()?.post("/api/v1/tenants", body).await?.expect(201);
        let id = tenant["tenantId"].as_str().context("no tenantId")?;
        Ok(id.parse()?)
    }

    /// Subscribes to all events of a tenant.
    ///
    /// # Errors
    /// When the broker refuses it.
    pub async fn events(&self, tenant: TenantId) -> Result<Events> {
        let filter = format!("steward/{tenant}/#");
        Events::subscribe(self.folder(), self.mqtt_url(), &filter).await
    }

    /// The server's time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Stops it in good order; the database stays for checks.
    pub async fn stop(self) -> Database {
        self.running.stop().await;
        self.database
    }
}

fn plan(database: &Database, folder: &Path, issuer: &Issuer, clock: &Clock) -> Result<Plan> {
    let keys = folder.join("jwks.json");
    std::fs::write(&keys, issuer.jwks().to_string())?;
    let trust = Trust {
        issuer: ISSUER.to_owned(),
        audience: AUDIENCE.to_owned(),
        keys: KeySource::File(keys),
        claims: ClaimNames::default(),
    };
    let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    Ok(Plan {
        dir: folder.to_owned(),
        listen: anywhere,
        tls: None,
        mqtt: Mqtt::Embedded(anywhere.into()),
        database: database.options(Login::Server),
        database_password: None,
        connections: CONNECTIONS,
        trust,
        clock: clock.clone(),
        ids: Ids::seeded(clock.clone(), SEED),
        master: MasterKey::from_bytes([7; 32]),
        regions: vec![Region { name: REGION.to_owned(), max_tenants: 1_000 }],
        rate_per_minute: CREATIONS_A_MINUTE,
        feed_days: 30,
        reactions: Vec::new(),
        jobs: steward::server::jobs(),
        node: uuid::Uuid::max(),
        audit_heads: None,
        public_url: None,
    })
}

/// The recorder of a process is installed once; tests of one process share it.
fn metrics() -> Result<PrometheusHandle> {
    static INSTALLED: OnceLock<PrometheusHandle> = OnceLock::new();
    if let Some(handle) = INSTALLED.get() {
        return Ok(handle.clone());
    }
    let handle = steward::telemetry::metrics()?;
    Ok(INSTALLED.get_or_init(|| handle).clone())
}
