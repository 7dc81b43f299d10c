//! The SQL of staff: one statement for any number of them.

use jiff_sqlx::ToSqlx;
use kernel::{
    rows::{Search, Table},
    tx::Tx,
};
use sqlx::types::Json;
use uuid::Uuid;

use super::{Identity, Staff, StaffId};
use crate::person;

/// Staff as they are read.
pub static TABLE: Table = Table {
    name: "roster.staff",
    columns: "staff_id, staff_type, given_name, family_name, name_key, given_key, email, certification, school_ids, \
              case when issuer is not null then jsonb_build_object('issuer', issuer, 'subject', subject) end as identity, \
              status, reason, external_refs, version, created_at, updated_at",
    id: "staff_id",
    key: "name_key",
    search: &[
        Search::Start("name_key"),
        Search::Start("given_key"),
        Search::Whole(
            "staff_id in (select entity_id from roster.external_id where tenant_id = $1 and kind = 'staff' and value = ?)",
        ),
    ],
};

/// Stores staff: their first versions or the next ones. Their identities are free.
pub(crate) async fn save(tx: &mut Tx, staff: &[Staff]) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().0;
    let ids: Vec<Uuid> = staff.iter().map(|s| s.staff_id.0).collect();
    let identity = |s: &'_ Staff| s.identity.clone();
    let issuers: Vec<_> = staff.iter().map(|s| identity(s).map(|i| i.issuer)).collect();
    let subjects: Vec<_> = staff.iter().map(|s| identity(s).map(|i| i.subject)).collect();
    let given: Vec<&str> = staff.iter().map(|s| s.given_name.as_str()).collect();
    let family: Vec<&str> = staff.iter().map(|s| s.family_name.as_str()).collect();
    let name_keys: Vec<&str> = staff.iter().map(|s| s.name_key.as_str()).collect();
    let given_keys: Vec<&str> = staff.iter().map(|s| s.given_key.as_str()).collect();
    let words = |s: &Staff| s.staff_type.iter().map(|t| t.name()).collect::<Vec<_>>();
    let types: Vec<String> = staff.iter().map(|s| person::array(&words(s))).collect();
    let emails: Vec<Option<&str>> = staff.iter().map(|s| s.email.as_deref()).collect();
    let certifications: Vec<Option<&str>> =
        staff.iter().map(|s| s.certification.as_deref()).collect();
    let schools: Vec<String> = staff.iter().map(|s| person::array(&s.school_ids)).collect();
    let statuses: Vec<&str> = staff.iter().map(|s| s.status.name()).collect();
    let reasons: Vec<Option<&str>> = staff.iter().map(|s| s.reason.as_deref()).collect();
    let refs: Vec<_> = staff.iter().map(|s| Json(&s.external_refs)).collect();
    let versions: Vec<i64> = staff.iter().map(|s| s.version).collect();
    let created: Vec<_> = staff.iter().map(|s| s.created_at.to_sqlx()).collect();
    let updated: Vec<_> = staff.iter().map(|s| s.updated_at.to_sqlx()).collect();
    sqlx::query!(
        "insert into roster.staff (tenant_id, staff_id, issuer, subject, given_name, family_name, name_key, given_key, staff_type,
           email, certification, school_ids, status, reason, external_refs, version, created_at, updated_at)
         select $1, r.id, r.issuer, r.subject, r.given, r.family, r.name_key, r.given_key, r.types::text[], r.email,
                r.certification, r.schools::uuid[], r.status, r.reason, r.refs, r.version, r.created, r.updated
         from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
                     $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::jsonb[], $16::bigint[],
                     $17::timestamptz[], $18::timestamptz[])
           as r(id, issuer, subject, given, family, name_key, given_key, types, email, certification, schools, status, reason,
                refs, version, created, updated)
         on conflict (tenant_id, staff_id) do update set issuer = excluded.issuer, subject = excluded.subject,
           given_name = excluded.given_name, family_name = excluded.family_name, name_key = excluded.name_key,
           given_key = excluded.given_key, staff_type = excluded.staff_type, email = excluded.email,
           certification = excluded.certification, school_ids = excluded.school_ids, status = excluded.status,
           reason = excluded.reason, external_refs = excluded.external_refs, version = excluded.version,
           updated_at = excluded.updated_at",
        tenant,
        &ids,
        &issuers as &[Option<String>],
        &subjects as &[Option<String>],
        &given as &[&str],
        &family as &[&str],
        &name_keys as &[&str],
        &given_keys as &[&str],
        &types,
        &emails as &[Option<&str>],
        &certifications as &[Option<&str>],
        &schools,
        &statuses as &[&str],
        &reasons as &[Option<&str>],
        &refs as _,
        &versions,
        &created as _,
        &updated as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Makes the schools of staff those that are looked up.
pub(crate) async fn save_schools(tx: &mut Tx, staff: &[Staff]) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().0;
    let changed: Vec<Uuid> = staff.iter().map(|s| s.staff_id.0).collect();
    let pairs = || staff.iter().flat_map(|s| s.school_ids.iter().map(|id| (s.staff_id.0, id.0)));
    let ids: Vec<Uuid> = pairs().map(|(staff, _)| staff).collect();
    let schools: Vec<Uuid> = pairs().map(|(_, school)| school).collect();
    sqlx::query!(
        "with gone as (
           delete from roster.staff_school where tenant_id = $1 and staff_id = any($2)
           and (staff_id, school_id) not in (select * from unnest($3::uuid[], $4::uuid[])))
         insert into roster.staff_school (tenant_id, staff_id, school_id)
         select $1, r.staff, r.school from unnest($3::uuid[], $4::uuid[]) as r(staff, school)
         on conflict do nothing",
        tenant,
        &changed,
        &ids,
        &schools,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Who else has this identity.
pub(crate) async fn bearer(
    tx: &mut Tx,
    identity: &Identity,
    except: StaffId,
) -> Result<Option<Uuid>, sqlx::Error> {
    let tenant = tx.tenant().0;
    sqlx::query_scalar!(
        "select staff_id from roster.staff where tenant_id = $1 and issuer = $2 and subject = $3 and staff_id <> $4",
        tenant,
        identity.issuer,
        identity.subject,
        except.0,
    )
    .fetch_optional(tx.conn())
    .await
}
