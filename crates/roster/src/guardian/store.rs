//! The SQL of guardians: one statement for any number of them.

use jiff_sqlx::ToSqlx;
use kernel::{
    TenantId,
    keys::{DataKey, KeyError, Place},
    problem::Problem,
    rows::Table,
    tx::Tx,
};
use sqlx::types::Json;
use uuid::Uuid;

use super::{Channel, Guardian, GuardianId, path};
use crate::{Error, person, student::StudentId};

/// Guardians as they are read, what tells who they are sealed.
pub static TABLE: Table = Table {
    name: "roster.guardian",
    columns: "guardian_id, student_id, name, relation, email, phone, preferred_channel, opt_out, language, status, \
              external_refs, version, created_at, updated_at",
    id: "guardian_id",
    key: "guardian_id::text",
    search: &[],
};

/// A guardian as the table holds them.
#[derive(sqlx::FromRow)]
pub(crate) struct Sealed {
    #[sqlx(flatten)]
    guardian: Guardian,
    name: Vec<u8>,
    email: Option<Vec<u8>>,
    phone: Option<Vec<u8>>,
}

const fn place(tenant: TenantId, id: GuardianId, column: &'static str) -> Place {
    Place { tenant, table: "roster.guardian", column, row: id.0 }
}

/// Guardians with what tells who they are.
pub(crate) async fn unsealed(tx: &mut Tx, rows: Vec<Sealed>) -> Result<Vec<Guardian>, Problem> {
    let (mut guardians, tenant) = (Vec::with_capacity(rows.len()), tx.tenant());
    for Sealed { mut guardian, name, email, phone } in rows {
        let at = |column| place(tenant, guardian.guardian_id, column);
        guardian.name = tx.unseal(at("name"), &name).await?;
        if let Some(sealed) = email {
            guardian.email = Some(tx.unseal(at("email"), &sealed).await?);
        }
        if let Some(sealed) = phone {
            guardian.phone = Some(tx.unseal(at("phone"), &sealed).await?);
        }
        guardians.push(guardian);
    }
    Ok(guardians)
}

fn sealed(
    key: &DataKey,
    tenant: TenantId,
    guardian: &Guardian,
    column: &'static str,
    text: &str,
) -> Result<Vec<u8>, KeyError> {
    key.seal(place(tenant, guardian.guardian_id, column), text.as_bytes())
}

