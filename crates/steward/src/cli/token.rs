//! `steward token`: a token of the developer identity.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use anyhow::{Context, ensure};
use clap::{
    Args,
    builder::{PossibleValuesParser, TypedValueParser},
};
use jiff::{SignedDuration, Timestamp};
use kernel::{Clock, Role, TenantId};
use serde_json::json;

use crate::identity::{self, AUDIENCE, Grant};

/// The longest life of a token: it cannot be taken back, and a look at the product takes a day at most.
const MAX_TTL: SignedDuration = SignedDuration::from_hours(24);

const EXAMPLES: &str = "\
Examples:
  steward token --data-dir ./data --role PlatformAdmin
  steward token --data-dir ./data --role DistrictAdmin --tenant 018f3c7e-… --subject ada
  TOKEN=$(steward token --data-dir ./data --role Registrar --tenant $TENANT --scope service --ttl 15m)
  curl -H \"Authorization: Bearer $TOKEN\" http://127.0.0.1:8080/api/v1/tenants

Makes a token of the data folder's developer identity. Only the server of that folder trusts it, only while it listens
on loopback and no OIDC issuer is configured.";

/// Make a token for a first look on one machine.
#[derive(Args, Clone, Debug)]
#[command(before_help = EXAMPLES)]
pub struct TokenArgs {
    /// The data folder of the server that shall trust the token.
    #[arg(long, value_name = "DIR", env = "STEWARD_DATA_DIR")]
    pub data_dir: PathBuf,
    /// A role; may be given again.
    #[arg(long = "role", value_name = "ROLE", required = true, value_parser = role_parser())]
    pub roles: Vec<Role>,
    /// A tenant that the token names; may be given again.
    #[arg(long = "tenant", value_name = "UUID")]
    pub tenants: Vec<TenantId>,
    /// Who asks: the name in audit records.
    #[arg(long, value_name = "NAME", default_value = "developer")]
    pub subject: String,
    /// A scope; `service` marks a machine account, which the limits for people do not hold back.
    #[arg(long = "scope", value_name = "SCOPE")]
    pub scopes: Vec<String>,
    /// How long the token is good: 90s, 15m, 1h; at most 24h.
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = parse_ttl)]
    pub ttl: SignedDuration,
    /// Print one JSON object instead of the bare token.
    #[arg(long)]
    pub json: bool,
}

/// Prints notes to standard error, and the token alone on the last line of standard output.
pub fn run(args: TokenArgs) -> anyhow::Result<()> {
    let identity = identity::open(&args.data_dir)?;
    let TokenArgs { roles, tenants, subject, scopes, ttl, json, .. } = args;
    ensure!(
        !subject.trim().is_empty() && !subject.contains(char::is_control),
        "--subject must be a name"
    );
    let grant = Grant { subject, roles, tenants, scopes };
    let now = Clock::system().now();
    let expires = now.saturating_add(ttl).context("--ttl reaches beyond the calendar")?;
    let token = identity.sign(&grant, now, ttl)?;
    note(&grant, &identity.issuer(), expires)?;
    let printed = if json { as_json(&grant, &identity.issuer(), expires, &token) } else { token };
    writeln!(io::stdout(), "{printed}").context("cannot write the token to standard output")
}

fn note(grant: &Grant, issuer: &str, expires: Timestamp) -> io::Result<()> {
    let mut stderr = io::stderr();
    let roles: Vec<&str> = grant.roles.iter().map(|role| role.name()).collect();
    writeln!(
        stderr,
        "A token of {issuer} for {} ({}), good until {expires:.0}.",
        grant.subject,
        roles.join(", ")
    )?;
    if grant.tenants.is_empty() && grant.roles.iter().any(|role| *role != Role::PlatformAdmin) {
        writeln!(
            stderr,
            "It names no tenant: requests within a tenant will be refused. Name one with --tenant."
        )?;
    }
    Ok(())
}

fn as_json(grant: &Grant, issuer: &str, expires: Timestamp, token: &str) -> String {
    let roles: Vec<&str> = grant.roles.iter().map(|role| role.name()).collect();
    json!({
        "token": token, "issuer": issuer, "audience": AUDIENCE, "subject": grant.subject, "roles": roles,
        "tenants": grant.tenants, "scopes": grant.scopes, "expires": expires,
    })
    .to_string()
}

fn role_parser() -> impl TypedValueParser<Value = Role> {
    PossibleValuesParser::new(Role::ALL.map(Role::name)).try_map(|name| name.parse::<Role>())
}

fn parse_ttl(text: &str) -> Result<SignedDuration, String> {
    let ttl: SignedDuration =
        text.parse().map_err(|_| "give a time such as 90s, 15m or 1h".to_owned())?;
    let sensible = ttl >= SignedDuration::from_secs(1) && ttl <= MAX_TTL;
    if sensible { Ok(ttl) } else { Err("a token is good for 1s to 24h".to_owned()) }
}
