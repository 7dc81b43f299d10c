//! Reading rows of one table of a tenant: by id, several by id, and page by page.
//!
//! A condition that is not asked for is left out and not made true by a parameter, and a word is written out: the plan that
//! PostgreSQL keeps for the statement then walks the index of just this list and stops at the end of the page. The texts
//! of a [`Table`] and of conditions are constants of the program; values are always bound.

mod page;

use serde::{Deserialize, Serialize};
use sqlx::{FromRow, Postgres, QueryBuilder, postgres::PgRow};
use uuid::Uuid;

pub use page::{Asked, page};

use crate::tx::Tx;

/// A table as it is read. `$1` in its texts is the tenant.
#[derive(Debug)]
pub struct Table {
    /// Its name with its schema.
    pub name: &'static str,
    /// What is selected: the fields of the type that is read.
    pub columns: &'static str,
    /// The column of its id.
    pub id: &'static str,
    /// The text by which it is listed; ties are broken by the id.
    pub key: &'static str,
    /// How a search finds rows: any of these.
    pub search: &'static [Search],
}

/// One way in which a search finds rows.
#[derive(Clone, Copy, Debug)]
pub enum Search {
    /// This column (a key of [`crate::text::key`]) starts with the text.
    Start(&'static str),
    /// This condition holds for the text as it was typed, which takes the place of its `?`.
    Whole(&'static str),
}

/// A condition that narrows what is read.
#[derive(Clone, Debug)]
pub enum Only {
    /// A column holds this word of the program's own.
    Word(&'static str, &'static str),
    /// A column holds this id.
    Id(&'static str, Uuid),
    /// A column holds this text.
    Text(&'static str, String),
    /// SQL in which each `?` is these ids.
    Ids(&'static str, Vec<Uuid>),
    /// SQL without values.
    Sql(&'static str),
}

/// A page of a list as it is wanted.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// What is searched: as a key, and as it was typed.
    pub search: Option<(String, String)>,
    /// In which order.
    pub order: Order,
    /// Where the page before ended.
    pub after: Option<After>,
    /// Most rows of the page.
    pub limit: i64,
}

/// The order of a list; ties are broken by id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub enum Order {
    /// By name.
    #[default]
    #[serde(rename = "name")]
    Name,
    /// By name, backwards.
    #[serde(rename = "-name")]
    NameDescending,
}

/// The sort key of the last row shown.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct After(pub String, pub Uuid);

/// The last key of all: after every name.
const LAST: &str = "\u{10FFFF}";

impl Order {
    /// The direction, and what stands between a row's sort key and that of the row before.
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Name => ("asc", ">"),
            Self::NameDescending => ("desc", "<"),
        }
    }
}

/// What a row is read as.
pub trait Readable: for<'r> FromRow<'r, PgRow> + Send + Unpin {}
impl<T: for<'r> FromRow<'r, PgRow> + Send + Unpin> Readable for T {}

/// One row, if the conditions hold for it.
///
/// # Errors
/// The database's.
pub async fn find<T: Readable>(
    tx: &mut Tx,
    table: &Table,
    id: Uuid,
    only: &[Only],
) -> Result<Option<T>, sqlx::Error> {
    one(tx, table, id, only, "").await
}

/// One row, if the conditions hold for it, locked against other changes until the transaction ends.
///
/// # Errors
/// The database's.
pub async fn lock<T: Readable>(
    tx: &mut Tx,
    table: &Table,
    id: Uuid,
    only: &[Only],
) -> Result<Option<T>, sqlx::Error> {
    one(tx, table, id, only, " for no key update").await
}

/// One row, held as it is against changes and other locks of [`lock`] until the transaction ends; others may hold it, too.
///
/// # Errors
/// The database's.
pub async fn hold<T: Readable>(
    tx: &mut Tx,
    table: &Table,
    id: Uuid,
    only: &[Only],
) -> Result<Option<T>, sqlx::Error> {
    one(tx, table, id, only, " for share").await
}

async fn one<T: Readable>(
    tx: &mut Tx,
    table: &Table,
    id: Uuid,
    only: &[Only],
    lock: &'static str,
) -> Result<Option<T>, sqlx::Error> {
    let mut sql = select(tx, table, only);
    sql.push(" and ").push(table.id).push(" = ").push_bind(id).push(lock);
    sql.build_query_as().fetch_optional(tx.conn()).await
}

/// The rows for which the conditions hold, in the order of the table's key. For sets that are small by nature: lists page.
///
/// # Errors
/// The database's.
pub async fn all<T: Readable>(
    tx: &mut Tx,
    table: &Table,
    only: &[Only],
) -> Result<Vec<T>, sqlx::Error> {
    let mut sql = select(tx, table, only);
    sql.push(" order by ").push(table.key).push(", ").push(table.id);
    sql.build_query_as().fetch_all(tx.conn()).await
}

/// As [`all`], each row locked against other changes until the transaction ends.
///
/// # Errors
/// The database's.
pub async fn lock_all<T: Readable>(
    tx: &mut Tx,
    table: &Table,
    only: &[Only],
) -> Result<Vec<T>, sqlx::Error> {
    let mut sql = select(tx, table, only);
    sql.push(" order by ").push(table.key).push(", ").push(table.id).push(" for no key update");
    sql.build_query_as().fetch_all(tx.conn()).await
}

/// As [`all`], each row held as it is (see [`hold`]) until the transaction ends.
///
/// # Errors
/// The database's.
pub async fn hold_all<T: Readable>(
    tx: &mut Tx,
    table: &Table,
    only: &[Only],
) -> Result<Vec<T>, sqlx::Error> {
    let mut sql = select(tx, table, only);
    sql.push(" order by ").push(table.key).push(", ").push(table.id).push(" for share");
    sql.build_query_as().fetch_all(tx.conn()).await
}

/// A page of the rows for which the conditions hold, and one row more, so that one knows whether there is another page.
///
/// # Errors
/// The database's.
pub async fn list<T: Readable>(
    tx: &mut Tx,
    table: &Table,
    only: &[Only],
    wanted: &Wanted,
) -> Result<Vec<T>, sqlx::Error> {
    let mut sql = match &wanted.search {
        None => paged(select(tx, table, only), table, wanted),
        Some(text) => searched(tx, table, only, wanted, text),
    };
    sql.build_query_as().fetch_all(tx.conn()).await
}

/// At most `limit` of the rows for which the conditions hold, in the order of their ids, after the one with this id: how a
/// whole table is read in pieces, each by the primary key.
///
/// # Errors
/// The database's.
pub async fn after<T: Readable>(
    tx: &mut Tx,
    table: &Table,
    only: &[Only],
    last: Option<Uuid>,
    limit: i64,
) -> Result<Vec<T>, sqlx::Error> {
    let mut sql = select(tx, table, only);
    sql.push(" and ").push(table.id).push(" > ").push_bind(last.unwrap_or_default());
    sql.push(" order by ").push(table.id).push(" limit ").push_bind(limit);
    sql.build_query_as().fetch_all(tx.conn()).await
}

type Sql = QueryBuilder<Postgres>;

/// Each way to find is a query on its own index, and their first rows together are the page.
fn searched(
    tx: &Tx,
    table: &Table,
    only: &[Only],
    wanted: &Wanted,
    (start, whole): &(String, String),
) -> Sql {
    let mut sql = QueryBuilder::new("select * from (");
    for (n, way) in table.search.iter().enumerate() {
        sql.push(if n == 0 { "(" } else { " union (" });
        push_select(&mut sql, table, only, (n == 0).then_some(tx.tenant().0));
        match way {
            Search::Start(column) => {
                sql.push(" and ").push(*column).push(" >= ").push_bind(start);
                sql.push(" and ").push(*column).push(" < ").push_bind(format!("{start}{LAST}"));
            }
            Search::Whole(condition) => {
                sql.push(" and ");
                fill(&mut sql, condition, whole);
            }
        }
        sql = paged(sql, table, wanted);
        sql.push(")");
    }
    sql.push(") found");
    ordered(&mut sql, table, wanted);
    sql
}

fn select(tx: &Tx, table: &Table, only: &[Only]) -> Sql {
    let mut sql = QueryBuilder::new("");
    push_select(&mut sql, table, only, Some(tx.tenant().0));
    sql
}

/// The first select of a statement binds the tenant, so that it is `$1` for all that follows.
fn push_select(sql: &mut Sql, table: &Table, only: &[Only], tenant: Option<Uuid>) {
    sql.push("select ").push(table.columns).push(" from ").push(table.name);
    sql.push(" where tenant_id = ");
    match tenant {
        Some(tenant) => sql.push_bind(tenant),
        None => sql.push("$1"),
    };
    for condition in only {
        sql.push(" and ");
        match condition {
            Only::Word(column, word) => {
                sql.push(*column).push(" = '").push(*word).push("'");
            }
            Only::Id(column, id) => {
                sql.push(*column).push(" = ").push_bind(*id);
            }
            Only::Text(column, text) => {
                sql.push(*column).push(" = ").push_bind(text);
            }
            Only::Ids(text, ids) => fill(sql, text, ids.as_slice()),
            Only::Sql(text) => {
                sql.push(*text);
            }
        }
    }
}

/// Writes a condition in which each `?` is `value`.
fn fill<'q, T: sqlx::Encode<'q, Postgres> + sqlx::Type<Postgres> + Copy + 'q>(
    sql: &mut Sql,
    condition: &'static str,
    value: T,
) {
    for (n, part) in condition.split('?').enumerate() {
        if n > 0 {
            sql.push_bind(value);
        }
        sql.push(part);
    }
}

fn paged(mut sql: Sql, table: &Table, wanted: &Wanted) -> Sql {
    if let Some(After(key, id)) = &wanted.after {
        sql.push(format_args!(" and ({}, {}) {} (", table.key, table.id, wanted.order.words().1));
        sql.push_bind(key).push(", ").push_bind(*id).push(")");
    }
    ordered(&mut sql, table, wanted);
    sql
}

fn ordered(sql: &mut Sql, table: &Table, wanted: &Wanted) {
    let direction = wanted.order.words().0;
    sql.push(format_args!(" order by {} {direction}, {} {direction}", table.key, table.id));
    sql.push(" limit ").push_bind(wanted.limit + 1);
}
