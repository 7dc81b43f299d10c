//! HTTP as a machine account asks: one connection kept for many requests.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use kernel::TenantId;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::parts::roster;

/// One connection.
pub(crate) struct Connection(SendRequest<Full<Bytes>>);

/// A caller in a tenant.
pub(crate) struct Api {
    address: String,
    token: String,
    tenant: Option<TenantId>,
    next: AtomicU64,
    /// Schools to read, in turn.
    pub(crate) schools: Vec<String>,
}

/// What is asked again and again.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ask {
    Create,
    List,
    Read,
    Roster(roster::Ask),
}

impl Connection {
    pub(crate) async fn open(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self(sender))
    }

    async fn send(&mut self, request: Request<Full<Bytes>>) -> Result<(StatusCode, Bytes)> {
        self.0.ready().await?;
        let answer = self.0.send_request(request).await?;
        let status = answer.status();
        Ok((status, answer.into_body().collect().await?.to_bytes()))
    }
}

impl Api {
    pub(crate) fn new(address: &str, token: String, tenant: Option<TenantId>) -> Self {
        let address = address.to_owned();
        Self { address, token, tenant, next: AtomicU64::new(1), schools: Vec::new() }
    }

    pub(crate) async fn connect(&self) -> Result<Connection> {
        Connection::open(&self.address).await
    }

