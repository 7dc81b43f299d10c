//! `steward audit verify`: proof that nothing in the trail was altered or removed.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use kernel::{
    TenantId,
    audit::{
        seal::{Head, KEY_PURPOSE, SealKey},
        verify,
    },
    db,
};

use crate::{
    cli::{database, print},
    config::{Config, Settings},
};

/// Exit code of a trail that is not whole.
const BROKEN: u8 = 3;

/// What to do.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Walk the chain of every tenant and name the first record that was altered or removed
    #[command(
        before_help = "Examples:\n  steward audit verify --data-dir ./data\n  steward audit verify --tenant 018f… --head head.json"
    )]
    Verify(Verify),
}

/// Arguments of `steward audit verify`.
#[derive(Debug, Args)]
pub struct Verify {
    #[command(flatten)]
    settings: Box<Settings>,
    /// Only this tenant
    #[arg(long, value_name = "ID")]
    tenant: Option<TenantId>,
    /// A head that was kept elsewhere: proves that nothing before it was removed
    #[arg(long, value_name = "FILE")]
    head: Option<PathBuf>,
    /// As one JSON document
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// When the database cannot be reached or the head cannot be read.
pub async fn run(command: AuditCommand, config: &Config) -> anyhow::Result<ExitCode> {
    let AuditCommand::Verify(args) = command;
    let heads = args.head.map(|path| read_heads(&path)).transpose()?.unwrap_or_default();
    let database = database::find(config).await?;
    let system = db::pool(&database.server, db::SYSTEM, 1);
    let key = SealKey::new(
        database::unlock(config, &config.data_dir, &database).await?.derive(KEY_PURPOSE),
    );
    let report = verify::verify(&system, args.tenant, &heads, &key).await?;
    let text =
        if args.json { serde_json::to_string_pretty(&report)? + "\n" } else { table(&report) };
    print(&text)?;
    system.close().await;
    database.close().await;
    Ok(if report.is_intact() { ExitCode::SUCCESS } else { ExitCode::from(BROKEN) })
}

fn read_heads(path: &Path) -> anyhow::Result<Vec<Head>> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Head::parse_lines(&text).with_context(|| format!("{} holds no heads", path.display()))
}

fn table(report: &verify::Report) -> String {
    let intact = "The audit trail is whole.\n";
    let verdict = if report.is_intact() { intact } else { "The audit trail was altered.\n" };
    report.tenants.iter().map(line).collect::<Vec<_>>().concat() + verdict
}

fn line(chain: &verify::Chain) -> String {
    let state =
        chain.finding.as_ref().map_or_else(|| "whole".to_owned(), |f| format!("BROKEN: {f}"));
    format!("{}  {} sealed, {} not yet  {state}\n", chain.tenant, chain.sealed, chain.unsealed)
}
