//! `steward doctor`: looks at everything the server rests on, and says what to do about what is wrong.

mod broker;

use std::time::Duration;

use kernel::Clock;
use kernel::migrate::{APP, Finding, Level, inspect};
use serde_json::json;
use sqlx::ConnectOptions;
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use tokio::time::timeout;

use crate::cli::database::server_login;
use crate::cluster;
use crate::config::Config;
use crate::datadir::{self, LEAST_FREE, Run};

/// Exit code when something is red.
pub const BROKEN: u8 = 3;

/// Longest wait for a database or a broker: a healthy one answers at once.
const PATIENCE: Duration = Duration::from_secs(5);
/// Below this, in bytes, a month of a busy district may not fit any more.
const LITTLE_SPACE: u64 = 1 << 30;
/// Clocks that agree within this, in milliseconds, are in order.
const SMALL_SKEW: i64 = 2_000;
/// Tokens are taken up to 60 s early or late: beyond, valid ones are refused.
const LARGE_SKEW: i64 = 60_000;

/// Looks at the data folder, the database, the broker and the clock. Changes nothing.
pub async fn examine(
    config: &Config,
    migrators: &[(&'static str, &'static Migrator)],
    clock: &Clock,
) -> Vec<Finding> {
    let run = datadir::running(&config.data_dir).ok().flatten();
    let mut findings = vec![disk(config)];
    findings.extend(server(config, run.as_ref()));
    match login(config, run.as_ref()).await {
        Some(Ok(login)) => findings.extend(database(login, migrators, clock).await),
        Some(Err(error)) => findings.push(unreachable(&error)),
        None => findings.push(programs(config)),
    }
    findings.extend(broker::examine(config, run.as_ref()).await);
    findings
}

/// The worst of them.
pub fn worst(findings: &[Finding]) -> Level {
    findings.iter().map(|finding| finding.level).max().unwrap_or(Level::Green)
}

/// The findings as JSON.
pub fn json(findings: &[Finding]) -> String {
    let list: Vec<_> = findings
        .iter()
        .map(|f| json!({"level": word(f.level), "subject": f.subject, "found": f.found, "remedy": f.remedy}))
        .collect();
    format!("{:#}\n", json!({"level": word(worst(findings)), "findings": list}))
}

/// The findings as a table; what to do stands below what is wrong.
pub fn table(findings: &[Finding], colour: bool) -> String {
    let width = findings.iter().map(|finding| finding.subject.len()).max().unwrap_or_default();
    findings.iter().fold(String::new(), |text, Finding { subject, level, found, remedy }| {
        let word = if colour { painted(*level) } else { format!("{:6}", word(*level)) };
        let remedy = remedy
            .as_ref()
            .map_or_else(String::new, |remedy| format!("\n{:6}  {:width$}  -> {remedy}", "", ""));
        format!("{text}{word}  {subject:width$}  {found}{remedy}\n")
    })
}

fn word(level: Level) -> &'static str {
    match level {
        Level::Green => "green",
        Level::Yellow => "yellow",
        Level::Red => "red",
    }
}

fn painted(level: Level) -> String {
    let colour = match level {
        Level::Green => 32,
        Level::Yellow => 33,
        Level::Red => 31,
    };
    format!("\u{1b}[{colour}m{:6}\u{1b}[0m", word(level))
}

fn disk(config: &Config) -> Finding {
    let dir = config.data_dir.display();
    match datadir::free_space(&config.data_dir) {
        Ok(free) => {
            let found = format!("{} MiB free in {dir}", free >> 20);
            if free < LEAST_FREE {
                return Finding::red(
                    "disk",
                    found,
                    "free some space: the database stops when it is full",
                );
            }
            if free < LITTLE_SPACE {
                return Finding::yellow("disk", found, "free some space before it runs out");
            }
            Finding::green("disk", found)
        }
        Err(error) => Finding::yellow(
            "disk",
            format!("the data folder {dir} cannot be looked at ({error})"),
            "`steward serve` makes it; or name another with --data-dir",
        ),
    }
}

fn server(config: &Config, run: Option<&Run>) -> Option<Finding> {
    let dir = config.data_dir.display();
    match run {
        Some(run) => Some(Finding::green(
            "server",
            format!("running on {dir} (pid {}) at {}", run.pid, run.http),
        )),
        None if config.database_url.is_some() => None,
        None => Some(Finding::yellow(
            "server",
            format!("none runs on {dir}: its private database cannot be asked"),
            "`steward serve`, then `steward doctor` again",
        )),
    }
}

async fn login(config: &Config, run: Option<&Run>) -> Option<anyhow::Result<PgConnectOptions>> {
    match (&config.database_url, run) {
        (Some(url), _) => Some(server_login(config, url).await),
        (None, Some(run)) => Some(run.database.parse().map_err(anyhow::Error::new)),
        (None, None) => None,
    }
}

fn unreachable(error: &dyn std::fmt::Display) -> Finding {
    let remedy = "is it running, and does its URL name a member of steward_app and steward_system? else `steward migrate`";
    Finding::red("database", format!("cannot be asked: {error}"), remedy)
}

fn programs(config: &Config) -> Finding {
    match cluster::installed(&config.data_dir, &config.cluster()) {
        Ok(version) => Finding::green("PostgreSQL", format!("version {version} is installed")),
        Err(error) => {
            Finding::red("PostgreSQL", "no private database can be started", error.to_string())
        }
    }
}

async fn database(
    login: PgConnectOptions,
    migrators: &[(&'static str, &'static Migrator)],
    clock: &Clock,
) -> Vec<Finding> {
    let options = login.options([("role", APP)]);
    // A pool tries again and again; one look is enough here.
    match timeout(PATIENCE, options.connect()).await {
        Ok(Ok(connection)) => drop(connection),
        Ok(Err(error)) => return vec![unreachable(&error)],
        Err(_) => return vec![unreachable(&sqlx::Error::PoolTimedOut)],
    }
    let pool = PgPoolOptions::new().max_connections(1).connect_lazy_with(options);
    let mut findings =
        inspect(&pool, migrators).await.unwrap_or_else(|error| vec![unreachable(&error)]);
    findings.extend(skew(&pool, clock).await);
    pool.close().await;
    findings
}

/// The database's clock against ours, at the middle of the question.
async fn skew(pool: &PgPool, clock: &Clock) -> Option<Finding> {
    let before = clock.now().as_millisecond();
    let theirs = sqlx::query_scalar!(
        r#"select (extract(epoch from clock_timestamp()) * 1000)::bigint as "now!""#
    )
    .fetch_one(pool)
    .await
    .ok()?;
    let ours = i64::midpoint(before, clock.now().as_millisecond());
    let skew = theirs.saturating_sub(ours).saturating_abs();
    let found = format!("{skew} ms between this machine and the database");
    let remedy = "let both follow a time server (systemd-timesyncd or chrony)";
    Some(if skew <= SMALL_SKEW {
        Finding::green("clock", found)
    } else if skew <= LARGE_SKEW {
        Finding::yellow("clock", found, remedy)
    } else {
        Finding::red("clock", found, remedy)
    })
}
