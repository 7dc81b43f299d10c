//! Where a story plays: data folders, an issuer that every node trusts, and districts.

use std::net::TcpListener;
use std::path::PathBuf;

use kernel::{Clock, Role, TenantId};
use serde_json::json;
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tempfile::TempDir;
use testkit::issuer::{AUDIENCE, ISSUER};
use testkit::process::Run;
use testkit::{Client, Issuer, Person, Process};

use crate::process::folder;
pub(super) use crate::process::until;

/// What random choices follow from. Set it to the seed of a failure to see that run's choices again.
const SEED: Option<u64> = None;

/// The seed of this run; says its number when the story fails.
pub(super) struct Seed(pub(super) u64);

impl Seed {
    pub(super) fn new() -> Self {
        Self(SEED.unwrap_or_else(rand::random))
    }
}

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            say(&format!("the seed of this run is {}", self.0));
        }
    }
}

/// Shown beside a failure.
#[expect(clippy::print_stderr, reason = "the runner shows it when the test fails")]
pub(super) fn say(text: &str) {
    eprintln!("{text}");
}

/// Folders, gone with this value, and who signs.
pub(super) struct Site {
    base: TempDir,
    issuer: Issuer,
    /// What every node gets on its command line.
    arguments: Vec<String>,
}

impl Site {
    /// A site whose nodes run their own databases and brokers, unless `arguments` say otherwise.
    pub(super) fn new(arguments: &[&str]) -> Self {
        let (base, issuer) = (folder(), Issuer::new().unwrap());
        let keys = base.path().join("jwks.json");
        std::fs::write(&keys, issuer.jwks().to_string()).unwrap();
        let keys = keys.display().to_string();
        let trust = ["--oidc-issuer", ISSUER, "--oidc-audience", AUDIENCE, "--jwks-file", &keys];
        let arguments = trust.iter().chain(arguments).map(|text| (*text).to_owned()).collect();
        Self { base, issuer, arguments }
    }

    /// A site on a database and a broker outside, with the key that all its nodes share.
    pub(super) fn outside(database: &str, admin: &str, mqtt: &str) -> Self {
        let mut site = Self::new(&["--database-url", database, "--migrate-database-url", admin]);
        let key = site.path("secret.key");
        std::fs::write(&key, "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n").unwrap();
        crate::process::mode(&key, 0o600);
        site.add(&["--mqtt-url", mqtt, "--secret-key-file", &key.display().to_string()]);
        site
    }

    /// Further arguments for every node.
    pub(super) fn add(&mut self, arguments: &[&str]) {
        self.arguments.extend(arguments.iter().map(|text| (*text).to_owned()));
    }

    /// A place in the site's folder.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.base.path().join(name)
    }

    /// A node's data folder.
    pub(super) fn folder(&self, node: &str) -> PathBuf {
        let folder = self.path(node);
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    /// Starts a node, or says why it ended.
    pub(super) async fn start(&self, node: &str, more: &[&str]) -> anyhow::Result<Process> {
        let arguments = self.arguments.iter().map(String::as_str).chain(more.iter().copied());
        Process::start(&self.folder(node), arguments).await
    }

    /// A token for everything within a district; people's limits do not hold a service back.
    pub(super) fn token(&self, tenant: TenantId) -> String {
        let person = Person {
            subject: "importer".to_owned(),
            is_service: true,
            ..Person::with(Role::DistrictAdmin, &[tenant])
        };
        self.sign(&person)
    }

    fn sign(&self, person: &Person) -> String {
        self.issuer.token(person, Clock::system().now()).unwrap()
    }

    /// Provisions districts.
    pub(super) async fn districts(&self, url: &str, count: usize) -> Vec<TenantId> {
        let person = Person::with(Role::PlatformAdmin, &[]);
        let platform = Client::new(url).unwrap().with_token(self.sign(&person));
        let mut districts = Vec::new();
        for number in 1..=count {
            let body = json!({"name": format!("District {number}"), "region": "default"});
            let tenant = platform.post("/api/v1/tenants", body).await.unwrap().expect(201);
            districts.push(tenant["tenantId"].as_str().unwrap().parse().unwrap());
        }
        districts
    }
}

/// The private database of a running node as its superuser, for the checker.
pub(super) fn private_database(run: &Run) -> PgPool {
    let options: PgConnectOptions = run.database.parse().unwrap();
    PgPoolOptions::new().max_connections(2).connect_lazy_with(options.username("postgres"))
}

/// A port that was free a moment ago, for brokers that cannot tell which one they took.
pub(super) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
