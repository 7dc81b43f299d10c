//! Whether a database keeps tenants apart: asked at every start, and by `steward doctor`.

use sqlx::PgPool;
use sqlx::migrate::Migrator;

use super::Version;

/// Tables with a `tenant_id` that are the platform's own and carry no policy.
const PLATFORM_TABLES: [&str; 1] = ["kernel.tenant"];

/// How good a [`Finding`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// As it should be.
    Green,
    /// Works, but look at it.
    Yellow,
    /// Broken or unsafe.
    Red,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at, such as `roles`.
    pub subject: &'static str,
    /// How good it is.
    pub level: Level,
    /// What was found.
    pub found: String,
    /// What to do about it, when it is not green.
    pub remedy: Option<String>,
}

/// Why a server does not serve from this database.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Tenants could see each other, or the schema is not this program's.
    #[error("this database is not safe to serve from:{}", list(.0))]
    Unsafe(Vec<Finding>),
    /// The database cannot be reached or answered with an error.
    #[error("the database cannot be checked: {0}")]
    Database(#[from] sqlx::Error),
}

impl Finding {
    /// Something in order.
    pub fn green(subject: &'static str, found: impl Into<String>) -> Self {
        Self { subject, level: Level::Green, found: found.into(), remedy: None }
    }

    /// Something to look at, and what to do.
    pub fn yellow(
        subject: &'static str,
        found: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { subject, level: Level::Yellow, found: found.into(), remedy: Some(remedy.into()) }
    }

    /// Something broken, and what to do.
    pub fn red(subject: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { subject, level: Level::Red, found: found.into(), remedy: Some(remedy.into()) }
    }
}

fn list(findings: &[Finding]) -> String {
    findings.iter().fold(String::new(), |text, Finding { found, remedy, .. }| {
        let remedy = remedy.as_deref().unwrap_or("see `steward doctor`");
        format!("{text}\n- {found}: {remedy}")
    })
}

/// Refuses a database on which one red thing is found. `server` is a pool of the server's own login.
///
/// # Errors
/// [`Refusal::Unsafe`] lists all that is wrong and what to do.
pub async fn check(
    server: &PgPool,
    migrators: &[(&'static str, &'static Migrator)],
) -> Result<(), Refusal> {
    let red: Vec<_> = inspect(server, migrators)
        .await?
        .into_iter()
        .filter(|finding| finding.level == Level::Red)
        .collect();
    if red.is_empty() { Ok(()) } else { Err(Refusal::Unsafe(red)) }
}

/// Looks at version, roles, policies and migrations, and says what it found, good or bad.
///
/// # Errors
/// When the database cannot be asked.
pub async fn inspect(
    server: &PgPool,
    migrators: &[(&'static str, &'static Migrator)],
) -> Result<Vec<Finding>, sqlx::Error> {
    let mut findings = vec![version(server).await?];
    findings.extend(login(server).await?);
    for (context, migrator) in migrators {
        findings.push(migrations(server, context, migrator).await?);
    }
    findings.push(policies(server, migrators).await?);
    findings.push(detours(server, migrators).await?);
    Ok(findings)
}