/// Stores guardians: their first versions or the next ones. Their external ids are saved by [`save_refs`].
pub(crate) async fn save(tx: &mut Tx, guardians: &[Guardian]) -> Result<(), Error> {
    let (key, tenant) = (tx.data_key().await?, tx.tenant());
    let all = || guardians.iter();
    let each = |column, text: fn(&Guardian) -> Option<&str>| {
        let seal = |g| text(g).map(|text| sealed(&key, tenant, g, column, text)).transpose();
        all().map(seal).collect::<Result<Vec<_>, _>>().map_err(Problem::from)
    };
    let names = each("name", |g| Some(&g.name))?;
    let emails = each("email", |g| g.email.as_deref())?;
    let phones = each("phone", |g| g.phone.as_deref())?;
    let ids: Vec<Uuid> = all().map(|g| g.guardian_id.0).collect();
    let students: Vec<Uuid> = all().map(|g| g.student_id.0).collect();
    let relations: Vec<&str> = all().map(|g| g.relation.name()).collect();
    let preferred: Vec<_> = all().map(|g| g.preferred_channel.map(Channel::name)).collect();
    let opted_out: Vec<String> = all().map(opt_out).collect();
    let languages: Vec<Option<&str>> = all().map(|g| g.language.as_deref()).collect();
    let statuses: Vec<&str> = all().map(|g| g.status.name()).collect();
    let refs: Vec<_> = all().map(|g| Json(&g.external_refs)).collect();
    let versions: Vec<i64> = all().map(|g| g.version).collect();
    let created: Vec<_> = all().map(|g| g.created_at.to_sqlx()).collect();
    let updated: Vec<_> = all().map(|g| g.updated_at.to_sqlx()).collect();
    sqlx::query!(
        "insert into roster.guardian (tenant_id, guardian_id, student_id, name, email, phone, relation, preferred_channel,
           opt_out, language, status, external_refs, version, created_at, updated_at)
         select $1, r.id, r.student, r.name, r.email, r.phone, r.relation, r.preferred, r.opt_out::text[], r.language, r.status,
                r.refs, r.version, r.created, r.updated
         from unnest($2::uuid[], $3::uuid[], $4::bytea[], $5::bytea[], $6::bytea[], $7::text[], $8::text[], $9::text[],
                     $10::text[], $11::text[], $12::jsonb[], $13::bigint[], $14::timestamptz[], $15::timestamptz[])
           as r(id, student, name, email, phone, relation, preferred, opt_out, language, status, refs, version, created, updated)
         on conflict (tenant_id, guardian_id) do update set name = excluded.name, email = excluded.email, phone = excluded.phone,
           relation = excluded.relation, preferred_channel = excluded.preferred_channel, opt_out = excluded.opt_out,
           language = excluded.language, status = excluded.status, external_refs = excluded.external_refs,
           version = excluded.version, updated_at = excluded.updated_at",
        tenant.0,
        &ids,
        &students,
        &names as &[Option<Vec<u8>>],
        &emails as &[Option<Vec<u8>>],
        &phones as &[Option<Vec<u8>>],
        &relations as &[&str],
        &preferred as &[Option<&str>],
        &opted_out,
        &languages as &[Option<&str>],
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

fn opt_out(guardian: &Guardian) -> String {
    let names: Vec<_> = guardian.opt_out.iter().map(|channel| channel.name()).collect();
    person::array(&names)
}

/// Makes these the external ids of guardians. One that another guardian of the same student has is a conflict with them.
pub(crate) async fn save_refs(tx: &mut Tx, guardians: &[Guardian]) -> Result<(), Error> {
    let all = || guardians.iter().flat_map(|g| g.external_refs.iter().map(move |r| (g, r)));
    let changed: Vec<Uuid> =
        guardians.iter().filter(|g| g.version > 1).map(|g| g.guardian_id.0).collect();
    let ids: Vec<Uuid> = all().map(|(g, _)| g.guardian_id.0).collect();
    let students: Vec<Uuid> = all().map(|(g, _)| g.student_id.0).collect();
    let sources: Vec<&str> = all().map(|(_, r)| r.source.as_str()).collect();
    let values: Vec<&str> = all().map(|(_, r)| r.value.as_str()).collect();
    let tenant = tx.tenant().0;
    if !changed.is_empty() {
        sqlx::query!(
            "delete from roster.guardian_ref where tenant_id = $1 and guardian_id = any($2)
             and (guardian_id, source, value) not in (select * from unnest($3::uuid[], $4::text[], $5::text[]))",
            tenant,
            &changed,
            &ids,
            &sources as &[&str],
            &values as &[&str],
        )
        .execute(tx.conn())
        .await?;
    }
    if ids.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "insert into roster.guardian_ref (tenant_id, source, value, student_id, guardian_id)
         select $1, r.source, r.value, r.student, r.id
         from unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[]) as r(id, student, source, value)
         order by r.source, r.value, r.student
         on conflict (tenant_id, source, value, student_id) do nothing",
        tenant,
        &ids,
        &students,
        &sources as &[&str],
        &values as &[&str],
    )
    .execute(tx.conn())
    .await?;
    refs_are_theirs(tx, (&ids, &students), (&sources, &values)).await
}

async fn refs_are_theirs(
    tx: &mut Tx,
    (ids, students): (&[Uuid], &[Uuid]),
    (sources, values): (&[&str], &[&str]),
) -> Result<(), Error> {
    let tenant = tx.tenant().0;
    let taken = sqlx::query!(
        "select g.guardian_id, g.student_id
         from unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[]) as r(id, student, source, value)
         join roster.guardian_ref g on g.tenant_id = $1 and g.source = r.source and g.value = r.value and g.student_id = r.student
         where g.guardian_id <> r.id limit 1",
        tenant,
        ids,
        students,
        sources as &[&str],
        values as &[&str],
    )
    .fetch_optional(tx.conn())
    .await?;
    match taken {
        None => Ok(()),
        Some(other) => {
            let said = "Another guardian of the student has one of these external ids.";
            let location = path(tx, StudentId(other.student_id), GuardianId(other.guardian_id));
            Err(Error::Taken(said.to_owned(), other.guardian_id, location))
        }
    }
}

/// Guardians with their ids in a source.
pub(crate) async fn links(tx: &mut Tx, source: &str) -> Result<Vec<(String, Uuid)>, sqlx::Error> {
    let tenant = tx.tenant().0;
    let rows = sqlx::query!(
        "select value, guardian_id from roster.guardian_ref where tenant_id = $1 and source = $2",
        tenant,
        source,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| (row.value, row.guardian_id)).collect())
}
