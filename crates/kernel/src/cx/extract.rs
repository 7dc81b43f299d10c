//! From the head of a request to a [`Cx`], in the order of checks: 401, tenant header, tenant, rate, permission, key.

use std::{marker::PhantomData, sync::Arc};

use axum::extract::{FromRef, FromRequestParts, RawPathParams};
use http::{HeaderMap, HeaderValue, Method, header, request::Parts};
use uuid::Uuid;

use crate::{
    Caller, Role, TenantId,
    answer::Version,
    cx::{Context, Cx, Origin, denial},
    db::Kernel,
    http::notes::{Fingerprint, Notes},
    permission::{Permission, Row, Scope},
    problem::{Problem, kinds},
    rate::RateClass,
    unit::{KEPT_HOURS, Once},
};

/// Longest idempotency key, in characters.
const KEY_MAX: usize = 255;
/// Seconds after which an issuer that did not answer is worth another try.
const KEYS_RETRY_AFTER: u32 = 5;

impl<P: Permission, S: Send + Sync> FromRequestParts<S> for Cx<P>
where
    Kernel: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let kernel = Kernel::from_ref(state);
        let row = P::ROW;
        let notes = parts.extensions.get::<Notes>().cloned().unwrap_or_default();
        let origin = parts
            .extensions
            .get::<Origin>()
            .cloned()
            .unwrap_or_else(|| Origin::own(kernel.ids.next()));

        let caller = authenticate(&kernel, &parts.headers).await?;
        let (named, path) = (tenant_header(&parts.headers, row)?, path_tenant(parts).await?);
        let wanted = path.or(named);
        let asked = Asked { kernel: &kernel, caller: &caller, origin: &origin, row };
        let agree = path.is_none() || named.is_none_or(|tenant| Some(tenant) == path);
        if !agree || !may_enter(&caller, row, wanted) {
            return Err(asked.denied(foreign()).await);
        }
        notes.identify(wanted, kernel.pseudonym(wanted.unwrap_or(TenantId::NIL), &caller));
        meter(&kernel, row, wanted, &caller, &notes)?;
        let Some(reach) = row.reach(&caller) else {
            return Err(asked.denied(forbidden(row)).await);
        };
        let tenant = wanted.filter(|_| row.scope == Scope::Tenant);
        let once = once(parts, row, tenant.unwrap_or(TenantId::NIL))?;
        let if_match = if_match(&parts.headers);
        let context = Context { kernel, tenant, caller, origin, row, reach, once, if_match };
        Ok(Self { context: Arc::new(context), permission: PhantomData })
    }
}

impl<P: Permission> Cx<P> {
    /// What a message asks for, by whom its token proves: with the checks of a request, in the same order.
    ///
    /// # Errors
    /// 401, 403 and 429, as for a request.
    pub async fn of_message(
        kernel: &Kernel,
        tenant: TenantId,
        token: &str,
        origin: Origin,
    ) -> Result<Self, Problem> {
        let (row, caller) = (P::ROW, prove(kernel, token).await?);
        let asked = Asked { kernel, caller: &caller, origin: &origin, row };
        if !may_enter(&caller, row, Some(tenant)) {
            return Err(asked.denied(foreign()).await);
        }
        meter(kernel, row, Some(tenant), &caller, &Notes::default())?;
        let Some(reach) = row.reach(&caller) else {
            return Err(asked.denied(forbidden(row)).await);
        };
        let (kernel, tenant) = (kernel.clone(), Some(tenant));
        let context =
            Context { kernel, tenant, caller, origin, row, reach, once: None, if_match: None };
        Ok(Self { context: Arc::new(context), permission: PhantomData })
    }
}

struct Asked<'a> {
    kernel: &'a Kernel,
    caller: &'a Caller,
    origin: &'a Origin,
    row: &'static Row,
}

impl Asked<'_> {
    /// Records the refusal with the caller's own tenant, never with the one that was tried.
    async fn denied(&self, problem: Problem) -> Problem {
        let home = self.caller.tenants.first().copied().unwrap_or(TenantId::NIL);
        denial::record(self.kernel, home, self.caller, self.origin, self.row).await;
        problem
    }
}

