//! `steward outbox`: events that wait, or that the broker refused.

use clap::{Args, Subcommand};
use kernel::{db, relay};
use serde_json::json;
use uuid::Uuid;

use crate::{
    cli::{database, print, tell},
    config::{Config, Settings},
};

/// Most parked events that are listed at once.
const LIST_MAX: i64 = 1_000;

/// What to do.
#[derive(Debug, Subcommand)]
pub enum OutboxCommand {
    /// Show the backlog of each tenant and every parked event
    #[command(
        before_help = "Examples:\n  steward outbox list --data-dir ./data\n  steward outbox list --json"
    )]
    List(List),
    /// Send parked events again; they keep their numbers
    #[command(
        before_help = "Examples:\n  steward outbox retry --event 018f…\n  steward outbox retry --all"
    )]
    Retry(Retry),
}

/// Arguments of `steward outbox list`.
#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    settings: Box<Settings>,
    /// As one JSON document
    #[arg(long)]
    json: bool,
}

/// Arguments of `steward outbox retry`.
#[derive(Debug, Args)]
pub struct Retry {
    #[command(flatten)]
    settings: Box<Settings>,
    /// This event
    #[arg(long, value_name = "ID", required_unless_present = "all", conflicts_with = "all")]
    event: Option<Uuid>,
    /// Every parked event
    #[arg(long)]
    all: bool,
}

/// Runs the command.
///
/// # Errors
/// When the database cannot be reached.
pub async fn run(command: OutboxCommand, config: &Config) -> anyhow::Result<()> {
    let database = database::find(config).await?;
    let system = db::pool(&database.server, db::SYSTEM, 1);
    match command {
        OutboxCommand::List(args) => print(&list(&system, args.json).await?)?,
        OutboxCommand::Retry(args) => {
            let which = args.event.map_or(relay::Which::All, relay::Which::One);
            let sent = relay::retry(&system, &which).await?;
            tell(&format!("{sent} parked events will be sent again by the running server."));
        }
    }
    system.close().await;
    database.close().await;
    Ok(())
}

async fn list(system: &sqlx::PgPool, as_json: bool) -> anyhow::Result<String> {
    let (backlog, parked) = (relay::backlog(system).await?, relay::list(system, LIST_MAX).await?);
    if as_json {
        let backlog: Vec<_> = backlog
            .iter()
            .map(|b| json!({"tenantId": b.tenant_id, "waiting": b.waiting, "parked": b.parked}))
            .collect();
        let parked: Vec<_> = parked.iter().map(parked_json).collect();
        return Ok(
            serde_json::to_string_pretty(&json!({"backlog": backlog, "parked": parked}))? + "\n"
        );
    }
    let mut lines: Vec<_> =
        backlog.iter().map(backlog_line).chain(parked.iter().map(parked_line)).collect();
    if lines.is_empty() {
        lines.push("Nothing waits.\n".to_owned());
    }
    Ok(lines.concat())
}

fn backlog_line(tenant: &relay::Backlog) -> String {
    format!("tenant {}  waiting {}  parked {}\n", tenant.tenant_id, tenant.waiting, tenant.parked)
}

fn parked_line(event: &relay::Parked) -> String {
    format!(
        "parked {}  {} {} number {}  {} tries  {}\n",
        event.event_id,
        event.tenant_id,
        event.event_type,
        event.number,
        event.attempts,
        event.error
    )
}

fn parked_json(event: &relay::Parked) -> serde_json::Value {
    json!({
        "tenantId": event.tenant_id, "context": event.context, "number": event.number, "eventId": event.event_id,
        "type": event.event_type, "attempts": event.attempts, "error": event.error,
    })
}
