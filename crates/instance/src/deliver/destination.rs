//! Where something is sent, as a URL without secrets.

use std::path::PathBuf;

use reqwest::Url;

/// The ways there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// `http://` and `https://`.
    Http,
    /// `file://`.
    File,
    /// `mqtt://` and `mqtts://`.
    Mqtt,
}

/// A place that this program can send to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    url: Url,
    scheme: Scheme,
}

impl Destination {
    /// Reads a URL. User names and passwords have no place in it: it is written into spools and logs.
    ///
    /// # Errors
    /// What is wrong, for people.
    pub fn parse(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|e| format!("not a URL: {e}"))?;
        let scheme = match url.scheme() {
            "http" | "https" => Scheme::Http,
            "file" => Scheme::File,
            "mqtt" | "mqtts" => Scheme::Mqtt,
            other => {
                return Err(format!("{other}:// is none of http, https, file, mqtt and mqtts"));
            }
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err("a URL with a user name or password is not taken".to_owned());
        }
        let host = url.host_str().unwrap_or_default();
        if (scheme == Scheme::File) != host.is_empty() {
            return Err("expected a host, or file:/// and an absolute path".to_owned());
        }
        Ok(Self { url, scheme })
    }

    /// The way to it.
    #[must_use]
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The URL.
    #[must_use]
    pub const fn url(&self) -> &Url {
        &self.url
    }

    /// As a spool keeps it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.url.as_str()
    }

    /// Scheme, host and port: `https://monitor.example:443`.
    #[must_use]
    pub fn origin(&self) -> String {
        let standard = if self.url.scheme() == "mqtts" { 8883 } else { 1883 };
        let port = self.url.port_or_known_default().unwrap_or(standard);
        format!("{}://{}:{port}", self.url.scheme(), self.url.host_str().unwrap_or_default())
    }

    /// The same place with one more part at its end.
    #[must_use]
    pub fn below(&self, name: &str) -> Self {
        let mut below = self.clone();
        below.url.set_path(&format!("{}/{name}", self.url.path().trim_end_matches('/')));
        below
    }

    /// The file or directory that a `file://` names; nothing for another scheme or a path that leads upwards.
    #[must_use]
    pub fn path(&self) -> Option<PathBuf> {
        use std::path::Component::{Normal, RootDir};
        let path = self.url.to_file_path().ok()?;
        path.components().all(|part| matches!(part, RootDir | Normal(_))).then_some(path)
    }

    /// The topic that an `mqtt://` names: its path.
    #[must_use]
    pub fn topic(&self) -> &str {
        self.url.path().trim_matches('/')
    }
}
