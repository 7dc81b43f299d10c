//! The SQL of enrolments: one statement for any number of them.

use jiff::civil::Date;
use jiff_sqlx::ToSqlx;
use kernel::{rows::Table, tx::Tx};
use uuid::Uuid;

use super::{Enrollment, EnrollmentStatus};
use crate::student::listing;

/// Enrolments as they are read.
pub static TABLE: Table = Table {
    name: "roster.enrollment",
    columns: "enrollment_id, student_id, class_id, school_id, status, effective_start, effective_end, reason, version, \
              created_at, updated_at",
    id: "enrollment_id",
    key: "effective_start::text",
    search: &[],
};

/// A date that may be missing.
#[derive(sqlx::Type)]
#[sqlx(transparent)]
pub(super) struct OptionalDate(Option<jiff_sqlx::Date>);

impl From<OptionalDate> for Option<Date> {
    fn from(date: OptionalDate) -> Self {
        date.0.map(jiff_sqlx::Date::to_jiff)
    }
}

/// Stores enrolments: their first versions or the next ones. One that overlaps another of its student in its class is
/// refused by the constraint `enrollment_overlaps`.
pub(crate) async fn save(tx: &mut Tx, enrollments: &[Enrollment]) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().0;
    let all = || enrollments.iter();
    let ids: Vec<Uuid> = all().map(|e| e.enrollment_id.0).collect();
    let students: Vec<Uuid> = all().map(|e| e.student_id.0).collect();
    let classes: Vec<Uuid> = all().map(|e| e.class_id.0).collect();
    let schools: Vec<Uuid> = all().map(|e| e.school_id.0).collect();
    let statuses: Vec<&str> = all().map(|e| e.status.name()).collect();
    let starts: Vec<_> = all().map(|e| e.effective_start.to_sqlx()).collect();
    let ends: Vec<_> = all().map(|e| e.effective_end.map(ToSqlx::to_sqlx)).collect();
    let reasons: Vec<Option<&str>> = all().map(|e| e.reason.as_deref()).collect();
    let versions: Vec<i64> = all().map(|e| e.version).collect();
    let created: Vec<_> = all().map(|e| e.created_at.to_sqlx()).collect();
    let updated: Vec<_> = all().map(|e| e.updated_at.to_sqlx()).collect();
    sqlx::query!(
        "insert into roster.enrollment (tenant_id, enrollment_id, student_id, class_id, school_id, status, effective_start,
           effective_end, reason, version, created_at, updated_at)
         select $1, r.* from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::date[], $8::date[],
                                    $9::text[], $10::bigint[], $11::timestamptz[], $12::timestamptz[]) as r
         on conflict (tenant_id, enrollment_id) do update set status = excluded.status,
           effective_start = excluded.effective_start, effective_end = excluded.effective_end, reason = excluded.reason, version = excluded.version,
           updated_at = excluded.updated_at",
        tenant,
        &ids,
        &students,
        &classes,
        &schools,
        &statuses as &[&str],
        &starts as _,
        &ends as _,
        &reasons as &[Option<&str>],
        &versions,
        &created as _,
        &updated as _,
    )
    .execute(tx.conn())
    .await?;
    listed(tx, enrollments).await
}

/// Keeps the lists of schools: who is in a class is in the list of its school.
async fn listed(tx: &mut Tx, enrollments: &[Enrollment]) -> Result<(), sqlx::Error> {
    let (active, ended): (Vec<_>, Vec<_>) =
        enrollments.iter().partition(|e| e.status == EnrollmentStatus::Active);
    let students: Vec<Uuid> = active.iter().map(|e| e.student_id.0).collect();
    let schools: Vec<Uuid> = active.iter().map(|e| e.school_id.0).collect();
    listing::enter(tx, &students, &schools).await?;
    let mut left: Vec<Uuid> = ended.iter().map(|e| e.student_id.0).collect();
    left.dedup();
    listing::leave(tx, &left).await
}

/// Active enrolments with the ids of their rows in a source.
pub(crate) async fn links(tx: &mut Tx, source: &str) -> Result<Vec<(String, Uuid)>, sqlx::Error> {
    let tenant = tx.tenant().0;
    let rows = sqlx::query!(
        "select r.value, r.entity_id from roster.enrollment e
         join roster.source_row r on r.tenant_id = e.tenant_id and r.entity_id = e.enrollment_id
         where e.tenant_id = $1 and e.status = 'Active' and r.source = $2 and r.kind = 'enrollment'",
        tenant,
        source,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| (row.value, row.entity_id)).collect())
}
