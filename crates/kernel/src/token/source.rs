//! Where keys come from: a file, an address, or what an `OpenID` Connect issuer says of itself.

use std::{
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use reqwest::{Client, StatusCode, Url, header::ACCEPT, redirect};
use serde::Deserialize;

use super::{
    Pace,
    keyset::{self, SigningKey},
};

/// The longest key document: a set of a hundred RSA keys with certificates is shorter.
const MAX_DOCUMENT_BYTES: usize = 512 * 1024;
/// The whole of one fetch; requests with a new key wait for it.
const FETCH_WITHIN: Duration = Duration::from_secs(5);
/// The connection's part of it.
const CONNECT_WITHIN: Duration = Duration::from_secs(2);

/// Where the issuer's public keys come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// A JWKS file, read again when it changes.
    File(PathBuf),
    /// The address of a JWKS.
    Url(String),
    /// The address that the issuer names in `<issuer>/.well-known/openid-configuration`.
    Discovery,
}

/// Why keys cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The file cannot be read.
    #[error("cannot read the key file {path}: {error}")]
    File {
        /// Which file.
        path: PathBuf,
        /// What the operating system says.
        error: std::io::Error,
    },
    /// The address is not one from which keys may come.
    #[error("keys cannot come from {0:?}: give an https:// address (http:// only on this machine)")]
    Address(String),
    /// No TLS client could be set up.
    #[error("cannot set up TLS to fetch keys (are the system's CA certificates installed?): {0}")]
    Client(#[source] reqwest::Error),
    /// The request failed.
    #[error("cannot fetch {url}: {error}")]
    Fetch {
        /// From where.
        url: Url,
        /// What went wrong.
        #[source]
        error: reqwest::Error,
    },
    /// The answer was not 200; redirects are not followed.
    #[error("{url} answered {status}")]
    Status {
        /// From where.
        url: Url,
        /// What it answered.
        status: StatusCode,
    },
    /// Larger than any key set.
    #[error("{0} is longer than 512 KiB")]
    TooLong(String),
    /// No JWKS or no discovery document.
    #[error("{origin} is not what it should be: {error}")]
    Document {
        /// From where.
        origin: String,
        /// What is wrong with it.
        error: serde_json::Error,
    },
    /// The discovery document speaks for somebody else.
    #[error("{url} says it belongs to the issuer {named:?}")]
    OtherIssuer {
        /// From where.
        url: Url,
        /// Whom it names.
        named: String,
    },
}

impl KeySource {
    /// The rhythm that suits the source.
    pub const fn pace(&self) -> Pace {
        match self {
            Self::File(_) => Pace::FILE,
            Self::Url(_) | Self::Discovery => Pace::REMOTE,
        }
    }

    pub(super) fn open(&self, issuer: &str) -> Result<Source, SourceError> {
        match self {
            Self::File(path) => Ok(Source::File { path: path.clone(), seen: None }),
            Self::Url(url) => Ok(Source::Url { client: client()?, url: address(url)? }),
            Self::Discovery => {
                let document =
                    format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
                Ok(Source::Discovery {
                    client: client()?,
                    issuer: issuer.to_owned(),
                    document: address(&document)?,
                })
            }
        }
    }
}

/// What reading found.
pub(super) enum Change {
    None,
    Keys(Vec<SigningKey>),
}

pub(super) enum Source {
    File { path: PathBuf, seen: Option<Stamp> },
    Url { client: Client, url: Url },
    Discovery { client: Client, issuer: String, document: Url },
}

/// What tells that a file changed.
type Stamp = (Option<SystemTime>, u64);

#[derive(Deserialize)]
struct Configuration {
    issuer: String,
    jwks_uri: String,
}

impl Source {
    pub(super) async fn read(&mut self) -> Result<Change, SourceError> {
        match self {
            Self::File { path, seen } => read_file(path, seen).await,
            Self::Url { client, url } => fetch_keys(client, url).await,
            Self::Discovery { client, issuer, document } => {
                discover(client, issuer, document).await
            }
        }
    }
}

async fn read_file(path: &Path, seen: &mut Option<Stamp>) -> Result<Change, SourceError> {
    let failed = |error| SourceError::File { path: path.to_owned(), error };
    let metadata = tokio::fs::metadata(path).await.map_err(failed)?;
    let stamp = (metadata.modified().ok(), metadata.len());
    if *seen == Some(stamp) {
        return Ok(Change::None);
    }
    let origin = path.display().to_string();
    if metadata.len() > MAX_DOCUMENT_BYTES as u64 {
        return Err(SourceError::TooLong(origin));
    }
    let document = tokio::fs::read(path).await.map_err(failed)?;
    let keys = keyset::parse(&document).map_err(|error| SourceError::Document { origin, error })?;
    *seen = Some(stamp);
    Ok(Change::Keys(keys))
}

async fn discover(client: &Client, issuer: &str, document: &Url) -> Result<Change, SourceError> {
    let body = fetch(client, document).await?;
    let found: Configuration = serde_json::from_slice(&body)
        .map_err(|error| SourceError::Document { origin: document.to_string(), error })?;
    if found.issuer != issuer {
        return Err(SourceError::OtherIssuer { url: document.clone(), named: found.issuer });
    }
    fetch_keys(client, &address(&found.jwks_uri)?).await
}

async fn fetch_keys(client: &Client, url: &Url) -> Result<Change, SourceError> {
    let body = fetch(client, url).await?;
    let keys = keyset::parse(&body)
        .map_err(|error| SourceError::Document { origin: url.to_string(), error })?;
    Ok(Change::Keys(keys))
}

async fn fetch(client: &Client, url: &Url) -> Result<Vec<u8>, SourceError> {
    let failed =
        |error: reqwest::Error| SourceError::Fetch { url: url.clone(), error: error.without_url() };
    let mut response =
        client.get(url.clone()).header(ACCEPT, "application/json").send().await.map_err(failed)?;
    if response.status() != StatusCode::OK {
        return Err(SourceError::Status { url: url.clone(), status: response.status() });
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        if body.len() + chunk.len() > MAX_DOCUMENT_BYTES {
            return Err(SourceError::TooLong(url.to_string()));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// No redirects: an answer from elsewhere would not be the issuer's. No proxy from the environment: it is not read here.
fn client() -> Result<Client, SourceError> {
    let builder = Client::builder().timeout(FETCH_WITHIN).connect_timeout(CONNECT_WITHIN);
    builder.redirect(redirect::Policy::none()).no_proxy().build().map_err(SourceError::Client)
}

fn address(text: &str) -> Result<Url, SourceError> {
    let refused = || SourceError::Address(text.to_owned());
    let url = Url::parse(text).map_err(|_| refused())?;
    let here =
        url.host_str().is_some_and(|host| matches!(host, "127.0.0.1" | "[::1]" | "localhost"));
    let safe = url.scheme() == "https" || (url.scheme() == "http" && here);
    if safe && url.username().is_empty() && url.password().is_none() {
        Ok(url)
    } else {
        Err(refused())
    }
}
