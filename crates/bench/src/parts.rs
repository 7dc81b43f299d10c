//! What is measured, one part a file, all on one server.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use jiff::SignedDuration;
use kernel::{Clock, Role, TenantId};
use serde::Deserialize;
use steward::identity::{self, Grant};
use uuid::Uuid;

use crate::{
    http::{Api, Ask},
    postgres::{Database, Programs},
    server::Server,
};

pub(crate) mod backlog;
pub(crate) mod bulk;
pub(crate) mod create;
pub(crate) mod delivery;
pub(crate) mod roster;
pub(crate) mod start;
pub(crate) mod steady;
pub(crate) mod token;

/// Enough schools for a full page, and for the code to be warm.
const FIRST_SCHOOLS: usize = 200;
/// Longer than any run.
const TOKEN_VALID: SignedDuration = SignedDuration::from_hours(2);
/// A tried bench takes this part of the time.
const SHORT: u32 = 8;
/// How often it is looked whether the server is at rest.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// A running server with one district that has schools.
pub(crate) struct Bench {
    server: Server,
    database: Database,
    /// The same schema in the same cluster, out of the server's sight.
    twin: Database,
    tenant: TenantId,
    platform: Api,
    api: Arc<Api>,
    sample: Sample,
    short: bool,
}

/// What the server stored for one school: the baseline stores the same bytes.
pub(crate) struct Sample {
    tenant: String,
    caller: String,
    record: String,
    data: String,
    meta: String,
    headers: String,
    body: String,
}

/// A page of schools, as far as a bench needs it.
#[derive(Deserialize)]
struct Page {
    items: Vec<Item>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    school_id: String,
}

impl Bench {
    pub(crate) async fn open(
        steward: &Path,
        programs: Programs,
        folder: &Path,
        short: bool,
    ) -> Result<Self> {
        let server = Server::start(steward, &folder.join("server")).await?;
        let database = server.database(&programs)?;
        let platform = Api::new(server.address(), token(&server, Role::PlatformAdmin, None)?, None);
        let tenant = platform.provision("Bench District").await?;
        let registrar = token(&server, Role::Registrar, Some(tenant))?;
        let mut api = Api::new(server.address(), registrar, Some(tenant));
        let mut connection = api.connect().await?;
        for _ in 0..FIRST_SCHOOLS {
            api.ask(&mut connection, Ask::Create).await?;
        }
        let page: Page = serde_json::from_slice(&api.ask(&mut connection, Ask::List).await?)?;
        api.schools = page.items.into_iter().map(|item| item.school_id).collect();
        let sample = Sample::of(&database, tenant).await?;
        let twin = database.twin("baseline").await?;
        twin.admin(&[&format!(
            "insert into kernel.tenant values ('{tenant}', 'Bench', 'bench', 'default', 'Active', '{{}}', '[]', 1, now(), now())"
        )])
        .await?;
        let api = Arc::new(api);
        Ok(Self { server, database, twin, tenant, platform, api, sample, short })
    }

    pub(crate) async fn close(self) -> Result<()> {
        self.server.stop().await
    }

    fn seconds(&self, seconds: u64) -> Duration {
        let time = Duration::from_secs(seconds);
        if self.short { Duration::from_secs((time / SHORT).as_secs().max(1)) } else { time }
    }

    /// Waits until everything that was announced is delivered.
    async fn at_rest(&self) -> Result<()> {
        let left = "select (select count(*) from kernel.outbox) + (select coalesce(sum(numbered - delivered), 0) from kernel.feed)";
        while self.database.admin(&[left]).await? != "0" {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Ok(())
    }
}

impl Sample {
    async fn of(database: &Database, tenant: TenantId) -> Result<Self> {
        let row = |what: &str, table: &str, which: &str| {
            let sql = format!(
                "select {what} from {table} where tenant_id = '{tenant}' and {which} limit 1"
            );
            async move {
                let found = database.admin(&[&sql]).await?;
                anyhow::ensure!(!found.is_empty(), "no row: {sql}");
                Ok(found)
            }
        };
        let created = "action = 'roster.school.create'";
        let answer = "key like 'bench-%'";
        Ok(Self {
            tenant: tenant.to_string(),
            caller: row("actor", "kernel.audit", created).await?,
            record: row("record", "kernel.audit", created).await?,
            data: row("data", "kernel.event", "type like '%SchoolCreated'").await?,
            meta: row("meta", "kernel.event", "type like '%SchoolCreated'").await?,
            headers: row("headers", "kernel.idempotency", answer).await?,
            body: row("encode(body, 'hex')", "kernel.idempotency", answer).await?,
        })
    }

    /// As pgbench's variables; `run` keeps the rows of several runs apart.
    fn variables<'a>(&'a self, run: &'a str) -> [(&'a str, &'a str); 9] {
        [
            ("i", "0"),
            ("run", run),
            ("tenant", &self.tenant),
            ("caller", &self.caller),
            ("record", &self.record),
            ("data", &self.data),
            ("meta", &self.meta),
            ("headers", &self.headers),
            ("body", &self.body),
        ]
    }
}

/// A machine account of the folder's developer identity.
fn token(server: &Server, role: Role, tenant: Option<TenantId>) -> Result<String> {
    let grant = Grant {
        subject: "bench".to_owned(),
        roles: vec![role],
        tenants: tenant.into_iter().collect(),
        scopes: vec!["service".to_owned()],
    };
    Ok(identity::open(&server.folder)?.sign(&grant, Clock::system().now(), TOKEN_VALID)?)
}

/// What a bench reads of an event.
#[derive(Deserialize)]
struct Head {
    tenantid: Uuid,
    sequence: String,
    time: jiff::Timestamp,
}

impl Head {
    fn of(payload: &[u8]) -> Result<Self> {
        serde_json::from_slice(payload).context("no event")
    }
}
