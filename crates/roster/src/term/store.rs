//! The SQL of terms.

use jiff_sqlx::ToSqlx;
use kernel::{
    rows::{Search, Table},
    tx::Tx,
};
use sqlx::types::Json;

use crate::term::{Term, TermId};

/// Terms as they are read.
pub static TABLE: Table = Table {
    name: "roster.term",
    columns: "term_id, title, title_key, type, start_date, end_date, parent_id, school_year, external_refs, version, \
              created_at, updated_at",
    id: "term_id",
    key: "title_key",
    search: &[
        Search::Start("title_key"),
        Search::Whole(
            "term_id in (select entity_id from roster.external_id where tenant_id = $1 and kind = 'term' and value = ?)",
        ),
    ],
};

/// Stores a term: its first version or the next one.
pub(crate) async fn save(tx: &mut Tx, term: &Term) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().0;
    sqlx::query!(
        "insert into roster.term (tenant_id, term_id, title, title_key, type, start_date, end_date, parent_id, school_year,
                                  external_refs, version, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
         on conflict (tenant_id, term_id) do update set title = $3, title_key = $4, type = $5, start_date = $6,
           end_date = $7, parent_id = $8, school_year = $9, external_refs = $10, version = $11, updated_at = $13",
        tenant,
        term.term_id.0,
        term.title,
        term.title_key,
        term.r#type.name(),
        term.start_date.to_sqlx() as _,
        term.end_date.to_sqlx() as _,
        term.parent_id.map(|id| id.0),
        term.school_year,
        Json(&term.external_refs) as _,
        term.version,
        term.created_at.to_sqlx() as _,
        term.updated_at.to_sqlx() as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The terms above `id` and itself, nearest first. Ends at the first that repeats.
pub(super) async fn ancestry(tx: &mut Tx, id: TermId) -> Result<Vec<TermId>, sqlx::Error> {
    let tenant = tx.tenant().0;
    let found = sqlx::query_scalar!(
        r#"with recursive above as (
             select t.term_id, t.parent_id, 1 as height from roster.term t where t.tenant_id = $1 and t.term_id = $2
             union all
             select t.term_id, t.parent_id, a.height + 1 from above a
             join roster.term t on t.tenant_id = $1 and t.term_id = a.parent_id where a.height < 100)
           select term_id as "id!" from above order by height"#,
        tenant,
        id.0,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(found.into_iter().map(TermId).collect())
}
