//! The SQL of classes: one statement for any number of them.

use jiff_sqlx::ToSqlx;
use kernel::{
    rows::{Search, Table},
    tx::Tx,
};
use sqlx::types::Json;
use uuid::Uuid;

use crate::{class::Class, person};

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

/// Stores classes: their first versions or the next ones.
pub(crate) async fn save(tx: &mut Tx, classes: &[Class]) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().0;
    let all = || classes.iter();
    let ids: Vec<Uuid> = all().map(|c| c.class_id.0).collect();
    let schools: Vec<Uuid> = all().map(|c| c.school_id.0).collect();
    let names: Vec<&str> = all().map(|c| c.name.as_str()).collect();
    let name_keys: Vec<&str> = all().map(|c| c.name_key.as_str()).collect();
    let terms: Vec<String> = all().map(|c| person::array(&c.term_ids)).collect();
    let titles: Vec<Option<&str>> = all().map(|c| c.course.title.as_deref()).collect();
    let codes: Vec<Option<&str>> = all().map(|c| c.course.code.as_deref()).collect();
    let subjects: Vec<Option<&str>> = all().map(|c| c.subject.as_deref()).collect();
    let statuses: Vec<&str> = all().map(|c| c.status.name()).collect();
    let refs: Vec<_> = all().map(|c| Json(&c.external_refs)).collect();
    let versions: Vec<i64> = all().map(|c| c.version).collect();
    let created: Vec<_> = all().map(|c| c.created_at.to_sqlx()).collect();
    let updated: Vec<_> = all().map(|c| c.updated_at.to_sqlx()).collect();
    sqlx::query!(
        "insert into roster.class (tenant_id, class_id, school_id, name, name_key, term_ids, course_title, course_code, subject,
                                   status, external_refs, version, created_at, updated_at)
         select $1, r.id, r.school, r.name, r.name_key, r.terms::uuid[], r.title, r.code, r.subject, r.status, r.refs, r.version,
                r.created, r.updated
         from unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[],
                     $11::jsonb[], $12::bigint[], $13::timestamptz[], $14::timestamptz[])
           as r(id, school, name, name_key, terms, title, code, subject, status, refs, version, created, updated)
         on conflict (tenant_id, class_id) do update set name = excluded.name, name_key = excluded.name_key,
           term_ids = excluded.term_ids, course_title = excluded.course_title, course_code = excluded.course_code,
           subject = excluded.subject, status = excluded.status, external_refs = excluded.external_refs,
           version = excluded.version, updated_at = excluded.updated_at",
        tenant,
        &ids,
        &schools,
        &names as &[&str],
        &name_keys as &[&str],
        &terms,
        &titles as &[Option<&str>],
        &codes as &[Option<&str>],
        &subjects as &[Option<&str>],
        &statuses as &[&str],
        &refs as _,
        &versions,
        &created as _,
        &updated as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Makes the terms of classes those that are looked up.
pub(crate) async fn save_terms(tx: &mut Tx, classes: &[Class]) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().0;
    let changed: Vec<Uuid> = classes.iter().map(|class| class.class_id.0).collect();
    let pairs = || classes.iter().flat_map(|c| c.term_ids.iter().map(|id| (c.class_id.0, id.0)));
    let ids: Vec<Uuid> = pairs().map(|(class, _)| class).collect();
    let terms: Vec<Uuid> = pairs().map(|(_, term)| term).collect();
    sqlx::query!(
        "with gone as (
           delete from roster.class_term where tenant_id = $1 and class_id = any($2)
           and (class_id, term_id) not in (select * from unnest($3::uuid[], $4::uuid[])))
         insert into roster.class_term (tenant_id, class_id, term_id)
         select $1, r.class, r.term from unnest($3::uuid[], $4::uuid[]) as r(class, term)
         on conflict do nothing",
        tenant,
        &changed,
        &ids,
        &terms,
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
