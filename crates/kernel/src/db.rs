//! The kernel's state and its database: the only place where a transaction begins.

use std::{path::PathBuf, sync::Arc, time::Duration};

use sqlx::{
    AssertSqlSafe, ConnectOptions, PgConnection, PgPool, Postgres, Transaction,
    error::DatabaseError,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use tokio_util::sync::CancellationToken;

use crate::{
    Clock, Ids, TenantId,
    cursor::CursorKey,
    keys::{DataKeys, MasterKey},
    rate::RateLimits,
    relay::Wake,
    snapshot::PATIENCE,
    token::Verifier,
};

/// What every request and every background task of one process shares. Cheap to clone.
#[derive(Clone)]
pub struct Kernel(Arc<Inner>);

struct Inner {
    parts: Parts,
    actor_key: [u8; 32],
    request_key: [u8; 32],
    answer_key: [u8; 32],
    data_keys: DataKeys,
}

/// What a [`Kernel`] is made of.
pub struct Parts {
    /// Requests: role `steward_app`, one tenant a transaction.
    pub app: PgPool,
    /// Relay, sealer, claimers: role `steward_system`, kernel tables only.
    pub system: PgPool,
    /// The clock of everything but leases.
    pub clock: Clock,
    /// Makes ids.
    pub ids: Ids,
    /// Wakes the relay after a commit.
    pub wake: Wake,
    /// Validates tokens.
    pub verifier: Verifier,
    /// Token buckets.
    pub limits: RateLimits,
    /// Signs paging cursors.
    pub cursors: CursorKey,
    /// Root of all derived keys.
    pub master: MasterKey,
    /// The regions in which tenants may be provisioned.
    pub regions: Vec<Region>,
    /// The folder in which uploads lie while they arrive, without names.
    pub spool: PathBuf,
    /// What contexts bring with them for their commands and jobs, by its type: settings, senders.
    pub extensions: http::Extensions,
    /// Cancelled when the server begins to end: answers that last end then, too.
    pub ending: CancellationToken,
}

/// A region and how many tenants it holds.
#[derive(Clone, Debug)]
pub struct Region {
    /// Its name.
    pub name: String,
    /// Most tenants, deactivated ones not counted.
    pub max_tenants: i64,
}

impl std::ops::Deref for Kernel {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0.parts
    }
}

impl std::fmt::Debug for Kernel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kernel").finish_non_exhaustive()
    }
}

impl Kernel {
    /// A kernel of these parts.
    pub fn new(parts: Parts) -> Self {
        let actor_key = parts.master.derive("steward actor pseudonyms v1");
        let request_key = parts.master.derive("steward request fingerprints v1");
        let answer_key = parts.master.derive("steward stored answers v1");
        let data_keys = DataKeys::new(&parts.master);
        Self(Arc::new(Inner { parts, actor_key, request_key, answer_key, data_keys }))
    }

    /// The data keys of tenants, for encrypted fields.
    pub fn data_keys(&self) -> &DataKeys {
        &self.0.data_keys
    }

    pub(crate) fn actor_key(&self) -> &[u8; 32] {
        &self.0.actor_key
    }

    pub(crate) fn request_key(&self) -> &[u8; 32] {
        &self.0.request_key
    }

    pub(crate) fn answer_key(&self) -> &[u8; 32] {
        &self.0.answer_key
    }

    /// Begins a transaction that sees `tenant` and nothing else, and tries to take `lock` before anything is read: what a
    /// later statement finds under the lock is then what its last holder left. `steward.claimed` says whether it got it.
    ///
    /// In a task of its own: a client that hangs up in the middle of BEGIN would otherwise leave a connection with an
    /// open transaction, and the tenant set, in the pool.
    pub(crate) async fn begin(
        &self,
        tenant: TenantId,
        mode: Mode,
        lock: Option<i64>,
    ) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
        let begin = match mode {
            Mode::Write => "BEGIN",
            Mode::Read => "BEGIN READ ONLY",
            Mode::Snapshot => "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
        };
        // A uuid and a number formatted by us, not text from outside; one round trip for all.
        let lock = lock.map_or_else(String::new, |lock| {
            format!(
                ", set_config('steward.claimed', pg_try_advisory_xact_lock({lock})::text, true)"
            )
        });
        let patience = if mode == Mode::Snapshot {
            format!(", set_config('idle_in_transaction_session_timeout', '{PATIENCE}', true)")
        } else {
            String::new()
        };
        let sql = format!(
            "{begin}; SELECT set_config('steward.tenant', '{tenant}', true){lock}{patience}"
        );
        let mut left = self.app.options().get_max_connections() + 1;
        loop {
            let (pool, sql) = (self.app.clone(), sql.clone());
            #[expect(
                clippy::disallowed_methods,
                reason = "the one place: in its own task it survives cancellation"
            )]
            let begun =
                tokio::spawn(async move { pool.begin_with(AssertSqlSafe(sql)).await }).await;
            match begun {
                Ok(Ok(tx)) => return Ok(tx),
                // A restarted database leaves stale connections behind: each fails once.
                Ok(Err(sqlx::Error::Io(_))) if left > 0 => left -= 1,
                Ok(Err(sqlx::Error::Database(e)))
                    if left > 0 && e.code().is_some_and(|c| c.starts_with("57P")) =>
                {
                    left -= 1;
                }
                Ok(Err(e)) => return Err(e),
                Err(_) => return Err(sqlx::Error::WorkerCrashed),
            }
        }
    }
}

