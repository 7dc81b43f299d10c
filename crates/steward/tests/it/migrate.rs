//! Roles, schema and safety of a database: from nothing, twice, at once, and on databases that are not safe.

use kernel::migrate::{self, KERNEL, Refusal};
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions};
use steward::cluster::{Cluster, Settings};
use tempfile::TempDir;

use crate::process::folder;

static CONTEXTS: &[(&str, &Migrator)] = &[("kernel", &KERNEL)];

#[tokio::test]
async fn an_empty_cluster_becomes_a_safe_database_even_by_two_nodes_at_once() {
    let (_base, cluster) = cluster().await;
    let admin = cluster.admin();
    let nodes = std::array::from_fn::<_, 4, _>(|_| {
        let admin = admin.clone();
        tokio::spawn(async move {
            migrate::bootstrap(&admin).await.unwrap();
            migrate::run(&admin, CONTEXTS).await.unwrap();
        })
    });
    for node in nodes {
        node.await.unwrap();
    }
    migrate::check(&server(&cluster).await, CONTEXTS).await.unwrap();
    let ran = count(&admin, "select count(*) from kernel._migrations").await;
    assert_eq!(usize::try_from(ran).unwrap(), KERNEL.iter().count());
    cluster.stop().await;
}

#[tokio::test]
async fn an_administrator_who_may_not_gets_the_statements_for_one_who_may() {
    let (_base, cluster) = cluster().await;
    let admin = cluster.admin();
    execute(&admin.clone().database("postgres"), "create role steward_server login").await;
    let weak = cluster.server();
    let refusal = migrate::bootstrap(&weak).await.unwrap_err().to_string();
    for statement in [
        "create role steward_owner nologin nosuperuser nobypassrls;",
        "grant steward_app, steward_system to steward_server;",
        "create database steward owner steward_owner",
    ] {
        assert!(refusal.contains(statement), "{refusal}");
    }
    // What it says, done by the administrator, is enough.
    let statements = refusal.split("\n\n").nth(1).unwrap();
    for statement in statements.split(';').map(str::trim).filter(|text| !text.is_empty()) {
        execute(&admin.clone().database("postgres"), statement).await;
    }
    migrate::bootstrap(&weak).await.unwrap();
    migrate::run(&weak, CONTEXTS).await.unwrap();
    cluster.stop().await;
}

#[tokio::test]
async fn a_creator_of_roles_who_is_no_superuser_is_enough() {
    let (_base, cluster) = cluster().await;
    let maintenance = cluster.admin().database("postgres");
    // Peer authentication knows two names only, so the weaker administrator takes the server's.
    execute(&maintenance, "create role steward_server login createrole createdb").await;
    migrate::bootstrap(&cluster.server()).await.unwrap();
    migrate::run(&cluster.server(), CONTEXTS).await.unwrap();
    cluster.stop().await;
}

#[tokio::test]
async fn what_lets_tenants_see_each_other_is_refused_and_named() {
    let (_base, cluster) = cluster().await;
    let admin = cluster.admin();
    migrate::bootstrap(&admin).await.unwrap();
    let server = server(&cluster).await;
    refused(&server, "the schema kernel is missing").await;
    migrate::run(&admin, CONTEXTS).await.unwrap();
    for (wrong, said, right) in [
        (
            "alter role steward_server bypassrls",
            "bypasses row-level security",
            "alter role steward_server nobypassrls",
        ),
        (
            "alter role steward_server createrole",
            "may make roles",
            "alter role steward_server nocreaterole",
        ),
        (
            "grant steward_owner to steward_server",
            "may become steward_owner",
            "revoke steward_owner from steward_server",
        ),
        (
            "revoke steward_app from steward_server",
            "is not a member",
            "grant steward_app to steward_server",
        ),
        (
            "alter table kernel.job no force row level security",
            "kernel.job",
            "alter table kernel.job force row level security",
        ),
        (
            "grant truncate on kernel.audit to steward_app",
            "kernel.audit",
            "revoke truncate on kernel.audit from steward_app",
        ),
        ("create table kernel.leak (tenant_id uuid)", "kernel.leak", "drop table kernel.leak"),
        ("create view kernel.v as select * from kernel.job", "kernel.v", "drop view kernel.v"),
        (
            "create function kernel.f() returns int language sql security definer return 1",
            "kernel.f",
            "drop function kernel.f",
        ),
        ("update kernel._migrations set checksum = 'x'", "unknown to this program", "select"),
    ] {
        execute(&admin, wrong).await;
        refused(&server, said).await;
        execute(&admin, right).await;
    }
    let superuser = PgPoolOptions::new().connect_with(admin).await.unwrap();
    refused(&superuser, "is a superuser").await;
    cluster.stop().await;
}

async fn cluster() -> (TempDir, Cluster) {
    let base = folder();
    let cluster = Cluster::start(base.path(), Settings::default()).await.unwrap();
    (base, cluster)
}

async fn server(cluster: &Cluster) -> PgPool {
    let options = cluster.server().options([("role", migrate::SYSTEM)]);
    PgPoolOptions::new().connect_with(options).await.unwrap()
}

async fn refused(server: &PgPool, said: &str) {
    let refusal = migrate::check(server, CONTEXTS).await.unwrap_err();
    assert!(matches!(refusal, Refusal::Unsafe(_)), "{refusal:?}");
    assert!(refusal.to_string().contains(said), "expected {said:?} in: {refusal}");
}

async fn execute(options: &PgConnectOptions, statement: &str) {
    let mut admin = options.connect().await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&mut admin).await.unwrap();
}

async fn count(options: &PgConnectOptions, query: &'static str) -> i64 {
    sqlx::query_scalar(query).fetch_one(&mut options.connect().await.unwrap()).await.unwrap()
}
