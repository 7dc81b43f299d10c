//! A running server, as its operations are called from the command line.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use jiff::SignedDuration;
use kernel::{Clock, Ids, Role, TenantId};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::Value;

use super::show::at;
use crate::{
    datadir,
    identity::{self, Grant},
};

/// How long a token of the developer identity is good: an import of a large district takes minutes.
const TOKEN_LIFE: SignedDuration = SignedDuration::from_hours(1);

/// Which server, as whom, in which tenant.
#[derive(Debug, Args)]
pub(super) struct Reach {
    /// The server that runs on this folder, as its developer identity
    #[arg(long, value_name = "DIR", env = "STEWARD_DATA_DIR")]
    data_dir: Option<PathBuf>,
    /// The server's URL; with --token-file
    #[arg(long, value_name = "URL", conflicts_with = "data_dir", requires = "token_file")]
    url: Option<String>,
    /// A file that holds the bearer token
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// The tenant; when the platform has only one, it is that
    #[arg(long, value_name = "UUID")]
    tenant: Option<TenantId>,
}

/// A server said no, or nothing.
#[derive(Debug, thiserror::Error)]
#[error("{said}")]
pub(super) struct Refused {
    status: Option<StatusCode>,
    said: String,
}

/// The exit code of a refusal; `None` for all other errors.
pub(in crate::cli) fn exit_code(error: &anyhow::Error) -> Option<u8> {
    let refused: &Refused = error.downcast_ref()?;
    Some(match refused.status.map(|status| status.as_u16()) {
        Some(400 | 413 | 415 | 422) => 2,
        Some(404) => 3,
        Some(401 | 403) => 4,
        Some(409) => 5,
        _ => 6,
    })
}

/// A server, and whoever asks it.
pub(super) struct Api {
    http: reqwest::Client,
    base: String,
    tenant: TenantId,
    token: String,
    /// Who approves what the first one asks for, if that is somebody else.
    approver: Option<String>,
    ids: Ids,
}

impl Api {
    /// Finds the server and the tenant.
    pub(super) async fn connect(reach: &Reach) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder().build()?;
        let ids = Ids::random(Clock::system());
        match (&reach.data_dir, &reach.url) {
            (Some(dir), _) => {
                let base = running(dir)?;
                let tenant = match reach.tenant {
                    Some(tenant) => tenant,
                    None => {
                        only_tenant(
                            &http,
                            &base,
                            &sign(dir, "platform", Role::PlatformAdmin, None)?,
                        )
                        .await?
                    }
                };
                let token = sign(dir, "registrar", Role::Registrar, Some(tenant))?;
                let approver = sign(dir, "administrator", Role::DistrictAdmin, Some(tenant))?;
                Ok(Self { http, base, tenant, token, approver: Some(approver), ids })
            }
            (None, Some(url)) => {
                let path = reach.token_file.as_ref().context("name the token with --token-file")?;
                let token = std::fs::read_to_string(path)
                    .with_context(|| format!("cannot read {}", path.display()))?;
                let tenant = reach.tenant.context("name the tenant with --tenant")?;
                let base = url.trim_end_matches('/').to_owned();
                Ok(Self { http, base, tenant, token: token.trim().to_owned(), approver: None, ids })
            }
            (None, None) => {
                bail!("name a server with --url, or a running server's folder with --data-dir")
            }
        }
    }

    /// Sends a package; where its job is.
    pub(super) async fn import(
        &self,
        query: &[(&str, &str)],
        package: Vec<u8>,
    ) -> anyhow::Result<String> {
        let path = self.path(&format!("/imports/oneroster?{}", encoded(query)));
        let request = self.request(&Method::POST, &path, &self.token);
        let request = request.header("content-type", "application/zip");
        let answer = sent(request.body(package)).await?;
        let location = answer.headers().get("location").and_then(|value| value.to_str().ok());
        Ok(location.context("the server names no job")?.to_owned())
    }

    /// Something as JSON.
    pub(super) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let answer = sent(self.request(&Method::GET, path, &self.token)).await?;
        Ok(answer.json().await?)
    }

    /// Approves a held import.
    pub(super) async fn approve(&self, approval: &Value) -> anyhow::Result<()> {
        let id = at(approval, "/approvalId").as_str().context("the server names no approval")?;
        let path = format!("/api/approvals/{id}/decision");
        let rationale = "Approved at the command line, with the difference in view.";
        let body = serde_json::json!({"decision": "Approved", "revision": at(approval, "/revision"), "rationale": rationale});
        let token = self.approver.as_ref().unwrap_or(&self.token);
        sent(self.request(&Method::POST, &path, token).json(&body)).await?;
        Ok(())
    }

    /// A package of the roster.
    pub(super) async fn export(&self, source: &str, version: &str) -> anyhow::Result<Vec<u8>> {
        let query = encoded(&[("source", source), ("version", version)]);
        let path = self.path(&format!("/exports/oneroster?{query}"));
        let answer = sent(self.request(&Method::GET, &path, &self.token)).await?;
        Ok(answer.bytes().await?.to_vec())
    }

    fn path(&self, path: &str) -> String {
        format!("/api/v1/tenants/{}{path}", self.tenant)
    }

    fn request(&self, method: &Method, path: &str, token: &str) -> RequestBuilder {
        let request = self.http.request(method.clone(), format!("{}{path}", self.base));
        let request = request.bearer_auth(token).header("x-tenant-id", self.tenant.to_string());
        if *method == Method::GET {
            request
        } else {
            request.header("idempotency-key", self.ids.next().to_string())
        }
    }
}

