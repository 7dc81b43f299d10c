//! The list of schools: one query for each combination of filters.
//!
//! A condition that is not asked for is left out and not made true by a parameter, and a status is written out: the plan
//! that PostgreSQL keeps for the statement then walks the index of just this list and stops at the end of the page.

use jiff_sqlx::Timestamp;
use kernel::tx::Tx;
use serde::{Deserialize, Serialize};
use sqlx::{Postgres, QueryBuilder, types::Json};
use uuid::Uuid;

use super::store::school;
use crate::{
    external::ExternalRef,
    school::{School, SchoolId, Status},
};

/// A list as asked for.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Only schools of this status.
    pub status: Option<Status>,
    /// What their name starts with (as a key), and the external id that would do as well.
    pub search: Option<(String, String)>,
    /// In which order.
    pub order: Order,
    /// Where the page before ended.
    pub after: Option<After>,
    /// Most schools of the page.
    pub limit: i64,
}

impl Wanted {
    /// Most schools of the page.
    pub(crate) fn size(&self) -> usize {
        usize::try_from(self.limit).unwrap_or(usize::MAX)
    }
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

/// The sort key of the last school shown.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct After(pub String, pub Uuid);

impl Order {
    const fn direction(self) -> &'static str {
        match self {
            Self::Name => "asc",
            Self::NameDescending => "desc",
        }
    }

    /// What stands between a row's sort key and that of the row before.
    const fn beyond(self) -> &'static str {
        match self {
            Self::Name => ">",
            Self::NameDescending => "<",
        }
    }
}

/// The last key of all: after every name.
const LAST: &str = "\u{10FFFF}";

#[derive(sqlx::FromRow)]
struct Row {
    school_id: Uuid,
    name: String,
    name_key: String,
    status: String,
    timezone: String,
    external_refs: Json<Vec<ExternalRef>>,
    version: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// One school more than the page holds, so that one knows whether there is another page.
pub(super) async fn list(
    tx: &mut Tx,
    wanted: &Wanted,
    own: Option<&[Uuid]>,
) -> Result<Vec<School>, sqlx::Error> {
    let mut query = Query { tenant: tx.tenant().0, wanted, own, sql: QueryBuilder::new("") };
    match &wanted.search {
        None => query.select(|_| {}),
        Some((prefix, external)) => query.search(prefix, external),
    }
    let rows: Vec<Row> = query.sql.build_query_as().fetch_all(tx.conn()).await?;
    Ok(rows.into_iter().map(|r| school!(r)).collect())
}

/// The query while it is written.
struct Query<'a> {
    tenant: Uuid,
    wanted: &'a Wanted,
    own: Option<&'a [Uuid]>,
    sql: QueryBuilder<Postgres>,
}

impl<'a> Query<'a> {
    /// By name and by external id are two queries, each on its index, and their first rows together are the page.
    fn search(&mut self, prefix: &'a str, external: &'a str) {
        self.sql.push("select * from ((");
        self.select(|query| {
            query.sql.push(" and name_key >= ").push_bind(prefix);
            query.sql.push(" and name_key < ").push_bind(format!("{prefix}{LAST}"));
        });
        self.sql.push(") union (");
        self.select(|query| {
            query.sql.push(
                " and school_id in (select entity_id from roster.external_id where tenant_id = ",
            );
            query.sql.push_bind(query.tenant).push(" and kind = 'school' and value = ");
            query.sql.push_bind(external).push(")");
        });
        self.sql.push(")) found");
        self.order();
    }

    fn select(&mut self, more: impl FnOnce(&mut Self)) {
        self.sql.push(
            "select school_id, name, name_key, status, timezone, external_refs, version, created_at, updated_at
             from roster.school where tenant_id = ",
        );
        self.sql.push_bind(self.tenant);
        if let Some(status) = self.wanted.status {
            self.sql.push(" and status = '").push(status.name()).push("'");
        }
        if let Some(own) = self.own {
            self.sql.push(" and school_id = any(").push_bind(own).push(")");
        }
        if let Some(After(name, id)) = &self.wanted.after {
            self.sql.push(" and (name_key, school_id) ").push(self.wanted.order.beyond());
            self.sql.push(" (").push_bind(name).push(", ").push_bind(id).push(")");
        }
        more(self);
        self.order();
    }

    fn order(&mut self) {
        let direction = self.wanted.order.direction();
        self.sql.push(format_args!(" order by name_key {direction}, school_id {direction} limit "));
        self.sql.push_bind(self.wanted.limit + 1);
    }
}
