//! Which model, where, with which key, and within which limits.

use std::{fmt, num::NonZeroU32, time::Duration};

use reqwest::{Url, header::HeaderValue};
use zeroize::Zeroizing;

use crate::Error;

/// The endpoint of OpenAI itself.
pub const OPENAI: &str = "https://api.openai.com/v1";

/// Which model, and how it is reached.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The address before `/chat/completions`, such as [`OPENAI`] or `http://127.0.0.1:11434/v1`.
    pub base_url: String,
    /// Sent as a bearer token; models on the own machine need none.
    pub key: Option<Key>,
    /// As the endpoint names it.
    pub model: String,
    /// How freely it writes: 0 to 2.
    pub temperature: f64,
    /// What one question may cost.
    pub limits: Limits,
}

/// What one question may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// One try, from the connection to the last byte.
    pub timeout: Duration,
    /// The longest answer, in bytes of JSON.
    pub answer_bytes: usize,
    /// Tries when the endpoint is away, late, busy (429) or broken (5xx).
    pub tries: u32,
    /// Before the second try; doubled for each further one.
    pub first_wait: Duration,
    /// An endpoint that asks for a longer pause (`Retry-After`) is not asked again.
    pub longest_wait: Duration,
    /// Requests in any 60 seconds, tries included; whoever comes too early waits.
    pub calls_a_minute: NonZeroU32,
}

impl Default for Limits {
    /// 60 s, 1 MiB, 3 tries after 1 s and 2 s or what the endpoint asks for up to 30 s, 60 a minute.
    fn default() -> Self {
        Self {
            timeout: Duration::from_mins(1),
            answer_bytes: 1024 * 1024,
            tries: 3,
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_secs(30),
            calls_a_minute: NonZeroU32::MIN.saturating_add(59),
        }
    }
}

/// A secret that shows itself to the endpoint alone.
#[derive(Clone)]
pub struct Key(Zeroizing<String>);

impl Key {
    /// Without the blanks and the line end around it, which files have; nothing when nothing is left.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// Takes the key out of what somebody else wrote.
    pub(crate) fn hide(&self, text: &str) -> String {
        text.replace(self.0.as_str(), "***")
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Settings {
    /// Where questions go.
    pub(crate) fn url(&self) -> Result<Url, Error> {
        let bad = |why: &str| Error::Settings(format!("the model's base URL {why}"));
        let mut url = Url::parse(&self.base_url)
            .map_err(|e| bad(&format!("is none ({e}): give one such as {OPENAI}")))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(bad("holds a name or a password: give the key apart"));
        }
        let here = matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"));
        match url.scheme() {
            "https" => {}
            "http" if here || self.key.is_none() => {}
            "http" => return Err(bad("would send the key in the clear: use https://")),
            _ => return Err(bad("must begin with https:// or http://")),
        }
        url.path_segments_mut()
            .map_err(|()| bad("has no path"))?
            .pop_if_empty()
            .extend(["chat", "completions"]);
        Ok(url)
    }

    /// The header that proves who asks.
    pub(crate) fn authorization(&self) -> Result<Option<HeaderValue>, Error> {
        let Some(Key(key)) = &self.key else { return Ok(None) };
        let mut header =
            HeaderValue::from_str(&format!("Bearer {}", key.as_str())).map_err(|_| {
                Error::Settings(
                    "the model's key holds a line end or another control character".to_owned(),
                )
            })?;
        header.set_sensitive(true);
        Ok(Some(header))
    }

    /// What no endpoint would take.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.model.trim().is_empty() {
            return Err(Error::Settings("name the model".to_owned()));
        }
        if !(0.0..=2.0).contains(&self.temperature) {
            return Err(Error::Settings(
                "the model's temperature is a number from 0 to 2".to_owned(),
            ));
        }
        Ok(())
    }

    /// Text of the endpoint as it may be shown and kept.
    pub(crate) fn hide(&self, text: &str) -> String {
        self.key.as_ref().map_or_else(|| text.to_owned(), |key| key.hide(text))
    }
}
