//! Passwords that a command tells: run anew for new connections, never repeated in a message.

use std::{fs, path::Path, time::Duration};

use kernel::{db, migrate::bootstrap};
use sqlx::{AssertSqlSafe, ConnectOptions as _, PgConnection, PgPool};
use steward::{
    cli::database::server_login,
    cluster::{Cluster, Settings},
    config::{Config, Program},
    server::passwords,
};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::{config::load, process::folder};

/// Longer than anything that works takes.
const SOON: Duration = Duration::from_secs(20);

#[tokio::test]
async fn new_connections_begin_with_what_the_command_prints_now() {
    let base = folder();
    let cluster = Cluster::start(base.path(), Settings::default()).await.unwrap();
    bootstrap(&cluster.admin()).await.unwrap();
    let mut admin = cluster.admin().connect().await.unwrap();
    let access = "local all steward_server scram-sha-256\nlocal all all peer map=steward\n";
    fs::write(base.path().join("postgres/pg_hba.conf"), access).unwrap();
    sqlx::raw_sql("select pg_reload_conf()").execute(&mut admin).await.unwrap();
    let told = base.path().join("told");
    change(&mut admin, &told, "first").await;

    let command = format!("--database-password-command=[\"cat\", {told:?}]");
    let config = load(&[&format!("--database-url={}", cluster.url()), &command], [], "").unwrap();
    let login = login(&config).await.unwrap();
    let pools = [db::pool(&login, db::APP, 1), db::pool(&login, db::SYSTEM, 1)];
    let stop = CancellationToken::new();
    let program = config.settings.database_password_command.clone().unwrap();
    let often = Duration::from_millis(20);
    let renewing = tokio::spawn(passwords::renew(program, pools.clone(), often, stop.clone()));
    let _signed_in = answered(&pools).await;

    change(&mut admin, &told, "second").await;
    let end =
        "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'steward_server'";
    sqlx::raw_sql(end).execute(&mut admin).await.unwrap();
    let began = Instant::now();
    while !answered(&pools).await {
        assert!(began.elapsed() < SOON, "no connection with the new password");
        sleep(often).await;
    }
    stop.cancel();
    renewing.await.unwrap();
    let wrong = db::login(&login, db::APP).await;
    assert!(wrong.is_err(), "the former password does not count, so the database did ask");
    cluster.stop().await;
}

#[tokio::test]
async fn a_command_that_fails_is_named_with_its_status_and_not_with_its_words() {
    let url = "--database-url=postgres://steward_server@localhost/steward";
    for (command, said) in [
        (r#"["sh", "-c", "echo planted; exit 3"]"#, "sh failed (exit status: 3): run it by hand"),
        (r#"["/no/such/program"]"#, "/no/such/program cannot be run"),
        (r#"["true"]"#, "true wrote no secret"),
    ] {
        let command = format!("--database-password-command={command}");
        let config = load(&[url, &command], [], "").unwrap();
        let refused = format!("{:#}", login(&config).await.unwrap_err());
        assert!(refused.contains(said) && !refused.contains("planted"), "{refused}");
    }
}

#[tokio::test]
async fn a_command_is_a_list_in_the_file_and_json_elsewhere() {
    let listed = "database-url = 'postgres://db/x'\ndatabase-password-command = ['printf', '%s\\n', 'a b']\n";
    let json = r#"["printf", "%s\\n", "a b"]"#;
    let env =
        [("STEWARD_DATABASE_URL", "postgres://db/x"), ("STEWARD_DATABASE_PASSWORD_COMMAND", json)];
    for config in [load(&[], [], listed).unwrap(), load(&[], env, "").unwrap()] {
        let program = config.settings.database_password_command.unwrap();
        assert_eq!(program.tell().await.unwrap().expose(), "a b");
    }
    let wrong = "aws rds".parse::<Program>().unwrap_err();
    assert!(wrong.contains("without a shell"), "{wrong}");
    let alone = load(&[r#"--database-password-command=["x"]"#], [], "").unwrap_err().to_string();
    assert!(alone.contains("set database-url"), "{alone}");
}

async fn login(config: &Config) -> anyhow::Result<sqlx::postgres::PgConnectOptions> {
    server_login(config, config.database_url.as_ref().unwrap()).await
}

async fn answered(pools: &[PgPool; 2]) -> bool {
    let mut all = true;
    for pool in pools {
        all &= sqlx::raw_sql("select 1").execute(pool).await.is_ok();
    }
    all
}

async fn change(admin: &mut PgConnection, told: &Path, password: &str) {
    let sql = AssertSqlSafe(format!("alter role steward_server password '{password}'"));
    sqlx::raw_sql(sql).execute(admin).await.unwrap();
    fs::write(told, format!("{password}\n")).unwrap();
}