async fn version(server: &PgPool) -> Result<Finding, sqlx::Error> {
    let number =
        sqlx::query_scalar!(r#"select current_setting('server_version_num')::int as "number!""#)
            .fetch_one(server)
            .await?;
    let found = Version::from_number(u32::try_from(number).unwrap_or_default());
    Ok(match found.supported() {
        Ok(()) => Finding::green("PostgreSQL", format!("version {found}")),
        Err(unsupported) => Finding::red(
            "PostgreSQL",
            format!("version {found} can show one tenant the rows of another"),
            unsupported.to_string(),
        ),
    })
}

/// What the server's login must not be able to do, and the memberships it needs.
async fn login(server: &PgPool) -> Result<Vec<Finding>, sqlx::Error> {
    let role = sqlx::query!(
        r#"select rolname::text as "name!", rolsuper as "superuser!", rolbypassrls as "bypasses!",
                  rolcreaterole as "makes_roles!", rolreplication as "replicates!",
                  exists (select from pg_class where relowner = r.oid and relkind in ('r', 'p', 'v', 'm')) as "owns!",
                  exists (select from pg_roles o where o.rolname = 'steward_owner'
                          and pg_has_role(r.oid, o.oid, 'member')) as "becomes_owner!",
                  coalesce((select bool_and(pg_has_role(r.oid, o.oid, 'member')) and count(*) = 2 from pg_roles o
                            where o.rolname in ('steward_app', 'steward_system')), false) as "member!"
           from pg_roles r where rolname = session_user"#
    )
    .fetch_one(server)
    .await?;
    let name = &role.name;
    let other = "let the server log in as steward_server (--database-url) and keep this role for --migrate-database-url";
    let faults = [
        (
            role.superuser,
            format!("the server's role {name} is a superuser: no policy holds for it"),
            other.to_owned(),
        ),
        (
            role.bypasses,
            format!("the server's role {name} bypasses row-level security"),
            format!("alter role {name} nobypassrls"),
        ),
        (
            role.makes_roles,
            format!("the server's role {name} may make roles"),
            format!("alter role {name} nocreaterole"),
        ),
        (
            role.replicates,
            format!("the server's role {name} may replicate"),
            format!("alter role {name} noreplication"),
        ),
        (role.owns, format!("the server's role {name} owns tables"), other.to_owned()),
        (
            role.becomes_owner && !role.superuser,
            format!("the server's role {name} may become steward_owner"),
            format!("revoke steward_owner from {name}"),
        ),
        (
            !role.member,
            format!("the server's role {name} is not a member of steward_app and steward_system"),
            format!("grant steward_app, steward_system to {name}"),
        ),
    ];
    let red: Vec<_> = faults
        .into_iter()
        .filter(|(wrong, ..)| *wrong)
        .map(|(_, found, remedy)| Finding::red("roles", found, remedy))
        .collect();
    Ok(if red.is_empty() {
        vec![Finding::green("roles", format!("{name} owns nothing and bypasses nothing"))]
    } else {
        red
    })
}

/// Compares what ran with what this program carries.
async fn migrations(
    server: &PgPool,
    context: &'static str,
    migrator: &Migrator,
) -> Result<Finding, sqlx::Error> {
    let readable = sqlx::query_scalar!(
        r#"select coalesce((select has_table_privilege(c.oid, 'select') from pg_class c
                            join pg_namespace n on n.oid = relnamespace
                            where nspname || '.' || relname = $1), false) as "readable!""#,
        &*migrator.table_name
    )
    .fetch_one(server)
    .await?;
    let migrate = "run `steward migrate` with --migrate-database-url";
    if !readable {
        return Ok(Finding::red("migrations", format!("the schema {context} is missing"), migrate));
    }
    let select = format!("select version, checksum from {} where success", migrator.table_name);
    let ran: Vec<(i64, Vec<u8>)> =
        sqlx::query_as(sqlx::AssertSqlSafe(select)).fetch_all(server).await?;
    let pending =
        migrator.iter().filter(|m| !ran.iter().any(|(version, _)| *version == m.version)).count();
    if pending > 0 {
        return Ok(Finding::red(
            "migrations",
            format!("{pending} migrations of {context} have not run"),
            migrate,
        ));
    }
    let known = |(version, sum): &(i64, Vec<u8>)| {
        migrator.iter().any(|m| m.version == *version && *m.checksum == **sum)
    };
    Ok(match ran.iter().find(|one| !known(one)) {
        Some((version, _)) => Finding::red(
            "migrations",
            format!("migration {version} of {context} is unknown to this program"),
            "install the steward version that migrated this database",
        ),
        None => Finding::green("migrations", format!("{context} is at version {}", ran.len())),
    })
}

/// Every table of ours with a tenant: policies on, forced also on the owner, at least one, and no right to truncate.
async fn policies(
    server: &PgPool,
    migrators: &[(&'static str, &'static Migrator)],
) -> Result<Finding, sqlx::Error> {
    let schemas: Vec<String> = migrators.iter().map(|(context, _)| (*context).to_owned()).collect();
    let platform: Vec<String> = PLATFORM_TABLES.iter().map(|&table| table.to_owned()).collect();
    let tables = sqlx::query!(
        r#"select n.nspname || '.' || c.relname as "name!",
                  c.relrowsecurity and c.relforcerowsecurity
                  and exists (select from pg_policy where polrelid = c.oid)
                  and not exists (select from pg_roles r where r.rolname in ('steward_app', 'steward_system')
                                  and has_table_privilege(r.oid, c.oid, 'truncate')) as "guarded!"
           from pg_class c join pg_namespace n on n.oid = c.relnamespace
           where n.nspname = any($1) and c.relkind in ('r', 'p') and n.nspname || '.' || c.relname <> all($2)
             and exists (select from pg_attribute where attrelid = c.oid and attname = 'tenant_id' and not attisdropped)
           order by 1"#,
        &schemas,
        &platform
    )
    .fetch_all(server)
    .await?;
    let open: Vec<_> =
        tables.iter().filter(|table| !table.guarded).map(|table| table.name.as_str()).collect();
    Ok(if open.is_empty() {
        Finding::green("policies", format!("{} tables of tenants are guarded", tables.len()))
    } else {
        Finding::red(
            "policies",
            format!(
                "row-level security is off, not forced, without policy or can be truncated on {}",
                open.join(", ")
            ),
            "somebody changed the schema by hand: enable and force row level security there, then `steward doctor`",
        )
    })
}

/// Views and functions that would read with their owner's eyes.
async fn detours(
    server: &PgPool,
    migrators: &[(&'static str, &'static Migrator)],
) -> Result<Finding, sqlx::Error> {
    let schemas: Vec<String> = migrators.iter().map(|(context, _)| (*context).to_owned()).collect();
    let open = sqlx::query_scalar!(
        r#"select n.nspname || '.' || c.relname as "name!" from pg_class c join pg_namespace n on n.oid = c.relnamespace
           where n.nspname = any($1) and (c.relkind = 'm' or c.relkind = 'v'
                 and not coalesce(c.reloptions && array['security_invoker=true', 'security_invoker=on'], false))
           union all
           select n.nspname || '.' || p.proname from pg_proc p join pg_namespace n on n.oid = p.pronamespace
           where n.nspname = any($1) and p.prosecdef"#,
        &schemas
    )
    .fetch_all(server)
    .await?;
    Ok(if open.is_empty() {
        Finding::green("views and functions", "all run with the rights of who asks")
    } else {
        Finding::red(
            "views and functions",
            format!("with the owner's rights, past the policies, run {}", open.join(", ")),
            "make views security_invoker, functions security invoker, and materialized views tables",
        )
    })
}
