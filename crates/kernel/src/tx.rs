//! A transaction as commands see it: one tenant, one caller, one moment, and the changes to be audited and announced.

use std::sync::Arc;

use jiff::Timestamp;
use sqlx::{PgConnection, Postgres, Transaction};
use uuid::Uuid;

use crate::{
    Caller, Role, TenantId,
    answer::Version,
    audit::Audited,
    cx::{Context, Origin},
    db::{Kernel, Mode},
    event::{Event, Pending},
    keys::{DataKey, KeyError, Place},
    permission::Reach,
    problem::{Problem, kinds},
};

/// A transaction under row-level security. Only [`crate::Cx`] opens one.
#[derive(Debug)]
pub struct Tx {
    inner: Transaction<'static, Postgres>,
    context: Arc<Context>,
    tenant: TenantId,
    now: Timestamp,
    changes: Vec<Change>,
}

/// One change of one entity, to be audited and, mostly, announced.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) entity: &'static str,
    pub(crate) entity_id: Uuid,
    pub(crate) before: Option<serde_json::Value>,
    pub(crate) after: Option<serde_json::Value>,
    pub(crate) event: Option<Pending>,
}

impl Tx {
    pub(crate) async fn begin(context: &Arc<Context>, mode: Mode) -> Result<Self, sqlx::Error> {
        let lock = match (mode, &context.once) {
            (Mode::Write, Some(once)) => Some(once.lock(&context.caller.actor())),
            _ => None,
        };
        let inner = context.kernel.begin(context.scope(), mode, lock).await?;
        let now = context.kernel.clock.now();
        Ok(Self {
            inner,
            context: Arc::clone(context),
            tenant: context.scope(),
            now,
            changes: Vec::new(),
        })
    }

    /// The connection, for SQL.
    pub fn conn(&mut self) -> &mut PgConnection {
        &mut self.inner
    }

    /// The tenant that the SQL must name and row-level security admits.
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// The moment of this unit of work.
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// The kernel behind it: configuration and keys.
    pub fn kernel(&self) -> &Kernel {
        &self.context.kernel
    }

    /// Who asks.
    pub fn caller(&self) -> &Caller {
        &self.context.caller
    }

    /// Where the request came from.
    pub fn origin(&self) -> &Origin {
        &self.context.origin
    }

    /// How far the caller's permission reaches.
    pub fn reach(&self) -> Reach {
        self.context.reach
    }

    /// Waits until no other transaction of the tenant holds `key` of `what`, and holds it until the end: for rules that no
    /// constraint knows, and look-ups before a write.
    ///
    /// # Errors
    /// The database's.
    pub async fn serialise(&mut self, what: &str, key: &str) -> Result<(), sqlx::Error> {
        sqlx::query!(
            "select pg_advisory_xact_lock(hashtextextended($1 || ' ' || $2::uuid::text || ' ' || $3, 0))",
            what,
            self.tenant.0,
            key,
        )
        .fetch_one(&mut *self.inner)
        .await?;
        Ok(())
    }

    /// As [`Tx::serialise`], for many keys: in one order, so that two who want the same ones do not wait for each other.
    ///
    /// # Errors
    /// The database's.
    pub async fn serialise_all(
        &mut self,
        what: &str,
        mut keys: Vec<String>,
    ) -> Result<(), sqlx::Error> {
        keys.sort_unstable();
        keys.dedup();
        sqlx::query!(
            "select pg_advisory_xact_lock(hashtextextended($1 || ' ' || $2::uuid::text || ' ' || k.key, 0))
             from unnest($3::text[]) with ordinality as k(key, n) order by k.n",
            what,
            self.tenant.0,
            &keys,
        )
        .fetch_all(&mut *self.inner)
        .await?;
        Ok(())
    }

    /// The tenant's newest data key: seals fields of any number of rows.
    ///
    /// # Errors
    /// A key that cannot be had: the database's, or a master key that is not this database's.
    pub async fn data_key(&mut self) -> Result<DataKey, Problem> {
        let kernel = self.context.kernel.clone();
        Ok(kernel.data_keys().current(&mut self.inner, self.tenant).await?)
    }

