//! One question, a few tries.

use std::time::Duration;

use reqwest::{
    Response, StatusCode, Url,
    header::{ACCEPT, AUTHORIZATION, HeaderMap, RETRY_AFTER},
    redirect,
};

use crate::{
    Answer, Error, Message, Settings,
    pace::Pace,
    wire::{self, Question},
};

/// The connection's part of a try; the timeout holds for all of it.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// As much of an endpoint's complaint is shown.
const COMPLAINT_CHARS: usize = 200;
/// As much of it is read.
const COMPLAINT_BYTES: usize = 64 * 1024;

/// Asks one model.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    url: Url,
    settings: Settings,
    pace: Pace,
}

impl Client {
    /// Redirects are not followed: they would carry the key elsewhere. No proxy of the environment: it is not read here. Each
    /// call has a connection of its own: it lasts seconds, and an idle one may be dead when it is needed.
    ///
    /// # Errors
    /// When the settings cannot work, or no TLS can be set up.
    pub fn new(settings: Settings) -> Result<Self, Error> {
        settings.check()?;
        let url = settings.url()?;
        let mut headers = HeaderMap::new();
        headers.extend(settings.authorization()?.map(|value| (AUTHORIZATION, value)));
        let http = reqwest::Client::builder()
            .default_headers(headers)
            .timeout(settings.limits.timeout)
            .connect_timeout(CONNECT_WITHIN)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .pool_max_idle_per_host(0)
            .build()
            .map_err(|e| Error::Settings(format!("cannot set up TLS for the model: {e}")))?;
        let pace = Pace::new(settings.limits.calls_a_minute);
        Ok(Self { http, url, settings, pace })
    }

    /// The model's name.
    pub fn model(&self) -> &str {
        &self.settings.model
    }

    /// The model's answer.
    ///
    /// # Errors
    /// When there is none after all tries, or asking again would not help.
    pub async fn ask(&self, messages: &[Message]) -> Result<Answer, Error> {
        let mut wait = self.settings.limits.first_wait;
        let mut tries = 1..self.settings.limits.tries.max(1);
        loop {
            self.pace.turn().await;
            let error = match self.attempt(messages).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let pause = self.pause(&error, wait);
            let (Some(pause), Some(_)) = (pause, tries.next()) else { return Err(error) };
            tokio::time::sleep(pause).await;
            wait = wait.saturating_mul(2);
        }
    }

    /// How long to wait before the next try; nothing when there is no use in one.
    fn pause(&self, error: &Error, wait: Duration) -> Option<Duration> {
        if !error.may_pass() {
            return None;
        }
        let asked = if let Error::Busy { pause, .. } = error { *pause } else { None };
        Some(asked.unwrap_or(wait)).filter(|pause| *pause <= self.settings.limits.longest_wait)
    }

    async fn attempt(&self, messages: &[Message]) -> Result<Answer, Error> {
        let Settings { model, temperature, limits, .. } = &self.settings;
        let question = Question { model, temperature: *temperature, messages };
        let request = self.http.post(self.url.clone()).header(ACCEPT, "application/json");
        let mut response = request.json(&question).send().await.map_err(|e| self.broken(e))?;
        if response.status() != StatusCode::OK {
            return Err(self.complaint(response).await);
        }
        let body = self.read(&mut response, limits.answer_bytes).await?;
        let Answer { text, model } = wire::answer(&body).map_err(Error::Malformed)?;
        Ok(Answer { text: self.settings.hide(&text), model: self.settings.hide(&model) })
    }

    async fn read(&self, response: &mut Response, most: usize) -> Result<Vec<u8>, Error> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|e| self.broken(e))? {
            if body.len() + chunk.len() > most {
                return Err(Error::Oversized(most));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// What the endpoint says instead of an answer.
    async fn complaint(&self, mut response: Response) -> Error {
        let status = response.status();
        let pause = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.trim().parse().ok().map(Duration::from_secs));
        let body = self.read(&mut response, COMPLAINT_BYTES).await.unwrap_or_default();
        let told = self.settings.hide(&wire::error_message(&body).unwrap_or_default());
        let plain = |one: char| if one.is_control() { ' ' } else { one };
        let told = told.chars().map(plain).take(COMPLAINT_CHARS).collect();
        let again = status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error();
        let status = status.as_u16();
        if again { Error::Busy { status, pause, told } } else { Error::Refused { status, told } }
    }

    fn broken(&self, error: reqwest::Error) -> Error {
        if error.is_timeout() {
            return Error::Late(self.settings.limits.timeout);
        }
        // Without the address: whoever set it knows it, and it may hold what nobody should read.
        let error = error.without_url();
        let mut told = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(deeper) = cause {
            told = format!("{told}: {deeper}");
            cause = deeper.source();
        }
        Error::Unreachable(told)
    }
}
