//! The SQL of classes.

use jiff_sqlx::ToSqlx;
use kernel::{
    rows::{Search, Table},
    tx::Tx,
};
use sqlx::types::Json;
use uuid::Uuid;

use crate::class::Class;

/// Classes as they are read.
pub static TABLE: Table = Table {
    name: "roster.class",
    columns: "class_id, school_id, name, name_key, term_ids, course_title, course_code, subject, status, external_refs, \
              version, created_at, updated_at",
    id: "class_id",
    key: "name_key",
    search: &[
        Search::Start("name_key"),
        Search::Whole(
            "class_id in (select entity_id from roster.external_id where tenant_id = $1 and kind = 'class' and value = ?)",
        ),
    ],
};

/// Stores a class: its first version or the next one.
pub(super) async fn save(tx: &mut Tx, class: &Class) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().0;
    sqlx::query!(
        "insert into roster.class (tenant_id, class_id, school_id, name, name_key, term_ids, course_title, course_code, subject,
                                   status, external_refs, version, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
         on conflict (tenant_id, class_id) do update set name = $4, name_key = $5, term_ids = $6, course_title = $7,
           course_code = $8, subject = $9, status = $10, external_refs = $11, version = $12, updated_at = $14",
        tenant,
        class.class_id.0,
        class.school_id.0,
        class.name,
        class.name_key,
        &term_ids(class),
        class.course.title,
        class.course.code,
        class.subject,
        class.status.name(),
        Json(&class.external_refs) as _,
        class.version,
        class.created_at.to_sqlx() as _,
        class.updated_at.to_sqlx() as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Makes the class's terms those that are looked up.
pub(super) async fn save_terms(tx: &mut Tx, class: &Class) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().0;
    sqlx::query!(
        "with gone as (delete from roster.class_term where tenant_id = $1 and class_id = $2 and term_id <> all($3))
         insert into roster.class_term (tenant_id, class_id, term_id) select $1, $2, t from unnest($3::uuid[]) t
         on conflict do nothing",
        tenant,
        class.class_id.0,
        &term_ids(class),
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The terms of the class that there are not.
pub(super) async fn unknown_terms(tx: &mut Tx, class: &Class) -> Result<Vec<Uuid>, sqlx::Error> {
    let tenant = tx.tenant().0;
    sqlx::query_scalar!(
        r#"select w as "id!" from unnest($2::uuid[]) w
           where not exists (select from roster.term t where t.tenant_id = $1 and t.term_id = w)"#,
        tenant,
        &term_ids(class),
    )
    .fetch_all(tx.conn())
    .await
}

fn term_ids(class: &Class) -> Vec<Uuid> {
    class.term_ids.iter().map(|id| id.0).collect()
}