    /// The text of a sealed field of `place`.
    ///
    /// # Errors
    /// As [`Tx::data_key`]; a value that does not belong there.
    pub async fn unseal(&mut self, place: Place, sealed: &[u8]) -> Result<String, Problem> {
        let kernel = self.context.kernel.clone();
        let plain = kernel.data_keys().open(&mut self.inner, place, sealed).await?;
        String::from_utf8(plain.to_vec()).map_err(|_| KeyError::Broken.into())
    }

    /// Whether `role` is one of those by which the caller reaches what is their own.
    pub fn reaches_as(&self, role: Role) -> bool {
        self.context.row.own.contains(&role) && self.context.caller.has(role)
    }

    /// A new id.
    pub fn new_id<I: From<Uuid>>(&self) -> I {
        self.context.kernel.ids.next().into()
    }

    /// Requires that If-Match names `current`: 428 when it is missing, 412 when it is stale.
    pub fn precondition(&self, current: Version) -> Result<(), Problem> {
        let Some(wanted) = self.context.if_match else {
            return Err(Problem::new(
                &kinds::PRECONDITION_REQUIRED,
                "Read the resource and send its ETag in If-Match.",
            ));
        };
        if wanted == current {
            return Ok(());
        }
        let detail = format!(
            "The resource is at version {current}; If-Match names {wanted}. Read it again."
        );
        Err(Problem::new(&kinds::PRECONDITION, detail))
    }

    /// Records a change and its event: audit and announcement in one call, so that neither can be forgotten.
    pub fn changed<T: Audited, E: Event>(
        &mut self,
        before: Option<&T>,
        after: Option<&T>,
        event: &E,
    ) -> Result<(), Problem> {
        let event = Pending::of(event).map_err(|e| Problem::internal(&e))?;
        self.record(before, after, Some(event));
        Ok(())
    }

    /// Records a change that only the audit trail is to know.
    pub fn audited<T: Audited>(&mut self, before: Option<&T>, after: Option<&T>) {
        self.record(before, after, None);
    }

    /// Records that protected fields of an entity are shown to the caller: also in a read, which puts it on record before it
    /// answers.
    pub fn disclosed(&mut self, entity: &'static str, entity_id: Uuid, fields: &[&str]) {
        let after = Some(serde_json::json!({ "disclosed": fields }));
        self.changes.push(Change { entity, entity_id, before: None, after, event: None });
    }

    fn record<T: Audited>(
        &mut self,
        before: Option<&T>,
        after: Option<&T>,
        event: Option<Pending>,
    ) {
        let Some(entity_id) = after.or(before).map(Audited::id) else { return };
        let (before, after) = (before.map(Audited::redacted), after.map(Audited::redacted));
        self.changes.push(Change { entity: T::ENTITY, entity_id, before, after, event });
    }

    /// Goes on in another tenant: for platform operations, whose key belongs to the platform and whose audit and
    /// events belong to the tenant they are about.
    ///
    /// # Errors
    /// When a tenant's own request tries it, or the database fails.
    pub async fn enter(&mut self, tenant: TenantId) -> Result<(), Problem> {
        if self.context.tenant.is_some() {
            return Err(Problem::internal(&std::io::Error::other(
                "a tenant's transaction cannot enter another tenant",
            )));
        }
        self.set_tenant(tenant).await?;
        Ok(())
    }

    pub(crate) async fn set_tenant(&mut self, tenant: TenantId) -> Result<(), sqlx::Error> {
        sqlx::query_scalar!("select set_config('steward.tenant', $1, true)", tenant.to_string())
            .fetch_one(&mut *self.inner)
            .await?;
        self.tenant = tenant;
        Ok(())
    }

    pub(crate) fn context(&self) -> &Arc<Context> {
        &self.context
    }

    pub(crate) fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    pub(crate) async fn commit(self) -> Result<(), sqlx::Error> {
        self.inner.commit().await
    }

    pub(crate) async fn rollback(self) {
        if let Err(e) = self.inner.rollback().await {
            tracing::debug!(
                error = crate::db::describe(&e),
                "rollback failed; the connection is dropped"
            );
        }
    }
}