fn encoded(query: &[(&str, &str)]) -> String {
    let pair = |(name, value): &(&str, &str)| {
        format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC))
    };
    query.iter().map(pair).collect::<Vec<_>>().join("&")
}

fn running(dir: &Path) -> anyhow::Result<String> {
    let shown = dir.display();
    if let Some(run) = datadir::running(dir)? {
        return Ok(run.http);
    }
    let said =
        format!("no server runs on {shown}: start it with `steward serve --data-dir {shown}`");
    Err(Refused { status: None, said }.into())
}

fn sign(dir: &Path, subject: &str, role: Role, tenant: Option<TenantId>) -> anyhow::Result<String> {
    let grant = Grant {
        subject: format!("{subject}@command-line"),
        roles: vec![role],
        tenants: tenant.into_iter().collect(),
        scopes: Vec::new(),
    };
    Ok(identity::open(dir)?.sign(&grant, Clock::system().now(), TOKEN_LIFE)?)
}

async fn only_tenant(http: &reqwest::Client, base: &str, token: &str) -> anyhow::Result<TenantId> {
    let request = http.get(format!("{base}/api/v1/tenants?status=Active")).bearer_auth(token);
    let page: Value = sent(request).await?.json().await?;
    let tenants: Vec<_> = at(&page, "/items").as_array().into_iter().flatten().collect();
    match tenants.as_slice() {
        [one] => Ok(at(one, "/tenantId").as_str().unwrap_or_default().parse()?),
        [] => bail!("there is no tenant yet: provision one, or start the server with --demo"),
        many => {
            let named = many.iter().map(|t| {
                format!("\n  --tenant {}  {}", text(at(t, "/tenantId")), text(at(t, "/name")))
            });
            bail!("there are several tenants; name one:{}", named.collect::<String>())
        }
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

async fn sent(request: RequestBuilder) -> Result<Response, Refused> {
    let unreachable = |error: reqwest::Error| {
        let said = format!("the server cannot be reached: {}", error.without_url());
        Refused { status: None, said }
    };
    let answer = request.send().await.map_err(unreachable)?;
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let problem: Value = answer.json().await.unwrap_or_default();
    let mut said = match at(&problem, "/detail").as_str() {
        Some(detail) => format!("{} ({})", detail, status.as_u16()),
        None => format!("the server answered {status}"),
    };
    for error in at(&problem, "/errors").as_array().into_iter().flatten() {
        said =
            format!("{said}\n  {}: {}", text(at(error, "/pointer")), text(at(error, "/message")));
    }
    if let Some(conflict) = at(&problem, "/conflictId").as_str() {
        said = format!("{said}\n  in the way: {conflict}");
    }
    Err(Refused { status: Some(status), said })
}
