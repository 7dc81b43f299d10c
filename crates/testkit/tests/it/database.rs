use anyhow::Result;
use sqlx::PgPool;
use testkit::{Database, Login};

#[tokio::test]
async fn clones_share_nothing_and_carry_the_schema() -> Result<()> {
    let (one, other) = tokio::try_join!(Database::clone_template(), Database::clone_template())?;
    sqlx::query("insert into kernel.node (node_id) values (gen_random_uuid())")
        .execute(&one.admin)
        .await?;
    assert_eq!(nodes(&one).await?, 1);
    assert_eq!(nodes(&other).await?, 0);
    Ok(())
}

#[tokio::test]
async fn each_pool_has_the_role_of_its_name() -> Result<()> {
    let database = Database::clone_template().await?;
    for (pool, role) in [(&database.app, "steward_app"), (&database.system, "steward_system")] {
        let current: String =
            sqlx::query_scalar("select current_user::text").fetch_one(pool).await?;
        assert_eq!(current, role);
    }
    Ok(())
}

#[tokio::test]
async fn its_urls_lead_to_it() -> Result<()> {
    let database = Database::clone_template().await?;
    for (login, user) in [(Login::Server, "steward_server"), (Login::Admin, "postgres")] {
        let pool = PgPool::connect(&database.url(login)).await?;
        let found: (String, String) =
            sqlx::query_as("select current_database()::text, session_user::text")
                .fetch_one(&pool)
                .await?;
        assert_eq!(found, (database.name().to_owned(), user.to_owned()));
    }
    Ok(())
}

#[tokio::test]
async fn a_database_is_dropped_with_its_value_even_when_connected() -> Result<()> {
    let keeper = Database::empty().await?;
    let gone = Database::clone_template().await?;
    let name = gone.name().to_owned();
    nodes(&gone).await?;
    drop(gone);
    let left: i64 = sqlx::query_scalar("select count(*) from pg_database where datname = $1")
        .bind(name)
        .fetch_one(&keeper.admin)
        .await?;
    assert_eq!(left, 0);
    Ok(())
}

async fn nodes(database: &Database) -> Result<i64> {
    Ok(sqlx::query_scalar("select count(*) from kernel.node").fetch_one(&database.admin).await?)
}
