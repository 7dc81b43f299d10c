//! HTTP as one caller: headers that every request needs are set, unless a story leaves them out.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use kernel::TenantId;
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde::Serialize;
use serde_json::Value;

/// A server that does not answer within this is broken.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);

/// The idempotency keys of this process: `story-1`, `story-2`, …
static NEXT_KEY: AtomicU64 = AtomicU64::new(1);

/// A caller with a token, in a tenant.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: Option<String>,
    tenant: Option<TenantId>,
}

impl Client {
    /// A caller without a token. `base` is the server's URL.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(base: &str) -> Result<Self> {
        let http = reqwest::Client::builder().timeout(ANSWER_WITHIN).build()?;
        Ok(Self { http, base: base.trim_end_matches('/').to_owned(), token: None, tenant: None })
    }

    /// The same caller with a token.
    #[must_use]
    pub fn with_token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// The same caller in a tenant: `X-Tenant-Id` is set, and paths such as `/schools` are the tenant's.
    #[must_use]
    pub fn in_tenant(mut self, tenant: TenantId) -> Self {
        self.tenant = Some(tenant);
        self
    }

    /// `GET path`.
    pub fn get(&self, path: &str) -> Request {
        self.request(Method::GET, path)
    }

    /// `POST path` with a JSON body and a new idempotency key.
    pub fn post(&self, path: &str, body: impl Serialize) -> Request {
        self.request(Method::POST, path).json(body)
    }

    /// `PATCH path` with a JSON body, a new idempotency key and `If-Match: etag`.
    pub fn patch(&self, path: &str, etag: &str, body: impl Serialize) -> Request {
        self.request(Method::PATCH, path).header("if-match", etag).json(body)
    }

    /// `DELETE path` with a new idempotency key.
    pub fn delete(&self, path: &str) -> Request {
        self.request(Method::DELETE, path)
    }

    /// Any request. In a tenant, a path that does not begin with `/api` is the tenant's; otherwise it is the server's.
    pub fn request(&self, method: Method, path: &str) -> Request {
        let mut headers = HeaderMap::new();
        let key = NEXT_KEY.fetch_add(1, Ordering::Relaxed);
        let key = (method != Method::GET).then(|| format!("story-{key}"));
        let tenant = self.tenant.map(|tenant| tenant.to_string());
        let bearer = self.token.as_ref().map(|token| format!("Bearer {token}"));
        for (name, value) in
            [("idempotency-key", key), ("x-tenant-id", tenant), ("authorization", bearer)]
        {
            if let Some(value) = value.and_then(|value| value.parse().ok()) {
                headers.insert(name, value);
            }
        }
        Request { http: self.http.clone(), method, url: self.url(path), headers, body: Vec::new() }
    }

    fn url(&self, path: &str) -> String {
        match self.tenant {
            Some(tenant) if !path.starts_with("/api") => {
                format!("{}/api/v1/tenants/{tenant}{path}", self.base)
            }
            _ => format!("{}{path}", self.base),
        }
    }
}

/// A request in the making; await it to send it.
pub struct Request {
    http: reqwest::Client,
    method: Method,
    url: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Request {
    /// Sets a header, also one that was set by default.
    #[must_use]
    #[track_caller]
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        let value = value.parse().unwrap_or_else(|_| panic!("{value:?} is no value of a header"));
        self.headers.insert(name, value);
        self
    }

    /// Leaves out a header that is set by default.
    #[must_use]
    pub fn without(mut self, name: &'static str) -> Self {
        self.headers.remove(name);
        self
    }

    /// A body that is not what it should be.
    #[must_use]
    pub fn bytes(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    #[track_caller]
    fn json(mut self, body: impl Serialize) -> Self {
        self.body = serde_json::to_vec(&body).unwrap_or_else(|error| panic!("no JSON: {error}"));
        self.header("content-type", "application/json")
    }

    async fn send(self) -> Result<Answer> {
        let about = format!("{} {}", self.method, self.url);
        let request = self.http.request(self.method, self.url).headers(self.headers);
        let answer = request.body(self.body).send().await.with_context(|| about.clone())?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body = answer.bytes().await.with_context(|| about.clone())?.to_vec();
        Ok(Answer { about, status, headers, body })
    }
}

impl IntoFuture for Request {
    type Output = Result<Answer>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

/// What the server answered.
#[derive(Clone, Debug)]
pub struct Answer {
    about: String,
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as it came.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body, when the status is `status`; otherwise the story fails and shows the answer.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}: {}", self.about, self.text());
        if self.body.is_empty() { Value::Null } else { self.json() }
    }

    /// The problem, when it is of this status and kind (the last part of its `type`).
    #[track_caller]
    pub fn problem(&self, status: u16, kind: &str) -> Value {
        let problem = self.expect(status);
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.about);
        let found = problem["type"].as_str().and_then(|uri| uri.rsplit('/').next());
        assert_eq!(found, Some(kind), "{}: {problem}", self.about);
        assert_eq!(problem["status"], status, "{}: {problem}", self.about);
        problem
    }

    /// A header, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The entity tag.
    pub fn etag(&self) -> &str {
        self.header("etag")
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{}: no JSON ({error}): {}", self.about, self.text()))
    }
}
