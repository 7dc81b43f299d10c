//! Idempotency keys: the first use runs, a repeat gets the stored answer, a concurrent one a 409.

use axum::body::Bytes;
use http::StatusCode;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{
    TenantId,
    answer::{Header, Reply},
    problem::{Problem, kinds},
    tenant::Status,
    tx::Tx,
    unit::{admit, stored},
};

/// The key of a request and what was asked under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Once {
    /// The tenant, or the nil tenant for calls that belong to none.
    pub scope: TenantId,
    /// The caller's key.
    pub key: String,
    /// SHA-256 of method, path and body.
    pub request: [u8; 32],
    /// How long the answer is kept for replay, in hours.
    pub kept_hours: i64,
}

/// How long an answer is kept for replay, in hours.
pub const KEPT_HOURS: i64 = 24;
/// The same for uploads: a job that takes long, or fails on a Friday, is asked for again on Monday.
pub const UPLOAD_KEPT_HOURS: i64 = 7 * 24;

impl Once {
    /// The number of the advisory lock that a unit of work of `caller` under this key takes as it begins.
    ///
    /// A lock rather than an insert: an insert would wait for the other transaction, and a hundred clients with one key
    /// would drain the pool. Before the key is looked up and not along with it: a statement sees what was committed when
    /// it began, so it could get the lock of a holder that it does not see the answer of.
    pub(crate) fn lock(&self, caller: &str) -> i64 {
        let digest = Sha256::new()
            .chain_update(self.scope.0)
            .chain_update(caller)
            .chain_update([0])
            .chain_update(&self.key)
            .finalize();
        digest.iter().take(8).fold(0, |number, byte| number << 8 | i64::from(*byte))
    }
}

/// Looks whether this transaction got its key; answers what is stored under it, if anything is.
pub(super) async fn claim(tx: &mut Tx) -> Result<Option<Reply>, Problem> {
    let context = std::sync::Arc::clone(tx.context());
    let Some(once) = &context.once else {
        if let Some(tenant) = context.tenant {
            let status = crate::tenant::status(tx.conn(), tenant).await?;
            admit(&context, status)?;
        }
        return Ok(None);
    };
    let found = sqlx::query!(
        r#"select coalesce(current_setting('steward.claimed', true), '') = 'true' as "got!",
                  (select t.status from kernel.tenant t where t.tenant_id = $4) as tenant_status,
                  k.request as "request?", k.status as "status?", k.headers as "headers?", k.body as "body?"
           from (select 1) one
           left join kernel.idempotency k on k.tenant_id = $1 and k.caller = $2 and k.key = $3"#,
        once.scope.0,
        context.caller.actor(),
        once.key,
        context.tenant.map(|t| t.0),
    )
    .fetch_one(tx.conn())
    .await?;
    admit(&context, found.tenant_status.as_deref().map(Status::of))?;
    match (found.request, found.status, found.headers, found.body) {
        (Some(request), Some(status), Some(headers), Some(body)) if request == once.request => {
            reply(status, headers, stored::open(&context, once, &body)?).map(Some)
        }
        (Some(_), ..) => Err(Problem::new(
            &kinds::KEY_REUSED,
            "This Idempotency-Key was used with another method, path or body. Make a new key for a new change.",
        )),
        _ if found.got => Ok(None),
        _ => Err(Problem::new(
            &kinds::IN_PROGRESS,
            "A request with this Idempotency-Key is still running. Send it again in a moment.",
        )
        .retry_after(1)),
    }
}

fn reply(status: i16, headers: Value, body: Vec<u8>) -> Result<Reply, Problem> {
    let headers: Vec<Header> =
        serde_json::from_value(headers).map_err(|e| Problem::internal(&e))?;
    let status = u16::try_from(status)
        .ok()
        .and_then(|s| StatusCode::from_u16(s).ok())
        .unwrap_or(StatusCode::OK);
    Ok(Reply { status, headers, body: Bytes::from(body) })
}
