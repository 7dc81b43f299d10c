//! `steward keys rotate`: new data keys for tenants.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use jiff::SignedDuration;
use kernel::{
    Clock, Ids, Kernel, TenantId,
    cursor::CursorKey,
    db::{self, Parts},
    keys::{self, Rotated},
    rate::{RateConfig, RateLimits},
    relay::Wake,
    token::{ClaimNames, KeySource, Trust, Verifier},
};

use crate::{
    cli::{database, print, tell},
    config::{Config, Settings},
};

/// Exit code when some tenants have a new key and others do not.
const PARTLY: u8 = 7;

/// What to do.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Make new data keys: what is written from now on is encrypted with them, and what was written stays readable
    #[command(
        before_help = "Examples:\n  steward keys rotate --data-dir ./data\n  steward keys rotate --tenant 018f… --older-than 720h"
    )]
    Rotate(Rotate),
}

/// Arguments of `steward keys rotate`.
#[derive(Debug, Args)]
pub struct Rotate {
    #[command(flatten)]
    settings: Box<Settings>,
    /// Only this tenant
    #[arg(long, value_name = "ID")]
    tenant: Option<TenantId>,
    /// Only keys older than this (30m, 720h), so that an interrupted rotation can be run again
    #[arg(long, value_name = "TIME", default_value = "1h")]
    older_than: SignedDuration,
    /// As one JSON document
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// When the database cannot be reached, or the master key is another one.
pub async fn run(command: KeysCommand, config: &Config) -> anyhow::Result<ExitCode> {
    let KeysCommand::Rotate(args) = command;
    let database = database::find(config).await?;
    let kernel = kernel(config, &database).await?;
    let tenants = match args.tenant {
        Some(tenant) => vec![tenant],
        None => keys::tenants(&kernel.system).await?,
    };
    let (mut rotated, mut failed) = (Vec::new(), 0);
    for tenant in tenants {
        match keys::rotate(&kernel, tenant, args.older_than).await {
            Ok(one) => rotated.push(one),
            Err(problem) => {
                failed += 1;
                let why = problem.internal.as_deref().unwrap_or(&problem.detail);
                tell(&format!("{tenant}  has no new key: {why}"));
            }
        }
    }
    print(&if args.json {
        serde_json::to_string_pretty(&rotated)? + "\n"
    } else {
        table(&rotated)
    })?;
    kernel.app.close().await;
    kernel.system.close().await;
    database.close().await;
    Ok(match (rotated.is_empty(), failed) {
        (_, 0) => ExitCode::SUCCESS,
        (true, _) => ExitCode::FAILURE,
        (false, _) => ExitCode::from(PARTLY),
    })
}

fn table(rotated: &[Rotated]) -> String {
    let line = |one: &Rotated| {
        let made = if one.made { "made now" } else { "young enough" };
        format!("{}  version {}  {made}\n", one.tenant_id, one.version)
    };
    rotated.iter().map(line).collect::<Vec<_>>().concat()
}

/// A kernel that does units of work and lets nobody in.
async fn kernel(config: &Config, database: &database::Database) -> anyhow::Result<Kernel> {
    let clock = Clock::system();
    let master = database::unlock(config, &config.data_dir, database).await?;
    let nobody = Trust {
        issuer: String::new(),
        audience: String::new(),
        keys: KeySource::File(config.data_dir.join("nobody")),
        claims: ClaimNames::default(),
    };
    Ok(Kernel::new(Parts {
        extensions: axum::http::Extensions::new(),
        ending: tokio_util::sync::CancellationToken::new(),
        app: db::pool(&database.server, db::APP, 1),
        system: db::pool(&database.server, db::SYSTEM, 1),
        ids: Ids::random(clock.clone()),
        wake: Wake::new(),
        verifier: Verifier::new(nobody, clock.clone())?,
        limits: RateLimits::new(RateConfig::default()),
        cursors: CursorKey::from(&master),
        master,
        regions: Vec::new(),
        spool: config.data_dir.clone(),
        clock,
    }))
}