/// What a transaction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Reading, each statement what is committed by then.
    Read,
    /// Reading what is committed as it begins, for as long as the reader takes.
    Snapshot,
    /// Writing.
    Write,
}

/// The role of requests and jobs: one tenant a transaction.
pub const APP: &str = "steward_app";
/// The role of relay, sealer and claimers: kernel tables only.
pub const SYSTEM: &str = "steward_system";

/// How long a request waits for a connection before it answers 503.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);

/// Opens a pool whose connections act in `role`. It connects when first used.
///
/// Settings travel with each connection, because a database made from a template does not inherit them. The role is a
/// start-up option, so RESET ROLE leads back to it and not to the login role. Sequential scans are off because outbox,
/// jobs and keys are tables that are vacuumed while empty: a generic plan made then scans them for ever. Compilation of
/// plans is off, too: where a scan is all there is, its forbidding cost would trigger it, half a second each time.
pub fn pool(base: &PgConnectOptions, role: &str, size: u32) -> PgPool {
    let options = base.clone().application_name(role).options([
        ("role", role),
        ("statement_timeout", "5s"),
        ("lock_timeout", "2s"),
        ("idle_in_transaction_session_timeout", "10s"),
        ("enable_seqscan", "off"),
        ("jit", "off"),
    ]);
    PgPoolOptions::new()
        .max_connections(size)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .connect_lazy_with(options)
}

/// One connection that acts in `role`, for the steps of a start.
///
/// # Errors
/// When the database cannot be reached or the login may not act in the role.
pub async fn login(base: &PgConnectOptions, role: &str) -> Result<PgConnection, sqlx::Error> {
    base.clone().application_name(role).options([("role", role)]).connect().await
}

/// What to do about a database error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Run the unit of work again.
    Again,
    /// Answer 503.
    Unavailable,
    /// A defect.
    Defect,
}

/// PostgreSQL's error classes (manual, appendix A) and the driver's, sorted by what helps.
pub(crate) fn classify(error: &sqlx::Error) -> Failure {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the driver's other errors are ours to repair"
    )]
    match error {
        sqlx::Error::Database(e) => classify_code(e.as_ref()),
        sqlx::Error::Io(_) | sqlx::Error::WorkerCrashed => Failure::Again,
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Tls(_) => {
            Failure::Unavailable
        }
        _ => Failure::Defect,
    }
}

fn classify_code(e: &dyn DatabaseError) -> Failure {
    let code = e.code().unwrap_or_default();
    match code.as_ref() {
        // serialization_failure, deadlock_detected
        "40001" | "40P01" => Failure::Again,
        "23505" if e.constraint() == Some("idempotency_pkey") => Failure::Again,
        // lock_not_available, query_canceled by statement_timeout, disk_full, out of connections
        "55P03" | "57014" | "53100" | "53200" | "53300" => Failure::Unavailable,
        // no connection, shut down, or the login's password has changed
        _ if ["08", "57P", "28"].iter().any(|class| code.starts_with(class)) => {
            Failure::Unavailable
        }
        _ => Failure::Defect,
    }
}

/// The error for the log: code, constraint and message only. DETAIL would carry the row's values.
pub(crate) fn describe(error: &sqlx::Error) -> String {
    let sqlx::Error::Database(e) = error else { return crate::problem::describe(error) };
    let constraint = e.constraint().map(|c| format!(" (constraint {c})")).unwrap_or_default();
    format!("{} {}{constraint}", e.code().unwrap_or_default(), e.message())
}