    /// Sends one request; an answer that is no success is an error.
    pub(crate) async fn ask(&self, connection: &mut Connection, ask: Ask) -> Result<Bytes> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let tenant = self.tenant.context("a caller without a tenant")?;
        let schools = format!("/api/v1/tenants/{tenant}/schools");
        let request = match ask {
            Ask::Create => {
                let body =
                    json!({"name": format!("School {number}"), "timezone": "America/Chicago"});
                self.request(Method::POST, &schools, Some(&body), number)?
            }
            Ask::List => self.request(Method::GET, &schools, None, number)?,
            Ask::Read => {
                let known = u64::try_from(self.schools.len())?.max(1);
                let school = self.schools.get(usize::try_from(number % known)?);
                let path = format!("{schools}/{}", school.context("no school to read")?);
                self.request(Method::GET, &path, None, number)?
            }
            Ask::Roster(ask) => {
                let (method, path, body) = ask.request(number);
                let path = format!("/api/v1/tenants/{tenant}{path}");
                self.request(method, &path, body.as_ref(), number)?
            }
        };
        let (status, body) = connection.send(request).await?;
        ensure!(status.is_success(), "{ask:?}: {status} {}", String::from_utf8_lossy(&body));
        Ok(body)
    }

    /// Reads what is at a path of the tenant.
    pub(crate) async fn read(&self, connection: &mut Connection, path: &str) -> Result<Bytes> {
        self.send(connection, Method::GET, path, Vec::new()).await
    }

    /// Sends a CSV file to a path of the tenant.
    pub(crate) async fn upload(
        &self,
        connection: &mut Connection,
        path: &str,
        file: String,
    ) -> Result<Bytes> {
        self.send(connection, Method::POST, path, file.into_bytes()).await
    }

    async fn send(
        &self,
        connection: &mut Connection,
        method: Method,
        path: &str,
        file: Vec<u8>,
    ) -> Result<Bytes> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let tenant = self.tenant.context("a caller without a tenant")?;
        let mut request =
            self.request(method, &format!("/api/v1/tenants/{tenant}{path}"), None, number)?;
        if !file.is_empty() {
            let headers = request.headers_mut();
            headers.insert("content-type", HeaderValue::from_static("text/csv"));
            headers
                .insert("idempotency-key", HeaderValue::try_from(format!("bench-file-{number}"))?);
            *request.body_mut() = Full::new(file.into());
        }
        let (status, body) = connection.send(request).await?;
        ensure!(status.is_success(), "{path}: {status} {}", String::from_utf8_lossy(&body));
        Ok(body)
    }

    /// Reads a long answer, piece by piece, and looks at something (its largest value counts) with each.
    pub(crate) async fn drain(
        &self,
        path: &str,
        watch: impl Fn() -> Result<f64>,
    ) -> Result<Drained> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let tenant = self.tenant.context("a caller without a tenant")?;
        let path = format!("/api/v1/tenants/{tenant}{path}");
        let request = self.request(Method::GET, &path, None, number)?;
        let answer = self.connect().await?.0.send_request(request).await?;
        ensure!(answer.status().is_success(), "{path}: {}", answer.status());
        let (mut body, mut drained) = (answer.into_body(), Drained::default());
        while let Some(frame) = body.frame().await {
            let piece = frame?.into_data().unwrap_or_default();
            drained.lines += piece.iter().map(|byte| u64::from(*byte == b'\n')).sum::<u64>();
            drained.megabytes += f64::from(u32::try_from(piece.len())?) / 1e6;
            drained.watched = drained.watched.max(watch()?);
        }
        Ok(drained)
    }

    /// Provisions a district, as the platform's administrator.
    pub(crate) async fn provision(&self, name: &str) -> Result<TenantId> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let body = json!({"name": name, "region": "default"});
        let request = self.request(Method::POST, "/api/v1/tenants", Some(&body), number)?;
        let (status, body) = self.connect().await?.send(request).await?;
        ensure!(status.is_success(), "provision: {status} {}", String::from_utf8_lossy(&body));
        let tenant: Value = serde_json::from_slice(&body)?;
        let id = tenant.get("tenantId").and_then(Value::as_str).context("no tenantId")?;
        Ok(id.parse()?)
    }

    /// What the server says of its creations, in its metrics.
    pub(crate) async fn units(&self) -> Result<Units> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let request = self.request(Method::GET, "/metrics", None, number)?;
        let (status, body) = self.connect().await?.send(request).await?;
        ensure!(status.is_success(), "/metrics: {status}");
        let text = std::str::from_utf8(&body)?;
        Ok(Units { seconds: metric(text, "sum")?, count: metric(text, "count")? })
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        number: u64,
    ) -> Result<Request<Full<Bytes>>> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", &self.address)
            .header("authorization", format!("Bearer {}", self.token));
        if let Some(tenant) = self.tenant {
            request = request.header("x-tenant-id", tenant.to_string());
        }
        let bytes = match body {
            None => Bytes::new(),
            Some(body) => {
                request = request
                    .header("content-type", "application/json")
                    .header("idempotency-key", format!("bench-{number}"));
                Bytes::from(serde_json::to_vec(body)?)
            }
        };
        Ok(request.body(Full::new(bytes))?)
    }
}

/// A long answer that was read.
#[derive(Default)]
pub(crate) struct Drained {
    pub(crate) lines: u64,
    pub(crate) megabytes: f64,
    /// The largest value that was seen meanwhile.
    pub(crate) watched: f64,
}

/// How many schools the server created, and the time that its units of work took.
pub(crate) struct Units {
    seconds: f64,
    count: f64,
}

impl Units {
    pub(crate) fn mean_since(&self, before: &Self) -> Duration {
        let mean = (self.seconds - before.seconds) / (self.count - before.count);
        Duration::try_from_secs_f64(mean).unwrap_or_default()
    }
}

/// The value of the line `unit_of_work_duration_seconds_sum{…action="roster.school.create"…} value`.
fn metric(text: &str, part: &str) -> Result<f64> {
    let name = format!("unit_of_work_duration_seconds_{part}{{");
    let is_ours = |line: &&str| {
        line.starts_with(&name) && line.contains("roster.school.create") && line.contains("\"ok\"")
    };
    let line = text.lines().find(is_ours).with_context(|| format!("no metric {name}"))?;
    let (_, value) = line.rsplit_once(' ').context("no value")?;
    Ok(value.parse()?)
}
