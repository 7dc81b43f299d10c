//! HTTP POST of one message as JSON.

use std::{fs, path::Path, time::Duration};

use reqwest::{Client, StatusCode, header::CONTENT_TYPE, redirect::Policy};

use super::{Destination, Fault, Sending, Transport};

/// Characters of a consumer's complaint that are told.
const COMPLAINT_CHARS: usize = 200;

/// A bearer token, and the one place that gets it.
#[derive(Clone)]
pub struct Token {
    /// Scheme, host and port: no other host sees the token.
    pub origin: String,
    /// The token itself.
    pub secret: String,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Token({})", self.origin)
    }
}

impl Token {
    /// The token for a request to this place, when it is for that place.
    pub(crate) fn header(token: Option<&Self>, to: &Destination) -> Option<String> {
        token.filter(|token| token.origin == to.origin()).map(|token| token.secret.clone())
    }
}

/// A client that follows no redirect, trusts the system's authorities and those of `ca_file`, and gives up after `timeout`.
///
/// # Errors
/// When the file holds no certificate.
pub fn client(timeout: Duration, ca_file: Option<&Path>) -> Result<Client, String> {
    let mut builder = Client::builder().redirect(Policy::none()).timeout(timeout);
    if let Some(path) = ca_file {
        let unusable = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
        let pem = fs::read(path).map_err(|e| unusable(&e))?;
        let certificates = reqwest::Certificate::from_pem_bundle(&pem).map_err(|e| unusable(&e))?;
        builder = builder.tls_certs_merge(certificates);
    }
    builder.build().map_err(|e| told(&e))
}

/// The whole of an error: reqwest keeps the cause to itself.
pub(crate) fn told(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

/// POSTs.
#[derive(Debug)]
pub struct Http {
    client: Client,
    token: Option<Token>,
}

impl Http {
    /// With this client; the token goes to its own origin alone.
    #[must_use]
    pub const fn new(client: Client, token: Option<Token>) -> Self {
        Self { client, token }
    }

    async fn post(&self, to: &Destination, message: &str) -> Result<(), Fault> {
        let mut request = self.client.post(to.url().clone());
        if let Some(secret) = Token::header(self.token.as_ref(), to) {
            request = request.bearer_auth(secret);
        }
        let request = request.header(CONTENT_TYPE, "application/json").body(message.to_owned());
        let answer = request.send().await.map_err(|e| Fault::Later(told(&e)))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let complaint: String =
            answer.text().await.unwrap_or_default().chars().take(COMPLAINT_CHARS).collect();
        let text = format!("{} answers {status} {}", to.origin(), complaint.escape_debug());
        Err(if is_final(status) { Fault::Never(text) } else { Fault::Later(text) })
    }
}

/// Whether it is the message that the consumer does not take. 401, 403, 404 and redirects are faults of the settings, which
/// somebody will mend while the messages wait.
fn is_final(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::BAD_REQUEST
            | StatusCode::CONFLICT
            | StatusCode::PAYLOAD_TOO_LARGE
            | StatusCode::UNSUPPORTED_MEDIA_TYPE
            | StatusCode::UNPROCESSABLE_ENTITY
    )
}

impl Transport for Http {
    fn send<'a>(&'a self, to: &'a Destination, message: &'a str) -> Sending<'a> {
        Box::pin(self.post(to, message))
    }
}
