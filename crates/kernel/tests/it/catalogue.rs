//! Tenant isolation as the database knows it: every table of every context, read from PostgreSQL's catalogue.

use anyhow::Result;
use sqlx::{ConnectOptions, PgPool};
use testkit::{Database, Login};

/// Platform tables: they hold no tenant's data, so no policy guards them.
const PLATFORM: &[&str] = &["kernel.tenant", "kernel.lease", "kernel.node", "kernel.key_check"];

/// Indexes by which the system role finds work across tenants. They are not unique, so nothing leaks through them.
const ACROSS_TENANTS: &[&str] = &[
    "kernel.idempotency_expiry",
    "kernel.audit_recorded",
    "kernel.outbox_slot",
    "kernel.event_age",
    "kernel.feed_behind",
    "kernel.inbox_age",
    "kernel.inbox_retry",
    "kernel.job_due",
    "kernel.approval_pending",
];

/// The tables under test: all of our schemas but the platform's and the migrations' own.
const TENANT_TABLES: &str = "create temporary view tenant_table as
  select c.oid, n.nspname as schema, n.nspname || '.' || c.relname as name, c.relrowsecurity and c.relforcerowsecurity as forced
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where pg_get_userbyid(n.nspowner) = 'steward_owner' and c.relkind in ('r', 'p') and c.relname <> '_migrations'
    and n.nspname || '.' || c.relname <> all (string_to_array(current_setting('test.platform'), ','))";

/// What breaks the rule, and for which table or index. A rule is a query that finds nothing.
const RULES: &[(&str, &str)] = &[
    (
        "has no tenant_id uuid not null",
        "select name from tenant_table where not exists (select from pg_attribute
           where attrelid = oid and attname = 'tenant_id' and atttypid = 'uuid'::regtype and attnotnull)",
    ),
    ("does not force row-level security", "select name from tenant_table where not forced"),
    (
        "has no policy of exactly its tenant for steward_app",
        "select name from tenant_table where not exists (select from pg_policy
           where polrelid = tenant_table.oid and polroles = array['steward_app'::regrole::oid] and polcmd = '*' and polpermissive
             and pg_get_expr(polqual, polrelid) = '(tenant_id = kernel.tenant())'
             and pg_get_expr(polwithcheck, polrelid) = '(tenant_id = kernel.tenant())')",
    ),
    (
        "has a policy for a role that needs none",
        "select name || '.' || polname from tenant_table join pg_policy on polrelid = tenant_table.oid
         where polroles <> array['steward_app'::regrole::oid]
           and not (schema = 'kernel' and polroles = array['steward_system'::regrole::oid])",
    ),
    (
        "has more than one policy for a role: they add up",
        "select name from tenant_table join pg_policy on polrelid = tenant_table.oid
         group by name, polroles having count(*) > 1",
    ),
    (
        "has no primary key",
        "select name from tenant_table where not exists (select from pg_index where indrelid = oid and indisprimary)",
    ),
    (
        "is a key whose first column is not tenant_id",
        "select indexrelid::regclass::text from tenant_table join pg_index on indrelid = oid
         join pg_attribute on attrelid = oid and attnum = indkey[0]
         where attname <> 'tenant_id' and (indisunique or indisexclusion)",
    ),
    (
        "is an index whose first column is not tenant_id",
        "select n.nspname || '.' || i.relname from tenant_table join pg_index on indrelid = tenant_table.oid
         join pg_class i on i.oid = indexrelid join pg_namespace n on n.oid = i.relnamespace
         left join pg_attribute on attrelid = indrelid and attnum = indkey[0]
         where attname is distinct from 'tenant_id' and not indisunique and not indisexclusion
           and n.nspname || '.' || i.relname <> all (string_to_array(current_setting('test.across'), ','))",
    ),
    (
        "is a foreign key that may leave the tenant",
        "select name || '.' || conname from tenant_table join pg_constraint on conrelid = tenant_table.oid and contype = 'f'
         where not exists (select from pg_attribute mine, pg_attribute theirs
           where mine.attrelid = conrelid and mine.attnum = conkey[1] and mine.attname = 'tenant_id'
             and theirs.attrelid = confrelid and theirs.attnum = confkey[1] and theirs.attname = 'tenant_id')",
    ),
    (
        "is not owned by steward_owner",
        "select name from tenant_table join pg_class using (oid) where relowner <> 'steward_owner'::regrole",
    ),
    (
        "can be truncated, or is open to everybody",
        "select name from tenant_table join pg_class using (oid), aclexplode(relacl)
         where grantee = 0 or (privilege_type = 'TRUNCATE' and grantee <> 'steward_owner'::regrole)",
    ),
    (
        "belongs to a context but is open to the system role",
        "select name from tenant_table join pg_class using (oid), aclexplode(relacl)
         where schema <> 'kernel' and grantee = 'steward_system'::regrole",
    ),
];

/// What is wrong in this database, one line for each finding.
async fn findings(database: &Database) -> Result<Vec<String>> {
    let mut connection = database.options(Login::Admin).connect().await?;
    for (name, value) in [("test.platform", PLATFORM), ("test.across", ACROSS_TENANTS)] {
        sqlx::query("select set_config($1, $2, false)")
            .bind(name)
            .bind(value.join(","))
            .execute(&mut connection)
            .await?;
    }
    sqlx::query(TENANT_TABLES).execute(&mut connection).await?;
    let mut findings = Vec::new();
    for (what, query) in RULES {
        let found: Vec<String> = sqlx::query_scalar(*query).fetch_all(&mut connection).await?;
        findings.extend(found.iter().map(|name| format!("{name} {what}")));
    }
    Ok(findings)
}

#[tokio::test]
async fn every_tenant_table_keeps_tenants_apart() -> Result<()> {
    let database = Database::clone_template().await?;
    assert_eq!(findings(&database).await?, Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn the_named_exceptions_exist() -> Result<()> {
    let database = Database::clone_template().await?;
    for name in PLATFORM.iter().chain(ACROSS_TENANTS) {
        let exists: bool = sqlx::query_scalar("select to_regclass($1) is not null")
            .bind(name)
            .fetch_one(&database.admin)
            .await?;
        assert!(exists, "{name} is gone: remove it from the exceptions");
    }
    Ok(())
}

#[tokio::test]
async fn a_careless_table_breaks_every_rule() -> Result<()> {
    let database = Database::clone_template().await?;
    plant(&database.admin).await?;
    let findings = findings(&database).await?;
    for (what, _) in RULES {
        assert!(findings.iter().any(|finding| finding.ends_with(what)), "not found: {what}");
    }
    Ok(())
}

/// Tables as somebody in a hurry would make them.
async fn plant(admin: &PgPool) -> Result<()> {
    sqlx::raw_sql(
        "create table roster.target (id uuid primary key);
         create table roster.careless (id uuid references roster.target, other uuid unique);
         create index on roster.careless (other);
         grant select, truncate on roster.careless to steward_app, steward_system;
         create policy everybody on roster.careless using (true);
         create policy again on roster.careless using (true);",
    )
    .execute(admin)
    .await?;
    Ok(())
}
