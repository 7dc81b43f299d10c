//! How messages and results are delivered: flags, environment, `instance.toml`.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use anyhow::Result;
use clap::Args;

use super::{
    Failure,
    settings::{DeliveryFile, token},
    tell,
};
use crate::{
    deliver::{
        Access, Destination, Http, Limits, Mqtt, Policy, Scheme, Sender, Token, Transports, client,
    },
    metrics,
};

/// Seconds that one try may take.
const TIMEOUT_SECONDS: u64 = 30;

/// How hard a delivery is tried, and what is kept.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Delivery")]
pub struct Delivery {
    /// What one try may take
    #[arg(long, value_name = "SECONDS", env = "EXTERNAL_ENDPOINT_TIMEOUT")]
    endpoint_timeout: Option<u64>,
    /// Authorities to trust, PEM
    #[arg(long, value_name = "FILE", env = "EXTERNAL_ENDPOINT_CA_FILE")]
    ca_file: Option<PathBuf>,
    /// The bearer token for the endpoint or source; or the variable `INSTANCE_TOKEN`
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Tries in a row
    #[arg(long, value_name = "N", env = "PUBLISH_RETRY_MAX_ATTEMPTS", value_parser = clap::value_parser!(u32).range(1..=10))]
    tries: Option<u32>,
    /// How many times longer each pause between tries is
    #[arg(long, value_name = "FACTOR", env = "PUBLISH_RETRY_BACKOFF_FACTOR", value_parser = positive)]
    retry_factor: Option<f64>,
    /// The first pause between tries
    #[arg(long, value_name = "SECONDS", env = "PUBLISH_RETRY_PAUSE", value_parser = positive)]
    retry_pause: Option<f64>,
    /// Sources that are served at once
    #[arg(long, value_name = "N", env = "PUBLISH_SOURCES_AT_ONCE")]
    sources_at_once: Option<usize>,
    /// Where messages wait for the consumer
    #[arg(long, value_name = "DIR", env = "PUBLISH_SPOOL_DIR")]
    spool: Option<PathBuf>,
    /// Bytes that may wait for each source; the oldest messages go first
    #[arg(long, value_name = "BYTES", env = "PUBLISH_SPOOL_MAX_BYTES")]
    spool_max_bytes: Option<u64>,
    /// How long a message may wait
    #[arg(long, value_name = "HOURS", env = "PUBLISH_SPOOL_KEEP_HOURS")]
    spool_keep: Option<u64>,
    /// Tell figures for Prometheus at this address
    #[arg(long, value_name = "HOST:PORT", env = "INSTANCE_METRICS_LISTEN")]
    metrics_listen: Option<SocketAddr>,
}

fn positive(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number: &f64| number.is_finite() && *number > 0.0);
    number.ok_or_else(|| "expected a number above 0".to_owned())
}

/// A place outside as somebody wrote it, and who may come in there.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) at: Destination,
    /// User and password.
    account: Option<(String, String)>,
}

impl Endpoint {
    /// Reads a URL; that of a broker may hold an account, which goes no further.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let wrong = |why: String| Failure::Input(format!("not an endpoint: {why}"));
        let mut url = reqwest::Url::parse(text).map_err(|e| wrong(e.to_string()))?;
        let decoded = |text: &str| {
            percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
        };
        let mut account = None;
        if url.scheme().starts_with("mqtt") && !url.username().is_empty() {
            account = Some((decoded(url.username()), decoded(url.password().unwrap_or_default())));
            let cleared = url.set_username("").and_then(|()| url.set_password(None));
            cleared.map_err(|()| wrong("its account cannot be read".to_owned()))?;
        }
        Ok(Self { at: Destination::parse(url.as_str()).map_err(wrong)?, account })
    }
}

impl Delivery {
    /// Where metrics are told, if anywhere.
    pub(super) fn metrics(&self, sender: &Sender, file: &DeliveryFile) -> Result<()> {
        let Some(at) = self.metrics_listen.or(file.instance_metrics_listen) else { return Ok(()) };
        metrics::listen(at, sender.runtime())
            .map_err(|e| Failure::Input(format!("--metrics-listen {at}: {e}")).into())
    }

    /// What one try may take.
    pub(super) fn timeout(&self, file: &DeliveryFile) -> Duration {
        let seconds = self.endpoint_timeout.or(file.external_endpoint_timeout);
        Duration::from_secs(seconds.unwrap_or(TIMEOUT_SECONDS).max(1))
    }

    /// The HTTP client of every request.
    pub(super) fn client(&self, file: &DeliveryFile) -> Result<reqwest::Client> {
        let ca_file = self.ca_file.as_deref().or(file.external_endpoint_ca_file.as_deref());
        client(self.timeout(file), ca_file).map_err(|e| Failure::Input(e).into())
    }

    /// The token for a place.
    pub(super) fn token(&self, endpoint: &Endpoint) -> Result<Option<Token>> {
        let secret = token(self.token_file.as_deref())?;
        Ok(secret
            .filter(|_| endpoint.at.scheme() == Scheme::Http)
            .map(|secret| Token { origin: endpoint.at.origin(), secret }))
    }

    /// How brokers are reached.
    pub(super) fn access(&self, endpoint: &Endpoint, file: &DeliveryFile) -> Access {
        let account = endpoint.account.clone();
        let ca_file = self.ca_file.clone().or_else(|| file.external_endpoint_ca_file.clone());
        Access {
            credentials: account.map(|(user, password)| (endpoint.at.origin(), user, password)),
            ca_file,
            timeout: self.timeout(file),
        }
    }

    /// A sender with the account of `endpoint`; spools are in `spool` when nobody says otherwise.
    pub(super) fn sender(
        &self,
        endpoint: &Endpoint,
        file: &DeliveryFile,
        spool: PathBuf,
    ) -> Result<Sender> {
        let http = Http::new(self.client(file)?, self.token(endpoint)?);
        let transports = Transports { http, mqtt: Mqtt::new(self.access(endpoint, file)) };
        let dir = self.spool.clone().or_else(|| file.publish_spool_dir.clone()).unwrap_or(spool);
        let shown = dir.display().to_string();
        Sender::open(dir, self.limits(file), self.policy(file), transports, tell)
            .map_err(|e| Failure::Input(format!("the spool in {shown}: {e}")).into())
    }

    fn policy(&self, file: &DeliveryFile) -> Policy {
        let Policy { tries, pause, factor, at_once } = Policy::default();
        let seconds = self.retry_pause.or(file.publish_retry_pause);
        Policy {
            tries: self.tries.or(file.publish_retry_max_attempts).unwrap_or(tries).max(1),
            pause: seconds
                .map_or(pause, |seconds| Duration::try_from_secs_f64(seconds).unwrap_or(pause)),
            factor: self.retry_factor.or(file.publish_retry_backoff_factor).unwrap_or(factor),
            at_once: self.sources_at_once.or(file.publish_sources_at_once).unwrap_or(at_once),
        }
    }

    fn limits(&self, file: &DeliveryFile) -> Limits {
        let Limits { bytes, age } = Limits::default();
        let hours = self.spool_keep.or(file.publish_spool_keep_hours);
        Limits {
            bytes: self.spool_max_bytes.or(file.publish_spool_max_bytes).unwrap_or(bytes),
            age: hours.map_or(age, Duration::from_hours),
        }
    }
}
