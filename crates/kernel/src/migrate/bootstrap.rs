//! Roles and database, made once.

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

use super::{Error, OWNER};

/// Nodes that start together, on whatever database of one cluster, make the roles one after the other ("stewboot").
const BOOTSTRAP_LOCK: i64 = 0x7374_6577_626f_6f74;
/// Exists in every cluster. Roles belong to the cluster but advisory locks to a database, so all nodes meet in this one.
const MEETING_DATABASE: &str = "postgres";

/// SQLSTATEs of an administrator who may not.
const FORBIDDEN: &str = "42501";
/// SQLSTATE of a database that does not exist.
const NO_DATABASE: &str = "3D000";

/// Each role with the statement that makes it.
const ROLES: [(&str, &str); 4] = [
    ("steward_owner", "create role steward_owner nologin nosuperuser nobypassrls"),
    ("steward_app", "create role steward_app nologin nosuperuser nobypassrls"),
    ("steward_system", "create role steward_system nologin nosuperuser nobypassrls"),
    ("steward_server", "create role steward_server login noinherit nosuperuser nobypassrls"),
];
const MEMBERSHIP: &str = "grant steward_app, steward_system to steward_server";

/// Makes the roles and the database that `admin` names, where they are missing.
///
/// `admin` is a superuser, or a role with CREATEROLE and CREATEDB. On a database where an operator has prepared
/// everything it changes nothing and needs no right.
///
/// # Errors
/// [`Error::NeedsOperator`] with the exact statements when the right to make them is lacking.
pub async fn bootstrap(admin: &PgConnectOptions) -> Result<(), Error> {
    let database = admin.get_database().unwrap_or(MEETING_DATABASE).to_owned();
    let mut conn = meet(admin, &database).await?;
    sqlx::query!("select pg_advisory_lock($1)", BOOTSTRAP_LOCK).execute(&mut conn).await?;
    let todo = missing(&mut conn, &database).await?;
    for (done, statement) in todo.iter().enumerate() {
        if let Err(error) = sqlx::query(AssertSqlSafe(statement.as_str())).execute(&mut conn).await
        {
            let rest = todo.iter().skip(done).map(String::as_str);
            return Err(needs_operator(admin, error, rest));
        }
    }
    conn.close().await?;
    Ok(())
}

/// A connection to the meeting database, or, where it is closed to us, to our own.
async fn meet(admin: &PgConnectOptions, database: &str) -> Result<PgConnection, Error> {
    let refused = match admin.clone().database(MEETING_DATABASE).connect().await {
        Ok(conn) => return Ok(conn),
        Err(error) if error.as_database_error().is_none() => return Err(error.into()),
        Err(refused) => refused,
    };
    let ours = admin.clone().database(database).connect().await;
    ours.map_err(|error| match error.as_database_error() {
        Some(error) if error.code().as_deref() == Some(NO_DATABASE) => refused.into(),
        _ => error.into(),
    })
}

/// The statements that are still to be run, in order.
async fn missing(conn: &mut PgConnection, database: &str) -> Result<Vec<String>, Error> {
    let names: Vec<String> = ROLES.iter().map(|(name, _)| (*name).to_owned()).collect();
    let there = sqlx::query_scalar!(
        r#"select rolname::text as "name!" from pg_roles where rolname = any($1)"#,
        &names
    )
    .fetch_all(&mut *conn)
    .await?;
    let mut todo: Vec<String> = ROLES
        .iter()
        .filter(|(name, _)| !there.iter().any(|role| role == name))
        .map(|(_, statement)| (*statement).to_owned())
        .collect();
    let all_there = there.len() == ROLES.len();
    if !all_there || !members(conn).await? {
        todo.push(MEMBERSHIP.to_owned());
    }
    if !all_there || !owns_as(conn).await? {
        todo.extend(become_owner(conn).await?);
    }
    todo.extend(database_statement(conn, database, all_there).await?);
    Ok(todo)
}

async fn members(conn: &mut PgConnection) -> Result<bool, Error> {
    Ok(sqlx::query_scalar!(
        r#"select pg_has_role('steward_server', 'steward_app', 'member')
              and pg_has_role('steward_server', 'steward_system', 'member') as "both!""#
    )
    .fetch_one(conn)
    .await?)
}

/// Whether the administrator may become the owner, as migrations do.
async fn owns_as(conn: &mut PgConnection) -> Result<bool, Error> {
    // Since 16 a member may lack the right to take the role's name; the grant repairs it.
    Ok(sqlx::query_scalar!(
        r#"select pg_has_role('steward_owner',
                  case when current_setting('server_version_num')::int >= 160000 then 'set' else 'member' end) as "may!""#
    )
    .fetch_one(conn)
    .await?)
}

/// Who has CREATEROLE may make itself a member; a superuser needs no membership.
async fn become_owner(conn: &mut PgConnection) -> Result<Option<String>, Error> {
    Ok(sqlx::query_scalar!(
        r#"select format('grant %I to %I', $1::text, rolname) as "statement!" from pg_roles
           where rolname = current_user and not rolsuper"#,
        OWNER
    )
    .fetch_optional(conn)
    .await?)
}

/// Makes the database, or lets the owner make schemas in one that somebody else made.
async fn database_statement(
    conn: &mut PgConnection,
    database: &str,
    owner_exists: bool,
) -> Result<Option<String>, Error> {
    let found = sqlx::query_scalar!("select oid from pg_database where datname = $1", database)
        .fetch_optional(&mut *conn)
        .await?;
    let template = match found {
        // Sorting and upper case are decided in Rust, so the locale is the one that never changes with the system's.
        None => "create database %I owner %I template template0 encoding 'UTF8' locale 'C'",
        Some(_) if owner_exists && may_create(conn, database).await? => return Ok(None),
        Some(_) => "grant create, connect on database %I to %I",
    };
    Ok(Some(
        sqlx::query_scalar!(
            r#"select format($1, $2::text, $3::text) as "statement!""#,
            template,
            database,
            OWNER
        )
        .fetch_one(conn)
        .await?,
    ))
}

async fn may_create(conn: &mut PgConnection, database: &str) -> Result<bool, Error> {
    Ok(sqlx::query_scalar!(
        r#"select has_database_privilege('steward_owner', $1, 'create') as "may!""#,
        database
    )
    .fetch_one(conn)
    .await?)
}

fn needs_operator<'a>(
    admin: &PgConnectOptions,
    error: sqlx::Error,
    rest: impl Iterator<Item = &'a str>,
) -> Error {
    let reason = match error.as_database_error() {
        Some(refused) if refused.code().as_deref() == Some(FORBIDDEN) => {
            refused.message().to_owned()
        }
        _ => return error.into(),
    };
    let sql = rest.map(|statement| format!("{statement};")).collect::<Vec<_>>().join("\n");
    Error::NeedsOperator { role: admin.get_username().to_owned(), reason, sql }
}
