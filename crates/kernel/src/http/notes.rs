//! What inner layers tell the outermost one: who asked, which quota is left, what was fingerprinted.

use std::sync::{Arc, Mutex, PoisonError};

use crate::{TenantId, rate::Quota};

/// SHA-256 over method, path and body of a request: what an idempotency key stands for.
#[derive(Clone, Copy, Debug)]
pub struct Fingerprint(pub [u8; 32]);

/// Collected while a request is handled, read when it is answered. Shared between the layers of one request.
#[derive(Clone, Debug, Default)]
pub struct Notes(Arc<Mutex<Collected>>);

/// The content of [`Notes`].
#[derive(Clone, Debug, Default)]
pub struct Collected {
    /// For the log line: never for a metric.
    pub tenant: Option<TenantId>,
    /// Pseudonym of the caller.
    pub caller: Option<String>,
    /// What is left of the rate limit.
    pub quota: Option<Quota>,
}

impl Notes {
    /// Notes who asks.
    pub fn identify(&self, tenant: Option<TenantId>, caller: String) {
        let mut collected = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        collected.tenant = tenant;
        collected.caller = Some(caller);
    }

    /// Notes what is left of the rate limit.
    pub fn set_quota(&self, quota: Option<Quota>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).quota = quota;
    }

    /// What was noted.
    pub fn collected(&self) -> Collected {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
