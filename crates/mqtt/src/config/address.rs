//! Where the broker is and who asks: taken from the URL, never shown with its password.

use std::fmt;
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use url::Url;

use super::ConfigError;

const URL: &str = "MQTT_URL";
const ACCEPTED: &str = "mqtt://[user:password@]host[:1883], or mqtts://, ws://, wss://";

/// How the bytes travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// `mqtt://`, port 1883 unless the URL names one.
    Tcp,
    /// `mqtts://`, port 8883 unless the URL names one.
    Tls,
    /// `ws://`, port 80 unless the URL names one.
    WebSocket,
    /// `wss://`, port 443 unless the URL names one.
    SecureWebSocket,
}

impl Transport {
    fn of(scheme: &str) -> Option<(Self, u16)> {
        match scheme {
            "mqtt" => Some((Self::Tcp, 1883)),
            "mqtts" => Some((Self::Tls, 8883)),
            "ws" => Some((Self::WebSocket, 80)),
            "wss" => Some((Self::SecureWebSocket, 443)),
            _ => None,
        }
    }

    fn scheme(self) -> &'static str {
        match self {
            Self::Tcp => "mqtt",
            Self::Tls => "mqtts",
            Self::WebSocket => "ws",
            Self::SecureWebSocket => "wss",
        }
    }

    /// Whether the connection is encrypted.
    pub fn is_secure(self) -> bool {
        matches!(self, Self::Tls | Self::SecureWebSocket)
    }
}

/// The broker's address and the credentials for it, parsed from a URL. Neither `Debug` nor `Display` shows the password.
#[derive(Clone, PartialEq, Eq)]
pub struct ConnectionParams {
    /// Name or address, IPv6 without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// User name, percent-decoded.
    pub user: Option<String>,
    /// Password, percent-decoded.
    pub password: Option<String>,
    /// How the bytes travel.
    pub transport: Transport,
    /// The path of a WebSocket URL with its query, `/` when it has none.
    pub path: String,
}

impl FromStr for ConnectionParams {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let refused = || ConfigError::refused(URL, redacted(text), ACCEPTED);
        let url = Url::parse(text).map_err(|_| refused())?;
        let (transport, default_port) = Transport::of(url.scheme()).ok_or_else(refused)?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(refused)?;
        let websocket = matches!(transport, Transport::WebSocket | Transport::SecureWebSocket);
        if url.port() == Some(0) {
            return Err(refused());
        }
        if !websocket && !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err(refused());
        }
        let path = url
            .query()
            .map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        Ok(Self {
            host: decoded(host.trim_start_matches('[').trim_end_matches(']'))
                .ok_or_else(refused)?,
            port: url.port().unwrap_or(default_port),
            user: decoded(url.username()).filter(|user| !user.is_empty()),
            password: url.password().map(|text| decoded(text).ok_or_else(refused)).transpose()?,
            transport,
            path,
        })
    }
}

fn decoded(text: &str) -> Option<String> {
    percent_decode_str(text).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

/// The URL without what stands before the last `@`, for messages.
fn redacted(text: &str) -> String {
    match (text.split_once("://"), text.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://***@{host}"),
        (None, Some((_, host))) => format!("***@{host}"),
        _ => text.to_owned(),
    }
}

impl ConnectionParams {
    /// Host and port as a URL names them, IPv6 in brackets.
    pub(crate) fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// The URL without credentials.
    pub(crate) fn public_url(&self) -> String {
        let path = if self.path == "/" { "" } else { &self.path };
        format!("{}://{}{path}", self.transport.scheme(), self.authority())
    }
}

impl fmt::Display for ConnectionParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.public_url())
    }
}

impl fmt::Debug for ConnectionParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionParams")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("user", &self.user)
            .field("password", &self.password.as_ref().map(|_| "***"))
            .field("transport", &self.transport)
            .field("path", &self.path)
            .finish()
    }
}
