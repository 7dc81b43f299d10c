//! The context of a request, proven: tenant, caller, permission. No `Cx`, no data.

mod denial;
mod extract;
pub mod origin;

use std::{marker::PhantomData, sync::Arc};

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

pub use origin::{Origin, Trace};

use crate::{
    Caller, TenantId,
    answer::{Answer, Outcome, Reply, Version},
    db::Kernel,
    permission::{Permission, Reach, Row},
    problem::{Problem, kinds},
    snapshot::Snapshot,
    tx::Tx,
    unit::{self, Once, UPLOAD_KEPT_HOURS},
};

/// A request whose caller may do `P` in its tenant. Extracted from the request's head; the body is read afterwards.
#[derive(Debug)]
pub struct Cx<P> {
    context: Arc<Context>,
    permission: PhantomData<fn() -> P>,
}

/// What a [`Cx`] carries into its transactions.
#[derive(Clone, Debug)]
pub struct Context {
    pub(crate) kernel: Kernel,
    /// `None` for platform operations.
    pub(crate) tenant: Option<TenantId>,
    pub(crate) caller: Caller,
    pub(crate) origin: Origin,
    pub(crate) row: &'static Row,
    pub(crate) reach: Reach,
    pub(crate) once: Option<Once>,
    pub(crate) if_match: Option<Version>,
}

impl Context {
    /// The tenant that the transaction starts in.
    pub(crate) fn scope(&self) -> TenantId {
        self.tenant.unwrap_or(TenantId::NIL)
    }

    /// Keyed fingerprint of the request for the audit trail.
    pub(crate) fn fingerprint(&self) -> Option<String> {
        self.once.as_ref().map(|once| self.kernel.fingerprint(&once.request))
    }
}

impl<P: Permission> Cx<P> {
    /// Runs one unit of work: see [`crate::unit`]. `f` may run more than once and must not have effects outside the
    /// transaction.
    ///
    /// # Errors
    /// What `f` refuses, a concurrent or reused key, an unserved tenant, an unreachable database.
    pub async fn write<A: Answer, E: Into<Problem>>(
        &self,
        action: &'static str,
        f: impl AsyncFn(&mut Tx) -> Result<Outcome<A>, E>,
    ) -> Result<Reply, Problem> {
        self.recorded(unit::write(&self.context, action, f).await).await
    }

    /// Runs queries in a read-only transaction of the same tenant.
    ///
    /// # Errors
    /// What `f` refuses, an unserved tenant, an unreachable database.
    pub async fn read<T, E: Into<Problem>>(
        &self,
        f: impl AsyncFnOnce(&mut Tx) -> Result<T, E>,
    ) -> Result<T, Problem> {
        self.recorded(unit::read(&self.context, f).await).await
    }

    /// Begins to read from one snapshot, for an answer that is streamed, once it is on record that `fields` of `entity` are
    /// shown: there is no way back from what was sent.
    ///
    /// # Errors
    /// 503 when too many are running, an unserved tenant, an unreachable database.
    pub async fn snapshot(
        &self,
        entity: &'static str,
        fields: &[&str],
    ) -> Result<Snapshot, Problem> {
        let place = Snapshot::place()?;
        self.read(async |tx| {
            tx.disclosed(entity, tx.new_id(), fields);
            Ok::<_, Problem>(())
        })
        .await?;
        Ok(Snapshot::begin(&self.context, place).await?)
    }

    /// Puts a refusal on record that only the transaction could find: the tenant is not served.
    async fn recorded<T>(&self, result: Result<T, Problem>) -> Result<T, Problem> {
        let refused = result.as_ref().is_err_and(|p| *p.kind == kinds::TENANT_INACTIVE);
        if let (true, Some(tenant)) = (refused, self.context.tenant) {
            let Context { kernel, caller, origin, row, .. } = &*self.context;
            denial::record(kernel, tenant, caller, origin, row).await;
        }
        result
    }

    /// The same request with its body, which was read after its head: its idempotency key stands for both, and lasts as
    /// long as that of an upload.
    #[must_use]
    pub fn with_body(mut self, checksum: &[u8; 32]) -> Self {
        if let Some(once) = &mut Arc::make_mut(&mut self.context).once {
            once.request =
                Sha256::new().chain_update(once.request).chain_update(checksum).finalize().into();
            once.kept_hours = UPLOAD_KEPT_HOURS;
        }
        self
    }

    /// The kernel.
    pub fn kernel(&self) -> &Kernel {
        &self.context.kernel
    }

    /// Who asks.
    pub fn caller(&self) -> &Caller {
        &self.context.caller
    }

    /// The tenant; the nil tenant for platform operations.
    pub fn tenant(&self) -> TenantId {
        self.context.scope()
    }

    /// The server itself acting in `tenant`: jobs, reactions, deadlines. `once` makes the effect single.
    pub fn system(
        kernel: Kernel,
        tenant: TenantId,
        name: &str,
        origin: Origin,
        once: Option<Once>,
    ) -> Self {
        Self::own(kernel, Some(tenant), name, origin, once)
    }

    /// The server itself acting on the platform: provisioning.
    pub fn platform(kernel: Kernel, name: &str, origin: Origin, once: Option<Once>) -> Self {
        Self::own(kernel, None, name, origin, once)
    }

    fn own(
        kernel: Kernel,
        tenant: Option<TenantId>,
        name: &str,
        origin: Origin,
        once: Option<Once>,
    ) -> Self {
        let context = Context {
            kernel,
            tenant,
            caller: Caller::system(name),
            origin,
            row: P::ROW,
            reach: Reach::Everything,
            once,
            if_match: None,
        };
        Self { context: Arc::new(context), permission: PhantomData }
    }
}

impl Kernel {
    /// An opaque name of a caller for events and logs: stable within a tenant, and nobody learns an e-mail address that
    /// an issuer uses as its subject.
    pub fn pseudonym(&self, tenant: TenantId, caller: &Caller) -> String {
        let mac = keyed(self.actor_key(), &[tenant.0.as_bytes(), caller.actor().as_bytes()]);
        let kind = match caller.kind {
            crate::ActorKind::Person => "person",
            crate::ActorKind::Service => "service",
            crate::ActorKind::System => return format!("system:{}", caller.subject),
        };
        format!("{kind}:{}", hex(mac.get(..16).unwrap_or_default()))
    }

    /// Keyed fingerprint of a request: equal requests are recognised, contents cannot be guessed from it.
    pub(crate) fn fingerprint(&self, request: &[u8; 32]) -> String {
        hex(&keyed(self.request_key(), &[request]))
    }
}

fn keyed(key: &[u8; 32], parts: &[&[u8]]) -> Vec<u8> {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().to_vec()
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _written = write!(text, "{byte:02x}");
        text
    })
}