async fn authenticate(kernel: &Kernel, headers: &HeaderMap) -> Result<Caller, Problem> {
    let refuse = |detail: &str, challenge: &str| {
        let challenge =
            HeaderValue::from_str(challenge).unwrap_or(HeaderValue::from_static("Bearer"));
        Problem::new(&kinds::UNAUTHENTICATED, detail).header(header::WWW_AUTHENTICATE, challenge)
    };
    let Some(value) = headers.get(header::AUTHORIZATION) else {
        return Err(refuse("Send Authorization: Bearer with a token.", "Bearer realm=\"steward\""));
    };
    let token = value.to_str().ok().and_then(|text| {
        let (scheme, token) = text.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    let Some(token) = token else {
        return Err(refuse(
            "Authorization must be: Bearer <JWT>.",
            "Bearer realm=\"steward\", error=\"invalid_request\"",
        ));
    };
    prove(kernel, token).await.map_err(|problem| {
        let challenge = "Bearer realm=\"steward\", error=\"invalid_token\"";
        if problem.kind == &kinds::UNAVAILABLE {
            problem
        } else {
            refuse(&problem.detail, challenge)
        }
    })
}

/// Whom a token proves.
async fn prove(kernel: &Kernel, token: &str) -> Result<Caller, Problem> {
    kernel.verifier.verify(token).await.map(|verified| verified.caller).map_err(|rejected| {
        if rejected.is_temporary() {
            let problem = Problem::new(&kinds::UNAVAILABLE, rejected.to_string());
            return problem.retry_after(KEYS_RETRY_AFTER);
        }
        metrics::counter!("tokens_rejected_total").increment(1);
        Problem::new(&kinds::UNAUTHENTICATED, rejected.to_string())
    })
}

/// The tenant that the header names; the platform's operations need none.
fn tenant_header(headers: &HeaderMap, row: &Row) -> Result<Option<TenantId>, Problem> {
    let refuse = |detail: &str| Problem::new(&kinds::TENANT_HEADER, detail);
    match headers.get("x-tenant-id") {
        Some(value) => {
            let parsed = value.to_str().ok().and_then(|text| Uuid::try_parse(text).ok());
            let tenant = parsed.ok_or_else(|| refuse("X-Tenant-Id must be a UUID."))?;
            Ok(Some(TenantId(tenant)))
        }
        None if row.scope == Scope::Platform || row.is_of_executors() => Ok(None),
        None => Err(refuse("Add X-Tenant-Id with the tenant's UUID.")),
    }
}

/// The tenant that the path names.
async fn path_tenant(parts: &mut Parts) -> Result<Option<TenantId>, Problem> {
    // A path that is no UTF-8 names nothing; every route here has parameters, if only none.
    let params = RawPathParams::from_request_parts(parts, &()).await;
    let params = params.map_err(|_| Problem::missing())?;
    let Some((_, text)) = params.iter().find(|(name, _)| *name == "tenantId") else {
        return Ok(None);
    };
    Uuid::try_parse(text).map(|id| Some(TenantId(id))).map_err(|_| Problem::missing())
}

/// A token reaches the tenants that it names; a platform administrator every tenant, for what the table gives them.
fn may_enter(caller: &Caller, row: &Row, wanted: Option<TenantId>) -> bool {
    match (row.scope, wanted) {
        (Scope::Platform, _) => true,
        (Scope::Tenant, Some(tenant)) => {
            let platform =
                caller.has(Role::PlatformAdmin) && row.roles.contains(&Role::PlatformAdmin);
            platform || caller.tenants.contains(&tenant)
        }
        (Scope::Tenant, None) => false,
    }
}

fn foreign() -> Problem {
    let detail =
        "X-Tenant-Id must be one of your token's tenants and equal the tenant in the path.";
    Problem::new(&kinds::TENANT_FORBIDDEN, detail)
}

fn forbidden(row: &Row) -> Problem {
    let roles: Vec<_> = row.roles.iter().chain(row.own).map(|role| role.name()).collect();
    Problem::new(
        &kinds::FORBIDDEN,
        format!("{} needs one of these roles: {}.", row.name, roles.join(", ")),
    )
}

/// Counts the request: every one against the general limit, creations against theirs as well.
fn meter(
    kernel: &Kernel,
    row: &Row,
    tenant: Option<TenantId>,
    caller: &Caller,
    notes: &Notes,
) -> Result<(), Problem> {
    let tenant = tenant.unwrap_or(TenantId::NIL);
    let mut quota = kernel.limits.check(RateClass::General, tenant, caller);
    if quota.is_ok() && row.limit != RateClass::General {
        quota = kernel.limits.check(row.limit, tenant, caller);
    }
    match quota {
        Ok(quota) => {
            notes.set_quota(quota);
            Ok(())
        }
        Err(wait) => {
            notes.set_quota(Some(wait.quota));
            let seconds = u32::try_from(wait.retry_after_s).unwrap_or(u32::MAX);
            Err(Problem::new(&kinds::RATE_LIMITED, wait.to_string()).retry_after(seconds))
        }
    }
}

/// The idempotency key of a method that changes something; a dry run may have one, and so may what executors send.
fn once(parts: &Parts, row: &Row, scope: TenantId) -> Result<Option<Once>, Problem> {
    if row.reads() || matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(None);
    }
    let optional = row.is_of_executors() || row.has_dry_run() && is_dry_run(parts);
    if optional && !parts.headers.contains_key("idempotency-key") {
        return Ok(None);
    }
    let refuse = || {
        let detail = format!("Add an Idempotency-Key of 1 to {KEY_MAX} printable characters.");
        Problem::new(&kinds::KEY_MISSING, detail)
    };
    let text = parts
        .headers
        .get("idempotency-key")
        .and_then(|v| v.to_str().ok())
        .ok_or_else(refuse)?
        .trim();
    let key = text.strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap_or(text);
    let printable = key.bytes().all(|b| matches!(b, b' '..=b'~'));
    if key.is_empty() || key.len() > KEY_MAX || !printable {
        return Err(refuse());
    }
    let request = parts.extensions.get::<Fingerprint>().map(|f| f.0).ok_or_else(|| {
        Problem::internal(&std::io::Error::other(
            "the body was not fingerprinted: http::buffer is missing",
        ))
    })?;
    Ok(Some(Once { scope, key: key.to_owned(), request, kept_hours: KEPT_HOURS }))
}

/// Whether the query says so in so many words; said twice, the operation refuses it.
fn is_dry_run(parts: &Parts) -> bool {
    parts.uri.query().is_some_and(|query| query.split('&').any(|pair| pair == "dryRun=true"))
}

/// The version that If-Match names. A tag that is none of ours names a version that never is.
fn if_match(headers: &HeaderMap) -> Option<Version> {
    let text = headers.get(header::IF_MATCH)?.to_str().unwrap_or_default().trim();
    if text == "*" {
        return None;
    }
    let version =
        text.strip_prefix('"').and_then(|t| t.strip_suffix('"')).and_then(|t| t.parse().ok());
    Some(version.unwrap_or(Version::MIN))
}
