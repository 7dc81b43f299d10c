//! Values with a form of their own.

use std::fmt;
use std::str::FromStr;

use super::Secret;

/// Instead of a password.
const MASK: &str = "********";

/// A URL that may carry a password, which it never shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Url(Secret);

impl Url {
    /// The whole URL.
    pub fn secret(&self) -> &Secret {
        &self.0
    }

    /// A URL with the credentials in it, as libraries want it that take nothing else. Only for handing on.
    pub(crate) fn with_credentials(
        url: &str,
        user: Option<&str>,
        password: Option<&str>,
    ) -> String {
        let Ok(mut whole) = reqwest::Url::parse(url) else { return url.to_owned() };
        let set = whole
            .set_username(user.unwrap_or_default())
            .and_then(|()| whole.set_password(password.filter(|_| user.is_some())));
        if set.is_ok() { whole.to_string() } else { url.to_owned() }
    }

    /// The URL without credentials, the user, the password.
    pub(super) fn split(&self) -> (String, Option<String>, Option<Secret>) {
        let Ok(mut url) = reqwest::Url::parse(self.0.expose()) else {
            return (self.0.expose().to_owned(), None, None);
        };
        let user = Some(decoded(url.username())).filter(|user| !user.is_empty());
        let password = url.password().map(|password| Secret::new(decoded(password)));
        // A URL without host refuses; it has no credentials then.
        if url.set_username("").and_then(|()| url.set_password(None)).is_err() {
            tracing::debug!("a URL without host");
        }
        (url.to_string(), user, password)
    }
}

impl From<Secret> for Url {
    fn from(secret: Secret) -> Self {
        Self(secret)
    }
}

/// The URL with its password hidden, wherever it stands.
impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ok(mut url) = reqwest::Url::parse(self.0.expose()) else { return f.write_str(MASK) };
        if url.password().is_some() && url.set_password(Some(MASK)).is_err() {
            return f.write_str(MASK);
        }
        if url.query().is_some_and(|query| query.contains("password")) {
            url.set_query(Some(MASK));
        }
        url.fmt(f)
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Where tenants may live, and how many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region {
    /// Its name: lower-case letters, digits and hyphens.
    pub name: String,
    /// Most tenants that it takes.
    pub max_tenants: u32,
}

impl FromStr for Region {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, tenants) =
            text.split_once('=').ok_or("write it as NAME=TENANTS, such as default=10000")?;
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if name.is_empty() || !name.chars().all(plain) {
            return Err("a region's name has lower-case letters, digits and hyphens");
        }
        let max_tenants = tenants.parse().map_err(|_| "the number of tenants is a whole number")?;
        Ok(Self { name: name.to_owned(), max_tenants })
    }
}

pub(super) fn database_url(text: &str) -> Result<Url, &'static str> {
    url(
        text,
        &["postgres", "postgresql"],
        "write it as postgres://steward_server:password@host:5432/steward",
    )
}

pub(super) fn mqtt_url(text: &str) -> Result<Url, &'static str> {
    url(
        text,
        &["mqtt", "mqtts", "ws", "wss"],
        "write it as mqtts://host:8883, or with mqtt, ws or wss",
    )
}

pub(super) fn http_url(text: &str) -> Result<String, &'static str> {
    url(text, &["http", "https"], "write it as https://host")?;
    Ok(text.to_owned())
}

pub(super) fn log_level(text: &str) -> Result<String, String> {
    tracing_subscriber::EnvFilter::try_new(text)
        .map(|_| text.to_owned())
        .map_err(|error| error.to_string())
}

fn url(text: &str, schemes: &[&str], form: &'static str) -> Result<Url, &'static str> {
    match reqwest::Url::parse(text) {
        Ok(url) if schemes.contains(&url.scheme()) && (url.has_host() || url.query().is_some()) => {
            Ok(Url(Secret::new(text)))
        }
        _ => Err(form),
    }
}

fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}
