//! `steward serve`: from the configuration to a running server, and back.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use anyhow::Context as _;
use clap::Args;
use kernel::{
    Clock, Ids,
    db::Region,
    failpoint,
    token::{ClaimNames, KeySource, Trust},
};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use crate::{
    broker,
    cli::{database, tell},
    config::{self, Config, Settings},
    datadir::{DataDir, Run},
    demo::{self, Demo},
    identity,
    server::{Mqtt, Plan, Server, jobs},
    telemetry,
    tls::Pair,
};

/// Shown above the help.
pub const EXAMPLES: &str = "\
Examples:
  steward serve
  steward serve --data-dir ./data --listen 127.0.0.1:0 --mqtt-listen 127.0.0.1:0 --demo
  steward serve --database-url postgres://steward_server@db/steward --mqtt-url mqtts://broker --oidc-issuer https://id.example --oidc-audience steward

With nothing configured it runs a private PostgreSQL and an MQTT broker of its own, on this machine only.
When it is ready it prints its addresses and writes DIR/run.json.";

/// Arguments of `steward serve`.
#[derive(Debug, Args)]
pub struct ServeArgs {
    #[command(flatten)]
    settings: Box<Settings>,
    /// For tests of crashes: die, or wait, at a named point
    #[arg(long, hide = true, value_name = "POINT=N")]
    failpoint: Vec<String>,
}

/// Runs the server until SIGTERM or SIGINT.
///
/// # Errors
/// What hinders the start, each with what to do about it.
pub async fn run(args: ServeArgs, config: Config) -> anyhow::Result<()> {
    let started = Instant::now();
    let traces = config.otlp_endpoint.as_deref();
    let traces = traces.map(|url| telemetry::traces::to(url, Clock::system())).transpose()?;
    let (collect, export) = traces.unzip();
    telemetry::logs(config.settings.log_format, &config.settings.log_level, collect);
    let ended = CancellationToken::new();
    let exporting = export.map(|export| tokio::spawn(export.run(ended.clone())));
    let metrics = telemetry::metrics()?;
    for point in &args.failpoint {
        arm(point)?;
    }
    let dir = Arc::new(DataDir::open(&config.data_dir)?);
    let database = database::open(&config, &dir).await?;
    let plan = plan(&config, &dir, &database).await?;
    let server = Server::start(plan, metrics).await?;
    let run = Run {
        pid: std::process::id(),
        http: server.url(),
        mqtt: server.mqtt.clone(),
        mqtt_local: server.mqtt_local.clone(),
        database: database.url(),
    };
    dir.announce(&run)?;
    let demo = if config.settings.demo { Some(demo::open(&server.kernel).await?) } else { None };
    tell(&ready(&run, started));
    let followed = demo.map(|demo| follow(&server, demo, started));
    wait_for_signal().await?;
    drop(followed);
    tell("steward: stopping; a second signal ends it at once");
    tokio::select! {
        () = server.stop() => {}
        ended = wait_for_signal() => ended?,
    }
    database.close().await;
    ended.cancel();
    if let Some(exporting) = exporting {
        exporting.await?;
    }
    Ok(())
}

/// Tells when the demo district is complete; until then at most, or until it is dropped.
fn follow(server: &Server, demo: Demo, started: Instant) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(demo::follow(server.kernel.clone(), demo, started)))
}

fn arm(point: &str) -> anyhow::Result<()> {
    let (name, hits) = point.split_once('=').unwrap_or((point, "1"));
    let hits = hits.parse().with_context(|| format!("--failpoint {point}: NAME=N"))?;
    Ok(failpoint::arm(name, failpoint::Action::Exit(hits))?)
}

fn ready(run: &Run, started: Instant) -> String {
    format!(
        "steward is ready after {:.1} s\n  HTTP      {}  (API documentation: {}/docs)\n  MQTT      {}\n  database  {}",
        started.elapsed().as_secs_f64(),
        run.http,
        run.http,
        run.mqtt,
        run.database
    )
}

async fn wait_for_signal() -> anyhow::Result<()> {
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
    Ok(())
}

async fn plan(
    config: &Config,
    dir: &DataDir,
    database: &database::Database,
) -> anyhow::Result<Plan> {
    let (settings, node) = (&config.settings, dir.node()?);
    let dir = dir.path();
    let clock = Clock::system();
    let region =
        |r: &config::Region| Region { name: r.name.clone(), max_tenants: i64::from(r.max_tenants) };
    Ok(Plan {
        dir: dir.to_owned(),
        listen: settings.listen,
        tls: pair(settings.tls_cert.as_ref(), settings.tls_key.as_ref()),
        mqtt: mqtt(config),
        database: database.server.clone(),
        database_password: settings.database_password_command.clone(),
        connections: settings.db_connections,
        trust: trust(settings, dir)?,
        ids: Ids::random(clock.clone()),
        clock,
        master: database::unlock(config, dir, database).await?,
        regions: settings.region.iter().map(region).collect(),
        rate_per_minute: settings.rate_per_minute,
        feed_days: settings.feed_days,
        reactions: Vec::new(),
        jobs: jobs(),
        node,
        audit_heads: settings.audit_heads.clone(),
        public_url: settings.public_url.clone(),
    })
}

fn mqtt(config: &Config) -> Mqtt {
    let settings = &config.settings;
    match &config.mqtt {
        Some(external) => Mqtt::External(external.clone()),
        None => Mqtt::Embedded(broker::Listen {
            address: settings.mqtt_listen,
            insecure: settings.insecure,
            tls: pair(settings.mqtt_tls_cert.as_ref(), settings.mqtt_tls_key.as_ref()),
        }),
    }
}

fn pair(cert: Option<&PathBuf>, key: Option<&PathBuf>) -> Option<Pair> {
    Some(Pair { cert: cert?.clone(), key: key?.clone() })
}

/// The configured issuer, or the developer identity of the folder.
fn trust(settings: &Settings, dir: &Path) -> anyhow::Result<Trust> {
    let Some(issuer) = &settings.oidc_issuer else {
        identity::permitted(None, settings.listen)?;
        return Ok(identity::ensure(dir)?.trust());
    };
    let keys = match (&settings.jwks_file, &settings.jwks_url) {
        (Some(file), _) => KeySource::File(file.clone()),
        (None, Some(url)) => KeySource::Url(url.clone()),
        (None, None) => KeySource::Discovery,
    };
    let claims = match settings.claim_names {
        config::ClaimNames::Generic => ClaimNames::default(),
        config::ClaimNames::Entra => ClaimNames::entra(),
        config::ClaimNames::Keycloak => ClaimNames::keycloak(),
        config::ClaimNames::Auth0 => ClaimNames::auth0(issuer),
    };
    let audience = settings.oidc_audience.clone().unwrap_or_default();
    Ok(Trust { issuer: issuer.clone(), audience, keys, claims })
}
